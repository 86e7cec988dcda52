/// Products of matrices of bfloat16 with sums of float: on most processors twice the products of float per instruction.
#include "halves.h"
#include "matrix_unit.h"
#include "panels.h"
#include "processors.h"
#include "products.h"

enum {
  /// Columns of a panel of weights: four vectors, so that sums of six rows fill the registers.
  wide_panel = product_panel,
  block_rows = 6,
};

bool kernels_product_fits(size_t inputs, size_t outputs) { return inputs % 2 == 0 && outputs % panel == 0; }

size_t kernels_product_packed_count(size_t inputs, size_t outputs) { return (outputs + wide_panel - 1) / wide_panel * wide_panel * inputs; }

/// Two values of bfloat16, as they lie in memory one after the other.
static inline uint32_t pair_of(float first, float second) {
  const uint16_t halves[2] = {half_of(first), half_of(second)};
  uint32_t pair;
  memcpy(&pair, halves, sizeof pair);
  return pair;
}

/// Rows of `wide` pairs, wide_panel of them, to a panel of weights: a pair of each row, then the next. Both ends stay in the cache.
static void pack_pairs(uint32_t pairs[wide_panel][panel], size_t wide, uint16_t *packed) {
  for (size_t k = 0; k < wide; k++) {
    for (size_t c = 0; c < wide_panel; c++) memcpy(packed + 2 * (k * wide_panel + c), &pairs[c][k], sizeof pairs[c][k]);
  }
}

/// Of floats, or where there are none of bytes, each row times its scale; which is known to the compiler.
__attribute__((always_inline)) static inline void pack(
  const float *weights, const uint8_t *bytes, const float *scales, size_t inputs, size_t outputs, uint16_t *packed) {
  for (size_t first = 0; first < outputs; first += wide_panel) {
    for (size_t k = 0; k < inputs; k += 2 * panel) {
      const size_t wide = inputs - k < 2 * panel ? (inputs - k) / 2 : panel;
      uint32_t pairs[wide_panel][panel] = {0};
      for (size_t c = first; c < first + wide_panel && c < outputs; c++) {
        const size_t at = c * inputs + k;
        for (size_t i = at; i < at + 2 * wide; i += 2) {
          pairs[c - first][(i - at) / 2] = weights ? pair_of(weights[i], weights[i + 1])
                                                   : pair_of(scales[c] * (float)(int8_t)bytes[i], scales[c] * (float)(int8_t)bytes[i + 1]);
        }
      }
      pack_pairs(pairs, wide, packed);
      packed += 2 * wide * wide_panel;
    }
  }
}

FOR_EACH_PROCESSOR void kernels_product_pack(const float *weights, size_t inputs, size_t outputs, uint16_t *packed) {
  pack(weights, NULL, NULL, inputs, outputs, packed);
}

FOR_EACH_PROCESSOR void kernels_product_pack_bytes(
  const uint8_t *bytes, const float *scales, size_t inputs, size_t outputs, uint16_t *packed) {
  pack(NULL, bytes, scales, inputs, outputs, packed);
}

#if defined(__x86_64__)

BFLOAT16 void kernels_halves(const float *values, size_t count, uint16_t *halves) {
  size_t k = 0;
  for (; k + panel <= count; k += panel) {
    _mm256_storeu_si256((__m256i *)(halves + k), (__m256i)_mm512_cvtneps_pbh(_mm512_loadu_ps(values + k)));
  }
  for (; k < count; k++) halves[k] = half_of(values[k]);
}

/// `rows` rows, at most `block_rows` and known to the compiler, by one panel of weights, of which `vectors` vectors are stored. `at` is the
/// first row's place in each line.
BFLOAT16 __attribute__((always_inline)) static inline void multiply_block(
  const int rows, const struct kernels_windows *windows, size_t at, const uint16_t *weights, float *output, size_t stride, int vectors) {
  __m512 s[block_rows][4];
  for (int i = 0; i < rows; i++) {
    for (int j = 0; j < 4; j++) s[i][j] = _mm512_setzero_ps();
  }
  for (size_t line = 0; line < windows->count; line++) {
    const uint16_t *input = windows->lines[line] + at;
    for (size_t k = 0; k < windows->run; k += 2, weights += 2 * wide_panel) {
      __m512bh w[4];
      for (int j = 0; j < 4; j++) w[j] = (__m512bh)_mm512_loadu_si512(weights + 2 * panel * j);
      for (int i = 0; i < rows; i++) {
        int pair;
        memcpy(&pair, input + (size_t)i * windows->step + k, sizeof pair);
        const __m512bh x = (__m512bh)_mm512_set1_epi32(pair);
        for (int j = 0; j < 4; j++) s[i][j] = _mm512_dpbf16_ps(s[i][j], w[j], x);
      }
    }
  }
  for (int i = 0; i < rows; i++) {
    for (int j = 0; j < 4; j++) {
      if (j < vectors) _mm512_storeu_ps(output + (size_t)i * stride + panel * j, s[i][j]);
    }
  }
}

/// bfloat16 to floats.
BFLOAT16 static inline void widen_halves(const uint16_t *halves, size_t count, float *values) {
  size_t k = 0;
  for (; k + panel <= count; k += panel) {
    const __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)(halves + k)));
    _mm512_storeu_si512(values + k, _mm512_slli_epi32(wide, 16));
  }
  for (; k < count; k++) values[k] = float_of(halves[k]);
}

/// As `multiply_block`, of floats that the bfloat16 stand for.
BFLOAT16 __attribute__((always_inline)) static inline void multiply_block_of_floats(
  const int rows, const struct kernels_windows *windows, size_t at, const uint16_t *weights, float *output, size_t stride, int vectors) {
  // Values of a row that are widened at a time: those of all rows stay in the first-level cache.
  enum { piece = 128 };
  float x[block_rows][piece];
  const __m512i second = _mm512_set1_epi32((int)0xffff0000);
  __m512 s[block_rows][4];
  for (int i = 0; i < rows; i++) {
    for (int j = 0; j < 4; j++) s[i][j] = _mm512_setzero_ps();
  }
  for (size_t line = 0; line < windows->count; line++) {
    const uint16_t *input = windows->lines[line] + at;
    for (size_t first = 0; first < windows->run; first += piece) {
      const size_t count = windows->run - first < piece ? windows->run - first : piece;
      for (int i = 0; i < rows; i++) widen_halves(input + (size_t)i * windows->step + first, count, x[i]);
      for (size_t k = 0; k < count; k += 2, weights += 2 * wide_panel) {
        __m512 w[4];
        for (int j = 0; j < 4; j++) w[j] = _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_loadu_si512(weights + 2 * panel * j), 16));
        for (int i = 0; i < rows; i++) {
          for (int j = 0; j < 4; j++) s[i][j] = _mm512_fmadd_ps(w[j], _mm512_set1_ps(x[i][k]), s[i][j]);
        }
        // Read again: with the pairs kept sums would not fit in the registers.
        __asm__ volatile("" : : : "memory");
        for (int j = 0; j < 4; j++) w[j] = _mm512_castsi512_ps(_mm512_and_si512(_mm512_loadu_si512(weights + 2 * panel * j), second));
        for (int i = 0; i < rows; i++) {
          for (int j = 0; j < 4; j++) s[i][j] = _mm512_fmadd_ps(w[j], _mm512_set1_ps(x[i][k + 1]), s[i][j]);
        }
      }
    }
  }
  for (int i = 0; i < rows; i++) {
    for (int j = 0; j < 4; j++) {
      if (j < vectors) _mm512_storeu_ps(output + (size_t)i * stride + panel * j, s[i][j]);
    }
  }
}

/// `rows` rows by one panel of weights; as `floats` or not, which is known to the compiler.
BFLOAT16 __attribute__((always_inline)) static inline void multiply_rows(
  const bool floats, const int rows, const struct kernels_windows *windows, size_t at, const uint16_t *weights, float *output,
  size_t stride, int vectors) {
  if (floats) multiply_block_of_floats(rows, windows, at, weights, output, stride, vectors);
  else multiply_block(rows, windows, at, weights, output, stride, vectors);
}

BFLOAT16 __attribute__((always_inline)) static inline void multiply(
  const bool floats, const struct kernels_windows *windows, size_t rows, const uint16_t *packed, size_t outputs, float *output) {
  const size_t inputs = windows->count * windows->run;
  for (size_t first = 0; first < outputs; first += wide_panel) {
    const uint16_t *weights = packed + first * inputs;
    const int vectors = outputs - first < wide_panel ? (int)((outputs - first) / panel) : 4;
    float *sums = output + first;
    size_t row = 0;
    for (; row + block_rows <= rows; row += block_rows) {
      multiply_rows(floats, block_rows, windows, row * windows->step, weights, sums + row * outputs, outputs, vectors);
    }
    for (; row + 2 <= rows; row += 2) {
      multiply_rows(floats, 2, windows, row * windows->step, weights, sums + row * outputs, outputs, vectors);
    }
    if (row < rows) multiply_rows(floats, 1, windows, row * windows->step, weights, sums + row * outputs, outputs, vectors);
  }
}

BFLOAT16 void multiply_by_pairs(const struct kernels_windows *windows, size_t rows, const uint16_t *packed, size_t outputs, float *output) {
  multiply(false, windows, rows, packed, outputs, output);
}

BFLOAT16 void multiply_by_floats(
  const struct kernels_windows *windows, size_t rows, const uint16_t *packed, size_t outputs, float *output) {
  multiply(true, windows, rows, packed, outputs, output);
}

/// Whether the instruction for pairs takes less time than products of floats.
static bool has_fast_pairs(void) { return !__builtin_cpu_is("intel"); }

bool kernels_has_fast_halves(void) { return kernels_has_matrix_unit() || has_fast_pairs(); }

void kernels_product_windows(const struct kernels_windows *windows, size_t rows, const uint16_t *packed, size_t outputs, float *output) {
  const bool by_unit = windows->run % unit_run == 0 && rows > block_rows && kernels_has_matrix_unit();
  if (by_unit) multiply_by_unit(windows, rows, packed, outputs, output);
  else if (has_fast_pairs()) multiply_by_pairs(windows, rows, packed, outputs, output);
  else multiply_by_floats(windows, rows, packed, outputs, output);
}

BFLOAT16 void kernels_product_row(const float *input, size_t inputs, const uint16_t *packed, size_t outputs, float *output) {
  for (size_t first = 0; first < outputs; first += wide_panel) {
    const uint16_t *weights = packed + first * inputs;
    const int vectors = outputs - first < wide_panel ? (int)((outputs - first) / panel) : 4;
    // Two sums of each, to hide the latency.
    __m512 s[2][4];
    for (int i = 0; i < 2; i++) {
      for (int j = 0; j < 4; j++) s[i][j] = _mm512_setzero_ps();
    }
    for (size_t k = 0; k < inputs; k += 2 * panel) {
      const size_t count = inputs - k < 2 * panel ? inputs - k : 2 * panel;
      uint16_t pairs[2 * panel];
      kernels_halves(input + k, count, pairs);
      for (size_t i = 0; i < count; i += 4) {
        for (int half = 0; half < 2; half++, weights += 2 * wide_panel) {
          int pair;
          memcpy(&pair, pairs + i + 2 * half, sizeof pair);
          const __m512bh x = (__m512bh)_mm512_set1_epi32(pair);
          for (int j = 0; j < 4; j++) s[half][j] = _mm512_dpbf16_ps(s[half][j], (__m512bh)_mm512_loadu_si512(weights + 2 * panel * j), x);
        }
      }
    }
    for (int j = 0; j < 4; j++) {
      if (j < vectors) _mm512_storeu_ps(output + first + panel * j, _mm512_add_ps(s[0][j], s[1][j]));
    }
  }
}

#else

bool kernels_has_fast_halves(void) { return false; }

void kernels_halves(const float *values, size_t count, uint16_t *halves) {
  for (size_t k = 0; k < count; k++) halves[k] = half_of(values[k]);
}

void kernels_product_row(const float *input, size_t inputs, const uint16_t *packed, size_t outputs, float *output) {
  for (size_t c = 0; c < outputs; c++) {
    const uint16_t *w = packed + c / wide_panel * wide_panel * inputs + c % wide_panel * 2;
    float sum = 0;
    for (size_t k = 0; k < inputs; k++) sum += float_of(half_of(input[k])) * float_of(w[k / 2 * 2 * wide_panel + k % 2]);
    output[c] = sum;
  }
}

void kernels_product_windows(const struct kernels_windows *windows, size_t rows, const uint16_t *packed, size_t outputs, float *output) {
  const size_t inputs = windows->count * windows->run;
  for (size_t row = 0; row < rows; row++) {
    for (size_t c = 0; c < outputs; c++) {
      const uint16_t *w = packed + c / wide_panel * wide_panel * inputs + c % wide_panel * 2;
      float sum = 0;
      for (size_t k = 0; k < inputs; k++) {
        const uint16_t x = windows->lines[k / windows->run][row * windows->step + k % windows->run];
        sum += float_of(x) * float_of(w[k / 2 * 2 * wide_panel + k % 2]);
      }
      output[row * outputs + c] = sum;
    }
  }
}

#endif

void kernels_product(const uint16_t *input, size_t rows, size_t inputs, const uint16_t *packed, size_t outputs, float *output) {
  const struct kernels_windows windows = {.lines = {input}, .count = 1, .run = inputs, .step = inputs};
  kernels_product_windows(&windows, rows, packed, outputs, output);
}
