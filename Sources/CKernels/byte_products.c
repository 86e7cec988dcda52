/// Products of matrices of bytes with sums of whole numbers: four products to a lane of AVX-512, twice those of bfloat16 and four times those of
/// float per instruction.
#include "byte_products.h"

#include <float.h>
#include <math.h>

#include "matrix_unit.h"
#include "panels.h"
#include "processors.h"

enum {
  /// Columns of a panel of weights: four vectors, so that sums of six rows fill the registers.
  wide_panel = product_panel,
  block_rows = 6,
  /// Neighbouring values whose products an instruction adds up.
  quad = 4,
  run = kernels_byte_run,
  /// Of a panel's weights for a run of inputs: the sums of each column, as floats, and the weights, a quad of each column, then the next.
  sums_size = wide_panel * sizeof(float),
  block_size = sums_size + run * wide_panel,
};

bool kernels_byte_product_fits(size_t inputs, size_t outputs) { return inputs % run == 0 && outputs % panel == 0; }

size_t kernels_byte_product_packed_count(size_t inputs, size_t outputs) {
  return (outputs + wide_panel - 1) / wide_panel * (inputs / run) * block_size;
}

FOR_EACH_PROCESSOR void kernels_byte_product_pack(const uint8_t *bytes, size_t inputs, size_t outputs, uint8_t *packed) {
  for (size_t first = 0; first < outputs; first += wide_panel) {
    const size_t columns = outputs - first < wide_panel ? outputs - first : wide_panel;
    for (size_t k = 0; k < inputs; k += run, packed += block_size) {
      memset(packed, 0, block_size);
      for (size_t c = 0; c < columns; c++) {
        const uint8_t *row = bytes + (first + c) * inputs + k;
        int32_t sum = 0;
        for (size_t i = 0; i < run; i++) sum += (int8_t)row[i];
        const float total = (float)sum;
        memcpy(packed + c * sizeof total, &total, sizeof total);
        for (size_t i = 0; i < run; i += quad) memcpy(packed + sums_size + i * wide_panel + c * quad, row + i, quad);
      }
    }
  }
}

/// Of a run with values that are no numbers, or infinite: products are none, either, where a code would hide it.
static const struct kernels_step no_numbers = {.size = NAN, .low = NAN};

/// Size of the steps in a range, and how many of them a value makes; of a range in which floats hardly have steps, none.
static inline struct kernels_step step_of(float low, float high, float *per_value) {
  const float range = high - low;
  *per_value = range > 255 * FLT_MIN ? 255 / range : 0;
  return (struct kernels_step){.size = range / 255, .low = low};
}

static void code_plainly(const float *values, size_t count, uint8_t *codes, struct kernels_step *steps) {
  for (size_t first = 0; first < count; first += run) {
    const float *x = values + first;
    float low = x[0], high = x[0], per_value;
    bool is_finite = isfinite(x[0]);
    for (size_t i = 1; i < run; i++) {
      low = x[i] < low ? x[i] : low;
      high = x[i] > high ? x[i] : high;
      is_finite &= isfinite(x[i]);
    }
    steps[first / run] = is_finite ? step_of(low, high, &per_value) : no_numbers;
    for (size_t i = 0; i < run; i++) codes[first + i] = is_finite ? (uint8_t)((x[i] - low) * per_value + 0.5f) : 0;
  }
}

static void multiply_plainly(
  const struct kernels_byte_windows *windows, size_t rows, const uint8_t *packed, const float *scales, size_t outputs, float *output) {
  const size_t blocks = windows->count * windows->run / run;
  for (size_t row = 0; row < rows; row++) {
    for (size_t c = 0; c < outputs; c++) {
      float sum = 0;
      for (size_t block = 0; block < blocks; block++) {
        const size_t line = block * run / windows->run, at = row * windows->step + block * run % windows->run;
        const uint8_t *codes = windows->codes[line] + at, *of_panel = packed + (c / wide_panel * blocks + block) * block_size;
        int32_t products = 0;
        for (size_t k = 0; k < run; k++) {
          const uint8_t weight = of_panel[sums_size + k / quad * quad * wide_panel + c % wide_panel * quad + k % quad];
          products += codes[k] * (int8_t)weight;
        }
        float total;
        memcpy(&total, of_panel + c % wide_panel * sizeof total, sizeof total);
        const struct kernels_step step = windows->steps[line][at / run];
        sum += step.low * total + step.size * (float)products;
      }
      output[row * outputs + c] = sum * scales[c];
    }
  }
}

#if defined(__x86_64__)

#define BYTES __attribute__((target("avx512f,avx512vnni")))

static bool has_vectors(void) { return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vnni"); }

bool kernels_has_fast_bytes(void) { return has_vectors() && !kernels_has_matrix_unit(); }

BYTES static void code_by_vectors(const float *values, size_t count, uint8_t *codes, struct kernels_step *steps) {
  for (size_t first = 0; first < count; first += run) {
    __m512 x[run / panel], odd = _mm512_setzero_ps();
    for (int i = 0; i < run / panel; i++) {
      x[i] = _mm512_loadu_ps(values + first + (size_t)i * panel);
      // 0, or no number where the value is none, or infinite.
      odd = _mm512_fmadd_ps(x[i], _mm512_setzero_ps(), odd);
    }
    const __m512 least = _mm512_min_ps(_mm512_min_ps(x[0], x[1]), _mm512_min_ps(x[2], x[3]));
    const __m512 most = _mm512_max_ps(_mm512_max_ps(x[0], x[1]), _mm512_max_ps(x[2], x[3]));
    const float low = _mm512_reduce_min_ps(least);
    float per_value;
    const struct kernels_step step = step_of(low, _mm512_reduce_max_ps(most), &per_value);
    steps[first / run] = _mm512_cmp_ps_mask(odd, odd, _CMP_UNORD_Q) ? no_numbers : step;
    for (int i = 0; i < run / panel; i++) {
      const __m512 place = _mm512_mul_ps(_mm512_sub_ps(x[i], _mm512_set1_ps(low)), _mm512_set1_ps(per_value));
      _mm_storeu_si128((__m128i *)(codes + first + (size_t)i * panel), _mm512_cvtusepi32_epi8(_mm512_cvtps_epi32(place)));
    }
  }
}

/// `rows` rows, at most `block_rows` and known to the compiler, from row `first` on, by one panel of weights, of which `vectors` vectors are
/// stored.
BYTES __attribute__((always_inline)) static inline void multiply_block(
  const int rows, const struct kernels_byte_windows *windows, size_t first, const uint8_t *packed, const float *scales, float *output,
  size_t stride, int vectors) {
  __m512 sums[block_rows][4];
  for (int i = 0; i < rows; i++) {
    for (int j = 0; j < 4; j++) sums[i][j] = _mm512_setzero_ps();
  }
  for (size_t line = 0; line < windows->count; line++) {
    for (size_t k = 0; k < windows->run; k += run, packed += block_size) {
      const uint8_t *codes = windows->codes[line] + first * windows->step + k, *weights = packed + sums_size;
      __m512i s[block_rows][4];
      for (int i = 0; i < rows; i++) {
        for (int j = 0; j < 4; j++) s[i][j] = _mm512_setzero_si512();
      }
      for (size_t q = 0; q < run; q += quad) {
        __m512i w[4];
        for (int j = 0; j < 4; j++) w[j] = _mm512_loadu_si512(weights + (q * 4 + (size_t)j * quad) * panel);
        for (int i = 0; i < rows; i++) {
          int four;
          memcpy(&four, codes + (size_t)i * windows->step + q, sizeof four);
          for (int j = 0; j < 4; j++) s[i][j] = _mm512_dpbusd_epi32(s[i][j], _mm512_set1_epi32(four), w[j]);
        }
      }
      const struct kernels_step *steps = windows->steps[line] + (first * windows->step + k) / run;
      for (int j = 0; j < 4; j++) {
        const __m512 totals = _mm512_loadu_ps(packed + (size_t)j * panel * sizeof(float));
        for (int i = 0; i < rows; i++) {
          const struct kernels_step step = steps[(size_t)i * windows->step / run];
          sums[i][j] = _mm512_fmadd_ps(_mm512_set1_ps(step.low), totals, sums[i][j]);
          sums[i][j] = _mm512_fmadd_ps(_mm512_set1_ps(step.size), _mm512_cvtepi32_ps(s[i][j]), sums[i][j]);
        }
      }
    }
  }
  for (int j = 0; j < vectors; j++) {
    const __m512 scale = _mm512_loadu_ps(scales + (size_t)panel * j);
    for (int i = 0; i < rows; i++) _mm512_storeu_ps(output + (size_t)i * stride + panel * j, _mm512_mul_ps(sums[i][j], scale));
  }
}

BYTES static void multiply_by_vectors(
  const struct kernels_byte_windows *windows, size_t rows, const uint8_t *packed, const float *scales, size_t outputs, float *output) {
  const size_t panel_size = windows->count * windows->run / run * block_size;
  for (size_t first = 0; first < outputs; first += wide_panel, packed += panel_size) {
    const int vectors = outputs - first < wide_panel ? (int)((outputs - first) / panel) : 4;
    float *sums = output + first;
    size_t row = 0;
    for (; row + block_rows <= rows; row += block_rows) {
      multiply_block(block_rows, windows, row, packed, scales + first, sums + row * outputs, outputs, vectors);
    }
    for (; row + 2 <= rows; row += 2) multiply_block(2, windows, row, packed, scales + first, sums + row * outputs, outputs, vectors);
    if (row < rows) multiply_block(1, windows, row, packed, scales + first, sums + row * outputs, outputs, vectors);
  }
}

void kernels_codes(const float *values, size_t count, uint8_t *codes, struct kernels_step *steps) {
  (has_vectors() ? code_by_vectors : code_plainly)(values, count, codes, steps);
}

void kernels_byte_product_windows(
  const struct kernels_byte_windows *windows, size_t rows, const uint8_t *packed, const float *scales, size_t outputs, float *output) {
  (has_vectors() ? multiply_by_vectors : multiply_plainly)(windows, rows, packed, scales, outputs, output);
}

#else

bool kernels_has_fast_bytes(void) { return false; }

void kernels_codes(const float *values, size_t count, uint8_t *codes, struct kernels_step *steps) {
  code_plainly(values, count, codes, steps);
}

void kernels_byte_product_windows(
  const struct kernels_byte_windows *windows, size_t rows, const uint8_t *packed, const float *scales, size_t outputs, float *output) {
  multiply_plainly(windows, rows, packed, scales, outputs, output);
}

#endif

void kernels_byte_product(
  const uint8_t *codes, const struct kernels_step *steps, size_t rows, size_t inputs, const uint8_t *packed, const float *scales,
  size_t outputs, float *output) {
  const struct kernels_byte_windows windows = {.codes = {codes}, .steps = {steps}, .count = 1, .run = inputs, .step = inputs};
  kernels_byte_product_windows(&windows, rows, packed, scales, outputs, output);
}
