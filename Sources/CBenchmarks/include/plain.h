// Plain C yardsticks: what a careful C programmer would write without any engine.
#ifndef CBENCHMARKS_PLAIN_H
#define CBENCHMARKS_PLAIN_H

// Reads `count` floats, a multiple of 64, and returns their sum.
float plain_read(const float *numbers, long count);

// a[i] = b[i] + factor * c[i]
void plain_triad(float *a, const float *b, const float *c, float factor, long count);

// pulls[n][3] = sum over k of weights[k] * blocks[n][k][3], for the atoms first to last - 1, each with
// `slots` blocks of `width` (a multiple of 4, at most 256) triples.
void plain_contract(const float *blocks, const float *weights, float *pulls, long first, long last,
                    long slots, long width);

// The transpose: weights[k] = sum over n of pulls[n][3] . blocks[n][k][3].
void plain_contract_back(const float *blocks, const float *pulls, float *weights, long first,
                         long last, long slots, long width);

#endif
