// Products of matrices for the processor's own vectors, which Swift has no way to choose when a program runs.
#ifndef CPRODUCTS_PRODUCTS_H
#define CPRODUCTS_PRODUCTS_H

typedef struct {
  long lower, upper;
} product_range;

// target[row][column] = (adding: target[row][column]) + sum over all terms of left[row][term] right[term][column]
//
// Distances count elements. The columns of `right` and of `target` follow each other.
typedef struct {
  const void *left;
  long left_row, left_term;
  const void *right;
  long right_term;
  void *target;
  long target_row;
  long rows, columns;
  // Those that are summed, in order.
  const product_range *terms;
  long ranges;
  int adding;
} product;

// An element is the sum of its terms in their order, each multiplied and added with one rounding, and then added to what
// is there: its bits are the same wherever it stands and whatever vectors the processor has.
typedef void (*product_function)(const product *product);

// For processors that have vectors of so many bits, 256 with AVX2 and 512 with AVX-512; nil for other kinds of processors.
product_function product_of_singles(int bits);
product_function product_of_doubles(int bits);

#endif
