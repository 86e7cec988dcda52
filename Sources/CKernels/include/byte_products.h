/// Products of matrices of bytes, which are weights of 8 bits times values that get 8 bits for it.
#ifndef BONAFIDE_BYTE_PRODUCTS_H
#define BONAFIDE_BYTE_PRODUCTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Whether products of bytes take less time than all others: AVX-512 VNNI, where there is no matrix unit.
bool kernels_has_fast_bytes(void);

/// Neighbouring values that share a step.
enum { kernels_byte_run = 64 };

/// What the codes of a run stand for: low + size · code.
struct kernels_step {
  float size, low;
};

/// Whether `kernels_byte_product` can take a matrix of so many rows (`outputs`) and columns (`inputs`).
bool kernels_byte_product_fits(size_t inputs, size_t outputs);

/// Bytes that so many weights are packed to.
size_t kernels_byte_product_packed_count(size_t inputs, size_t outputs);

/// Packs weights (outputs, inputs) of signed bytes for `kernels_byte_product`, in panels of 64 outputs, the last one filled with zeros. Each run
/// of inputs has its sums beside it.
void kernels_byte_product_pack(const uint8_t *bytes, size_t inputs, size_t outputs, uint8_t *packed);

/// Floats to codes from 0 to 255, each run by the least and the greatest of it. `count` is a multiple of `kernels_byte_run`.
/// Of a run with values that are no numbers, or infinite, the step is no number.
void kernels_codes(const float *values, size_t count, uint8_t *codes, struct kernels_step *steps);

/// output (rows, outputs) = input (rows, inputs) times the transposed weights, each column times its scale.
///
/// - codes, steps: of `kernels_codes`.
void kernels_byte_product(
  const uint8_t *codes, const struct kernels_step *steps, size_t rows, size_t inputs, const uint8_t *packed, const float *scales,
  size_t outputs, float *output);

/// As `kernels_windows`, of codes: `run` and `step` are multiples of `kernels_byte_run`.
struct kernels_byte_windows {
  const uint8_t *codes[3];
  const struct kernels_step *steps[3];
  size_t count, run, step;
};

/// As `kernels_byte_product`, with rows of count · run values that overlap.
void kernels_byte_product_windows(
  const struct kernels_byte_windows *windows, size_t rows, const uint8_t *packed, const float *scales, size_t outputs, float *output);

/// A 3x3 convolution of stride one along the rows, and ReLU, with weights and values of 8 bits.
struct kernels_byte_convolution {
  size_t inputs, outputs;
  /// Cells from one window to the next.
  size_t column_step;
  /// Of `kernels_byte_convolution_pack`.
  const uint8_t *packed;
  const float *scales;
  /// `outputs` values.
  const float *bias;
};

/// Whether `kernels_byte_convolve` can take cells of so many values.
bool kernels_byte_convolution_fits(size_t inputs);

/// Bytes that the weights are packed to.
size_t kernels_byte_convolution_packed_count(size_t inputs, size_t outputs);

/// The scales of `outputs` channels, filled up to whole panels.
size_t kernels_byte_convolution_padded(size_t outputs);

/// Rounds weights to 8 bits, a scale for each output channel, and packs them.
///
/// - weights: as `kernels_convolution_pack` takes them.
/// - scales: get `kernels_byte_convolution_padded` values.
void kernels_byte_convolution_pack(const float *weights, size_t inputs, size_t outputs, uint8_t *packed, float *scales);

/// Floats that `kernels_byte_convolve` needs to work in for at most `rows` output rows at once.
size_t kernels_byte_convolve_scratch_count(const struct kernels_byte_convolution *layer, size_t rows, size_t columns);

/// As `kernels_convolve`. Values are those of a ReLU: a row gets codes from zero to its greatest one, negative ones count as zero. What a row
/// with values that are no numbers, or infinite, has a part in is no number.
void kernels_byte_convolve(
  const struct kernels_byte_convolution *layer, const float *input, size_t input_stride, float *output, size_t output_stride,
  size_t first_row, size_t end_row, size_t columns, float *scratch);

#endif
