/// What the convolutions share: panels of sixteen output channels.
#ifndef BONAFIDE_PANELS_H
#define BONAFIDE_PANELS_H

#include "kernels.h"

enum { panel = kernels_panel, taps = 3 };

/// Output cells worked on at once, a multiple of the windows of every inner loop: their sums for some panels and their windows stay in the
/// second-level cache.
enum { strip = 96 };

/// The same for transformed rows.
enum { tile_cells = 48 };

/// Channels of the panel that starts at `channel`.
static inline size_t panel_width(const struct kernels_convolution *layer, size_t channel) {
  return layer->outputs - channel < panel ? layer->outputs - channel : panel;
}

/// Values of an input row that `columns` output cells see.
static inline size_t row_width(const struct kernels_convolution *layer, size_t columns) {
  return ((columns - 1) * layer->column_step + 3) * layer->inputs;
}

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,fma")))
#define AVX512 __attribute__((target("avx512f")))
#define BFLOAT16 __attribute__((target("avx512f,avx512bf16")))

/// Sixteen values, or the first `width` of them, negative ones as zeros.
AVX2 static inline void store_rectified(__m256 a, __m256 b, size_t width, float *target) {
  const __m256 zero = _mm256_setzero_ps();
  a = _mm256_max_ps(a, zero);
  b = _mm256_max_ps(b, zero);
  if (width == panel) {
    _mm256_storeu_ps(target, a);
    _mm256_storeu_ps(target + 8, b);
  } else {
    float values[panel];
    _mm256_storeu_ps(values, a);
    _mm256_storeu_ps(values + 8, b);
    memcpy(target, values, width * sizeof(float));
  }
}

/// Panels of output channels that are worked on at once, and how far they are from one to the next, in floats.
struct panels {
  size_t count, weights_apart, sums_apart;
};

/// Adds to sums of some windows and one panel of output channels, or some, what `rows` rows of the windows give, `length` values each.
struct micro {
  /// Windows that are worked on at once, and most panels.
  size_t windows, most_panels;
  void (*add)(
    const float *const *window, size_t stride, size_t rows, size_t length, const float *weights, float *sums, struct panels panels);
};

enum { most_panels = 3 };

/// Panels to work on at once, of so many that are left: three, and two times two rather than three and one.
static inline size_t panels_at_once(const struct micro *micro, size_t left) {
  const size_t count = left == most_panels + 1 ? 2 : left < most_panels ? left : most_panels;
  return count < micro->most_panels ? count : micro->most_panels;
}

struct micro micro_of(enum kernels_set set);

/// Output rows in single precision, as they come.
void convolve_rows(
  const struct kernels_convolution *layer, const float *input, size_t input_stride, float *output, size_t output_stride, size_t first_row,
  size_t end_row, size_t columns);

/// `kernels_convolve` where `set` is `kernels_bfloat16`.
void convolve_halves(
  const struct kernels_convolution *layer, const float *input, size_t input_stride, float *output, size_t output_stride, size_t first_row,
  size_t end_row, size_t columns, float *scratch);

/// `kernels_convolve_scratch_count` of that.
size_t convolve_halves_scratch_count(const struct kernels_convolution *layer, size_t rows, size_t columns);

#endif
#endif
