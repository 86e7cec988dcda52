#include "kernels.h"

#include <string.h>

enum { pixels = 6, panel = kernels_panel };

size_t kernels_convolution_packed_count(size_t inputs, size_t outputs) {
  return (outputs + panel - 1) / panel * panel * 9 * inputs;
}

void kernels_convolution_pack(const float *weights, size_t inputs, size_t outputs, float *packed) {
  for (size_t first = 0; first < outputs; first += panel) {
    for (size_t k = 0; k < 9 * inputs; k++) {
      for (size_t c = first; c < first + panel; c++) *packed++ = c < outputs ? weights[k * outputs + c] : 0;
    }
  }
}

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,fma")))

bool kernels_available(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

/// Sums of six windows and sixteen output channels over `rows` rows of the window: 12 of the 16 registers hold sums.
AVX2 static inline void add_windows(
    const float *const window[pixels], size_t stride, size_t rows, size_t length, const float *weights, float *sums) {
  __m256 s[pixels][2];
  for (int i = 0; i < pixels; i++) {
    s[i][0] = _mm256_loadu_ps(sums + i * panel);
    s[i][1] = _mm256_loadu_ps(sums + i * panel + 8);
  }
  for (size_t row = 0; row < rows; row++) {
    const float *w0 = window[0] + row * stride, *w1 = window[1] + row * stride, *w2 = window[2] + row * stride;
    const float *w3 = window[3] + row * stride, *w4 = window[4] + row * stride, *w5 = window[5] + row * stride;
    for (size_t k = 0; k < length; k++, weights += panel) {
      const __m256 a = _mm256_loadu_ps(weights), b = _mm256_loadu_ps(weights + 8);
#define ADD(i)                                           \
  {                                                      \
    const __m256 x = _mm256_broadcast_ss(w##i + k);      \
    s[i][0] = _mm256_fmadd_ps(x, a, s[i][0]);            \
    s[i][1] = _mm256_fmadd_ps(x, b, s[i][1]);            \
  }
      ADD(0) ADD(1) ADD(2) ADD(3) ADD(4) ADD(5)
#undef ADD
    }
  }
  for (int i = 0; i < pixels; i++) {
    _mm256_storeu_ps(sums + i * panel, s[i][0]);
    _mm256_storeu_ps(sums + i * panel + 8, s[i][1]);
  }
}

/// Output cells worked on at once: their sums for one panel and their windows stay in the second-level cache.
enum { strip = 96 };

/// A panel's weights for so many rows of the window stay in the first-level cache.
static size_t rows_at_once(size_t inputs) { return 9 * inputs * panel * sizeof(float) <= 24 << 10 ? 3 : 1; }

AVX2 void kernels_convolve(
    const struct kernels_convolution *layer, const float *input, size_t input_stride, float *output, size_t output_stride,
    size_t first_row, size_t end_row, size_t columns) {
  const size_t length = 3 * layer->inputs, step = rows_at_once(layer->inputs);
  const size_t end = end_row * columns;
  for (size_t first = first_row * columns; first < end; first += strip) {
    const size_t count = end - first < strip ? end - first : strip;
    const float *windows[strip];
    float *targets[strip];
    for (size_t i = 0; i < strip; i++) {
      const size_t cell = first + (i < count ? i : count - 1), row = cell / columns, column = cell % columns;
      windows[i] = input + row * layer->row_step * input_stride + column * layer->column_step * layer->inputs;
      targets[i] = output + row * output_stride + column * layer->outputs;
    }
    for (size_t channel = 0; channel < layer->outputs; channel += panel) {
      const size_t width = layer->outputs - channel < panel ? layer->outputs - channel : panel;
      const float *weights = layer->packed + channel * 3 * length;
      float start[panel] = {0}, sums[strip * panel];
      memcpy(start, layer->bias + channel, width * sizeof(float));
      for (size_t i = 0; i < strip; i++) memcpy(sums + i * panel, start, sizeof start);
      for (size_t row = 0; row < 3; row += step) {
        for (size_t i = 0; i < count; i += pixels) {
          const float *const window[pixels] = {
              windows[i] + row * input_stride,     windows[i + 1] + row * input_stride, windows[i + 2] + row * input_stride,
              windows[i + 3] + row * input_stride, windows[i + 4] + row * input_stride, windows[i + 5] + row * input_stride};
          add_windows(window, input_stride, step, length, weights + row * length * panel, sums + i * panel);
        }
      }
      const __m256 zero = _mm256_setzero_ps();
      for (size_t i = 0; i < count; i++) {
        float *sum = sums + i * panel;
        const __m256 a = _mm256_max_ps(_mm256_loadu_ps(sum), zero), b = _mm256_max_ps(_mm256_loadu_ps(sum + 8), zero);
        if (width == panel) {
          _mm256_storeu_ps(targets[i] + channel, a);
          _mm256_storeu_ps(targets[i] + channel + 8, b);
        } else {
          _mm256_storeu_ps(sum, a);
          _mm256_storeu_ps(sum + 8, b);
          memcpy(targets[i] + channel, sum, width * sizeof(float));
        }
      }
    }
  }
}

AVX2 void kernels_multiply_transposed(const float *a, size_t rows, size_t columns, const float *x, float *y) {
  for (size_t first = 0; first < columns; first += 32) {
    __m256 s0 = _mm256_setzero_ps(), s1 = s0, s2 = s0, s3 = s0, t0 = s0, t1 = s0, t2 = s0, t3 = s0;
    const float *row = a + first;
    size_t i = 0;
    for (; i + 2 <= rows; i += 2, row += 2 * columns) {
      const __m256 v = _mm256_broadcast_ss(x + i), w = _mm256_broadcast_ss(x + i + 1);
      s0 = _mm256_fmadd_ps(v, _mm256_loadu_ps(row), s0);
      s1 = _mm256_fmadd_ps(v, _mm256_loadu_ps(row + 8), s1);
      s2 = _mm256_fmadd_ps(v, _mm256_loadu_ps(row + 16), s2);
      s3 = _mm256_fmadd_ps(v, _mm256_loadu_ps(row + 24), s3);
      t0 = _mm256_fmadd_ps(w, _mm256_loadu_ps(row + columns), t0);
      t1 = _mm256_fmadd_ps(w, _mm256_loadu_ps(row + columns + 8), t1);
      t2 = _mm256_fmadd_ps(w, _mm256_loadu_ps(row + columns + 16), t2);
      t3 = _mm256_fmadd_ps(w, _mm256_loadu_ps(row + columns + 24), t3);
    }
    if (i < rows) {
      const __m256 v = _mm256_broadcast_ss(x + i);
      s0 = _mm256_fmadd_ps(v, _mm256_loadu_ps(row), s0);
      s1 = _mm256_fmadd_ps(v, _mm256_loadu_ps(row + 8), s1);
      s2 = _mm256_fmadd_ps(v, _mm256_loadu_ps(row + 16), s2);
      s3 = _mm256_fmadd_ps(v, _mm256_loadu_ps(row + 24), s3);
    }
    _mm256_storeu_ps(y + first, _mm256_add_ps(s0, t0));
    _mm256_storeu_ps(y + first + 8, _mm256_add_ps(s1, t1));
    _mm256_storeu_ps(y + first + 16, _mm256_add_ps(s2, t2));
    _mm256_storeu_ps(y + first + 24, _mm256_add_ps(s3, t3));
  }
}

#else

bool kernels_available(void) { return false; }
void kernels_convolve(
    const struct kernels_convolution *layer, const float *input, size_t input_stride, float *output, size_t output_stride,
    size_t first_row, size_t end_row, size_t columns) {}
void kernels_multiply_transposed(const float *a, size_t rows, size_t columns, const float *x, float *y) {}

#endif
