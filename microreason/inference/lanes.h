/* Vectors of 16 numbers, and products of int8 for each instruction set.
 *
 * Everything is computed for 16 rows of a matrix at a time, one in each lane. `mac` adds to 16 sums the products of
 * four neighbouring columns: w holds [16][4] signed bytes, x four bytes that all rows share, with BIAS added to each
 * (the instruction for signed times signed is missing in VNNI, so the caller takes BIAS times the row's sum away).
 * Integers are exact in any order; sums of floats are always folded the same way.
 * Does not cover loops over columns or tiles (panels.h).
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
typedef float vf __attribute__((vector_size(64), aligned(4), may_alias));
typedef int32_t vi __attribute__((vector_size(64), aligned(4), may_alias));
typedef uint8_t vb __attribute__((vector_size(16), aligned(1), may_alias));
typedef int8_t vs __attribute__((vector_size(16), aligned(1), may_alias));
enum { LANES = 16 };

/* --- products of bytes; VECTORS: how many x are taken at once; SPLITS: chains of sums where there is only one --- */
#if defined(__AVX512VNNI__)
#include <immintrin.h>
enum { BIAS = 128, VECTORS = 4, SPLITS = 4 };
typedef __m512i acc;
INLINE acc nothing(void) { return _mm512_setzero_si512(); }
INLINE acc mac(acc a, const int8_t *w, int32_t x) {
    return _mm512_dpbusd_epi32(a, _mm512_set1_epi32(x), _mm512_loadu_si512(w));
}
INLINE vi ints(acc a) { return (vi)a; }
#elif defined(__AVX2__)
#include <immintrin.h>
typedef struct { __m256i part[2]; } acc;
INLINE acc nothing(void) { return (acc){{_mm256_setzero_si256(), _mm256_setzero_si256()}}; }
#ifdef __AVXVNNI__
enum { BIAS = 128, VECTORS = 4, SPLITS = 2 };
INLINE __m256i four(__m256i a, __m256i w, __m256i x) { return _mm256_dpbusd_avx_epi32(a, x, w); }
#else
enum { BIAS = 0, VECTORS = 4, SPLITS = 2 };
INLINE __m256i four(__m256i a, __m256i w, __m256i x) { /* |w| * sign(w) x: two products of 128 * 127 fit 16 bits */
    __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(x, w));
    return _mm256_add_epi32(a, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}
#endif
INLINE acc mac(acc a, const int8_t *w, int32_t x) {
    __m256i wide = _mm256_set1_epi32(x);
    a.part[0] = four(a.part[0], _mm256_loadu_si256((const __m256i *)w), wide);
    a.part[1] = four(a.part[1], _mm256_loadu_si256((const __m256i *)(w + 32)), wide);
    return a;
}
INLINE vi ints(acc a) { return *(vi *)&a; }
#elif defined(__ARM_FEATURE_DOTPROD)
#include <arm_neon.h>
enum { BIAS = 0, VECTORS = 4, SPLITS = 2 };
typedef struct { int32x4_t part[4]; } acc;
INLINE acc nothing(void) { return (acc){{vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0)}}; }
INLINE acc mac(acc a, const int8_t *w, int32_t x) {
    int8x16_t wide = vreinterpretq_s8_s32(vdupq_n_s32(x));
    for (int i = 0; i < 4; i++) a.part[i] = vdotq_s32(a.part[i], vld1q_s8(w + 16 * i), wide);
    return a;
}
INLINE vi ints(acc a) { return *(vi *)&a; }
#elif defined(__SSE2__)
#include <emmintrin.h>
enum { BIAS = 0, VECTORS = 1, SPLITS = 1 };
typedef struct { __m128i part[8]; } acc; /* sums of even and of odd pairs of columns, lane by lane */
INLINE acc nothing(void) { return (acc){0}; }
INLINE acc mac(acc a, const int8_t *w, int32_t x) {
    __m128i b = _mm_set1_epi32(x), wide = _mm_srai_epi16(_mm_unpacklo_epi8(b, b), 8);
    for (int i = 0; i < 4; i++) {
        __m128i v = _mm_loadu_si128((const __m128i *)(w + 16 * i));
        __m128i low = _mm_srai_epi16(_mm_unpacklo_epi8(v, v), 8), high = _mm_srai_epi16(_mm_unpackhi_epi8(v, v), 8);
        a.part[2 * i] = _mm_add_epi32(a.part[2 * i], _mm_madd_epi16(low, wide));
        a.part[2 * i + 1] = _mm_add_epi32(a.part[2 * i + 1], _mm_madd_epi16(high, wide));
    }
    return a;
}
INLINE vi ints(acc a) {
    vi pairs[2] = {*(const vi *)a.part, *(const vi *)(a.part + 4)}, out;
    for (int i = 0; i < LANES; i++) out[i] = pairs[i / 8][i % 8 * 2] + pairs[i / 8][i % 8 * 2 + 1];
    return out;
}
#else
enum { BIAS = 0, VECTORS = 1, SPLITS = 1 };
typedef vi acc;
INLINE acc nothing(void) { return (acc){0}; }
INLINE acc mac(acc a, const int8_t *w, int32_t x) {
    int8_t b[4];
    memcpy(b, &x, 4);
    for (int i = 0; i < LANES; i++)
        a[i] += w[4 * i] * b[0] + w[4 * i + 1] * b[1] + w[4 * i + 2] * b[2] + w[4 * i + 3] * b[3];
    return a;
}
INLINE vi ints(acc a) { return a; }
#endif

/* --- vectors of floats --- */
INLINE vf all(float x) { return (vf){0} + x; }
INLINE vf larger(vf a, vf b) {
#if defined(__AVX512F__)
    return (vf)_mm512_max_ps((__m512)a, (__m512)b);
#else
    vi m = a > b;
    return (vf)(((vi)a & m) | ((vi)b & ~m));
#endif
}
INLINE vf magnitude(vf a) { return (vf)((vi)a & 0x7fffffff); }
INLINE float total(vf v) {
#if defined(__AVX512F__)
    return _mm512_reduce_add_ps((__m512)v);
#else
    float s = 0;
    for (int i = 0; i < LANES; i++) s += v[i];
    return s;
#endif
}
INLINE float largest(vf v) {
#if defined(__AVX512F__)
    return _mm512_reduce_max_ps((__m512)v);
#else
    float s = v[0];
    for (int i = 1; i < LANES; i++) s = v[i] > s ? v[i] : s;
    return s;
#endif
}
static const float MAGIC = 12582912.f; /* 1.5 * 2^23: adding it rounds to the nearest integer */
INLINE vi nearest(vf x) { return (vi)(x + MAGIC) - 0x4B400000; } /* of numbers below 2^22 */
#if defined(__AVX512F__)
INLINE vf exponential(vf x) { /* relative error 3e-7; below -87 as at -87, above 88 as at 88 */
    __m512 v = _mm512_min_ps(_mm512_max_ps((__m512)x, _mm512_set1_ps(-87.f)), _mm512_set1_ps(88.f));
    __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(v, _mm512_set1_ps(1.44269504f)), 8);
    __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693359375f), v), p = _mm512_set1_ps(1.3981999507e-3f);
    r = _mm512_fmadd_ps(n, _mm512_set1_ps(2.12194440e-4f), r);
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(8.3334519073e-3f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(4.1665795894e-2f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.6666665459e-1f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(5.0000001201e-1f));
    p = _mm512_fmadd_ps(p, _mm512_mul_ps(r, r), _mm512_add_ps(r, _mm512_set1_ps(1.f)));
    return (vf)_mm512_scalef_ps(p, n);
}
#else
INLINE vf exponential(vf x) { /* relative error 2e-7; 0 below -87, as at 88 above */
    vi alive = x > -87.f;
    x = -larger(-x, all(-88.f));
    vf n = x * 1.44269504f + MAGIC;
    vi power = (vi)n - 0x4B400000;
    n -= MAGIC;
    vf r = x - n * 0.693359375f + n * 2.12194440e-4f;
    vf p = ((((1.9875691500e-4f * r + 1.3981999507e-3f) * r + 8.3334519073e-3f) * r + 4.1665795894e-2f) * r
            + 1.6666665459e-1f) * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.f;
    return (vf)(((vi)p + (power << 23)) & alive);
}
#endif
