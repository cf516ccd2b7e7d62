/* Attention of some tokens of one sequence to one key-value head, and the caches it reads.
 *
 * Shapes: W window, K head width, S slots. Keys and values are int8 in 16 or 4 slots together, as panels.h wants them:
 * a panel of keys has a slot in each lane, a group of values four slots as columns. A cache holds a ring of the last W
 * keys and, behind it, those that left the window with an open gate; the others are dropped. The keys of a call's own
 * tokens wait in a stage. Slots that a token may not see get probability 0; probabilities times the scale of their
 * value are rounded to 14 bits, their sum to 16, so that everything that is added is an integer and order is free.
 * Does not cover contexts above 65,536 tokens, whose sums could overflow.
 */
#include "panels.h"

enum { QUERIES = 16, FINE = 16383 }; /* rows of scores that a thread works on; levels of a probability */
typedef struct { int8_t *k, *v; float *ks, *vs; int32_t *sum; uint8_t *open; } entries; /* slots of one head */
typedef struct { entries at; int32_t *kept, slots, length; } cache; /* [layers * H, S]: ring, then kept */
typedef struct { float *scores; uint8_t *p; int64_t room; } scratch; /* [QUERIES, room], [QUERIES, 2, room] */

INLINE int up_to(int n, int unit) { return (n + unit - 1) / unit * unit; }
/* slots of head `i` where each has `slots` of them, from slot `from` on (a multiple of 16) */
static entries slots_of(const entries *e, size_t i, int slots, int from, int head) {
    size_t at = i * slots + from;
    return (entries){e->k + at * up_to(head, TILE), e->v + at * head, e->ks + at, e->vs + at, e->sum + at, e->open + at};
}
static void put(entries *e, int slot, const uint8_t *key, const uint8_t *value, int head) { /* rounded rows */
    int8_t *k = e->k + (size_t)(slot / PANEL) * PANEL * up_to(head, TILE) + slot % PANEL * 4;
    int8_t *v = e->v + (size_t)(slot / 4) * 4 * head + slot % 4;
    int sum = 0;
    int8_t own[256];
    for (int i = 0; i < head; i++) own[i] = (int8_t)(key[i] - BIAS);
    for (int i = 0; i < head; i++) sum += excess(own[i]);
    for (int i = 0; i < head; i += 4) memcpy(k + i * PANEL, own + i, 4);
    for (int i = 0; i < head; i++) v[4 * i] = (int8_t)(value[i] - BIAS);
    e->sum[slot] = sum;
}
static void move(entries *to, int i, const entries *from, int j, int head) {
    size_t wide = (size_t)PANEL * up_to(head, TILE);
    int8_t *k = to->k + i / PANEL * wide + i % PANEL * 4, *v = to->v + (size_t)(i / 4) * 4 * head;
    const int8_t *old_k = from->k + j / PANEL * wide + j % PANEL * 4, *old_v = from->v + (size_t)(j / 4) * 4 * head;
    for (int n = 0; n < head / 4; n++) memcpy(k + 64 * n, old_k + 64 * n, 4);
    for (int n = 0; n < head; n += LANES) { /* one byte of each four */
        vi byte = *(const vi *)(old_v + 4 * n) >> j % 4 * 8 & 0xff, *at = (vi *)(v + 4 * n);
        *at = (*at & ~(0xff << i % 4 * 8)) | byte << i % 4 * 8;
    }
    to->ks[i] = from->ks[j], to->vs[i] = from->vs[j], to->sum[i] = from->sum[j], to->open[i] = from->open[j];
}
/* sums [2 * rows, head]: probabilities times values, `slots` of them */
static void weigh(const int8_t *v, const uint8_t *p, int slots, int rows, int head, int room, int32_t *sums) {
    for (int i = 0; i < slots; i += BLOCK) {
        matrix values = {v + (size_t)i * head, NULL, NULL, head, slots - i < BLOCK ? slots - i : BLOCK, 64, 4 * head};
        product(COUNT, &values, &(quant){(uint8_t *)p + i, NULL, room, 2}, rows, 0, head / PANEL, sums, head);
    }
}
/* y [rows, stride]: queries [rows], `group` of them to a token, the first of which is token `from` of those whose keys
 * begin at slot `first` of the stage; `held` entries of the cache's head can be seen, `length` tokens came before */
static void attend(const scratch *own, const quant *queries, int rows, int group, int head, int window, int length,
                   const entries *old, int held, const entries *stage, int first, int from, float **y) {
    int many = 2 * rows >= MANY, grain = many ? TILE : PANEL, wide = up_to(head, TILE);
    int ring = length < window ? length : window, oldest = length - ring, begin = first / PANEL * PANEL;
    int to = from + rows / group, before = up_to(held, grain), count = up_to(first + to - begin, grain);
    int all_slots = before + count;
    int turn = oldest % window, shut = 0; /* where the oldest entry of the ring is; whether any gate is shut */
    for (int i = 0; i < ring; i++) shut |= !old->open[i];
    for (int i = 0; i < to; i++) shut |= !stage->open[first + i];
    entries recent = slots_of(stage, 0, 0, begin, head);
    matrix keys[2] = {{old->k, old->ks, old->sum, before, wide, PANEL * wide, 64},
                      {recent.k, recent.ks, recent.sum, count, wide, PANEL * wide, 64}};
    product(SET, keys, queries, rows, 0, before / PANEL, own->scores, own->room);
    product(SET, keys + 1, queries, rows, 0, count / PANEL, own->scores + before, own->room);
    float scale[QUERIES + 64];
    for (int r = 0; r < rows; r++) {
        float *s = own->scores + r * own->room, *staged = s + before + first - begin;
        int t = from + r / group, left = length + t - window + 1; /* what stands before position `left` is distant */
        int seen = before + first - begin + t + 1, end = up_to(seen, PANEL);
        for (int i = 0, slot = turn; shut && i < ring && oldest + i < left; i++, slot = slot + 1 < window ? slot + 1 : 0)
            if (!old->open[slot]) s[slot] = -INFINITY;
        for (int i = held; i < before + first - begin; i++) s[i] = -INFINITY;
        for (int i = 0; shut && length + i < left && i <= t; i++)
            if (!stage->open[first + i]) staged[i] = -INFINITY;
        for (int i = seen; i < end; i++) s[i] = -INFINITY;
        vf tops[4], top = all(0); /* several chains of comparisons */
        for (int j = 0; j < 4; j++) tops[j] = all(-INFINITY);
        for (int i = 0; i < end; i += 4 * LANES)
            for (int j = 0; j < 4 && i + j * LANES < end; j++) tops[j] = larger(tops[j], *(vf *)(s + i + j * LANES));
        vf most = all(largest(larger(larger(tops[0], tops[1]), larger(tops[2], tops[3]))));
        vi sum = {0};
        for (int i = 0; i < end; i += LANES) {
            vf p = exponential(*(vf *)(s + i) - most);
            sum += nearest(p * 65536.f);
            p *= *(const vf *)(i < before ? old->vs + i : recent.vs + i - before);
            *(vf *)(s + i) = p;
            top = larger(top, p);
        }
        int64_t whole = 0;
        for (int i = 0; i < LANES; i++) whole += sum[i];
        float peak = largest(top), inverse = peak > 0 ? FINE / peak : 0;
        scale[r] = peak / FINE / ((float)whole / 65536.f);
        uint8_t *high = own->p + 2 * r * own->room, *low = high + own->room;
        for (int i = 0; i < end; i += PANEL) split(s + i, inverse, high + i, low + i);
        memset(high + end, 0, all_slots - end);
        memset(low + end, 0, all_slots - end);
    }
    int32_t sums[2 * (QUERIES + 64) * 256];
    memset(sums, 0, 2 * rows * head * sizeof *sums);
    weigh(old->v, own->p, before, rows, head, (int)own->room, sums);
    weigh(recent.v, own->p + before, count, rows, head, (int)own->room, sums);
    for (int r = 0; r < rows; r++)
        for (int i = 0; i < head; i += LANES) {
            const int32_t *two = sums + 2 * r * head + i;
            vf high = floats(*(const vi *)two), low = floats(*(const vi *)(two + head));
            *(vf *)(y[r] + i) = (high * 128.f + low) * scale[r];
        }
}
