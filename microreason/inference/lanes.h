/* Vectors of LANES numbers, as many as a register holds, and products of int8 for each instruction set.
 *
 * `mac` adds to LANES sums the products of four neighbouring columns: w holds [LANES][4] signed bytes, x four bytes that
 * all rows share, with BIAS added to each. What it then adds too much for each weight, whatever x, is `excess` of it,
 * which the caller takes away (VNNI has no signed times signed, AVX2 none that is quick).
 * Integers are exact in any order; sums of floats are always folded the same way.
 * Does not cover loops over columns or tiles (panels.h).
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
#if defined(__AVX512F__)
enum { LANES = 16 };
#elif defined(__AVX2__)
enum { LANES = 8 };
#else
enum { LANES = 4 };
#endif
enum { PANEL = 16, PARTS = PANEL / LANES }; /* rows of a panel; vectors of one number for each */
typedef float vf __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef int32_t vi __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef uint8_t vb __attribute__((vector_size(LANES), aligned(1), may_alias));

/* --- products of bytes; VECTORS: how many x are taken at once; SPLITS: chains of sums where there is only one;
 * `count` is `mac` for x of 0..127 without BIAS or excess --- */
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
typedef __m256i acc;
INLINE acc nothing(void) { return _mm256_setzero_si256(); }
INLINE __m256i bytes(const int8_t *w) { return _mm256_loadu_si256((const __m256i *)w); }
#ifdef __AVXVNNI__
enum { BIAS = 128, VECTORS = 4, SPLITS = 2 };
INLINE acc mac(acc a, const int8_t *w, int32_t x) { return _mm256_dpbusd_avx_epi32(a, _mm256_set1_epi32(x), bytes(w)); }
#else
enum { BIAS = 0, VECTORS = 8, SPLITS = 2 };
INLINE acc pairs(acc a, __m256i small, __m256i x) { /* two products of 127 * 128 fit 16 bits */
    a = _mm256_add_epi32(a, _mm256_madd_epi16(_mm256_maddubs_epi16(small, x), _mm256_set1_epi16(1)));
    __asm__("" : "+x"(a)); /* else GCC computes ahead until the sums no longer fit the registers */
    return a;
}
INLINE acc mac(acc a, const int8_t *w, int32_t x) { /* |w| times x, or for w < 0 times -1 - x */
    __m256i v = bytes(w), below = _mm256_cmpgt_epi8(_mm256_setzero_si256(), v);
    return pairs(a, _mm256_abs_epi8(v), _mm256_xor_si256(_mm256_set1_epi32(x), below));
}
#define OWN_COUNT
INLINE acc count(acc a, const int8_t *w, int32_t x) { return pairs(a, _mm256_set1_epi32(x), bytes(w)); }
INLINE int excess(int w) { return w < 0 ? w : 0; }
#endif
INLINE vi ints(acc a) { return (vi)a; }
#elif defined(__ARM_FEATURE_DOTPROD)
#include <arm_neon.h>
enum { BIAS = 0, VECTORS = 4, SPLITS = 2 };
typedef int32x4_t acc;
INLINE acc nothing(void) { return vdupq_n_s32(0); }
INLINE acc mac(acc a, const int8_t *w, int32_t x) { return vdotq_s32(a, vld1q_s8(w), vreinterpretq_s8_s32(vdupq_n_s32(x))); }
INLINE vi ints(acc a) { return (vi)a; }
#elif defined(__SSE2__)
#include <emmintrin.h>
enum { BIAS = 0, VECTORS = 1, SPLITS = 1 };
typedef struct { __m128i part[2]; } acc; /* sums of even and of odd pairs of columns, lane by lane */
INLINE acc nothing(void) { return (acc){{_mm_setzero_si128(), _mm_setzero_si128()}}; }
INLINE acc mac(acc a, const int8_t *w, int32_t x) {
    __m128i b = _mm_set1_epi32(x), wide = _mm_srai_epi16(_mm_unpacklo_epi8(b, b), 8);
    __m128i v = _mm_loadu_si128((const __m128i *)w);
    __m128i low = _mm_srai_epi16(_mm_unpacklo_epi8(v, v), 8), high = _mm_srai_epi16(_mm_unpackhi_epi8(v, v), 8);
    a.part[0] = _mm_add_epi32(a.part[0], _mm_madd_epi16(low, wide));
    a.part[1] = _mm_add_epi32(a.part[1], _mm_madd_epi16(high, wide));
    return a;
}
INLINE vi ints(acc a) {
    __m128 low = (__m128)a.part[0], high = (__m128)a.part[1];
    return (vi)_mm_shuffle_ps(low, high, 0x88) + (vi)_mm_shuffle_ps(low, high, 0xdd);
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

#ifndef OWN_COUNT
INLINE acc count(acc a, const int8_t *w, int32_t x) { return mac(a, w, x); }
INLINE int excess(int w) { return BIAS * w; }
#endif

/* --- vectors of numbers --- */
INLINE vf all(float x) { return (vf){0} + x; }
INLINE vf floats(vi x) { return __builtin_convertvector(x, vf); }
INLINE vf magnitude(vf a) { return (vf)((vi)a & 0x7fffffff); }
static const float MAGIC = 12582912.f; /* 1.5 * 2^23: adding it rounds to the nearest integer */
#if defined(__AVX2__) && !defined(__AVX512F__)
INLINE vi nearest(vf x) { return (vi)_mm256_cvtps_epi32((__m256)x); }
#else
INLINE vi nearest(vf x) { return (vi)(x + MAGIC) - 0x4B400000; } /* of numbers below 2^22 */
#endif
#if defined(__AVX512F__)
INLINE vf larger(vf a, vf b) { return (vf)_mm512_max_ps((__m512)a, (__m512)b); }
INLINE float total(vf v) { return _mm512_reduce_add_ps((__m512)v); }
INLINE float largest(vf v) { return _mm512_reduce_max_ps((__m512)v); }
INLINE void to_bytes(uint8_t *out, vi x) { *(vb *)out = __builtin_convertvector(x, vb); } /* the low byte of each */
INLINE vf exponential(vf x) { /* relative error 3e-7; below -60 as there, lest products be subnormal */
    __m512 v = _mm512_max_ps((__m512)x, _mm512_set1_ps(-60.f));
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
#if defined(__AVX2__)
INLINE vf larger(vf a, vf b) { return (vf)_mm256_max_ps((__m256)a, (__m256)b); }
INLINE vf smaller(vf a, vf b) { return (vf)_mm256_min_ps((__m256)a, (__m256)b); }
INLINE vf fused(vf a, vf b, vf c) { return (vf)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c); }
INLINE void to_bytes(uint8_t *out, vi x) { /* the low byte of each */
    const __m256i low = _mm256_set1_epi32(0x0c080400);
    __m256i bytes = _mm256_shuffle_epi8((__m256i)x, low);
    _mm_storel_epi64((__m128i *)out, _mm_unpacklo_epi32(_mm256_castsi256_si128(bytes), _mm256_extracti128_si256(bytes, 1)));
}
#else
INLINE vf larger(vf a, vf b) {
    vi m = a > b;
    return (vf)(((vi)a & m) | ((vi)b & ~m));
}
INLINE vf smaller(vf a, vf b) { return -larger(-a, -b); }
INLINE vf fused(vf a, vf b, vf c) { return a * b + c; }
INLINE void to_bytes(uint8_t *out, vi x) { *(vb *)out = __builtin_convertvector(x, vb); } /* the low byte of each */
#endif
INLINE float total(vf v) {
    float s[LANES];
    memcpy(s, &v, sizeof v);
    for (int n = LANES / 2; n; n /= 2)
        for (int i = 0; i < n; i++) s[i] += s[i + n];
    return *s;
}
INLINE float largest(vf v) {
    float s[LANES];
    memcpy(s, &v, sizeof v);
    for (int n = LANES / 2; n; n /= 2)
        for (int i = 0; i < n; i++) s[i] = s[i] > s[i + n] ? s[i] : s[i + n];
    return *s;
}
INLINE vf exponential(vf x) { /* relative error 3e-7; below -60 as there, lest products be subnormal, above 88 as there */
    x = smaller(larger(x, all(-60.f)), all(88.f));
    vf power = fused(x, all(1.44269504f), all(MAGIC)), n = power - MAGIC;
    vf r = fused(n, all(2.12194440e-4f), fused(n, all(-0.693359375f), x)), p = all(1.3981999507e-3f);
    p = fused(p, r, all(8.3334519073e-3f));
    p = fused(p, r, all(4.1665795894e-2f));
    p = fused(p, r, all(1.6666665459e-1f));
    p = fused(p, r, all(5.0000001201e-1f));
    p = fused(p, r * r, r + 1.f);
    return (vf)((vi)p + ((vi)power << 23)); /* the integer stands in the last bits of `power` */
}
#endif
INLINE void split(const float *x, float scale, uint8_t *high, uint8_t *low) { /* 16 numbers as 14 bits: seven and seven */
#if defined(__AVX2__) && !defined(__AVX512F__)
    vi a = nearest(*(const vf *)x * scale), b = nearest(*(const vf *)(x + LANES) * scale);
    __m256i p = _mm256_permute4x64_epi64(_mm256_packs_epi32((__m256i)a, (__m256i)b), 0xd8);
    __m256i both = _mm256_packus_epi16(_mm256_srli_epi16(p, 7), _mm256_and_si256(p, _mm256_set1_epi16(127)));
    both = _mm256_permute4x64_epi64(both, 0xd8);
    _mm_storeu_si128((__m128i *)high, _mm256_castsi256_si128(both));
    _mm_storeu_si128((__m128i *)low, _mm256_extracti128_si256(both, 1));
#else
    for (int i = 0; i < PANEL; i += LANES) {
        vi p = nearest(*(const vf *)(x + i) * scale);
        to_bytes(high + i, p >> 7);
        to_bytes(low + i, p & 127);
    }
#endif
}
