/// Rows of a convolution by its definition, in single precision.
#include "panels.h"

#if defined(__x86_64__)

/// Six windows: 12 of the 16 registers hold sums.
AVX2 static void add_six(
  const float *const *window, size_t stride, size_t rows, size_t length, const float *weights, float *sums, struct panels panels) {
  (void)panels;
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

/// Eight windows, a register for each of them and of `count` panels, which is known to the compiler: enough to hide the latency, and few
/// enough windows that all addresses stay in registers. A value that is read goes into all panels.
AVX512 __attribute__((always_inline)) static inline void add_panels(
  const int count, const float *const *window, size_t stride, size_t rows, size_t length, const float *weights, float *sums,
  struct panels panels) {
  __m512 s[most_panels][8], w[most_panels];
  for (int j = 0; j < count; j++) {
    for (int i = 0; i < 8; i++) s[j][i] = _mm512_loadu_ps(sums + (size_t)j * panels.sums_apart + i * panel);
  }
  for (size_t row = 0; row < rows; row++) {
    const float *x0 = window[0] + row * stride, *x1 = window[1] + row * stride, *x2 = window[2] + row * stride;
    const float *x3 = window[3] + row * stride, *x4 = window[4] + row * stride, *x5 = window[5] + row * stride;
    const float *x6 = window[6] + row * stride, *x7 = window[7] + row * stride;
    for (size_t k = 0; k < length; k++, weights += panel) {
      for (int j = 0; j < count; j++) w[j] = _mm512_loadu_ps(weights + (size_t)j * panels.weights_apart);
#define ADD(i)                                                                   \
  {                                                                              \
    const __m512 x = _mm512_set1_ps(x##i[k]);                                    \
    for (int j = 0; j < count; j++) s[j][i] = _mm512_fmadd_ps(x, w[j], s[j][i]); \
  }
      ADD(0) ADD(1) ADD(2) ADD(3) ADD(4) ADD(5) ADD(6) ADD(7)
#undef ADD
    }
  }
  for (int j = 0; j < count; j++) {
    for (int i = 0; i < 8; i++) _mm512_storeu_ps(sums + (size_t)j * panels.sums_apart + i * panel, s[j][i]);
  }
}

AVX512 static void add_eight(
  const float *const *window, size_t stride, size_t rows, size_t length, const float *weights, float *sums, struct panels panels) {
  switch (panels.count) {
    case 1: return add_panels(1, window, stride, rows, length, weights, sums, panels);
    case 2: return add_panels(2, window, stride, rows, length, weights, sums, panels);
    default: return add_panels(most_panels, window, stride, rows, length, weights, sums, panels);
  }
}

struct micro micro_of(enum kernels_set set) {
  return set >= kernels_avx512 ? (struct micro){8, most_panels, add_eight} : (struct micro){6, 1, add_six};
}

/// A panel's weights for so many rows of the window fit into the first-level cache.
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
    for (size_t channel = 0, at_once; channel < layer->outputs; channel += at_once * panel) {
      at_once = panels_at_once(&micro, (layer->outputs - channel + panel - 1) / panel);
      const struct panels panels = {.count = at_once, .weights_apart = 3 * length * panel, .sums_apart = strip * panel};
      const float *weights = layer->packed + channel * 3 * length;
      float sums[most_panels][strip * panel];
      for (size_t j = 0; j < at_once; j++) {
        float start[panel] = {0};
        memcpy(start, layer->bias + channel + j * panel, panel_width(layer, channel + j * panel) * sizeof(float));
        for (size_t i = 0; i < strip; i++) memcpy(sums[j] + i * panel, start, sizeof start);
      }
      for (size_t row = 0; row < taps; row += step) {
        for (size_t i = 0; i < count; i += micro.windows) {
          micro.add(windows[row] + i, input_stride, step, length, weights + row * length * panel, sums[0] + i * panel, panels);
        }
      }
      for (size_t j = 0; j < at_once; j++) {
        const size_t width = panel_width(layer, channel + j * panel);
        for (size_t i = 0; i < count; i++) {
          const float *sum = sums[j] + i * panel;
          store_rectified(_mm256_loadu_ps(sum), _mm256_loadu_ps(sum + 8), width, targets[i] + channel + j * panel);
        }
      }
    }
  }
}

#endif
