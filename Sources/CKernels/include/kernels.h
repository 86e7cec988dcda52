/// Inner loops of features and network, in C because Swift compiles for the oldest x86-64 processor.
/// Every function works on the caller's memory, allocates nothing and can run on any number of threads at once.
#ifndef BONAFIDE_KERNELS_H
#define BONAFIDE_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

/// Frequencies of `kernels_envelope`.
enum { kernels_envelope_bins = 32 };

/// Energies of short windows, one group of them.
///
/// - samples: the first window's first; `hop` samples from one window to the next, `length` in each.
/// - fourier: per sample of a window the cosines, then the sines of all frequencies, times the window.
/// - floor: added to each energy; positive.
/// - mean, logarithm: get `kernels_envelope_bins` means of the energies, and of their natural logarithms.
void kernels_envelope(
    const float *samples, size_t hop, size_t length, size_t windows, const float *fourier, float floor, float *mean, float *logarithm);

/// Whether this processor has AVX2 and FMA. The functions below may be called only where it has.
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
