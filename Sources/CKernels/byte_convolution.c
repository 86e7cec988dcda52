/// Convolutions of bytes: as they come, without transforms, whose sums would want more bits.
#include <float.h>
#include <math.h>

#include "byte_products.h"
#include "panels.h"

enum {
  /// Output channels of a panel: two vectors, so that sums of twelve cells fill the registers.
  byte_panel = 2 * panel,
  /// Neighbouring values whose products an instruction adds up.
  quad = 4,
  cell_rows = 3,
  cell_columns = 4,
};

bool kernels_byte_convolution_fits(size_t inputs) { return inputs % quad == 0; }

size_t kernels_byte_convolution_padded(size_t outputs) { return (outputs + byte_panel - 1) / byte_panel * byte_panel; }

size_t kernels_byte_convolution_packed_count(size_t inputs, size_t outputs) {
  return 9 * inputs * kernels_byte_convolution_padded(outputs);
}

void kernels_byte_convolution_pack(const float *weights, size_t inputs, size_t outputs, uint8_t *packed, float *scales) {
  const size_t length = 9 * inputs;
  memset(packed, 0, kernels_byte_convolution_packed_count(inputs, outputs));
  for (size_t c = 0; c < kernels_byte_convolution_padded(outputs); c++) {
    float greatest = 0;
    for (size_t k = 0; c < outputs && k < length; k++) greatest = fmaxf(greatest, fabsf(weights[k * outputs + c]));
    scales[c] = greatest / 127;
    if (!(greatest > 127 * FLT_MIN)) continue;
    uint8_t *of_channel = packed + c / byte_panel * length * byte_panel + c % byte_panel * quad;
    // What a weight loses goes to the next one: inputs are positive, so that the losses of a channel would add up.
    float lost = 0;
    for (size_t k = 0; k < length; k++) {
      const float wanted = weights[k * outputs + c] / scales[c] + lost;
      const float code = fminf(fmaxf(roundf(wanted), -127), 127);
      of_channel[k / quad * quad * byte_panel + k % quad] = (uint8_t)(int8_t)code;
      lost = wanted - code;
    }
  }
}

/// Bytes of a row of codes.
static size_t code_width(const struct kernels_byte_convolution *layer, size_t columns) {
  return ((columns - 1) * layer->column_step + taps) * layer->inputs;
}

size_t kernels_byte_convolve_scratch_count(const struct kernels_byte_convolution *layer, size_t rows, size_t columns) {
  return (rows + taps - 1) * (1 + (code_width(layer, columns) + sizeof(float) - 1) / sizeof(float));
}

/// Size of the steps that the greatest of a row's values has 255 of, and how many of them a value makes.
static inline float step_of(float greatest, float *per_value) {
  *per_value = greatest > 255 * FLT_MIN ? 255 / greatest : 0;
  return greatest / 255;
}

/// The size of the row's steps, which is no number where a value is none, or infinite.
static float code_plainly(const float *values, size_t count, uint8_t *codes) {
  float greatest = 0, per_value;
  bool is_finite = true;
  for (size_t i = 0; i < count; i++) {
    greatest = values[i] > greatest ? values[i] : greatest;
    is_finite &= isfinite(values[i]);
  }
  const float step = step_of(greatest, &per_value);
  for (size_t i = 0; i < count; i++) codes[i] = is_finite && values[i] > 0 ? (uint8_t)(values[i] * per_value + 0.5f) : 0;
  return is_finite ? step : NAN;
}

/// Rows of codes, and the first one's steps.
struct coded {
  const uint8_t *codes;
  size_t width;
  const float *steps;
};

static void convolve_plainly(
  const struct kernels_byte_convolution *layer, struct coded coded, float *output, size_t output_stride, size_t rows, size_t columns) {
  const size_t length = taps * layer->inputs;
  for (size_t row = 0; row < rows; row++) {
    for (size_t column = 0; column < columns; column++) {
      for (size_t c = 0; c < layer->outputs; c++) {
        const uint8_t *weights = layer->packed + c / byte_panel * taps * length * byte_panel + c % byte_panel * quad;
        float sum = 0;
        for (size_t tap = 0; tap < taps; tap++, weights += length * byte_panel) {
          const uint8_t *codes = coded.codes + (row + tap) * coded.width + column * layer->column_step * layer->inputs;
          int32_t products = 0;
          for (size_t k = 0; k < length; k++) products += codes[k] * (int8_t)weights[k / quad * quad * byte_panel + k % quad];
          sum += coded.steps[row + tap] * (float)products;
        }
        const float value = sum * layer->scales[c] + layer->bias[c];
        output[row * output_stride + column * layer->outputs + c] = value < 0 ? 0 : value;
      }
    }
  }
}

#if defined(__x86_64__)

#define BYTES __attribute__((target("avx512f,avx512vnni")))

static bool has_vectors(void) { return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vnni"); }

BYTES static float code_by_vectors(const float *values, size_t count, uint8_t *codes) {
  const __m512 zero = _mm512_setzero_ps();
  __m512 most = zero, odd = zero;
  for (size_t i = 0; i < count; i += panel) {
    const __mmask16 mask = count - i < panel ? (__mmask16)((1 << (count - i)) - 1) : 0xffff;
    const __m512 x = _mm512_maskz_loadu_ps(mask, values + i);
    most = _mm512_max_ps(most, x);
    // 0, or no number where the value is none, or infinite.
    odd = _mm512_fmadd_ps(x, zero, odd);
  }
  float per_value;
  const float step = step_of(_mm512_reduce_max_ps(most), &per_value);
  for (size_t i = 0; i < count; i += panel) {
    const __mmask16 mask = count - i < panel ? (__mmask16)((1 << (count - i)) - 1) : 0xffff;
    const __m512 x = _mm512_max_ps(_mm512_maskz_loadu_ps(mask, values + i), zero);
    const __m512i code = _mm512_cvtps_epi32(_mm512_mul_ps(x, _mm512_set1_ps(per_value)));
    _mm512_mask_cvtusepi32_storeu_epi8(codes + i, mask, code);
  }
  return _mm512_cmp_ps_mask(odd, odd, _CMP_UNORD_Q) ? NAN : step;
}

/// One panel of `rows` rows of `columns` cells, at most `cell_rows` and `cell_columns` and both known to the compiler.
BYTES __attribute__((always_inline)) static inline void convolve_cells(
  const int rows, const int columns, const struct kernels_byte_convolution *layer, size_t channel, struct coded coded, float *output,
  size_t output_stride) {
  const size_t length = taps * layer->inputs, apart = layer->column_step * layer->inputs;
  const uint8_t *weights = layer->packed + channel * taps * length;
  __m512 sums[cell_rows * cell_columns][2];
  for (int i = 0; i < rows * columns; i++) sums[i][0] = sums[i][1] = _mm512_setzero_ps();
  for (int tap = 0; tap < taps; tap++, weights += length * byte_panel) {
    const uint8_t *codes = coded.codes + (size_t)tap * coded.width;
    __m512i s[cell_rows * cell_columns][2];
    for (int i = 0; i < rows * columns; i++) s[i][0] = s[i][1] = _mm512_setzero_si512();
    for (size_t q = 0; q < length; q += quad) {
      const __m512i w0 = _mm512_loadu_si512(weights + q * byte_panel), w1 = _mm512_loadu_si512(weights + (q + 2) * byte_panel);
      for (int row = 0; row < rows; row++) {
        for (int column = 0; column < columns; column++) {
          int four;
          memcpy(&four, codes + (size_t)row * coded.width + (size_t)column * apart + q, sizeof four);
          const __m512i all = _mm512_set1_epi32(four);
          const int i = row * columns + column;
          s[i][0] = _mm512_dpbusd_epi32(s[i][0], all, w0);
          s[i][1] = _mm512_dpbusd_epi32(s[i][1], all, w1);
        }
      }
    }
    for (int i = 0; i < rows * columns; i++) {
      const __m512 step = _mm512_set1_ps(coded.steps[i / columns + tap]);
      for (int j = 0; j < 2; j++) sums[i][j] = _mm512_fmadd_ps(step, _mm512_cvtepi32_ps(s[i][j]), sums[i][j]);
    }
  }
  for (int j = 0; j < 2; j++) {
    const size_t first = channel + (size_t)j * panel;
    if (first >= layer->outputs) break;
    const __mmask16 mask = layer->outputs - first < panel ? (__mmask16)((1 << (layer->outputs - first)) - 1) : 0xffff;
    const __m512 scale = _mm512_maskz_loadu_ps(mask, layer->scales + first), bias = _mm512_maskz_loadu_ps(mask, layer->bias + first);
    for (int i = 0; i < rows * columns; i++) {
      float *target = output + (size_t)(i / columns) * output_stride + (size_t)(i % columns) * layer->outputs + first;
      // The second operand is what comes of one that is no number.
      const __m512 value = _mm512_fmadd_ps(sums[i][j], scale, bias);
      _mm512_mask_storeu_ps(target, mask, _mm512_max_ps(_mm512_setzero_ps(), value));
    }
  }
}

/// `rows` rows, known to the compiler, of all columns.
BYTES __attribute__((always_inline)) static inline void convolve_strip(
  const int rows, const struct kernels_byte_convolution *layer, size_t channel, struct coded coded, float *output, size_t output_stride,
  size_t columns) {
  const size_t apart = layer->column_step * layer->inputs;
  size_t column = 0;
  for (; column + cell_columns <= columns; column += cell_columns) {
    convolve_cells(rows, cell_columns, layer, channel, coded, output, output_stride);
    coded.codes += cell_columns * apart;
    output += cell_columns * layer->outputs;
  }
  for (; column < columns; column++) {
    convolve_cells(rows, 1, layer, channel, coded, output, output_stride);
    coded.codes += apart;
    output += layer->outputs;
  }
}

BYTES static void convolve_by_vectors(
  const struct kernels_byte_convolution *layer, struct coded coded, float *output, size_t output_stride, size_t rows, size_t columns) {
  for (size_t channel = 0; channel < layer->outputs; channel += byte_panel) {
    struct coded from = coded;
    float *to = output;
    for (size_t left = rows; left > 0;) {
      const size_t taken = left < cell_rows ? 1 : cell_rows;
      if (taken == cell_rows) {
        convolve_strip(cell_rows, layer, channel, from, to, output_stride, columns);
      } else {
        convolve_strip(1, layer, channel, from, to, output_stride, columns);
      }
      from.codes += taken * from.width;
      from.steps += taken;
      to += taken * output_stride;
      left -= taken;
    }
  }
}

#else

static bool has_vectors(void) { return false; }
#define code_by_vectors code_plainly
#define convolve_by_vectors convolve_plainly

#endif

void kernels_byte_convolve(
  const struct kernels_byte_convolution *layer, const float *input, size_t input_stride, float *output, size_t output_stride,
  size_t first_row, size_t end_row, size_t columns, float *scratch) {
  if (first_row >= end_row) return;
  const size_t rows = end_row - first_row, width = code_width(layer, columns);
  float *steps = scratch;
  uint8_t *codes = (uint8_t *)(scratch + rows + taps - 1);
  for (size_t row = 0; row < rows + taps - 1; row++) {
    const float *values = input + (first_row + row) * input_stride;
    steps[row] = (has_vectors() ? code_by_vectors : code_plainly)(values, width, codes + row * width);
  }
  const struct coded coded = {.codes = codes, .width = width, .steps = steps};
  (has_vectors() ? convolve_by_vectors : convolve_plainly)(layer, coded, output + first_row * output_stride, output_stride, rows, columns);
}
