#include "plain.h"

// Partial sums in arrays of fixed length: compilers turn them into vector registers.

float plain_read(const float *numbers, long count) {
  float sums[64] = {0}, sum = 0;
  for (long i = 0; i < count; i += 64)
    for (int u = 0; u < 64; u++) sums[u] += numbers[i + u];
  for (int u = 0; u < 64; u++) sum += sums[u];
  return sum;
}

void plain_triad(float *restrict a, const float *restrict b, const float *restrict c, float factor,
                 long count) {
  for (long i = 0; i < count; i++) a[i] = b[i] + factor * c[i];
}

void plain_contract(const float *restrict blocks, const float *restrict weights,
                    float *restrict pulls, long first, long last, long slots, long width) {
  for (long j = first; j < last; j++) {
    float triple[768];
    for (long k = 0; k < width; k++)
      triple[3 * k] = triple[3 * k + 1] = triple[3 * k + 2] = weights[j * width + k];
    for (long n = 0; n < slots; n++) {
      const float *block = blocks + (j * slots + n) * 3 * width;
      float sums[24] = {0};
      long t = 0;
      for (; t + 24 <= 3 * width; t += 24)
        for (int u = 0; u < 24; u++) sums[u] += triple[t + u] * block[t + u];
      for (; t < 3 * width; t += 12)
        for (int u = 0; u < 12; u++) sums[u] += triple[t + u] * block[t + u];
      float *pull = pulls + (j * slots + n) * 3;
      for (int c = 0; c < 3; c++) {
        float sum = 0;
        for (int u = c; u < 24; u += 3) sum += sums[u];
        pull[c] = sum;
      }
    }
  }
}

void plain_contract_back(const float *restrict blocks, const float *restrict pulls,
                         float *restrict weights, long first, long last, long slots, long width) {
  for (long j = first; j < last; j++) {
    float sums[768] = {0};
    for (long n = 0; n < slots; n++) {
      const float *block = blocks + (j * slots + n) * 3 * width;
      const float *pull = pulls + (j * slots + n) * 3;
      float pattern[12];
      for (int u = 0; u < 12; u++) pattern[u] = pull[u % 3];
      for (long t = 0; t < 3 * width; t += 12)
        for (int u = 0; u < 12; u++) sums[t + u] += pattern[u] * block[t + u];
    }
    for (long k = 0; k < width; k++)
      weights[j * width + k] = sums[3 * k] + sums[3 * k + 1] + sums[3 * k + 2];
  }
}
