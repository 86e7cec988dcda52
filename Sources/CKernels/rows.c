/// Rows of a convolution by its definition, in single precision.
#include "panels.h"

#if defined(__x86_64__)

/// Six windows: 12 of the 16 registers hold sums.
AVX2 static void add_six(const float *const *window, size_t stride, size_t rows, size_t length, const float *weights, float *sums) {
  __m256 s[6][2];
  for (int i = 0; i < 6; i++) {
    s[i][0] = _mm256_loadu_ps(sums + i * panel);
    s[i][1] = _mm256_loadu_ps(sums + i * panel + 8);
  }
  for (size_t row = 0; row < rows; row++) {
    const float *w0 = window[0] + row * stride, *w1 = window[1] + row * stride, *w2 = window[2] + row * stride;
    const float *w3 = window[3] + row * stride, *w4 = window[4] + row * stride, *w5 = window[5] + row * stride;
    for (size_t k = 0; k < length; k++, weights += panel) {
      const __m256 a = _mm256_loadu_ps(weights), b = _mm256_loadu_ps(weights + 8);
#define ADD(i)                                      \
  {                                                 \
    const __m256 x = _mm256_broadcast_ss(w##i + k); \
    s[i][0] = _mm256_fmadd_ps(x, a, s[i][0]);       \
    s[i][1] = _mm256_fmadd_ps(x, b, s[i][1]);       \
  }
      ADD(0) ADD(1) ADD(2) ADD(3) ADD(4) ADD(5)
#undef ADD
    }
  }
  for (int i = 0; i < 6; i++) {
    _mm256_storeu_ps(sums + i * panel, s[i][0]);
    _mm256_storeu_ps(sums + i * panel + 8, s[i][1]);
  }
}

/// Eight windows, a register each: enough to hide the latency, and few enough that all addresses stay in registers.
AVX512 static void add_eight(const float *const *window, size_t stride, size_t rows, size_t length, const float *weights, float *sums) {
  __m512 s[8];
  for (int i = 0; i < 8; i++) s[i] = _mm512_loadu_ps(sums + i * panel);
  for (size_t row = 0; row < rows; row++) {
    const float *w0 = window[0] + row * stride, *w1 = window[1] + row * stride, *w2 = window[2] + row * stride;
    const float *w3 = window[3] + row * stride, *w4 = window[4] + row * stride, *w5 = window[5] + row * stride;
    const float *w6 = window[6] + row * stride, *w7 = window[7] + row * stride;
    for (size_t k = 0; k < length; k++, weights += panel) {
      const __m512 a = _mm512_loadu_ps(weights);
#define ADD(i) s[i] = _mm512_fmadd_ps(_mm512_set1_ps(w##i[k]), a, s[i]);
      ADD(0) ADD(1) ADD(2) ADD(3) ADD(4) ADD(5) ADD(6) ADD(7)
#undef ADD
    }
  }
  for (int i = 0; i < 8; i++) _mm512_storeu_ps(sums + i * panel, s[i]);
}

struct micro micro_of(enum kernels_set set) { return set >= kernels_avx512 ? (struct micro){8, add_eight} : (struct micro){6, add_six}; }

/// A panel's weights for so many rows of the window stay in the first-level cache.
static size_t rows_at_once(size_t inputs) { return 9 * inputs * panel * sizeof(float) <= 24 << 10 ? 3 : 1; }

AVX2 void convolve_rows(
  const struct kernels_convolution *layer, const float *input, size_t input_stride, float *output, size_t output_stride, size_t first_row,
  size_t end_row, size_t columns) {
  const struct micro micro = micro_of(layer->set);
  const size_t length = 3 * layer->inputs, step = rows_at_once(layer->inputs);
  const size_t end = end_row * columns;
  for (size_t first = first_row * columns; first < end; first += strip) {
    const size_t count = end - first < strip ? end - first : strip;
    const float *windows[taps][strip];
    float *targets[strip];
    for (size_t i = 0; i < strip; i++) {
      const size_t cell = first + (i < count ? i : count - 1), row = cell / columns, column = cell % columns;
      const float *window = input + row * layer->row_step * input_stride + column * layer->column_step * layer->inputs;
      for (size_t k = 0; k < taps; k++) windows[k][i] = window + k * input_stride;
      targets[i] = output + row * output_stride + column * layer->outputs;
    }
    for (size_t channel = 0; channel < layer->outputs; channel += panel) {
      const size_t width = panel_width(layer, channel);
      const float *weights = layer->packed + channel * 3 * length;
      float start[panel] = {0}, sums[strip * panel];
      memcpy(start, layer->bias + channel, width * sizeof(float));
      for (size_t i = 0; i < strip; i++) memcpy(sums + i * panel, start, sizeof start);
      for (size_t row = 0; row < taps; row += step) {
        for (size_t i = 0; i < count; i += micro.windows) {
          micro.add(windows[row] + i, input_stride, step, length, weights + row * length * panel, sums + i * panel);
        }
      }
      for (size_t i = 0; i < count; i++) {
        const float *sum = sums + i * panel;
        store_rectified(_mm256_loadu_ps(sum), _mm256_loadu_ps(sum + 8), width, targets[i] + channel);
      }
    }
  }
}

#endif
