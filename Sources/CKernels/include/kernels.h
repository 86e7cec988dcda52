/// Inner loops of the network for processors with AVX2 and FMA, in C because Swift compiles for the oldest x86-64 processor.
/// Every function works on the caller's memory, allocates nothing and can run on any number of threads at once.
#ifndef BONAFIDE_KERNELS_H
#define BONAFIDE_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

/// Whether this processor can run the functions below. The other functions may be called only where it can.
bool kernels_available(void);

/// Output channels of one panel of packed weights.
enum { kernels_panel = 16 };

/// Floats that the packed weights of a 3x3 convolution take.
size_t kernels_convolution_packed_count(size_t inputs, size_t outputs);

/// Packs weights (3, 3, inputs, outputs), the last changing fastest, to panels of 16 output channels, the last one filled with zeros.
void kernels_convolution_pack(const float *weights, size_t inputs, size_t outputs, float *packed);

/// A 3x3 convolution, its bias and ReLU: (rows, columns, channels), the channel changing fastest.
struct kernels_convolution {
  size_t inputs, outputs;
  /// Cells from one window to the next.
  size_t row_step, column_step;
  /// Of `kernels_convolution_pack`.
  const float *packed;
  /// `outputs` values.
  const float *bias;
};

/// Writes output rows `first_row` to `end_row`.
///
/// - input: the first value of input row -1, column -1: the window of output (row, column) starts `row * row_step` rows and
///   `column * column_step` cells behind it. `input_stride`: floats from a row to the next.
/// - output: the first value of row 0. `output_stride`: floats from a row to the next.
void kernels_convolve(
    const struct kernels_convolution *layer, const float *input, size_t input_stride, float *output, size_t output_stride,
    size_t first_row, size_t end_row, size_t columns);

/// y = Aᵀ x for A (rows, columns), `columns` a multiple of 32.
void kernels_multiply_transposed(const float *a, size_t rows, size_t columns, const float *x, float *y);

#endif
