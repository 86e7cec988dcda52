#include "kernels.h"

#include "exponential.h"
#include "processors.h"

#include <math.h>

/// x Φ(x) with the error function of Abramowitz and Stegun, 7.1.26, within 1.5e-7.
static inline float gelu(float x) {
  const float z = (x < 0 ? -x : x) * 0.70710678118654752f;
  const float t = 1 / (1 + 0.3275911f * z);
  float p = 1.061405429f;
  p = p * t - 1.453152027f;
  p = p * t + 1.421413741f;
  p = p * t - 0.284496736f;
  p = p * t + 0.254829592f;
  const float tail = 0.5f * p * t * exponential(-z * z);
  return x * (x < 0 ? tail : 1 - tail);
}

FOR_EACH_PROCESSOR void kernels_gelu(float *values, size_t rows, size_t columns, const float *bias) {
  for (size_t row = 0; row < rows; row++) {
    float *x = values + row * columns;
    for (size_t k = 0; k < columns; k++) x[k] = gelu(x[k] + bias[k]);
  }
}

FOR_EACH_PROCESSOR void kernels_leaky(float *values, size_t rows, size_t columns, const float *bias, float slope) {
  for (size_t row = 0; row < rows; row++) {
    float *x = values + row * columns;
    for (size_t k = 0; k < columns; k++) {
      const float y = x[k] + bias[k];
      x[k] = y < 0 ? slope * y : y;
    }
  }
}

FOR_EACH_PROCESSOR void kernels_add_rows(float *sum, const float *values, size_t rows, size_t columns, const float *bias) {
  for (size_t row = 0; row < rows; row++) {
    const float *x = values + row * columns;
    float *y = sum + row * columns;
    for (size_t k = 0; k < columns; k++) y[k] += x[k] + bias[k];
  }
}

enum { lanes = kernels_lanes };

typedef float vector __attribute__((vector_size(4 * lanes), aligned(4)));

/// `columns` a multiple of `lanes`.
static inline float total(const float *x, size_t columns) {
  vector sums = {0};
  for (size_t k = 0; k < columns; k += lanes) sums += *(const vector *)(x + k);
  float sum = 0;
  for (size_t lane = 0; lane < lanes; lane++) sum += sums[lane];
  return sum;
}

FOR_EACH_PROCESSOR void kernels_layer_norm(
  const float *values, size_t rows, size_t columns, const float *scale, const float *shift, float *normalised) {
  for (size_t row = 0; row < rows; row++) {
    const float *x = values + row * columns;
    float *y = normalised + row * columns;
    const float mean = total(x, columns) / (float)columns;
    vector squares = {0};
    for (size_t k = 0; k < columns; k += lanes) {
      const vector d = *(const vector *)(x + k) - mean;
      squares += d * d;
    }
    float variance = 0;
    for (size_t lane = 0; lane < lanes; lane++) variance += squares[lane];
    const float factor = 1 / sqrtf(variance / (float)columns + 1e-5f);
    for (size_t k = 0; k < columns; k++) y[k] = (x[k] - mean) * factor * scale[k] + shift[k];
  }
}

FOR_EACH_PROCESSOR void kernels_add_bias(float *values, size_t rows, size_t columns, const float *bias) {
  for (size_t row = 0; row < rows; row++) {
    float *x = values + row * columns;
    for (size_t k = 0; k < columns; k++) x[k] += bias[k];
  }
}

FOR_EACH_PROCESSOR void kernels_moments(const float *values, size_t rows, size_t columns, const bool *mask, float *mean, float *deviation) {
  float count = 0;
  memset(mean, 0, columns * sizeof(float));
  memset(deviation, 0, columns * sizeof(float));
  for (size_t row = 0; row < rows; row++) {
    if (!mask[row]) continue;
    count++;
    for (size_t k = 0; k < columns; k++) mean[k] += values[row * columns + k];
  }
  if (count == 0) return;
  for (size_t k = 0; k < columns; k++) mean[k] /= count;
  for (size_t row = 0; row < rows; row++) {
    if (!mask[row]) continue;
    for (size_t k = 0; k < columns; k++) {
      const float d = values[row * columns + k] - mean[k];
      deviation[k] += d * d;
    }
  }
  for (size_t k = 0; k < columns; k++) deviation[k] = sqrtf(deviation[k] / count);
}

FOR_EACH_PROCESSOR void kernels_widen(const uint8_t *bytes, size_t rows, size_t columns, const float *scales, float *values) {
  for (size_t row = 0; row < rows; row++) {
    for (size_t k = 0; k < columns; k++) values[row * columns + k] = scales[row] * (float)(int8_t)bytes[row * columns + k];
  }
}

FOR_EACH_PROCESSOR void kernels_multiply_bytes(
  const uint8_t *bytes, const float *scales, size_t rows, size_t columns, const float *x, float *y) {
  for (size_t row = 0; row < rows; row++) {
    const uint8_t *w = bytes + row * columns;
    vector sums = {0};
    size_t k = 0;
    for (; k + lanes <= columns; k += lanes) {
      vector weights = {0};
      for (size_t lane = 0; lane < lanes; lane++) weights[lane] = (float)(int8_t)w[k + lane];
      sums += weights * *(const vector *)(x + k);
    }
    float sum = 0;
    for (size_t lane = 0; lane < lanes; lane++) sum += sums[lane];
    for (; k < columns; k++) sum += (float)(int8_t)w[k] * x[k];
    y[row] = scales[row] * sum;
  }
}

FOR_EACH_PROCESSOR bool kernels_all_finite(const float *values, size_t count) {
  // x - x is zero for numbers alone.
  int32_t odd = 0;
  for (size_t k = 0; k < count; k++) odd |= !(values[k] - values[k] == 0);
  return !odd;
}
