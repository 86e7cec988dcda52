/// Kernels of networks.
#include "../../Sources/CKernels/products.h"
#include "checks.h"

static float half(float x) {
  uint16_t bits;
  kernels_halves(&x, 1, &bits);
  const uint32_t wide = (uint32_t)bits << 16;
  memcpy(&x, &wide, sizeof x);
  return x;
}

void convolutions(enum kernels_set set) {
  const bool halves = set == kernels_bfloat16;
  const size_t inputs = halves ? 2 * from(1, 20) : from(1, 40), outputs = from(1, 120), columns = from(1, 60), rows = from(1, 14);
  const size_t row_step = halves ? 1 : from(1, 2), column_step = from(1, 2), first = from(0, rows - 1);
  SHAPE(
    "set %d, %zu to %zu channels, %zu × %zu, steps %zu, %zu, from row %zu", set, inputs, outputs, rows, columns, row_step, column_step,
    first);
  const size_t width = ((columns - 1) * column_step + 3) * inputs, height = (rows - 1) * row_step + 3;
  float *input = values(height * width), *weights = values(9 * inputs * outputs), *bias = values(outputs);
  // As ReLUs leave them.
  for (size_t i = 0; i < height * width; i++) input[i] = fmaxf(input[i], 0);
  float *packed = floats(kernels_convolution_packed_count(inputs, outputs)), *tiles = floats(kernels_tiles_packed_count(inputs, outputs));
  kernels_convolution_pack(weights, inputs, outputs, packed);
  kernels_tiles_pack(weights, inputs, outputs, tiles);
  uint16_t *pairs = memory(halves ? kernels_halves_packed_count(inputs, outputs) : 0, sizeof *pairs);
  if (halves) kernels_halves_pack(weights, inputs, outputs, pairs);
  const struct kernels_convolution layer = {
    .set = set,
    .inputs = inputs,
    .outputs = outputs,
    .row_step = row_step,
    .column_step = column_step,
    .packed = packed,
    .tiles = row_step == 1 && next() % 2 ? tiles : NULL,
    .halves = halves ? pairs : NULL,
    .bias = bias};
  float *output = floats(rows * columns * outputs), *scratch = floats(kernels_convolve_scratch_count(&layer, rows - first, columns));
  kernels_convolve(&layer, input, width, output, columns * outputs, first, rows, columns, scratch);
  const double tolerance = halves ? 0.01 * sqrt(9.0 * (double)inputs) + 0.02 : 2e-6 * 9 * (double)inputs + 1e-5;
  for (size_t row = first; row < rows; row++) {
    for (size_t column = 0; column < columns; column++) {
      const size_t channel = from(0, outputs - 1);
      double sum = bias[channel];
      for (size_t i = 0; i < 3; i++) {
        for (size_t k = 0; k < 3 * inputs; k++) {
          sum += (double)input[(row * row_step + i) * width + column * column_step * inputs + k] *
            weights[(3 * i * inputs + k) * outputs + channel];
        }
      }
      check("convolve", output[(row * columns + column) * outputs + channel], fmax(sum, 0), tolerance, shape);
    }
  }
  void *all[] = {input, weights, bias, packed, tiles, pairs, output, scratch};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

void vectors(void) {
  const size_t rows = from(1, 40), columns = kernels_vector_panel * from(1, 4);
  SHAPE("%zu × %zu", rows, columns);
  float *matrix = values(rows * columns), *packed = floats(rows * columns), *x = values(rows), *y = floats(columns), *p = packed;
  for (size_t first = 0; first < columns; first += kernels_vector_panel) {
    for (size_t row = 0; row < rows; row++, p += kernels_vector_panel)
      memcpy(p, matrix + row * columns + first, kernels_vector_panel * sizeof *p);
  }
  kernels_multiply_transposed(packed, rows, columns, x, y);
  for (size_t column = 0; column < columns; column++) {
    double sum = 0;
    for (size_t row = 0; row < rows; row++) sum += (double)matrix[row * columns + column] * x[row];
    check("multiply_transposed", y[column], sum, 1e-5, shape);
  }
  void *all[] = {matrix, packed, x, y};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

/// Products of rounded numbers are exact in double; sums of float are what differs.
void products(void) {
  const size_t count = from(1, 3), run = from(0, 1) ? 4 * from(1, 20) : 32 * from(1, 6), step = 2 * from(0, 10), inputs = count * run,
               outputs = 16 * from(1, 10), rows = from(0, 1) ? from(1, 15) : from(16, 100);
  SHAPE("%zu rows of %zu lines of %zu, step %zu, to %zu", rows, count, run, step, outputs);
  const size_t length = (rows - 1) * step + run;
  float *weights = values(inputs * outputs), *lines = values(count * length), *output = floats(rows * outputs), *single = floats(outputs);
  uint16_t *packed = memory(kernels_product_packed_count(inputs, outputs), sizeof *packed),
           *halves = memory(count * length, sizeof *halves);
  if (!kernels_product_fits(inputs, outputs)) check("product_fits", 0, 1, 0, shape);
  kernels_product_pack(weights, inputs, outputs, packed);
  // Bytes are packed as the floats that they stand for.
  uint8_t *bytes = memory(inputs * outputs, 1);
  float *scales = values(outputs), *wide = floats(inputs * outputs);
  uint16_t *of_bytes = memory(kernels_product_packed_count(inputs, outputs), sizeof *packed),
           *of_floats = memory(kernels_product_packed_count(inputs, outputs), sizeof *packed);
  for (size_t i = 0; i < inputs * outputs; i++) bytes[i] = (uint8_t)next();
  kernels_widen(bytes, outputs, inputs, scales, wide);
  kernels_product_pack(wide, inputs, outputs, of_floats);
  kernels_product_pack_bytes(bytes, scales, inputs, outputs, of_bytes);
  for (size_t i = 0; i < kernels_product_packed_count(inputs, outputs); i++)
    check("product_pack_bytes", of_bytes[i], of_floats[i], 0, shape);

  kernels_halves(lines, count * length, halves);
  struct kernels_windows windows = {.count = count, .run = run, .step = step};
  for (size_t line = 0; line < count; line++) windows.lines[line] = halves + line * length;
  // By what this processor takes, and by what others do.
  switch (next() % 3) {
#if defined(__x86_64__)
    case 0: multiply_by_pairs(&windows, rows, packed, outputs, output); break;
    case 1: multiply_by_floats(&windows, rows, packed, outputs, output); break;
#endif
    default: kernels_product_windows(&windows, rows, packed, outputs, output);
  }
  float *row = floats(inputs);
  for (size_t line = 0; line < count; line++) memcpy(row + line * run, lines + line * length, run * sizeof *row);
  kernels_product_row(row, inputs, packed, outputs, single);
  for (size_t i = 0; i < rows; i++) {
    for (size_t c = 0; c < outputs; c++) {
      double sum = 0;
      for (size_t k = 0; k < inputs; k++) sum += (double)half(lines[k / run * length + i * step + k % run]) * half(weights[c * inputs + k]);
      check("product_windows", output[i * outputs + c], sum, 2e-5, shape);
      if (i == 0) check("product_row", single[c], sum, 2e-5, shape);
    }
  }
  void *all[] = {weights, lines, output, single, packed, halves, row, bytes, scales, wide, of_bytes, of_floats};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

/// What adds a bias to each row.
void biases(void) {
  const size_t rows = from(1, 6), columns = kernels_lanes * from(1, 5), count = rows * columns;
  SHAPE("%zu × %zu", rows, columns);
  float *x = activations(count), *y = floats(count), *bias = values(columns), *sum = values(count), *before = floats(count);
  memcpy(y, x, count * sizeof *y);
  kernels_gelu(y, rows, columns, bias);
  for (size_t i = 0; i < count; i++) {
    const double v = (double)x[i] + bias[i % columns];
    check("gelu", y[i], v * 0.5 * (1 + erf(v / sqrt(2))), 2e-6, shape);
  }
  memcpy(y, x, count * sizeof *y);
  kernels_leaky(y, rows, columns, bias, 0.2f);
  for (size_t i = 0; i < count; i++) {
    const double v = (double)x[i] + bias[i % columns];
    check("leaky", y[i], v < 0 ? 0.2 * v : v, 1e-6, shape);
  }
  memcpy(before, sum, count * sizeof *sum);
  kernels_add_rows(sum, x, rows, columns, bias);
  for (size_t i = 0; i < count; i++) check("add_rows", sum[i], (double)before[i] + x[i] + bias[i % columns], 2e-6, shape);
  memcpy(y, x, count * sizeof *y);
  kernels_add_bias(y, rows, columns, bias);
  for (size_t i = 0; i < count; i++) check("add_bias", y[i], (double)x[i] + bias[i % columns], 1e-6, shape);
  void *all[] = {x, y, bias, sum, before};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

void moments(void) {
  const size_t rows = from(1, 6), columns = kernels_lanes * from(1, 5);
  SHAPE("%zu × %zu", rows, columns);
  bool mask[6];
  double heard = 0;
  for (size_t row = 0; row < rows; row++) heard += mask[row] = next() % 2;
  float *x = activations(rows * columns), *mean = floats(columns), *deviation = floats(columns);
  kernels_moments(x, rows, columns, mask, mean, deviation);
  for (size_t k = 0; k < columns; k++) {
    double total = 0, squares = 0;
    for (size_t row = 0; row < rows; row++) total += mask[row] ? x[row * columns + k] : 0;
    const double middle = heard > 0 ? total / heard : 0;
    for (size_t row = 0; row < rows; row++) squares += mask[row] ? pow(x[row * columns + k] - middle, 2) : 0;
    check("moments, mean", mean[k], middle, 2e-6, shape);
    check("moments, deviation", deviation[k], heard > 0 ? sqrt(squares / heard) : 0, 5e-6, shape);
  }
  free(x);
  free(mean);
  free(deviation);
}

void finiteness(void) {
  const size_t count = kernels_lanes * from(1, 30);
  SHAPE("%zu", count);
  float *x = activations(count);
  if (!kernels_all_finite(x, count)) check("all_finite", 0, 1, 0, shape);
  x[from(0, count - 1)] = next() % 2 ? INFINITY : NAN;
  if (kernels_all_finite(x, count)) check("all_finite", 1, 0, 0, shape);
  free(x);
}

void norms(void) {
  const size_t rows = from(1, 6), columns = kernels_lanes * from(1, 5), count = rows * columns;
  SHAPE("%zu × %zu", rows, columns);
  float *x = activations(count), *norm = floats(count), *scale = values(columns), *shift = values(columns);
  kernels_layer_norm(x, rows, columns, scale, shift, norm);
  for (size_t row = 0; row < rows; row++) {
    double middle = 0, variance = 0;
    for (size_t k = 0; k < columns; k++) middle += x[row * columns + k] / (double)columns;
    for (size_t k = 0; k < columns; k++) variance += pow(x[row * columns + k] - middle, 2) / (double)columns;
    for (size_t k = 0; k < columns; k++) {
      const size_t i = row * columns + k;
      check("layer_norm", norm[i], (x[i] - middle) / sqrt(variance + 1e-5) * scale[k] + shift[k], 1e-5, shape);
    }
  }
  void *all[] = {x, norm, scale, shift};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

void heads(void) {
  const size_t rows = from(1, 80), stride = kernels_head + from(0, 200), output_stride = kernels_head + from(0, 50);
  SHAPE("%zu rows, %zu apart, to rows %zu apart", rows, stride, output_stride);
  const size_t count = (rows - 1) * stride + kernels_head;
  float *queries = values(count), *keys = values(count), *spoken = values(count), *scratch = floats(kernels_attend_scratch_count(rows)),
        *output = floats((rows - 1) * output_stride + kernels_head);
  const float factor = 0.05f * (float)from(1, 40);
  kernels_attend(queries, keys, spoken, stride, rows, factor, scratch, output, output_stride);
  double *weights = memory(rows, sizeof *weights);
  for (size_t i = 0; i < rows; i++) {
    double greatest = -1e9, powers = 0;
    for (size_t j = 0; j < rows; j++) {
      weights[j] = 0;
      for (size_t k = 0; k < kernels_head; k++) weights[j] += factor * (double)queries[i * stride + k] * keys[j * stride + k];
      greatest = fmax(greatest, weights[j]);
    }
    for (size_t j = 0; j < rows; j++) powers += weights[j] = exp(weights[j] - greatest);
    for (size_t k = 0; k < kernels_head; k++) {
      double sum = 0;
      for (size_t j = 0; j < rows; j++) sum += weights[j] / powers * spoken[j * stride + k];
      check("attend", output[i * output_stride + k], sum, 2e-5, shape);
    }
  }
  void *all[] = {queries, keys, spoken, scratch, output, weights};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}
