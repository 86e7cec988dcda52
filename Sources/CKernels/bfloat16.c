/// Convolutions with products of bfloat16 and sums of float: twice the products of float per instruction.
#include "halves.h"
#include "matrix_unit.h"
#include "panels.h"

enum { pair_rows = 2, pair_transforms = taps + pair_rows - 1 };

/// The four transforms of a column's three taps in F(2, 3).
static float transformed(const float *w, size_t row, size_t transform) {
  const float even = w[0] + w[2 * row], odd = w[row];
  switch (transform) {
    case 0: return w[0];
    case 1: return (even + odd) / 2;
    case 2: return (even - odd) / 2;
    default: return w[2 * row];
  }
}

size_t kernels_halves_packed_count(size_t inputs, size_t outputs) {
  return kernels_convolution_packed_count(inputs, outputs) / taps * pair_transforms;
}

void kernels_halves_pack(const float *weights, size_t inputs, size_t outputs, uint16_t *packed) {
  const size_t length = 3 * inputs, row = length * outputs;
  for (size_t first = 0; first < outputs; first += panel) {
    for (size_t t = 0; t < pair_transforms; t++) {
      // What a weight loses goes to the next one: inputs are positive, so that the losses of a channel would add up.
      float lost[panel] = {0};
      for (size_t k = 0; k < length; k += 2) {
        for (size_t c = first; c < first + panel; c++) {
          for (size_t j = k; j < k + 2; j++) {
            const float *w = weights + j * outputs + c;
            const float wanted = c < outputs ? transformed(w, row, t) + lost[c - first] : 0;
            *packed = half_of(wanted);
            lost[c - first] = wanted - float_of(*packed++);
          }
        }
      }
    }
  }
}

#if defined(__x86_64__)

/// Adds to sums of eight windows and sixteen output channels what `length` values of each window give.
BFLOAT16 static void add_eight_halves(const uint16_t *const *window, size_t length, const uint16_t *weights, float *sums) {
  const uint16_t *w0 = window[0], *w1 = window[1], *w2 = window[2], *w3 = window[3];
  const uint16_t *w4 = window[4], *w5 = window[5], *w6 = window[6], *w7 = window[7];
  __m512 s[8];
  for (int i = 0; i < 8; i++) s[i] = _mm512_loadu_ps(sums + i * panel);
  for (size_t k = 0; k < length; k += 2, weights += 2 * panel) {
    const __m512bh a = (__m512bh)_mm512_loadu_si512(weights);
#define ADD(i)                                                           \
  {                                                                      \
    int pair;                                                            \
    memcpy(&pair, w##i + k, sizeof pair);                                \
    s[i] = _mm512_dpbf16_ps(s[i], a, (__m512bh)_mm512_set1_epi32(pair)); \
  }
    ADD(0) ADD(1) ADD(2) ADD(3) ADD(4) ADD(5) ADD(6) ADD(7)
  }
  for (int i = 0; i < 8; i++) _mm512_storeu_ps(sums + i * panel, s[i]);
}

#undef ADD

/// The same of four windows, with two sums each to hide the latency; `length` is a multiple of four.
BFLOAT16 static void add_four_halves(const uint16_t *const *window, size_t length, const uint16_t *weights, float *sums) {
  const uint16_t *w0 = window[0], *w1 = window[1], *w2 = window[2], *w3 = window[3];
  __m512 s[8];
  for (int i = 0; i < 4; i++) {
    s[i] = _mm512_loadu_ps(sums + i * panel);
    s[i + 4] = _mm512_setzero_ps();
  }
  for (size_t k = 0; k < length; k += 4, weights += 4 * panel) {
    const __m512bh a = (__m512bh)_mm512_loadu_si512(weights), b = (__m512bh)_mm512_loadu_si512(weights + 2 * panel);
#define ADD(i)                                                                       \
  {                                                                                  \
    int pairs[2];                                                                    \
    memcpy(pairs, w##i + k, sizeof pairs);                                           \
    s[i] = _mm512_dpbf16_ps(s[i], a, (__m512bh)_mm512_set1_epi32(pairs[0]));         \
    s[i + 4] = _mm512_dpbf16_ps(s[i + 4], b, (__m512bh)_mm512_set1_epi32(pairs[1])); \
  }
    ADD(0) ADD(1) ADD(2) ADD(3)
#undef ADD
  }
  for (int i = 0; i < 4; i++) _mm512_storeu_ps(sums + i * panel, _mm512_add_ps(s[i], s[i + 4]));
}

/// `cells` windows, of which there are pointers to a multiple of eight.
static void add_halves(const uint16_t *const *windows, size_t cells, size_t length, const uint16_t *weights, float *sums) {
  for (size_t i = 0; i < cells; i += 8) {
    if (cells - i <= 4 && length % 4 == 0) {
      add_four_halves(windows + i, length, weights, sums + i * panel);
    } else {
      add_eight_halves(windows + i, length, weights, sums + i * panel);
    }
  }
}

BFLOAT16 static inline void store_halves(uint16_t *target, __mmask16 mask, __m512 values) {
  // Lanes beyond the mask may be anything; they are not stored.
  const __m256i halves = (__m256i)_mm512_cvtneps_pbh(values);
  if (mask == 0xffff) {
    _mm256_storeu_si256((__m256i *)target, halves);
  } else {
    uint16_t all[panel];
    _mm256_storeu_si256((__m256i *)all, halves);
    memcpy(target, all, (size_t)__builtin_popcount(mask) * sizeof(uint16_t));
  }
}

/// Four input rows to Bᵀ d of F(2, 3), a row of `width` values each, `stride` apart.
BFLOAT16 static void transform_pair(const float *input, size_t input_stride, size_t width, uint16_t *out, size_t stride) {
  for (size_t i = 0; i < width; i += panel) {
    const __mmask16 mask = width - i < panel ? (__mmask16)((1 << (width - i)) - 1) : 0xffff;
    const __m512 d0 = _mm512_maskz_loadu_ps(mask, input + i), d1 = _mm512_maskz_loadu_ps(mask, input + input_stride + i);
    const __m512 d2 = _mm512_maskz_loadu_ps(mask, input + 2 * input_stride + i);
    const __m512 d3 = _mm512_maskz_loadu_ps(mask, input + 3 * input_stride + i);
    store_halves(out + i, mask, _mm512_sub_ps(d0, d2));
    store_halves(out + stride + i, mask, _mm512_add_ps(d1, d2));
    store_halves(out + 2 * stride + i, mask, _mm512_sub_ps(d2, d1));
    store_halves(out + 3 * stride + i, mask, _mm512_sub_ps(d1, d3));
  }
}

/// Windows from a row of input to the next where all are equally far apart.
static size_t places_of_row(const struct kernels_convolution *layer, size_t columns) {
  return columns + (layer->column_step < taps ? taps - layer->column_step : 0);
}

/// Some pairs of rows from output row `first_row` on: F(2, 3) along the rows.
///
/// The matrix unit takes windows that are equally far apart: rows of input lie so far apart that there is room for whole windows between them,
/// whose sums are not used.
BFLOAT16 static void convolve_pairs(
  const struct kernels_convolution *layer, const float *input, size_t input_stride, float *output, size_t output_stride, size_t first_row,
  size_t pairs, size_t columns, uint16_t *scratch) {
  const size_t length = 3 * layer->inputs, width = row_width(layer, columns), cells = pairs * columns;
  const bool by_unit = kernels_has_matrix_unit();
  const size_t step = layer->column_step * layer->inputs, places = by_unit ? places_of_row(layer, columns) : columns;
  const size_t apart = by_unit ? places * step : width, transform = pairs * apart;
  for (size_t pair = 0; pair < pairs; pair++) {
    transform_pair(input + (first_row + pair * pair_rows) * input_stride, input_stride, width, scratch + pair * apart, transform);
  }
  const uint16_t *windows[pair_transforms][tile_cells];
  for (size_t i = 0; !by_unit && i < tile_cells; i++) {
    const size_t cell = i < cells ? i : cells - 1;
    const uint16_t *window = scratch + cell / columns * apart + cell % columns * step;
    for (size_t t = 0; t < pair_transforms; t++) windows[t][i] = window + t * transform;
  }
  if (by_unit) begin_panels(length);
  for (size_t channel = 0; channel < layer->outputs; channel += panel) {
    float sums[pair_transforms][unit_rows * panel], bias[panel] = {0};
    const uint16_t *weights = layer->halves + channel * pair_transforms * length;
    for (size_t t = 0; t < pair_transforms; t++) {
      const uint16_t *of_transform = weights + t * length * panel;
      if (by_unit) {
        multiply_panel_by_unit(scratch + t * transform, step, pairs * places, length, of_transform, sums[t]);
      } else {
        memset(sums[t], 0, cells * panel * sizeof(float));
        add_halves(windows[t], cells, length, of_transform, sums[t]);
      }
    }
    const size_t wide = panel_width(layer, channel);
    memcpy(bias, layer->bias + channel, wide * sizeof(float));
    for (size_t i = 0; i < cells; i++) {
      float *target = output + (first_row + i / columns * pair_rows) * output_stride + i % columns * layer->outputs + channel;
      const size_t at = (i / columns * places + i % columns) * panel;
      const __m512 b = _mm512_loadu_ps(bias), zero = _mm512_setzero_ps();
      const __m512 m1 = _mm512_loadu_ps(sums[1] + at), m2 = _mm512_loadu_ps(sums[2] + at);
      const __m512 above = _mm512_add_ps(_mm512_add_ps(_mm512_loadu_ps(sums[0] + at), b), _mm512_add_ps(m1, m2));
      const __m512 below = _mm512_sub_ps(_mm512_add_ps(_mm512_sub_ps(m1, m2), b), _mm512_loadu_ps(sums[3] + at));
      const __mmask16 mask = (__mmask16)((1 << wide) - 1);
      _mm512_mask_storeu_ps(target, mask, _mm512_max_ps(above, zero));
      _mm512_mask_storeu_ps(target + output_stride, mask, _mm512_max_ps(below, zero));
    }
  }
  if (by_unit) end_panels();
}

static size_t pairs_at_once(const struct kernels_convolution *layer, size_t columns) {
  const size_t cells = tile_cells / columns, places = unit_rows / places_of_row(layer, columns);
  return kernels_has_matrix_unit() && places < cells ? places : cells;
}

size_t convolve_halves_scratch_count(const struct kernels_convolution *layer, size_t rows, size_t columns) {
  const size_t most = pairs_at_once(layer, columns), pairs = rows / pair_rows, step = layer->column_step * layer->inputs;
  // The matrix unit reads whole tiles, and so windows behind the last row.
  return pair_transforms / 2 * (pairs < most ? pairs : most) * places_of_row(layer, columns) * step +
    (unit_step * step + 3 * layer->inputs) / 2;
}

void convolve_halves(
  const struct kernels_convolution *layer, const float *input, size_t input_stride, float *output, size_t output_stride, size_t first_row,
  size_t end_row, size_t columns, float *scratch) {
  size_t row = first_row;
  if (row % pair_rows == 1 && row < end_row && pairs_at_once(layer, columns)) {
    convolve_rows(layer, input, input_stride, output, output_stride, row, row + 1, columns);
    row++;
  }
  while (pairs_at_once(layer, columns) && end_row - row >= pair_rows) {
    const size_t most = pairs_at_once(layer, columns), left = (end_row - row) / pair_rows, pairs = left < most ? left : most;
    convolve_pairs(layer, input, input_stride, output, output_stride, row, pairs, columns, (uint16_t *)scratch);
    row += pairs * pair_rows;
  }
  if (row < end_row) convolve_rows(layer, input, input_stride, output, output_stride, row, end_row, columns);
}

#endif
