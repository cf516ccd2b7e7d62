/* The network's forward step on a CPU: int8 matrices with a scale per row, activations rounded to int8 per token.
 *
 * Shapes: n tokens in a call, D width, H key-value heads, G query heads that share one, K head width.
 * A call takes tokens of several sequences, some of each; their keys wait in a stage until `mr_commit` says how many
 * were accepted, so that guessed tokens can be tried and forgotten. Whatever is added across columns or keys is an
 * integer, so a token's scores do not depend, to the last bit, on what shares its call. The threads stay together by
 * spinning; a single token's small work is done by each of them for itself, to spare them waiting, and many tokens are
 * shared out among them, to spare them reading what another has just written. Compiled once for each instruction set
 * (network.py, hatch_build.py).
 * Does not cover reading files, choosing tokens or text; nor widths that are no multiple of 32.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/auxv.h>
#include <sys/syscall.h>
#endif
#include "attention.h"

#define API __attribute__((visibility("default")))

/* --- what Python lays out (network.py has the same structures); all memory is Python's --- */
typedef struct {
    matrix qkv, o, gate_up, down; /* gate and up in turns, a panel of each */
    const float *attention_norm, *q_norm, *k_norm, *mlp_norm, *router, *bias;
} block;
typedef struct { cache *cache; int32_t first, count, wanted, accepted; } part; /* one sequence's tokens in a call */
typedef struct pool pool;
typedef struct {
    int32_t layers, dim, heads, kv, head, ff, window, routed, limit, threads, n, part_count;
    const block *blocks;
    matrix embedding;
    const float *norm;
    const double *frequency;
    const int32_t *ids, *position;
    const uint8_t *fixed; /* tokens that no gate may drop */
    const part *parts;
    float *x, *h, *qkv, *y, *up, *f, *cos, *sin, *logits; /* [limit, ...]; h [limit + threads, D] */
    quant a, wide, query;   /* rows [limit + threads], [limit + threads], [H, limit, G] */
    entries stage;          /* [layers * H, stage_slots] */
    const scratch *scratch; /* [threads] */
    int64_t stage_slots;
    pool *pool;
} model;
struct pool {
    pthread_t workers[64];
    pthread_mutex_t lock;
    pthread_cond_t wake;
    atomic_int call, stop;
    void (*job)(model *, int);
    _Alignas(64) atomic_int arrived;
    _Alignas(64) atomic_int phase;
    model *m;
    pid_t owner;
};
typedef struct { pool *p; int id; } seat;
/* what a thread does: every `step`th token from..to where a token is one thread's, and of low..high share `id` of `of` */
typedef struct { int from, to, step, low, high, id, of; } turn;
enum { OWN = 32 }; /* tokens for each thread from which they are shared out, not their products and heads */
enum { SPINS = 2000, PATIENCE = 20000 }; /* waiting for a thread, then others may have the core; for a call, then asleep */

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
        atomic_store(&p->phase, phase + 1);
    } else {
        for (int spins = 0; atomic_load(&p->phase) == phase; spins++) spins < SPINS ? relax() : (void)sched_yield();
    }
}
static void *worker(void *argument) {
    seat s = *(seat *)argument;
    free(argument);
    for (int seen = 0;; seen++) {
        for (int spins = 0; spins < PATIENCE && atomic_load(&s.p->call) == seen; spins++) relax();
        pthread_mutex_lock(&s.p->lock);
        while (atomic_load(&s.p->call) == seen && !s.p->stop) pthread_cond_wait(&s.p->wake, &s.p->lock);
        pthread_mutex_unlock(&s.p->lock);
        if (s.p->stop) return NULL;
        s.p->job(s.p->m, s.id);
    }
}

/* --- pieces of the forward step --- */
static void norm(const float *x, const float *weight, float *y, int width) {
    vf squares[2] = {{0}};
    for (int i = 0; i < width; i += 2 * LANES)
        for (int j = 0; j < 2; j++) squares[j] += *(const vf *)(x + i + j * LANES) * *(const vf *)(x + i + j * LANES);
    float scale = 1.f / sqrtf(total(squares[0] + squares[1]) / width + 1e-6f);
    for (int i = 0; i < width; i += LANES) *(vf *)(y + i) = *(const vf *)(x + i) * scale * *(const vf *)(weight + i);
}
static void rotate(float *x, const float *cos, const float *sin, int half) {
    for (int i = 0; i < half; i += LANES) {
        vf a = *(vf *)(x + i), b = *(vf *)(x + half + i), c = *(const vf *)(cos + i), s = *(const vf *)(sin + i);
        *(vf *)(x + i) = a * c - b * s;
        *(vf *)(x + half + i) = b * c + a * s;
    }
}
static void embed(model *m, int t) {
    const matrix *e = &m->embedding;
    int id = m->ids[t], half = m->head / 2;
    const int8_t *w = e->w + (size_t)(id / PANEL) * e->panel + id % PANEL * 4;
    for (int i = 0; i < m->dim; i++) m->x[(size_t)t * m->dim + i] = w[i / 4 * 64 + i % 4] * e->scale[id];
    for (int i = 0; i < half; i++) {
        double angle = m->position[t] * m->frequency[i];
        m->cos[(size_t)t * half + i] = (float)cos(angle), m->sin[(size_t)t * half + i] = (float)sin(angle);
    }
}
/* gate, normalise, rotate and round what a token has for a key-value head; h [D] is its input to the layer */
static void project(model *m, int layer, int t, int g, const float *h) {
    const block *b = m->blocks + layer;
    int group = m->heads / m->kv, half = m->head / 2, width = m->dim + 2 * m->kv * m->head;
    float *qkv = m->qkv + (size_t)t * width, *cos = m->cos + (size_t)t * half, *sin = m->sin + (size_t)t * half;
    for (int i = 0; i < group; i++) {
        float *q = qkv + (g * group + i) * m->head;
        size_t row = ((size_t)g * m->limit + t) * group + i;
        norm(q, b->q_norm, q, m->head);
        rotate(q, cos, sin, half);
        quantise(&m->query, row, q, m->head);
        m->query.scale[row] /= sqrtf(m->head);
    }
    float *k = qkv + m->dim + g * m->head, *v = k + m->kv * m->head;
    norm(k, b->k_norm, k, m->head);
    rotate(k, cos, sin, half);
    entries stage = slots_of(&m->stage, (size_t)layer * m->kv + g, (int)m->stage_slots, 0, m->head);
    uint8_t rounded[2][256];
    quantise(&(quant){rounded[0], stage.ks + t, 256, 1}, 0, k, m->head);
    quantise(&(quant){rounded[1], stage.vs + t, 256, 1}, 0, v, m->head);
    put(&stage, t, rounded[0], rounded[1], m->head);
    vf z = all(0);
    if (m->routed)
        for (int i = 0; i < m->dim; i += LANES) z += *(const vf *)(h + i) * *(const vf *)(b->router + g * m->dim + i);
    stage.open[t] = !m->routed || m->fixed[t] || total(z) + b->bias[g] > 0;
}
/* tokens from..to of a part and one key-value head */
static void look(model *m, int id, int layer, const part *p, int g, int from, int to) {
    const cache *c = p->cache;
    int group = m->heads / m->kv, rows = (to - from) * group, ring = c->length < m->window ? c->length : m->window;
    size_t head = (size_t)layer * m->kv + g;
    entries old = slots_of(&c->at, head, c->slots, 0, m->head);
    entries stage = slots_of(&m->stage, head, (int)m->stage_slots, 0, m->head);
    quant q = from_row(&m->query, ((size_t)g * m->limit + p->first + from) * group);
    float *y[QUERIES + 64];
    for (int r = 0; r < rows; r++)
        y[r] = m->y + (size_t)(p->first + from + r / group) * m->dim + (g * group + r % group) * m->head;
    attend(m->scratch + id, &q, rows, group, m->head, m->window, c->length, &old, ring + c->kept[head], &stage, p->first,
           from, y);
}
static void share(int kind, const turn *own, const matrix *w, const quant *q, float *y, int stride) {
    int pairs = w->rows / (2 * PANEL), from = pairs * own->id / own->of * 2, to = pairs * (own->id + 1) / own->of * 2;
    quant rows = from_row(q, own->low);
    y += (size_t)own->low * stride;
    if (kind == ADD) product(ADD, w, &rows, own->high - own->low, from, to, y, stride);
    else product(SET, w, &rows, own->high - own->low, from, to, y, stride);
}
static void activate(model *m, const turn *own) { /* f = silu(gate) * up, for what this thread has computed */
    int pairs = m->ff / PANEL, from = pairs * own->id / own->of, to = pairs * (own->id + 1) / own->of;
    for (int t = own->low; t < own->high; t++)
        for (int i = from; i < to; i++) {
            const vf *gate = (const vf *)(m->up + (size_t)t * 2 * m->ff + i * 2 * PANEL), *up = gate + PARTS;
            vf *f = (vf *)(m->f + (size_t)t * m->ff + i * PANEL);
            for (int j = 0; j < PARTS; j++) f[j] = gate[j] / (1.f + exponential(-gate[j])) * up[j];
        }
}
static void attention(model *m, int id, const turn *own, int layer, int row) {
    int span = QUERIES * m->kv / m->heads, unit = 0, apart = own->of > 1;
    span = span ? span : 1;
    for (const part *p = m->parts; p < m->parts + m->part_count; p++) apart &= p->count <= span;
    if (!apart) { /* a token's keys are wanted by other threads too */
        for (int i = own->low * m->kv + own->id; i < own->high * m->kv; i += own->of)
            project(m, layer, i / m->kv, i % m->kv, m->h + (size_t)(row + i / m->kv) * m->dim);
        barrier(m);
    }
    for (const part *p = m->parts; p < m->parts + m->part_count; p++) {
        int from = own->low > p->first ? own->low - p->first : 0;
        int to = own->high < p->first + p->count ? own->high - p->first : p->count;
        for (; from < to; from += span)
            for (int g = 0; g < m->kv; g++) {
                if (unit++ % own->of != own->id) continue;
                for (int t = p->first; apart && t < p->first + p->count; t++)
                    project(m, layer, t, g, m->h + (size_t)(row + t) * m->dim);
                look(m, id, layer, p, g, from, from + span < to ? from + span : to);
            }
    }
}

/* --- the whole step; every thread runs it, and the barriers keep them together --- */
static void forward(model *m, int id) {
    int n = m->n, alone = n == 1, many = n >= OWN * m->threads, row = alone ? m->limit + id : 0;
    int from = n * id / m->threads, to = n * (id + 1) / m->threads, width = m->dim + 2 * m->kv * m->head;
    turn own = alone ? (turn){0, 1, 1, 0, 1, id, m->threads} : (turn){id, n, m->threads, 0, n, id, m->threads};
    if (many) own = (turn){from, to, 1, from, to, 0, 1};
#define EACH(t) for (int t = own.from; t < own.to; t += own.step)
#define MEET() if (!alone && !many) barrier(m) /* the rows of all threads are wanted */
#define JOIN() if (!many) barrier(m)           /* the columns of all threads are wanted */
    quant a = from_row(&m->a, row), wide = from_row(&m->wide, row);
    tiles_begin();
    for (int t = id; t < n; t += m->threads) embed(m, t);
    barrier(m);
    for (int layer = 0; layer < m->layers; layer++) {
        const block *b = m->blocks + layer;
        EACH(t) {
            float *h = m->h + (size_t)(row + t) * m->dim;
            norm(m->x + (size_t)t * m->dim, b->attention_norm, h, m->dim);
            quantise(&a, t, h, m->dim);
        }
        MEET();
        share(SET, &own, &b->qkv, &a, m->qkv, width);
        JOIN();
        attention(m, id, &own, layer, row);
        JOIN();
        EACH(t) quantise(&a, t, m->y + (size_t)t * m->dim, m->dim);
        MEET();
        share(ADD, &own, &b->o, &a, m->x, m->dim);
        JOIN();
        EACH(t) {
            float *h = m->h + (size_t)(row + t) * m->dim;
            norm(m->x + (size_t)t * m->dim, b->mlp_norm, h, m->dim);
            quantise(&a, t, h, m->dim);
        }
        MEET();
        share(SET, &own, &b->gate_up, &a, m->up, 2 * m->ff);
        activate(m, &own);
        JOIN();
        EACH(t) quantise(&wide, t, m->f + (size_t)t * m->ff, m->ff);
        MEET();
        share(ADD, &own, &b->down, &wide, m->x, m->dim);
        JOIN();
    }
    if (many) barrier(m);
    int wanted = 0;
    for (const part *p = m->parts; p < m->parts + m->part_count; p++)
        for (int t = p->first + p->count - p->wanted; t < p->first + p->count; t++, wanted++)
            if (alone || wanted % m->threads == id) {
                float *h = m->h + (size_t)(row + wanted) * m->dim;
                norm(m->x + (size_t)t * m->dim, m->norm, h, m->dim);
                quantise(&a, wanted, h, m->dim);
            }
    if (!alone) barrier(m);
    own = (turn){0, 0, 0, 0, wanted, id, m->threads};
    if (wanted) share(SET, &own, &m->embedding, &a, m->logits, m->embedding.rows);
    tiles_end();
    barrier(m);
}

/* the first `accepted` tokens of each part of the last call go from the stage to its cache */
static void commit(model *m, int id) {
    for (const part *p = m->parts; p < m->parts + m->part_count; p++)
        for (int head = id; head < m->layers * m->kv; head += m->threads) {
            const cache *c = p->cache;
            entries at = slots_of(&c->at, head, c->slots, 0, m->head);
            entries stage = slots_of(&m->stage, head, (int)m->stage_slots, 0, m->head);
            for (int i = 0; i < p->accepted; i++) {
                int slot = (c->length + i) % m->window;
                if (c->length + i >= m->window && at.open[slot])
                    move(&at, m->window + c->kept[head]++, &at, slot, m->head);
                move(&at, slot, &stage, p->first + i, m->head);
            }
        }
    barrier(m);
    for (const part *p = m->parts; !id && p < m->parts + m->part_count; p++) p->cache->length += p->accepted;
}

/* --- what Python calls --- */
API int mr_cpu(void) { /* the instruction sets of this processor: 1 avx2, 2 avxvnni, 4 avx512, 8 dotprod, 16 amx */
#if defined(__x86_64__)
    __builtin_cpu_init();
    int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    int avx512 = avx2 && __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw") &&
                 __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
    unsigned a = 7, b, c = 1, d; /* leaf 7, subleaf 1, bit 4 of eax; subleaf 0, bits 24 and 25 of edx */
    __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    int found = avx2 | (avx2 && (a >> 4 & 1)) << 1 | avx512 << 2;
#if defined(__linux__)
    a = 7, c = 0;
    __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    if (avx512 && (d >> 24 & 3) == 3) /* ask the kernel for the tiles' state: ARCH_REQ_XCOMP_PERM, XTILEDATA */
        found |= (syscall(SYS_arch_prctl, 0x1023, 18) == 0) << 4;
#endif
    return found;
#elif defined(__aarch64__) && defined(__linux__)
    return (getauxval(AT_HWCAP) >> 20 & 1) << 3;
#elif defined(__aarch64__)
    return 8;
#else
    return 0;
#endif
}
API void mr_pack(const int8_t *w, int rows, int width, int wide, int skip, int8_t *out, int32_t *sum) {
    pack(w, rows, width, wide, skip, out, sum);
}
API void mr_start(model *m) { /* the threads beside the caller's; `threads` falls where the system gives fewer */
    pool *p = m->pool = aligned_alloc(64, (sizeof *p + 63) / 64 * 64);
    int wanted = p && m->threads < 64 ? m->threads : 1;
    m->threads = 1;
    if (!p) return;
    memset(p, 0, sizeof *p);
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
static void run(model *m, void (*job)(model *, int)) { /* with all threads; a job ends with a barrier */
    if (m->threads > 1) {
        pthread_mutex_lock(&m->pool->lock);
        m->pool->job = job;
        atomic_fetch_add(&m->pool->call, 1);
        pthread_cond_broadcast(&m->pool->wake);
        pthread_mutex_unlock(&m->pool->lock);
    }
    job(m, 0);
}
API void mr_forward(model *m) { run(m, forward); }
API void mr_commit(model *m) { run(m, commit); }
