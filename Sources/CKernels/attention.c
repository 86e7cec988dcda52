/// Attention of one head: some queries at a time, so that their weights stay in the cache.
#include "exponential.h"
#include "panels.h"

enum { lanes = kernels_panel, most_rows = 6 };

typedef float vector __attribute__((vector_size(4 * lanes), aligned(4)));

/// Floats of a row of weights: `rows`, to whole vectors.
static size_t padded(size_t rows) { return (rows + lanes - 1) / lanes * lanes; }

size_t kernels_attend_scratch_count(size_t rows) { return (kernels_head + most_rows) * padded(rows); }

/// Rows of a (inner values each) by as many of b (`vectors` vectors each): `rows` and `vectors`, which the compiler knows, are chosen so that
/// sums stay in registers.
__attribute__((always_inline)) static inline void multiply(
  const int rows, const int vectors, const float *a, size_t a_stride, const float *b, size_t b_stride, size_t inner, float *product,
  size_t product_stride) {
  vector sums[most_rows][4];
  for (int i = 0; i < rows; i++) {
    for (int j = 0; j < vectors; j++) sums[i][j] = (vector){0};
  }
  for (size_t k = 0; k < inner; k++) {
    vector x[4];
    for (int j = 0; j < vectors; j++) x[j] = *(const vector *)(b + k * b_stride + lanes * (size_t)j);
    for (int i = 0; i < rows; i++) {
      const float factor = a[(size_t)i * a_stride + k];
      for (int j = 0; j < vectors; j++) sums[i][j] += factor * x[j];
    }
  }
  for (int i = 0; i < rows; i++) {
    for (int j = 0; j < vectors; j++) *(vector *)(product + (size_t)i * product_stride + lanes * (size_t)j) = sums[i][j];
  }
}

/// x to e^(factor · x) / Σ e^(factor · x)
__attribute__((always_inline)) static inline void softmax(float *x, size_t count, float factor) {
  float most[lanes], greatest = x[0];
  size_t k = 0;
  for (size_t lane = 0; lane < lanes; lane++) most[lane] = greatest;
  for (; k + lanes <= count; k += lanes) {
    for (size_t lane = 0; lane < lanes; lane++) most[lane] = x[k + lane] > most[lane] ? x[k + lane] : most[lane];
  }
  for (; k < count; k++) greatest = x[k] > greatest ? x[k] : greatest;
  for (size_t lane = 0; lane < lanes; lane++) greatest = most[lane] > greatest ? most[lane] : greatest;
  for (k = 0; k < count; k++) x[k] = exponential(factor * (x[k] - greatest));
  vector sums = {0};
  for (k = 0; k + lanes <= count; k += lanes) sums += *(vector *)(x + k);
  float sum = 0;
  for (; k < count; k++) sum += x[k];
  for (size_t lane = 0; lane < lanes; lane++) sum += sums[lane];
  const float part = 1 / sum;
  for (k = 0; k < count; k++) x[k] *= part;
}

/// `block` rows from `first` on; keys are transposed.
__attribute__((always_inline)) static inline void attend_block(
  const int block, const int vectors, const float *queries, const float *keys, const float *values, size_t stride, size_t rows,
  float factor, float *weights, float *output, size_t output_stride) {
  const size_t width = padded(rows);
  size_t column = 0;
  for (; column + lanes * (size_t)vectors <= width; column += lanes * (size_t)vectors) {
    multiply(block, vectors, queries, stride, keys + column, width, kernels_head, weights + column, width);
  }
  for (; column < width; column += lanes) multiply(block, 1, queries, stride, keys + column, width, kernels_head, weights + column, width);
  for (int i = 0; i < block; i++) softmax(weights + (size_t)i * width, rows, factor);
  for (column = 0; column < kernels_head; column += lanes * (size_t)vectors) {
    multiply(block, vectors, weights, width, values + column, stride, rows, output + column, output_stride);
  }
}

/// `block` rows and `vectors` vectors at once, `vectors` a divisor of a head's.
__attribute__((always_inline)) static inline void attend(
  const int block, const int vectors, const float *queries, const float *keys, const float *values, size_t stride, size_t rows,
  float factor, float *scratch, float *output, size_t output_stride) {
  const size_t width = padded(rows);
  float *transposed = scratch, *weights = scratch + kernels_head * width;
  for (size_t row = 0; row < width; row++) {
    for (size_t k = 0; k < kernels_head; k++) transposed[k * width + row] = row < rows ? keys[row * stride + k] : 0;
  }
  size_t row = 0;
  for (; row + (size_t)block <= rows; row += (size_t)block) {
    attend_block(
      block, vectors, queries + row * stride, transposed, values, stride, rows, factor, weights, output + row * output_stride,
      output_stride);
  }
  for (; row < rows; row++) {
    attend_block(
      1, vectors, queries + row * stride, transposed, values, stride, rows, factor, weights, output + row * output_stride, output_stride);
  }
}

#define ARGUMENTS queries, keys, values, stride, rows, factor, scratch, output, output_stride
#define PARAMETERS                                                                                                                       \
  const float *queries, const float *keys, const float *values, size_t stride, size_t rows, float factor, float *scratch, float *output, \
    size_t output_stride

#if defined(__x86_64__)

AVX512 static void attend_avx512(PARAMETERS) { attend(6, 4, ARGUMENTS); }

AVX2 static void attend_avx2(PARAMETERS) { attend(6, 1, ARGUMENTS); }

void kernels_attend(PARAMETERS) {
  switch (kernels_best()) {
    case kernels_none: return attend(2, 1, ARGUMENTS);
    case kernels_avx2: return attend_avx2(ARGUMENTS);
    default: return attend_avx512(ARGUMENTS);
  }
}

#else

void kernels_attend(PARAMETERS) { attend(4, 1, ARGUMENTS); }

#endif
