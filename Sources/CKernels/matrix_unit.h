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

/// Rows that `multiply_panel_by_unit` takes at most, and of which it takes whole numbers.
enum { unit_rows = 64, unit_step = 16 };

/// Sums (rows, 16) of windows of `length` values, each `step` values behind the one before, by a panel of `kernels_halves_pack`; for some panels
/// in turn. As many windows are read, and sums written, as are a multiple of `unit_step`. Between these two calls:
void begin_panels(size_t length);
void multiply_panel_by_unit(const uint16_t *windows, size_t step, size_t rows, size_t length, const uint16_t *weights, float *sums);
void end_panels(void);

#endif
