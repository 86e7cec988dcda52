/// Kernels of matrices of 8 bits.
#include "byte_products.h"
#include "checks.h"

/// Matrices of 8 bits, each row with its scale.
void byte_matrices(void) {
  const size_t rows = from(1, 6), columns = kernels_lanes * from(1, 5), count = rows * columns, width = from(1, columns);
  SHAPE("%zu × %zu, product of %zu columns", rows, columns, width);
  uint8_t *bytes = memory(count, 1);
  for (size_t i = 0; i < count; i++) bytes[i] = (uint8_t)next();
  float *scales = values(rows), *wide = floats(count), *x = activations(width), *product = floats(rows);
  kernels_widen(bytes, rows, columns, scales, wide);
  for (size_t i = 0; i < count; i++) check("widen", wide[i], scales[i / columns] * (float)(int8_t)bytes[i], 0, shape);
  kernels_multiply_bytes(bytes, scales, rows, width, x, product);
  for (size_t row = 0; row < rows; row++) {
    double total = 0;
    for (size_t k = 0; k < width; k++) total += (int8_t)bytes[row * width + k] * (double)x[k];
    check("multiply_bytes", product[row], scales[row] * total, 1e-3, shape);
  }
  void *all[] = {bytes, scales, wide, x, product};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

/// Codes are the nearest that a run has.
void codes(void) {
  const size_t count = kernels_byte_run * from(1, 5);
  SHAPE("%zu", count);
  float *x = activations(count);
  if (next() % 4 == 0) {
    for (size_t i = 0; i < kernels_byte_run; i++) x[i] = x[0];
  }
  uint8_t *coded = memory(count, 1);
  struct kernels_step *steps = memory(count / kernels_byte_run, sizeof *steps);
  kernels_codes(x, count, coded, steps);
  for (size_t i = 0; i < count; i++) {
    const struct kernels_step step = steps[i / kernels_byte_run];
    check("codes", step.low + step.size * coded[i], x[i], 0.501 * step.size + 1e-6, shape);
    if (step.size > 10.0 / 255) check("codes", step.size, 0, 10.0 / 255, shape);
  }
  // Wherever in its run.
  const size_t at = from(0, count - 1);
  x[at] = next() % 2 ? NAN : next() % 2 ? INFINITY : -INFINITY;
  kernels_codes(x, count, coded, steps);
  for (size_t run = 0; run < count / kernels_byte_run; run++) {
    if (isnan(steps[run].low) != (at / kernels_byte_run == run)) check("codes of no number", steps[run].low, 0, 0, shape);
  }
  void *all[] = {x, coded, steps};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

/// Products of codes are whole numbers; sums of the runs are what differs.
void byte_products(void) {
  const size_t count = from(1, 3), run = kernels_byte_run * from(1, 4), step = kernels_byte_run * from(0, 3), inputs = count * run,
               outputs = 16 * from(1, 10), rows = from(1, 20);
  SHAPE("%zu rows of %zu lines of %zu, step %zu, to %zu", rows, count, run, step, outputs);
  const size_t length = (rows - 1) * step + run;
  uint8_t *weights = memory(inputs * outputs, 1), *coded = memory(count * length, 1),
          *packed = memory(kernels_byte_product_packed_count(inputs, outputs), 1);
  for (size_t i = 0; i < inputs * outputs; i++) weights[i] = (uint8_t)next();
  float *lines = activations(count * length), *scales = values(outputs), *output = floats(rows * outputs);
  struct kernels_step *steps = memory(count * length / kernels_byte_run, sizeof *steps);
  if (!kernels_byte_product_fits(inputs, outputs) || kernels_byte_product_fits(inputs + 1, outputs)) check("fits", 0, 1, 0, shape);
  kernels_byte_product_pack(weights, inputs, outputs, packed);
  kernels_codes(lines, count * length, coded, steps);
  if (count == 1 && step == run) {
    kernels_byte_product(coded, steps, rows, inputs, packed, scales, outputs, output);
  } else {
    struct kernels_byte_windows windows = {.count = count, .run = run, .step = step};
    for (size_t line = 0; line < count; line++) {
      windows.codes[line] = coded + line * length;
      windows.steps[line] = steps + line * length / kernels_byte_run;
    }
    kernels_byte_product_windows(&windows, rows, packed, scales, outputs, output);
  }
  for (size_t i = 0; i < rows; i++) {
    for (size_t c = 0; c < outputs; c++) {
      double sum = 0, size = 0;
      for (size_t k = 0; k < inputs; k++) {
        const size_t at = k / run * length + i * step + k % run;
        const struct kernels_step of = steps[at / kernels_byte_run];
        const double product = ((double)of.low + (double)of.size * coded[at]) * (int8_t)weights[c * inputs + k];
        sum += product;
        size += fabs(product);
      }
      check("byte_product", output[i * outputs + c], scales[c] * sum, 1e-6 * size, shape);
    }
  }
  void *all[] = {weights, coded, packed, lines, scales, output, steps};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

/// Convolutions of values that a ReLU left, against those of the weights and values before they got 8 bits.
void byte_convolutions(void) {
  const size_t inputs = 4 * from(1, 12), outputs = from(1, 120), columns = from(1, 20), rows = from(1, 14), column_step = from(1, 2),
               first = from(0, rows - 1);
  SHAPE("%zu to %zu channels, %zu × %zu, step %zu, from row %zu", inputs, outputs, rows, columns, column_step, first);
  const size_t width = ((columns - 1) * column_step + 3) * inputs, height = rows + 2;
  float *input = values(height * width), *weights = values(9 * inputs * outputs), *bias = values(outputs);
  for (size_t i = 0; i < height * width; i++) input[i] = fmaxf(input[i], 0);
  // A row of zeros and a channel without weights are as good as any.
  if (next() % 4 == 0) memset(input + from(0, height - 1) * width, 0, width * sizeof *input);
  if (next() % 4 == 0) {
    for (size_t k = 0; k < 9 * inputs; k++) weights[k * outputs] = 0;
  }
  uint8_t *packed = memory(kernels_byte_convolution_packed_count(inputs, outputs), 1);
  float *scales = floats(kernels_byte_convolution_padded(outputs));
  if (!kernels_byte_convolution_fits(inputs) || kernels_byte_convolution_fits(inputs + 1)) check("fits", 0, 1, 0, shape);
  kernels_byte_convolution_pack(weights, inputs, outputs, packed, scales);
  const struct kernels_byte_convolution layer = {
    .inputs = inputs, .outputs = outputs, .column_step = column_step, .packed = packed, .scales = scales, .bias = bias};
  float *output = floats(rows * columns * outputs), *scratch = floats(kernels_byte_convolve_scratch_count(&layer, rows - first, columns));
  kernels_byte_convolve(&layer, input, width, output, columns * outputs, first, rows, columns, scratch);
  for (size_t row = first; row < rows; row++) {
    for (size_t column = 0; column < columns; column++) {
      const size_t channel = from(0, outputs - 1);
      double sum = bias[channel];
      for (size_t i = 0; i < 3; i++) {
        const float *values = input + (row + i) * width + column * column_step * inputs;
        for (size_t k = 0; k < 3 * inputs; k++) sum += (double)values[k] * weights[(3 * i * inputs + k) * outputs + channel];
      }
      const double tolerance = 0.008 * sqrt(9.0 * (double)inputs) + 0.01;
      check("byte_convolve", output[(row * columns + column) * outputs + channel], fmax(sum, 0), tolerance, shape);
    }
  }
  // Where it is, and nowhere else.
  const size_t odd = from(0, height - 1);
  input[odd * width + from(0, width - 1)] = next() % 2 ? NAN : INFINITY;
  kernels_byte_convolve(&layer, input, width, output, columns * outputs, first, rows, columns, scratch);
  for (size_t row = first; row < rows; row++) {
    const bool is_odd = isnan(output[row * columns * outputs]);
    if (is_odd != (row <= odd && odd <= row + 2)) check("byte_convolve of no number", is_odd, !is_odd, 0, shape);
  }
  void *all[] = {input, weights, bias, packed, scales, output, scratch};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}
