#include "panels.h"

enum { tile_rows = 4, transforms = taps + tile_rows - 1 };

size_t kernels_convolution_packed_count(size_t inputs, size_t outputs) { return (outputs + panel - 1) / panel * panel * 9 * inputs; }

/// Rows of `outputs` weights to rows of a panel's sixteen from channel `first` on, zeros behind the last.
static float *pack_rows(const float *weights, size_t rows, size_t outputs, size_t first, float *packed) {
  for (size_t k = 0; k < rows; k++) {
    for (size_t c = first; c < first + panel; c++) *packed++ = c < outputs ? weights[k * outputs + c] : 0;
  }
  return packed;
}

void kernels_convolution_pack(const float *weights, size_t inputs, size_t outputs, float *packed) {
  for (size_t first = 0; first < outputs; first += panel) packed = pack_rows(weights, 9 * inputs, outputs, first, packed);
}

size_t kernels_tiles_packed_count(size_t inputs, size_t outputs) {
  return kernels_convolution_packed_count(inputs, outputs) / taps * transforms;
}

void kernels_tiles_pack(const float *weights, size_t inputs, size_t outputs, float *packed) {
  static const float g[transforms][taps] = {
    {1 / 4.f, 0, 0},
    {-1 / 6.f, -1 / 6.f, -1 / 6.f},
    {-1 / 6.f, 1 / 6.f, -1 / 6.f},
    {1 / 24.f, 1 / 12.f, 1 / 6.f},
    {1 / 24.f, -1 / 12.f, 1 / 6.f},
    {0, 0, 1}};
  const size_t length = 3 * inputs, row = length * outputs;
  for (size_t first = 0; first < outputs; first += panel) {
    for (size_t t = 0; t < transforms; t++) {
      for (size_t k = 0; k < length; k++) {
        for (size_t c = first; c < first + panel; c++) {
          const float *w = weights + k * outputs + c;
          *packed++ = c < outputs ? g[t][0] * w[0] + g[t][1] * w[row] + g[t][2] * w[2 * row] : 0;
        }
      }
    }
  }
}

#if defined(__x86_64__)

enum kernels_set kernels_best(void) {
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bf16")) return kernels_bfloat16;
  if (__builtin_cpu_supports("avx512f")) return kernels_avx512;
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? kernels_avx2 : kernels_none;
}

/// Tiles worked on at once.
static size_t tiles_at_once(size_t columns) { return tile_cells / columns; }

size_t kernels_convolve_scratch_count(const struct kernels_convolution *layer, size_t rows, size_t columns) {
  if (layer->set == kernels_bfloat16) return convolve_halves_scratch_count(layer, rows, columns);
  if (!layer->tiles || columns > tile_cells) return 0;
  const size_t most = tiles_at_once(columns), tiles = rows / tile_rows;
  return transforms * (tiles < most ? tiles : most) * row_width(layer, columns);
}

/// Six input rows to Bᵀ d, a row of `width` values each, `stride` apart.
AVX2 static void transform_input(const float *input, size_t input_stride, size_t width, float *out, size_t stride) {
  const float *d0 = input, *d1 = d0 + input_stride, *d2 = d1 + input_stride, *d3 = d2 + input_stride, *d4 = d3 + input_stride,
              *d5 = d4 + input_stride;
  for (size_t i = 0; i < width; i++) {
    const float even = d4[i] - 4 * d2[i], odd = d3[i] - 4 * d1[i], near = d4[i] - d2[i], far = 2 * (d3[i] - d1[i]);
    out[i] = 4 * (d0[i] - d2[i]) + near;
    out[i + stride] = even + odd;
    out[i + 2 * stride] = even - odd;
    out[i + 3 * stride] = near + far;
    out[i + 4 * stride] = near - far;
    out[i + 5 * stride] = 4 * d1[i] - 5 * d3[i] + d5[i];
  }
}

/// Aᵀ m of a panel's sums, bias and ReLU.
AVX2 static void finish_tiles(
  const struct kernels_convolution *layer, size_t channel, const float sums[transforms][tile_cells * panel], size_t cells, size_t columns,
  float *output, size_t output_stride) {
  const size_t wide = panel_width(layer, channel);
  float bias[panel] = {0};
  memcpy(bias, layer->bias + channel, wide * sizeof(float));
  for (size_t i = 0; i < cells; i++) {
    float *target = output + i / columns * tile_rows * output_stride + i % columns * layer->outputs;
    __m256 y[tile_rows][2];
    for (int half = 0; half < 2; half++) {
      const size_t at = i * panel + 8 * half;
      const __m256 m1 = _mm256_loadu_ps(sums[1] + at), m2 = _mm256_loadu_ps(sums[2] + at);
      const __m256 m3 = _mm256_loadu_ps(sums[3] + at), m4 = _mm256_loadu_ps(sums[4] + at);
      const __m256 b = _mm256_loadu_ps(bias + 8 * half), two = _mm256_set1_ps(2), four = _mm256_set1_ps(4), eight = _mm256_set1_ps(8);
      const __m256 near = _mm256_add_ps(m1, m2), far = _mm256_add_ps(m3, m4);
      const __m256 across = _mm256_sub_ps(m1, m2), beyond = _mm256_sub_ps(m3, m4);
      y[0][half] = _mm256_add_ps(_mm256_add_ps(_mm256_loadu_ps(sums[0] + at), b), _mm256_add_ps(near, far));
      y[1][half] = _mm256_fmadd_ps(beyond, two, _mm256_add_ps(across, b));
      y[2][half] = _mm256_fmadd_ps(far, four, _mm256_add_ps(near, b));
      y[3][half] = _mm256_fmadd_ps(beyond, eight, _mm256_add_ps(_mm256_add_ps(across, b), _mm256_loadu_ps(sums[5] + at)));
    }
    for (int row = 0; row < tile_rows; row++) store_rectified(y[row][0], y[row][1], wide, target + row * output_stride);
  }
}

/// Some tiles of four rows each, from output row `first_row` on: F(4, 3) along the rows.
AVX2 static void convolve_tiles(
  const struct kernels_convolution *layer, const float *input, size_t input_stride, float *output, size_t output_stride, size_t first_row,
  size_t tiles, size_t columns, float *scratch) {
  const struct micro micro = micro_of(layer->set);
  const size_t length = 3 * layer->inputs, width = row_width(layer, columns), cells = tiles * columns;
  for (size_t tile = 0; tile < tiles; tile++) {
    transform_input(input + (first_row + tile * tile_rows) * input_stride, input_stride, width, scratch + tile * width, tiles * width);
  }
  const float *windows[tile_cells];
  for (size_t i = 0; i < tile_cells; i++) {
    const size_t cell = i < cells ? i : cells - 1;
    windows[i] = scratch + cell / columns * width + cell % columns * layer->column_step * layer->inputs;
  }
  for (size_t channel = 0, at_once; channel < layer->outputs; channel += at_once * panel) {
    at_once = panels_at_once(&micro, (layer->outputs - channel + panel - 1) / panel);
    const struct panels panels = {
      .count = at_once, .weights_apart = transforms * length * panel, .sums_apart = transforms * tile_cells * panel};
    float sums[most_panels][transforms][tile_cells * panel];
    memset(sums, 0, at_once * sizeof *sums);
    const float *weights = layer->tiles + channel * transforms * length;
    for (size_t t = 0; t < transforms; t++, weights += length * panel) {
      for (size_t i = 0; i < cells; i += micro.windows) {
        const float *transformed[strip];
        for (size_t k = 0; k < micro.windows; k++) transformed[k] = windows[i + k] + t * tiles * width;
        micro.add(transformed, 0, 1, length, weights, sums[0][t] + i * panel, panels);
      }
    }
    for (size_t j = 0; j < at_once; j++) {
      float *target = output + first_row * output_stride + channel + j * panel;
      finish_tiles(layer, channel + j * panel, sums[j], cells, columns, target, output_stride);
    }
  }
}

void kernels_convolve(
  const struct kernels_convolution *layer, const float *input, size_t input_stride, float *output, size_t output_stride, size_t first_row,
  size_t end_row, size_t columns, float *scratch) {
  if (layer->set == kernels_bfloat16) {
    return convolve_halves(layer, input, input_stride, output, output_stride, first_row, end_row, columns, scratch);
  }
  size_t row = first_row;
  while (layer->tiles && columns <= tile_cells && end_row - row >= tile_rows) {
    const size_t most = tiles_at_once(columns), left = (end_row - row) / tile_rows, tiles = left < most ? left : most;
    convolve_tiles(layer, input, input_stride, output, output_stride, row, tiles, columns, scratch);
    row += tiles * tile_rows;
  }
  if (row < end_row) convolve_rows(layer, input, input_stride, output, output_stride, row, end_row, columns);
}

AVX2 void kernels_multiply_transposed(const float *packed, size_t rows, size_t columns, const float *x, float *y) {
  const float *row = packed;
  for (size_t first = 0; first < columns; first += kernels_vector_panel) {
    __m256 s0 = _mm256_setzero_ps(), s1 = s0, s2 = s0, s3 = s0, t0 = s0, t1 = s0, t2 = s0, t3 = s0;
    size_t i = 0;
    for (; i + 2 <= rows; i += 2, row += 2 * kernels_vector_panel) {
      const __m256 v = _mm256_broadcast_ss(x + i), w = _mm256_broadcast_ss(x + i + 1);
      s0 = _mm256_fmadd_ps(v, _mm256_loadu_ps(row), s0);
      s1 = _mm256_fmadd_ps(v, _mm256_loadu_ps(row + 8), s1);
      s2 = _mm256_fmadd_ps(v, _mm256_loadu_ps(row + 16), s2);
      s3 = _mm256_fmadd_ps(v, _mm256_loadu_ps(row + 24), s3);
      t0 = _mm256_fmadd_ps(w, _mm256_loadu_ps(row + 32), t0);
      t1 = _mm256_fmadd_ps(w, _mm256_loadu_ps(row + 40), t1);
      t2 = _mm256_fmadd_ps(w, _mm256_loadu_ps(row + 48), t2);
      t3 = _mm256_fmadd_ps(w, _mm256_loadu_ps(row + 56), t3);
    }
    if (i < rows) {
      const __m256 v = _mm256_broadcast_ss(x + i);
      s0 = _mm256_fmadd_ps(v, _mm256_loadu_ps(row), s0);
      s1 = _mm256_fmadd_ps(v, _mm256_loadu_ps(row + 8), s1);
      s2 = _mm256_fmadd_ps(v, _mm256_loadu_ps(row + 16), s2);
      s3 = _mm256_fmadd_ps(v, _mm256_loadu_ps(row + 24), s3);
      row += kernels_vector_panel;
    }
    _mm256_storeu_ps(y + first, _mm256_add_ps(s0, t0));
    _mm256_storeu_ps(y + first + 8, _mm256_add_ps(s1, t1));
    _mm256_storeu_ps(y + first + 16, _mm256_add_ps(s2, t2));
    _mm256_storeu_ps(y + first + 24, _mm256_add_ps(s3, t3));
  }
}

#else

enum kernels_set kernels_best(void) { return kernels_none; }
size_t kernels_convolve_scratch_count(const struct kernels_convolution *layer, size_t rows, size_t columns) { return 0; }
void kernels_convolve(
  const struct kernels_convolution *layer, const float *input, size_t input_stride, float *output, size_t output_stride, size_t first_row,
  size_t end_row, size_t columns, float *scratch) {}
void kernels_multiply_transposed(const float *packed, size_t rows, size_t columns, const float *x, float *y) {}

#endif
