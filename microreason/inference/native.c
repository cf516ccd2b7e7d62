/* The network's forward step on a CPU: int8 matrices with a scale per row, activations rounded to int8 per token.
 *
 * Shapes: n tokens in a call, D width, H key-value heads, G query heads that share one, K head width, S cached keys.
 * A call takes tokens of several sequences, some of each; their keys wait in a stage until `mr_commit` says how many
 * were accepted, so that guessed tokens can be tried and forgotten. Per layer and head a cache holds a ring of the
 * last W keys and, behind it, those that left the window with an open gate; the others are dropped. Dot products are
 * sums of integers and everything else is added in order of position, so a token's scores do not depend, to the last
 * bit, on what shares its call. Compiled once for each instruction set (native.py, build_native.py).
 * Does not cover reading files, choosing tokens or text; nor widths that are no multiple of 32.
 */
#define _GNU_SOURCE
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

#define API __attribute__((visibility("default")))
#define INLINE static inline __attribute__((always_inline))
typedef float vf __attribute__((vector_size(64), aligned(4), may_alias));
typedef int32_t vi __attribute__((vector_size(64), aligned(4), may_alias));
typedef int8_t vb __attribute__((vector_size(16), aligned(1), may_alias));
typedef float f4 __attribute__((vector_size(16), aligned(4), may_alias));
typedef int32_t i4 __attribute__((vector_size(16), aligned(4), may_alias));
enum { LANES = 16, ROWS = 4, PANEL = 16, QUERIES = 16, AHEAD = 1024 };

/* --- four dot products of int8: `mac` adds STEP products, `sum4` ends them; OFFSET was added to each weight --- */
#if defined(__AVX512VNNI__)
#include <immintrin.h>
typedef __m512i acc;
enum { STEP = 64, OFFSET = 128, VECTORS = 4, MIX = 4 };
INLINE acc weights(const int8_t *p, int left) {
    __m512i w = left >= 64 ? _mm512_loadu_si512(p) : _mm512_maskz_loadu_epi8(0xffffffffu, p);
    return _mm512_xor_si512(w, _mm512_set1_epi8(-128));
}
INLINE acc mac(acc a, acc w, const int8_t *x) { return _mm512_dpbusd_epi32(a, w, _mm512_loadu_si512(x)); }
INLINE __m256i half(acc a) { return _mm256_add_epi32(_mm512_castsi512_si256(a), _mm512_extracti64x4_epi64(a, 1)); }
#elif defined(__AVX2__)
#include <immintrin.h>
typedef __m256i acc;
#ifdef __AVXVNNI__
enum { STEP = 32, OFFSET = 128, VECTORS = 2, MIX = 2 };
INLINE acc weights(const int8_t *p, int left) {
    (void)left;
    return _mm256_xor_si256(_mm256_loadu_si256((const __m256i *)p), _mm256_set1_epi8(-128));
}
INLINE acc mac(acc a, acc w, const int8_t *x) {
    return _mm256_dpbusd_avx_epi32(a, w, _mm256_loadu_si256((const __m256i *)x));
}
#else
enum { STEP = 32, OFFSET = 0, VECTORS = 2, MIX = 2 };
INLINE acc weights(const int8_t *p, int left) { (void)left; return _mm256_loadu_si256((const __m256i *)p); }
INLINE acc mac(acc a, acc w, const int8_t *x) { /* |w| * sign(w) x: two products of 127 * 127 fit 16 bits */
    __m256i signed_x = _mm256_sign_epi8(_mm256_loadu_si256((const __m256i *)x), w);
    __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(w), signed_x);
    return _mm256_add_epi32(a, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}
#endif
INLINE __m256i half(acc a) { return a; }
#elif defined(__ARM_FEATURE_DOTPROD)
#include <arm_neon.h>
typedef int32x4_t acc;
enum { STEP = 16, OFFSET = 0, VECTORS = 4, MIX = 2 };
INLINE int8x16_t weights(const int8_t *p, int left) { (void)left; return vld1q_s8(p); }
INLINE acc mac(acc a, int8x16_t w, const int8_t *x) { return vdotq_s32(a, w, vld1q_s8(x)); }
INLINE i4 sum4(acc a, acc b, acc c, acc d) { return (i4)vpaddq_s32(vpaddq_s32(a, b), vpaddq_s32(c, d)); }
#else
typedef i4 acc;
typedef int16_t h16 __attribute__((vector_size(32), aligned(1), may_alias));
enum { STEP = 16, OFFSET = 0, VECTORS = 2, MIX = 2 };
INLINE h16 weights(const int8_t *p, int left) { (void)left; return __builtin_convertvector(*(const vb *)p, h16); }
INLINE acc mac(acc a, h16 w, const int8_t *x) {
    for (int i = 0; i < STEP; i++) a[i & 3] += w[i] * x[i];
    return a;
}
INLINE i4 sum4(acc a, acc b, acc c, acc d) {
    return (i4){a[0] + a[1] + a[2] + a[3], b[0] + b[1] + b[2] + b[3], c[0] + c[1] + c[2] + c[3], d[0] + d[1] + d[2] + d[3]};
}
#endif
#if defined(__AVX2__)
INLINE i4 sum4(acc a, acc b, acc c, acc d) {
    __m256i s = _mm256_hadd_epi32(_mm256_hadd_epi32(half(a), half(b)), _mm256_hadd_epi32(half(c), half(d)));
    return (i4)_mm_add_epi32(_mm256_castsi256_si128(s), _mm256_extracti128_si256(s, 1));
}
#endif

/* --- vectors of floats --- */
INLINE float total(vf v) {
    float s = 0;
    for (int i = 0; i < LANES; i++) s += v[i];
    return s;
}
INLINE vf larger(vf a, vf b) { vi m = a > b; return (vf)(((vi)a & m) | ((vi)b & ~m)); }
INLINE float largest(vf v) {
    float s = v[0];
    for (int i = 1; i < LANES; i++) s = v[i] > s ? v[i] : s;
    return s;
}
INLINE vf all(float x) { return (vf){0} + x; }
INLINE vf fused(vf a, vf b, vf c) { /* a * b + c; elsewhere the compiler is told not to fuse, lest bits depend on it */
#if defined(__AVX512F__)
    return (vf)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__AVX2__)
    __m256 *x = (__m256 *)&a, *y = (__m256 *)&b, *z = (__m256 *)&c;
    z[0] = _mm256_fmadd_ps(x[0], y[0], z[0]), z[1] = _mm256_fmadd_ps(x[1], y[1], z[1]);
    return c;
#elif defined(__ARM_FEATURE_DOTPROD)
    float32x4_t *x = (float32x4_t *)&a, *y = (float32x4_t *)&b, *z = (float32x4_t *)&c;
    for (int i = 0; i < 4; i++) z[i] = vfmaq_f32(z[i], x[i], y[i]);
    return c;
#else
    return a * b + c;
#endif
}
static const float MAGIC = 12582912.f; /* 1.5 * 2^23: adding it rounds to the nearest integer */
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

/* --- what Python lays out (native.py has the same structures); all memory is Python's --- */
typedef struct { const int8_t *w; const float *scale; int32_t rows, width; } matrix;
typedef struct { int8_t *x; float *scale; int32_t *sum; int32_t stride, planes; } quant; /* rows of `planes` vectors */
typedef struct {
    matrix q, k, v, o, gate, up, down;
    const float *attention_norm, *q_norm, *k_norm, *mlp_norm, *router, *bias;
} block;
typedef struct { int8_t *k, *v; float *ks, *vs; uint8_t *open; } entries;
typedef struct { entries at; int32_t *kept, slots, length; } cache; /* [layers, H, slots]: ring, then kept */
typedef struct { cache *cache; int32_t first, count, wanted; } part; /* one sequence's tokens in a call */
typedef struct pool pool;
typedef struct {
    int32_t layers, dim, heads, kv, head, ff, window, routed, limit, threads, planes, n, part_count;
    const block *blocks;
    matrix embedding;
    const float *norm;
    const double *frequency;
    const int32_t *ids, *position;
    const uint8_t *fixed; /* tokens that no gate may drop */
    const part *parts;
    float *x, *h, *q, *k, *v, *gate, *up, *cos, *sin, *logits, *scores; /* scores [threads, score_room] */
    int64_t score_room;
    quant a, f, query;
    entries stage; /* [layers, H, limit] */
    pool *pool;
} model;
struct pool {
    pthread_t workers[64];
    pthread_mutex_t lock;
    pthread_cond_t wake;
    atomic_int call, arrived, phase, stop;
    model *m;
    pid_t owner;
};
typedef struct { pool *p; int id; } seat;

static void forward(model *m, int id);
INLINE void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}
static void barrier(model *m) {
    if (m->threads == 1) return;
    pool *p = m->pool;
    int phase = atomic_load(&p->phase);
    if (atomic_fetch_add(&p->arrived, 1) == m->threads - 1) {
        atomic_store(&p->arrived, 0);
        atomic_fetch_add(&p->phase, 1);
    } else {
        for (int spins = 0; atomic_load(&p->phase) == phase; spins++) spins < 20000 ? relax() : (void)sched_yield();
    }
}
static void *worker(void *argument) {
    seat s = *(seat *)argument;
    free(argument);
    for (int seen = 0;; seen++) {
        for (int spins = 0; spins < 20000 && atomic_load(&s.p->call) == seen; spins++) relax();
        pthread_mutex_lock(&s.p->lock);
        while (atomic_load(&s.p->call) == seen && !s.p->stop) pthread_cond_wait(&s.p->wake, &s.p->lock);
        pthread_mutex_unlock(&s.p->lock);
        if (s.p->stop) return NULL;
        forward(s.p->m, s.id);
    }
}

/* --- pieces of the forward step --- */
static void quantise(quant *q, int row, const float *x, int width) {
    vf top = all(0);
    for (int i = 0; i < width; i += LANES) {
        vf v = *(const vf *)(x + i);
        top = larger(top, larger(v, -v));
    }
    float most = largest(top), levels = q->planes == 1 ? 127.f : 32512.f, inverse = most > 0 ? levels / most : 0;
    q->scale[row] = most / levels;
    int8_t *out = q->x + (size_t)row * q->planes * q->stride;
    vi sums = (vi){0}, low_sums = (vi){0};
    for (int i = 0; i < width; i += LANES) {
        vi r = (vi)(*(const vf *)(x + i) * inverse + MAGIC) - 0x4B400000;
        if (q->planes == 2) { /* 255 * high + low, both from -127 to 127 */
            vi high = (vi)(__builtin_convertvector(r, vf) * (1.f / 255) + MAGIC) - 0x4B400000, low = r - high * 255;
            *(vb *)(out + q->stride + i) = __builtin_convertvector(low, vb);
            low_sums += low, r = high;
        }
        *(vb *)(out + i) = __builtin_convertvector(r, vb);
        sums += r;
    }
    int32_t s = 0, l = 0;
    for (int i = 0; i < LANES; i++) s += sums[i], l += low_sums[i];
    q->sum[row * q->planes] = OFFSET * s;
    if (q->planes == 2) q->sum[row * 2 + 1] = OFFSET * l;
}
/* `vectors` activation vectors (planes of tokens from `first` on) times ROWS rows of the matrix from `row` on */
INLINE void tile(int vectors, int planes, const matrix *m, int row, const quant *q, int first, float *y, int stride,
                 int add) {
    acc a[VECTORS][ROWS];
    const int8_t *w[ROWS], *x = q->x + (size_t)first * planes * q->stride;
    for (int r = 0; r < ROWS; r++) w[r] = m->w + (size_t)(row + r < m->rows ? row + r : m->rows - 1) * m->width;
    memset(a, 0, sizeof a);
    for (int k = 0; k < m->width; k += STEP)
#pragma GCC unroll 4
        for (int r = 0; r < ROWS; r++) {
            __auto_type wide = weights(w[r] + k, m->width - k);
            __builtin_prefetch(w[r] + k + AHEAD);
#pragma GCC unroll 4
            for (int t = 0; t < vectors; t++) a[t][r] = mac(a[t][r], wide, x + (size_t)t * q->stride + k);
        }
    for (int t = 0; t < vectors; t += planes) {
        const int token = first + t / planes;
        const int32_t *sum = q->sum + (size_t)token * planes;
        f4 v = __builtin_convertvector(sum4(a[t][0], a[t][1], a[t][2], a[t][3]) - sum[0], f4);
        if (planes == 2) {
            i4 low = sum4(a[t + 1][0], a[t + 1][1], a[t + 1][2], a[t + 1][3]) - sum[1];
            v = v * 255.f + __builtin_convertvector(low, f4);
        }
        v *= q->scale[token];
        float *out = y + (size_t)token * stride + row;
        if (row + ROWS <= m->rows) {
            v *= *(const f4 *)(m->scale + row);
            if (add) v += *(f4 *)out;
            *(f4 *)out = v;
        } else {
            for (int r = 0; row + r < m->rows; r++) out[r] = (add ? out[r] : 0.f) + v[r] * m->scale[row + r];
        }
    }
}
/* y [n, stride] = (or +=) the rows from..to of a matrix times n activations */
static void matmul(const matrix *m, const quant *q, int n, int from, int to, float *y, int stride, int add) {
    for (int panel = from; panel < to; panel += PANEL) {
        int end = panel + PANEL < to ? panel + PANEL : to, t = 0;
#define TILES(VECTORS_, PLANES_) \
    for (; t + VECTORS_ / PLANES_ <= n; t += VECTORS_ / PLANES_) \
        for (int row = panel; row < end; row += ROWS) tile(VECTORS_, PLANES_, m, row, q, t, y, stride, add);
        if (q->planes == 2) {
            if (VECTORS >= 4) TILES(4, 2)
            TILES(2, 2)
        } else {
            if (VECTORS >= 4) TILES(4, 1)
            if (VECTORS >= 2) TILES(2, 1)
            TILES(1, 1)
        }
    }
}
static void shared_matmul(model *m, int id, const matrix *w, const quant *q, int n, float *y, int stride, int add) {
    int panels = (w->rows + PANEL - 1) / PANEL, to = panels * (id + 1) / m->threads * PANEL;
    matmul(w, q, n, panels * id / m->threads * PANEL, to < w->rows ? to : w->rows, y, stride, add);
}
static void norm(const float *x, const float *weight, float *y, int width) {
    vf squares = all(0);
    for (int i = 0; i < width; i += LANES) squares += *(const vf *)(x + i) * *(const vf *)(x + i);
    float scale = 1.f / sqrtf(total(squares) / width + 1e-6f);
    for (int i = 0; i < width; i += LANES) *(vf *)(y + i) = *(const vf *)(x + i) * scale * *(const vf *)(weight + i);
}
static void rotate(float *x, const float *cos, const float *sin, int half) {
    for (int i = 0; i < half; i += LANES) {
        vf a = *(vf *)(x + i), b = *(vf *)(x + half + i), c = *(const vf *)(cos + i), s = *(const vf *)(sin + i);
        *(vf *)(x + i) = a * c - b * s;
        *(vf *)(x + half + i) = b * c + a * s;
    }
}
static entries entry(const entries *e, size_t i, int head) {
    return (entries){e->k + i * head, e->v + i * head, e->ks + i, e->vs + i, e->open + i};
}

/* --- attention: the queries of some tokens of one sequence to one key-value head --- */
INLINE void mix(int rows, int lanes, const float *e, int room, const entries *at, int count, int width,
                float *const *y, float *sums) { /* y += e [rows, count] @ values, sums += e, in order of position */
    for (int from = 0; from < width; from += lanes * LANES) {
        vf a[MIX][MIX], v[MIX];
        float s[MIX];
        for (int r = 0; r < rows; r++) {
            s[r] = sums[r];
            for (int j = 0; j < lanes; j++) a[r][j] = *(vf *)(y[r] + from + j * LANES);
        }
        for (int i = 0; i < count; i++) {
            const int8_t *value = at->v + (size_t)i * width + from;
#pragma GCC unroll 4
            for (int j = 0; j < lanes; j++) v[j] = __builtin_convertvector(*(const vb *)(value + j * LANES), vf);
#pragma GCC unroll 4
            for (int r = 0; r < rows; r++) {
                float p = e[(size_t)r * room + i];
                vf weight = all(p * at->vs[i]);
                s[r] += p;
#pragma GCC unroll 4
                for (int j = 0; j < lanes; j++) a[r][j] = fused(weight, v[j], a[r][j]);
            }
        }
        for (int r = 0; r < rows; r++) {
            if (from + lanes * LANES == width) sums[r] = s[r];
            for (int j = 0; j < lanes; j++) *(vf *)(y[r] + from + j * LANES) = a[r][j];
        }
    }
}
static void mix_all(int rows, const float *e, int room, const entries *at, int count, int width, float **y, float *s) {
    int r = 0;
#define MIXES(ROWS_) \
    for (; r + ROWS_ <= rows; r += ROWS_) \
        if (width % (MIX * LANES)) mix(ROWS_, 2, e + (size_t)r * room, room, at, count, width, y + r, s + r); \
        else mix(ROWS_, MIX, e + (size_t)r * room, room, at, count, width, y + r, s + r);
    MIXES(MIX)
    MIXES(2)
    MIXES(1)
}
/* tokens from..to of a part; keys in order of position: kept, the ring in two pieces, those of this call */
static void attend(model *m, int id, int layer, const part *p, int g, int from, int to) {
    const cache *c = p->cache;
    int group = m->heads / m->kv, rows = (to - from) * group, width = m->head, length = c->length, window = m->window;
    int ring = length < window ? length : window, oldest = length - ring, turn = oldest % window;
    size_t head = (size_t)layer * m->kv + g, base = head * c->slots;
    entries at[4] = {
        entry(&c->at, base + window, width), entry(&c->at, base + turn, width), entry(&c->at, base, width),
        entry(&m->stage, head * m->limit + p->first, width)};
    int straight = window - turn < ring ? window - turn : ring, keys = c->kept[head];
    int counts[4] = {keys, straight, ring - straight, to}, total_keys = keys + ring + to;
    int room = (total_keys + LANES - 1) / LANES * LANES;
    float *e = m->scores + id * m->score_room, *y[64 + QUERIES], sums[64 + QUERIES] = {0};
    size_t row = ((size_t)g * m->limit + p->first + from) * group;
    quant q = {m->query.x + row * m->planes * m->query.stride, m->query.scale + row, m->query.sum + row * m->planes,
               m->query.stride, m->planes};
    for (int i = 0, before = 0; i < 4; before += counts[i++]) {
        matrix segment = {at[i].k, at[i].ks, counts[i], width};
        matmul(&segment, &q, rows, 0, counts[i], e + before, room, 0);
    }
    for (int r = 0; r < rows; r++) {
        float *own = e + (size_t)r * room, *staged = own + keys + ring;
        int t = from + r / group, left = length + t - window + 1; /* keys before position `left` are distant */
        for (int i = 0; i < ring && oldest + i < left; i++)
            if (!c->at.open[base + (turn + i) % window]) own[keys + i] = -INFINITY;
        for (int i = 0; i < to; i++)
            if (i > t || (length + i < left && !at[3].open[i])) staged[i] = -INFINITY;
        for (int i = total_keys; i < room; i++) own[i] = -INFINITY;
        vf top = *(vf *)own;
        for (int i = LANES; i < room; i += LANES) top = larger(top, *(vf *)(own + i));
        vf most = all(largest(top));
        for (int i = 0; i < room; i += LANES) *(vf *)(own + i) = exponential(*(vf *)(own + i) - most);
        y[r] = m->h + (size_t)(p->first + t) * m->dim + (g * group + r % group) * width;
        memset(y[r], 0, width * sizeof(float));
    }
    for (int i = 0, before = 0; i < 4; before += counts[i++])
        mix_all(rows, e + before, room, at + i, counts[i], width, y, sums);
    for (int r = 0; r < rows; r++)
        for (int i = 0; i < width; i += LANES) *(vf *)(y[r] + i) *= 1.f / sums[r];
}

/* --- the whole step; every thread runs it, and the barriers keep them together --- */
static void project(model *m, int layer, int t) { /* normalise, rotate and round the queries and keys of a token */
    const block *b = m->blocks + layer;
    int group = m->heads / m->kv, half = m->head / 2, kv = m->kv * m->head;
    float *cos = m->cos + (size_t)t * half, *sin = m->sin + (size_t)t * half;
    for (int i = 0; i < m->heads; i++) {
        float *q = m->q + (size_t)t * m->dim + i * m->head;
        norm(q, b->q_norm, q, m->head);
        rotate(q, cos, sin, half);
        int row = (i / group * m->limit + t) * group + i % group;
        quantise(&m->query, row, q, m->head);
        m->query.scale[row] /= sqrtf(m->head);
    }
    for (int g = 0; g < m->kv; g++) {
        float *k = m->k + (size_t)t * kv + g * m->head, *v = m->v + (size_t)t * kv + g * m->head;
        norm(k, b->k_norm, k, m->head);
        rotate(k, cos, sin, half);
        int32_t ignored[2];
        entries e = entry(&m->stage, ((size_t)layer * m->kv + g) * m->limit + t, m->head);
        quantise(&(quant){e.k, e.ks, ignored, m->head, 1}, 0, k, m->head);
        quantise(&(quant){e.v, e.vs, ignored, m->head, 1}, 0, v, m->head);
    }
}
static void gates(model *m, int layer, int t, const float *h) {
    const block *b = m->blocks + layer;
    for (int g = 0; g < m->kv; g++) {
        vf z = all(0);
        for (int i = 0; i < m->dim; i += LANES) z += *(const vf *)(h + i) * *(const vf *)(b->router + g * m->dim + i);
        m->stage.open[((size_t)layer * m->kv + g) * m->limit + t] =
            !m->routed || m->fixed[t] || total(z) + b->bias[g] > 0;
    }
}
static void forward(model *m, int id) {
    int n = m->n, threads = m->threads, half = m->head / 2, kv = m->kv * m->head;
#define EACH(t, count) for (int t = id; t < (count); t += threads)
    EACH(t, n) {
        const int8_t *w = m->embedding.w + (size_t)m->ids[t] * m->dim;
        for (int i = 0; i < m->dim; i++) m->x[(size_t)t * m->dim + i] = w[i] * m->embedding.scale[m->ids[t]];
        for (int i = 0; i < half; i++) {
            double angle = m->position[t] * m->frequency[i];
            m->cos[(size_t)t * half + i] = (float)cos(angle), m->sin[(size_t)t * half + i] = (float)sin(angle);
        }
    }
    for (int layer = 0; layer < m->layers; layer++) {
        const block *b = m->blocks + layer;
        EACH(t, n) {
            float *h = m->h + (size_t)t * m->dim;
            norm(m->x + (size_t)t * m->dim, b->attention_norm, h, m->dim);
            gates(m, layer, t, h);
            quantise(&m->a, t, h, m->dim);
        }
        barrier(m);
        shared_matmul(m, id, &b->q, &m->a, n, m->q, m->dim, 0);
        shared_matmul(m, id, &b->k, &m->a, n, m->k, kv, 0);
        shared_matmul(m, id, &b->v, &m->a, n, m->v, kv, 0);
        barrier(m);
        EACH(t, n) project(m, layer, t);
        barrier(m);
        int group = m->heads / m->kv, span = QUERIES > group ? QUERIES / group : 1, unit = 0;
        for (const part *p = m->parts; p < m->parts + m->part_count; p++)
            for (int from = 0; from < p->count; from += span)
                for (int g = 0; g < m->kv; g++)
                    if (unit++ % threads == id) attend(m, id, layer, p, g, from, from + span < p->count ? from + span : p->count);
        barrier(m);
        EACH(t, n) quantise(&m->a, t, m->h + (size_t)t * m->dim, m->dim);
        barrier(m);
        shared_matmul(m, id, &b->o, &m->a, n, m->x, m->dim, 1);
        barrier(m);
        EACH(t, n) {
            float *h = m->h + (size_t)t * m->dim;
            norm(m->x + (size_t)t * m->dim, b->mlp_norm, h, m->dim);
            quantise(&m->a, t, h, m->dim);
        }
        barrier(m);
        shared_matmul(m, id, &b->gate, &m->a, n, m->gate, m->ff, 0);
        shared_matmul(m, id, &b->up, &m->a, n, m->up, m->ff, 0);
        barrier(m);
        EACH(t, n) {
            float *gate = m->gate + (size_t)t * m->ff, *up = m->up + (size_t)t * m->ff;
            for (int i = 0; i < m->ff; i += LANES) {
                vf z = *(vf *)(gate + i);
                *(vf *)(gate + i) = z / (1.f + exponential(-z)) * *(vf *)(up + i);
            }
            quantise(&m->f, t, gate, m->ff);
        }
        barrier(m);
        shared_matmul(m, id, &b->down, &m->f, n, m->x, m->dim, 1);
        barrier(m);
    }
    int row = 0;
    for (const part *p = m->parts; p < m->parts + m->part_count; p++)
        for (int t = p->first + p->count - p->wanted; t < p->first + p->count; t++, row++)
            if (row % threads == id) {
                norm(m->x + (size_t)t * m->dim, m->norm, m->q + (size_t)row * m->dim, m->dim);
                quantise(&m->a, row, m->q + (size_t)row * m->dim, m->dim);
            }
    barrier(m);
    shared_matmul(m, id, &m->embedding, &m->a, row, m->logits, m->embedding.rows, 0);
    barrier(m);
}

/* --- what Python calls --- */
API int mr_cpu(void) { /* the instruction sets of this processor: 1 avx2, 2 avxvnni, 4 avx512, 8 dotprod */
#if defined(__x86_64__)
    __builtin_cpu_init();
    int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    int avx512 = __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw") &&
                 __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
    unsigned a = 7, b, c = 1, d; /* leaf 7, subleaf 1, bit 4 of eax */
    __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return avx2 | (avx2 && (a >> 4 & 1)) << 1 | (avx2 && avx512) << 2;
#elif defined(__aarch64__) && defined(__linux__)
    return (getauxval(AT_HWCAP) >> 20 & 1) << 3;
#elif defined(__aarch64__)
    return 8;
#else
    return 0;
#endif
}
API void mr_start(model *m) { /* the threads beside the caller's; `threads` falls where the system gives fewer */
    pool *p = m->pool = calloc(1, sizeof *p);
    int wanted = p && m->threads < 64 ? m->threads : 1;
    m->threads = 1;
    if (!p) return;
    p->m = m, p->owner = getpid();
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->wake, NULL);
    for (; m->threads < wanted; m->threads++) {
        seat *s = malloc(sizeof *s);
        if (s) *s = (seat){p, m->threads};
        if (!s || pthread_create(&p->workers[m->threads], NULL, worker, s)) { free(s); return; }
    }
}
API void mr_stop(model *m) {
    pool *p = m->pool;
    if (p && p->owner == getpid()) { /* a forked child has no threads to end */
        pthread_mutex_lock(&p->lock);
        atomic_store(&p->stop, 1);
        pthread_cond_broadcast(&p->wake);
        pthread_mutex_unlock(&p->lock);
        for (int i = 1; i < m->threads; i++) pthread_join(p->workers[i], NULL);
        free(p);
    }
    m->pool = NULL;
}
API void mr_forward(model *m) {
    if (m->threads > 1) {
        pthread_mutex_lock(&m->pool->lock);
        atomic_fetch_add(&m->pool->call, 1);
        pthread_cond_broadcast(&m->pool->wake);
        pthread_mutex_unlock(&m->pool->lock);
    }
    forward(m, 0);
}
static void move(entries *to, size_t i, const entries *from, size_t j, int width) {
    memcpy(to->k + i * width, from->k + j * width, width);
    memcpy(to->v + i * width, from->v + j * width, width);
    to->ks[i] = from->ks[j], to->vs[i] = from->vs[j], to->open[i] = from->open[j];
}
API void mr_commit(model *m, cache *c, int first, int count) { /* staged tokens first.. of the last call are accepted */
    for (int head = 0; head < m->layers * m->kv; head++)
        for (int i = 0; i < count; i++) {
            size_t base = (size_t)head * c->slots, slot = base + (c->length + i) % m->window;
            if (c->length + i >= m->window && c->at.open[slot])
                move(&c->at, base + m->window + c->kept[head]++, &c->at, slot, m->head);
            move(&c->at, slot, &m->stage, (size_t)head * m->limit + first + i, m->head);
        }
    c->length += count;
}
