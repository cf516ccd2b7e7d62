/* Products of an int8 matrix with rounded vectors, for weights, keys and values alike.
 *
 * A matrix lies in panels of 16 rows: [width / 4][16 rows][4 columns], so that one load serves 16 rows and no sum is
 * taken across lanes; a tile of AMX is 16 such groups. Vectors are rows of bytes, `planes` to a token: with two, a
 * number is 255 * high + low. A few vectors go through the dot products of lanes.h, many through tiles where the
 * library was compiled for AMX; both give the same integers.
 * Does not cover choosing the scales of keys and values (attention.h).
 */
#include "lanes.h"

enum { TILE = 64 }; /* columns of a tile */
enum { SET, ADD, COUNT };       /* y = product, y += product, or the bare integers added */
typedef struct { /* panels lie `panel` bytes apart, groups of four columns `step` (64, but for COUNT); excess of each row */
    const int8_t *w;
    const float *scale;
    const int32_t *sum;
    int32_t rows, width, panel, step;
} matrix;
typedef struct { uint8_t *x; float *scale; int32_t stride, planes; } quant; /* [tokens, planes, stride] */

INLINE quant from_row(const quant *q, size_t row) {
    return (quant){q->x + row * q->planes * q->stride, q->scale + row, q->stride, q->planes};
}
/* round a row of floats; bytes hold -127..127 with BIAS added */
static void quantise(const quant *q, size_t row, const float *x, int width) {
    vf top = all(0);
    for (int i = 0; i < width; i += LANES) top = larger(top, magnitude(*(const vf *)(x + i)));
    float most = largest(top), levels = q->planes == 1 ? 127.f : 32512.f, inverse = most > 0 ? levels / most : 0;
    uint8_t *out = q->x + row * q->planes * q->stride;
    q->scale[row] = most / levels;
    for (int i = 0; i < width; i += LANES) {
        vi r = nearest(*(const vf *)(x + i) * inverse);
        if (q->planes == 2) {
            vi high = nearest(floats(r) * (1.f / 255));
            to_bytes(out + q->stride + i, r - high * 255 + BIAS);
            r = high;
        }
        to_bytes(out + i, r + BIAS);
    }
}
/* a token's sums (a vector's, for COUNT) for LANES rows, whose excess and scale are given, go to `out` */
INLINE void finish(int kind, int planes, vi excess, vf scale, const float *own, vi high, vi low, void *out) {
    if (kind == COUNT) {
        *(vi *)out += high;
        return;
    }
    vf v = floats(high - excess);
    if (planes == 2) v = v * 255.f + floats(low - excess);
    v *= *own * scale;
    if (kind == ADD) v += *(const vf *)out;
    *(vf *)out = v;
}

#if defined(__AMX_INT8__)
enum { MANY = 6, BLOCK = 1 << 30 }; /* vectors from which tiles are the faster way; values summed at once */
static void tiles_begin(void) {
    struct { uint8_t palette, start, none[14]; uint16_t bytes[16]; uint8_t rows[16]; } shape = {.palette = 1};
    for (int i = 0; i < 8; i++) shape.bytes[i] = TILE, shape.rows[i] = PANEL;
    _tile_loadconfig(&shape);
}
static void tiles_end(void) { _tile_release(); }
/* two panels times at most 32 vectors; rows of tiles beyond the last vector are computed and forgotten */
INLINE void tiles(int kind, int two, int planes, const matrix *m, const quant *q, int first, int vectors, int panel,
                  void *y, int stride) {
    const int8_t *w = m->w + (size_t)panel * m->panel;
    const uint8_t *x = q->x + (size_t)first * q->stride, *more = x + (size_t)PANEL * q->stride;
    const size_t step = kind == COUNT ? m->step : 4 * PANEL, panel_bytes = m->panel;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (int k = 0; k < m->width; k += TILE, w += PANEL * step) {
        _tile_loadd(4, w, step);
        _tile_loadd(6, x + k, q->stride);
        _tile_dpbusd(0, 6, 4);
        _tile_loadd(5, w + panel_bytes, step);
        _tile_dpbusd(1, 6, 5);
        if (two) {
            _tile_loadd(7, more + k, q->stride);
            _tile_dpbusd(2, 7, 4);
            _tile_dpbusd(3, 7, 5);
        }
    }
    int32_t sums[4][PANEL][LANES] __attribute__((aligned(64)));
    _tile_stored(0, sums[0], 64);
    _tile_stored(1, sums[1], 64);
    if (two) {
        _tile_stored(2, sums[2], 64);
        _tile_stored(3, sums[3], 64);
    }
    for (int j = 0; j < 2; j++) {
        int row = (panel + j) * PANEL;
        vi excess = kind == COUNT ? (vi){0} : *(const vi *)(m->sum + row);
        vf scale = kind == COUNT ? all(0) : *(const vf *)(m->scale + row);
        const float *own = kind == COUNT ? NULL : q->scale + first / planes;
        for (int i = 0; i < vectors; i += planes) {
            const vi *at = (const vi *)sums[i / PANEL * 2 + j][i % PANEL];
            float *out = (float *)y + (size_t)((first + i) / planes) * stride + row;
            finish(kind, planes, excess, scale, own++, at[0], at[planes - 1], out);
        }
    }
}
#else
enum { MANY = 1 << 30, BLOCK = 256 }; /* a block of values and their probabilities fit the nearest cache */
static void tiles_begin(void) {}
static void tiles_end(void) {}
INLINE void tiles(int kind, int two, int planes, const matrix *m, const quant *q, int first, int vectors, int panel,
                  void *y, int stride) {
    (void)kind, (void)two, (void)planes, (void)m, (void)q, (void)first, (void)vectors, (void)panel, (void)y;
    (void)stride;
}
#endif

/* a panel's `wide` vectors of rows, from `part` on, times a few vectors */
INLINE void dots(int kind, int vectors, int wide, int splits, int planes, const matrix *m, const quant *q, int first,
                 int panel, int part, void *y, int stride) {
    const int8_t *w = m->w + (size_t)panel * m->panel + part * 4 * LANES;
    const uint8_t *x = q->x + (size_t)first * q->stride;
    const size_t step = kind == COUNT ? m->step : 4 * PANEL;
    acc a[8][4][PARTS]; /* stays in registers only where every loop over it is unrolled */
#define EVERY(i, count) _Pragma("GCC unroll 8") for (int i = 0; i < count; i++)
    EVERY(v, vectors) EVERY(s, splits) EVERY(i, wide) a[v][s][i] = nothing();
    for (int k = 0; k < m->width; k += 4 * splits)
        EVERY(s, splits) {
            if (kind == COUNT || vectors < VECTORS) __builtin_prefetch(w + 4096); /* the others find w near */
            EVERY(v, vectors) {
                int32_t x4;
                memcpy(&x4, x + (size_t)v * q->stride + k + 4 * s, 4);
                EVERY(i, wide) {
                    const int8_t *rows = w + i * 4 * LANES;
                    a[v][s][i] = kind == COUNT ? count(a[v][s][i], rows, x4) : mac(a[v][s][i], rows, x4);
                }
            }
            w += step;
        }
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v += planes)
        EVERY(i, wide) {
            vi sums[2] = {0};
            EVERY(p, planes) EVERY(s, splits) sums[p] += ints(a[v + p][s][i]);
            int token = (first + v) / planes, row = panel * PANEL + (part + i) * LANES, bare = kind == COUNT;
            vi excess = bare ? sums[0] : *(const vi *)(m->sum + row);
            vf scale = bare ? all(0) : *(const vf *)(m->scale + row);
            float *out = (float *)y + (size_t)token * stride + row;
            finish(kind, planes, excess, scale, bare ? NULL : q->scale + token, sums[0], sums[planes - 1], out);
        }
}
/* y [n, stride] (SET, ADD) or integers [n * planes, stride] (COUNT): the panels from..to, an even number, of a matrix
 * times n tokens */
INLINE void product(int kind, const matrix *m, const quant *q, int n, int from, int to, void *y, int stride) {
    int vectors = n * q->planes;
    if (vectors >= MANY) {
        for (int panel = from; panel < to; panel += 2)
            for (int v = 0; v < vectors; v += 2 * PANEL) {
                int left = vectors - v < 2 * PANEL ? vectors - v : 2 * PANEL, split = kind != COUNT && q->planes == 2;
                if (left > PANEL && split) tiles(kind, 1, 2, m, q, v, left, panel, y, stride);
                else if (left > PANEL) tiles(kind, 1, 1, m, q, v, left, panel, y, stride);
                else if (split) tiles(kind, 0, 2, m, q, v, left, panel, y, stride);
                else tiles(kind, 0, 1, m, q, v, left, panel, y, stride);
            }
        return;
    }
    for (int panel = from; panel < to; panel++) {
        int v = 0;
#define DOTS(VECTORS_, WIDE_, SPLITS_, PLANES_)            \
    for (; v + VECTORS_ <= vectors; v += VECTORS_)         \
        for (int part = 0; part < PARTS; part += WIDE_)    \
            dots(kind, VECTORS_, WIDE_, SPLITS_, PLANES_, m, q, v, panel, part, y, stride);
        if (kind != COUNT && q->planes == 2) {
            if (VECTORS >= 8) DOTS(8, 1, 1, 2)
            if (VECTORS >= 4) DOTS(4, PARTS, 1, 2)
            DOTS(2, PARTS, SPLITS > 1 ? 2 : 1, 2)
        } else {
            if (VECTORS >= 8) DOTS(8, 1, 1, 1)
            if (VECTORS >= 4) DOTS(4, PARTS, 1, 1)
            if (VECTORS >= 2) DOTS(2, PARTS, SPLITS > 1 ? 2 : 1, 1)
            DOTS(1, PARTS, SPLITS, 1)
        }
    }
}
/* matrix [rows, width] as a file has it into panels `skip` panels apart, of `wide` columns; rows beyond stay 0 */
static void pack(const int8_t *w, int rows, int width, int wide, int skip, int8_t *out, int32_t *sum) {
    for (int from = 0; from < rows; from += PANEL, out += (size_t)skip * PANEL * wide, sum += skip * PANEL)
        for (int k = 0; k < width; k += 4)
            for (int r = 0; r < PANEL && from + r < rows; r++) {
                const int8_t *four = w + (size_t)(from + r) * width + k;
                memcpy(out + (size_t)k * PANEL + r * 4, four, 4);
                for (int i = 0; i < 4; i++) sum[r] += excess(four[i]);
            }
}
