// A product of one kind of numbers and vectors, which the one that includes this defines and this forgets at its end.
//
// A tile of the result, some rows and up to two vectors of columns, stays in registers for all terms. The factors are
// read as they lie: left numbers one by one, of as many rows as the tile has, and of the right factor, which a cache
// near by holds, two vectors for each term.

#define UNROLLED _Pragma("clang loop unroll(full)")
#define IN_PLACE static inline __attribute__((always_inline, target(TARGET)))

// `rows`, `vectors` and `isWhole`, whether all columns of the last vector are wanted, are constants wherever it is called.
IN_PLACE void NAME(tile)(
    const product *p, long row, long column, long rows, long vectors, int isWhole, MASK mask) {
  const NUMBER *left = (const NUMBER *)p->left + row * p->left_row;
  const NUMBER *right = (const NUMBER *)p->right + column;
  NUMBER *target = (NUMBER *)p->target + row * p->target_row + column;
  const long left_row = p->left_row, left_term = p->left_term, right_term = p->right_term;
  VECTOR sums[ROWS][2];
  UNROLLED for (long i = 0; i < rows; ++i) {
    UNROLLED for (long v = 0; v < vectors; ++v) {
      sums[i][v] = ZERO();
      __builtin_prefetch(target + i * p->target_row + v * LANES, 1);
    }
  }
  const long row_bytes = left_row * (long)sizeof(NUMBER), term_bytes = left_term * (long)sizeof(NUMBER);
  // Of the rows behind these, which the next tile has, one in turn for each term.
  const long end_ahead = 2 * rows * row_bytes;
  long ahead = rows * row_bytes;
  for (long range = 0; range < p->ranges; ++range) {
    long term = p->terms[range].lower;
    const NUMBER *factor = right + term * right_term;
    // Every third row has a pointer of its own, from which processors reach the next two.
    const char *lefts[(ROWS + 2) / 3];
    UNROLLED for (long i = 0; i < rows; i += 3) lefts[i / 3] = (const char *)left + i * row_bytes + term * term_bytes;
    // Two terms at once want more registers than AVX2 has: sums were kept in memory.
    _Pragma("clang loop unroll(disable)") for (; term < p->terms[range].upper; ++term) {
      VECTOR factors[2];
      UNROLLED for (long v = 0; v < vectors; ++v) {
        const NUMBER *place = factor + v * LANES;
        factors[v] = isWhole || v + 1 < vectors ? LOAD(place) : LOAD_SOME(place, mask);
      }
      if (RIGHT_AHEAD > 0) __builtin_prefetch(factor + RIGHT_AHEAD * right_term);
      factor += right_term;
      // Memory is not read ahead by itself where the terms lie far from each other.
      __builtin_prefetch(lefts[0] + ahead);
      ahead = ahead + row_bytes == end_ahead ? rows * row_bytes : ahead + row_bytes;
      UNROLLED for (long i = 0; i < rows; ++i) {
        const VECTOR other = ALL_EQUAL(*(const NUMBER *)(lefts[i / 3] + i % 3 * row_bytes));
        UNROLLED for (long v = 0; v < vectors; ++v) sums[i][v] = MULTIPLY_ADD(other, factors[v], sums[i][v]);
      }
      UNROLLED for (long i = 0; i < rows; i += 3) lefts[i / 3] += term_bytes;
    }
  }
  UNROLLED for (long i = 0; i < rows; ++i) {
    UNROLLED for (long v = 0; v < vectors; ++v) {
      NUMBER *place = target + i * p->target_row + v * LANES;
      if (isWhole || v + 1 < vectors) {
        STORE(place, p->adding ? ADD(LOAD(place), sums[i][v]) : sums[i][v]);
      } else {
        STORE_SOME(place, mask, p->adding ? ADD(LOAD_SOME(place, mask), sums[i][v]) : sums[i][v]);
      }
    }
  }
}

// All columns of some rows, a constant number of them.
IN_PLACE void NAME(strip)(const product *p, long row, long rows) {
  const MASK none = FIRST(0);
  long column = 0;
  for (; column + 2 * LANES <= p->columns; column += 2 * LANES) NAME(tile)(p, row, column, rows, 2, 1, none);
  const long rest = p->columns - column;
  if (rest > LANES) {
    NAME(tile)(p, row, column, rows, 2, 0, FIRST(rest - LANES));
  } else if (rest > 0) {
    NAME(tile)(p, row, column, rows, 1, 0, FIRST(rest));
  }
}

__attribute__((target(TARGET))) static void NAME(multiply)(const product *p) {
  // Strips of nearly as many rows each: a few rows left over would take nearly as long as many.
  const long strips = (p->rows + ROWS - 1) / ROWS;
  long row = 0;
  for (long strip = 0; strip < strips; ++strip) {
    const long rows = (p->rows - row + strips - strip - 1) / (strips - strip);
    switch (rows) {
#define STRIP(count) \
  case count: NAME(strip)(p, row, least(count, ROWS)); break;
      STRIP(1)
      STRIP(2)
      STRIP(3)
      STRIP(4)
      STRIP(5)
      STRIP(6)
#if ROWS > 6
      STRIP(7)
      STRIP(8)
      STRIP(9)
      STRIP(10)
      STRIP(11)
      STRIP(12)
#endif
#undef STRIP
    }
    row += rows;
  }
}

#undef UNROLLED
#undef IN_PLACE
#undef NUMBER
#undef VECTOR
#undef LANES
#undef ROWS
#undef RIGHT_AHEAD
#undef TARGET
#undef NAME
#undef MASK
#undef FIRST
#undef ZERO
#undef ALL_EQUAL
#undef MULTIPLY_ADD
#undef ADD
#undef LOAD
#undef STORE
#undef LOAD_SOME
#undef STORE_SOME
