#include "products.h"

#if defined(__x86_64__)
#include <immintrin.h>

static inline long least(long a, long b) { return a < b ? a : b; }

// ROWS of a tile: as many as there are registers for, beside those of the right factor and one of the left.
// RIGHT_AHEAD: how many terms before it is wanted a row of the right factor is asked for; 0 for never, where nobody has
// measured that it helps.
#define NUMBER float
#define VECTOR __m512
#define LANES 16
#define ROWS 12
#define RIGHT_AHEAD 0
#define TARGET "avx512f"
#define NAME(name) name##_singles_512
#define MASK __mmask16
#define FIRST(count) ((__mmask16)((1u << (count)) - 1))
#define ZERO _mm512_setzero_ps
#define ALL_EQUAL _mm512_set1_ps
#define MULTIPLY_ADD _mm512_fmadd_ps
#define ADD _mm512_add_ps
#define LOAD _mm512_loadu_ps
#define STORE _mm512_storeu_ps
#define LOAD_SOME(place, mask) _mm512_maskz_loadu_ps(mask, place)
#define STORE_SOME(place, mask, value) _mm512_mask_storeu_ps(place, mask, value)
#include "tiles.h"

#define NUMBER double
#define VECTOR __m512d
#define LANES 8
#define ROWS 12
#define RIGHT_AHEAD 0
#define TARGET "avx512f"
#define NAME(name) name##_doubles_512
#define MASK __mmask8
#define FIRST(count) ((__mmask8)((1u << (count)) - 1))
#define ZERO _mm512_setzero_pd
#define ALL_EQUAL _mm512_set1_pd
#define MULTIPLY_ADD _mm512_fmadd_pd
#define ADD _mm512_add_pd
#define LOAD _mm512_loadu_pd
#define STORE _mm512_storeu_pd
#define LOAD_SOME(place, mask) _mm512_maskz_loadu_pd(mask, place)
#define STORE_SOME(place, mask, value) _mm512_mask_storeu_pd(place, mask, value)
#include "tiles.h"

#define NUMBER float
#define VECTOR __m256
#define LANES 8
#define ROWS 6
#define RIGHT_AHEAD 12
#define TARGET "avx2,fma"
#define NAME(name) name##_singles_256
#define MASK __m256i
#define FIRST(count) \
  _mm256_cmpgt_epi32(_mm256_set1_epi32((int)(count)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))
#define ZERO _mm256_setzero_ps
#define ALL_EQUAL _mm256_set1_ps
#define MULTIPLY_ADD _mm256_fmadd_ps
#define ADD _mm256_add_ps
#define LOAD _mm256_loadu_ps
#define STORE _mm256_storeu_ps
#define LOAD_SOME _mm256_maskload_ps
#define STORE_SOME _mm256_maskstore_ps
#include "tiles.h"

#define NUMBER double
#define VECTOR __m256d
#define LANES 4
#define ROWS 6
#define RIGHT_AHEAD 12
#define TARGET "avx2,fma"
#define NAME(name) name##_doubles_256
#define MASK __m256i
#define FIRST(count) _mm256_cmpgt_epi64(_mm256_set1_epi64x(count), _mm256_setr_epi64x(0, 1, 2, 3))
#define ZERO _mm256_setzero_pd
#define ALL_EQUAL _mm256_set1_pd
#define MULTIPLY_ADD _mm256_fmadd_pd
#define ADD _mm256_add_pd
#define LOAD _mm256_loadu_pd
#define STORE _mm256_storeu_pd
#define LOAD_SOME _mm256_maskload_pd
#define STORE_SOME _mm256_maskstore_pd
#include "tiles.h"

product_function product_of_singles(int bits) {
  return bits == 512 ? multiply_singles_512 : multiply_singles_256;
}

product_function product_of_doubles(int bits) {
  return bits == 512 ? multiply_doubles_512 : multiply_doubles_256;
}
#else
product_function product_of_singles(int bits) { return (void)bits, (product_function)0; }
product_function product_of_doubles(int bits) { return (void)bits, (product_function)0; }
#endif
