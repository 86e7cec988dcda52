/// What `kernels_product_windows` chooses from where there is no matrix unit, or where it has no use for few rows.
#ifndef BONAFIDE_PRODUCTS_H
#define BONAFIDE_PRODUCTS_H

#include "kernels.h"

#if defined(__x86_64__)

/// By the instruction for pairs of bfloat16.
void multiply_by_pairs(const struct kernels_windows *windows, size_t rows, const uint16_t *packed, size_t outputs, float *output);

/// As products of the floats that the bfloat16 stand for: sums are added up in another order.
void multiply_by_floats(const struct kernels_windows *windows, size_t rows, const uint16_t *packed, size_t outputs, float *output);

#endif
#endif
