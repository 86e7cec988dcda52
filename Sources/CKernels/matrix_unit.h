/// Products of bfloat16 by the matrix unit of a processor (AMX), where it has one.
#ifndef BONAFIDE_MATRIX_UNIT_H
#define BONAFIDE_MATRIX_UNIT_H

#include "kernels.h"

/// Columns of a panel of weights of `kernels_product`.
enum { product_panel = 4 * kernels_panel };

/// Values of a row that the unit takes at once: a run is to be a multiple.
enum { unit_run = 32 };

/// As `kernels_product_windows`; only where `kernels_has_matrix_unit`. `windows->run` is a multiple of `unit_run`.
void multiply_by_unit(const struct kernels_windows *windows, size_t rows, const uint16_t *packed, size_t outputs, float *output);

#endif
