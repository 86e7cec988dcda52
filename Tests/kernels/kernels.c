/// Every kernel against its definition, on random shapes: kernels [SEED [ROUNDS]]. All memory is as large as it has to be and no larger, so
/// that AddressSanitizer sees what reads or writes beyond it. Run by `run.sh` for the instruction sets that there are.
#include "kernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t state;
static int failures;

static uint64_t next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}
static size_t from(size_t least, size_t most) { return least + next() % (most - least + 1); }
static float value(void) { return (float)(next() >> 40) / (float)(1 << 23) - 1; }

static void *memory(size_t count, size_t size) {
  void *start = malloc(count ? count * size : 1);
  if (!start) abort();
  return start;
}
static float *floats(size_t count) { return memory(count, sizeof(float)); }
static float *values(size_t count) {
  float *start = floats(count);
  for (size_t i = 0; i < count; i++) start[i] = value();
  return start;
}

/// `shape` names the sizes.
static void check(const char *kernel, double got, double wanted, double tolerance, const char *shape) {
  if (fabs(got - wanted) <= tolerance) return; // not so where one is no number
  if (failures++ < 20) printf("%s (%s): %.9g, wanted %.9g ± %.2g\n", kernel, shape, got, wanted, tolerance);
}

static char shape[128];
#define SHAPE(...) snprintf(shape, sizeof shape, __VA_ARGS__)

static float half(float x) {
  uint16_t bits;
  kernels_halves(&x, 1, &bits);
  const uint32_t wide = (uint32_t)bits << 16;
  memcpy(&x, &wide, sizeof x);
  return x;
}

static void logarithms(void) {
  for (int i = 0; i < 100; i++) {
    const float x = expf(80 * value());
    check("logarithm", kernels_natural_logarithm(x), log(x), 2e-7 * fmax(1, fabs(log(x))), "");
  }
}

static void transforms(void) {
  const size_t size = from(1, 80), batch = from(1, 37), gap = from(0, 3);
  const enum kernels_frames frames = next() % 2 ? kernels_complex : kernels_real;
  const size_t width = frames == kernels_complex ? 2 : 1, bins = frames == kernels_complex ? size : size / 2 + 1, stride = bins + gap;
  SHAPE("%zu samples, %zu frames, %s", size, batch, width == 2 ? "complex" : "real");
  float *input = values(width * size * batch), *output = floats(2 * ((batch - 1) * stride + bins));
  struct kernels_fourier *plan = kernels_fourier_make(size, batch, frames);
  if (!plan) abort();
  kernels_fourier_run(plan, input, output, stride);
  kernels_fourier_free(plan);
  const size_t frame = from(0, batch - 1), k = from(0, bins - 1);
  double real = 0, imaginary = 0;
  for (size_t n = 0; n < size; n++) {
    const double angle = -2 * 3.14159265358979323846 * (double)(n * k % size) / (double)size;
    const float *x = input + width * (frame * size + n);
    const double im = width == 2 ? x[1] : 0;
    real += x[0] * cos(angle) - im * sin(angle);
    imaginary += x[0] * sin(angle) + im * cos(angle);
  }
  check("fourier", output[2 * (frame * stride + k)], real, 1e-5 * sqrt((double)size), shape);
  check("fourier", output[2 * (frame * stride + k) + 1], imaginary, 1e-5 * sqrt((double)size), shape);
  free(input);
  free(output);
}

static void spectra(void) {
  enum { lanes = kernels_lanes };
  const size_t size = from(2, 150), stride = size + from(0, 3), bins = size / 2 + 1;
  SHAPE("%zu", size);
  float *z = values(2 * ((lanes / 2 - 1) * stride + size)), *power = floats(bins * lanes);
  kernels_pair_powers(z, stride, size, power);
  for (size_t lane = 0; lane < lanes; lane++) {
    for (size_t k = 0; k < bins; k++) {
      const float *x = z + 2 * (lane / 2 * stride + k), *y = z + 2 * (lane / 2 * stride + (size - k) % size);
      const double sign = lane % 2 ? -1 : 1, re = x[0] + sign * y[0], im = x[1] - sign * y[1];
      check("pair_powers", power[k * lanes + lane], (re * re + im * im) / 4, 1e-6, shape);
    }
  }
  const size_t count = from(0, 70);
  float *first = values(count), *second = values(count), *window = values(count), *pair = floats(2 * count);
  for (int one = 0; one < 2; one++) {
    kernels_window_pair(first, one ? NULL : second, window, count, pair);
    for (size_t i = 0; i < count; i++) {
      check("window_pair", pair[2 * i], first[i] * window[i], 0, shape);
      check("window_pair", pair[2 * i + 1], one ? 0 : second[i] * window[i], 0, shape);
    }
  }
  const size_t bands = from(1, 20);
  struct kernels_band layout[20];
  size_t total = 0;
  for (size_t band = 0; band < bands; band++) {
    layout[band].bin = (uint32_t)from(0, bins - 1);
    layout[band].count = (uint32_t)from(0, bins - layout[band].bin);
    total += layout[band].count;
  }
  float *weights = values(total), *energies = floats(bands * lanes), mean[lanes], levels[lanes];
  kernels_bands(power, layout, bands, weights, energies);
  double sums[lanes] = {0};
  const float *w = weights;
  for (size_t band = 0; band < bands; band++) {
    for (size_t lane = 0; lane < lanes; lane++) {
      double sum = 0;
      for (size_t k = 0; k < layout[band].count; k++) sum += (double)w[k] * power[(layout[band].bin + k) * lanes + lane];
      check("bands", energies[band * lanes + lane], sum, 1e-5, shape);
      sums[lane] += sum;
    }
    w += layout[band].count;
  }
  kernels_mean(energies, bands, mean);
  for (size_t lane = 0; lane < lanes; lane++) check("mean", mean[lane], sums[lane] / (double)bands, 1e-5, shape);

  const struct kernels_scaling scaling = {.floor = 1e-3f, .low = -2, .shift = 0.5f, .scale = 3};
  const size_t frames = from(1, lanes), band_stride = from(1, 4), frame_stride = band_stride * bands;
  for (size_t lane = 0; lane < lanes; lane++) levels[lane] = value();
  float *features = floats((frames - 1) * frame_stride + (bands - 1) * band_stride + 1);
  kernels_scale(&scaling, energies, bands, levels, features, band_stride, frame_stride, frames);
  for (size_t frame = 0; frame < frames; frame++) {
    for (size_t band = 0; band < bands; band++) {
      const double logarithm = log(fmax(energies[band * lanes + frame], scaling.floor)) - levels[frame];
      check(
        "scale", features[frame * frame_stride + band * band_stride], (fmax(logarithm, scaling.low) + scaling.shift) / scaling.scale, 1e-5,
        shape);
    }
  }
  void *all[] = {z, power, first, second, window, pair, weights, energies, features};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

static void envelopes(void) {
  enum { bins = kernels_envelope_bins };
  const size_t length = 2 * from(1, 30), hop = from(1, 20), windows = from(1, 9), samples = (windows - 1) * hop + length;
  SHAPE("%zu windows of %zu, hop %zu", windows, length, hop);
  // The last sample of a window meets the first, which the window makes zero.
  float *x = values(samples), *fourier = values(length / 2 * 2 * bins), mean[bins], logarithm[bins];
  const float floor = 0.01f;
  kernels_envelope(x, hop, length, windows, fourier, floor, mean, logarithm);
  for (size_t k = 0; k < bins; k++) {
    double sum = 0, logs = 0;
    for (size_t window = 0; window < windows; window++) {
      double c = 0, s = 0;
      for (size_t i = 1; i <= length / 2; i++) {
        const float *row = fourier + (i - 1) * 2 * bins, a = x[window * hop + i], b = x[window * hop + length - i];
        c += (double)(a + b) * row[k];
        s += (double)(a - b) * row[bins + k];
      }
      sum += c * c + s * s + floor;
      logs += log(c * c + s * s + floor);
    }
    check("envelope, mean", mean[k], sum / (double)windows, 2e-5 * sum, shape);
    check("envelope, logarithm", logarithm[k], logs / (double)windows, 2e-4, shape);
  }
  const size_t groups = from(1, 5), bands = from(1, 20), stride = from(1, 4);
  float *means = floats(groups * bins), *logarithms = values(groups * bins), *features = floats((bands - 1) * stride + 1);
  for (size_t i = 0; i < groups * bins; i++) means[i] = 1.5f + value();
  struct kernels_place places[20];
  for (size_t band = 0; band < bands; band++) places[band] = (struct kernels_place){(uint32_t)from(0, bins - 2), fabsf(value())};
  const struct kernels_contrast contrast = {.most = 1, .shift = -0.5f, .scale = 0.4f};
  kernels_envelope_contrast(&contrast, means, logarithms, groups, places, bands, features, stride);
  for (size_t band = 0; band < bands; band++) {
    double pair[2];
    for (int i = 0; i < 2; i++) {
      double sum = 0, logs = 0;
      for (size_t group = 0; group < groups; group++) {
        sum += means[group * bins + places[band].bin + i] / (double)groups;
        logs += logarithms[group * bins + places[band].bin + i] / (double)groups;
      }
      pair[i] = (fmin(log(sum) - logs, contrast.most) + contrast.shift) / contrast.scale;
    }
    check("envelope_contrast", features[band * stride], pair[0] + places[band].part * (pair[1] - pair[0]), 2e-5, shape);
  }
  void *all[] = {x, fourier, means, logarithms, features};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

static void convolutions(enum kernels_set set) {
  const bool halves = set == kernels_bfloat16;
  const size_t inputs = halves ? 2 * from(1, 20) : from(1, 40), outputs = from(1, 40), columns = from(1, 60), rows = from(1, 14);
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

static void vectors(void) {
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
static void products(void) {
  const size_t count = from(1, 3), run = 4 * from(1, 20), step = 2 * from(0, 10), inputs = count * run, outputs = 16 * from(1, 10),
               rows = from(1, 15);
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
  for (size_t i = 0; i < kernels_product_packed_count(inputs, outputs); i++) check("product_pack_bytes", of_bytes[i], of_floats[i], 0, shape);

  kernels_halves(lines, count * length, halves);
  struct kernels_windows windows = {.count = count, .run = run, .step = step};
  for (size_t line = 0; line < count; line++) windows.lines[line] = halves + line * length;
  kernels_product_windows(&windows, rows, packed, outputs, output);
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

static void layers(void) {
  const size_t rows = from(1, 6), columns = kernels_lanes * from(1, 5), count = rows * columns;
  SHAPE("%zu × %zu", rows, columns);
  float *x = values(count), *y = floats(count), *bias = values(columns), *shift = values(columns), *sum = values(count),
        *before = floats(count);
  for (size_t i = 0; i < count; i++) x[i] *= 5;
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

  bool mask[6];
  double heard = 0;
  for (size_t row = 0; row < rows; row++) heard += mask[row] = next() % 2;
  float *mean = floats(columns), *deviation = floats(columns);
  kernels_moments(x, rows, columns, mask, mean, deviation);
  for (size_t k = 0; k < columns; k++) {
    double total = 0, squares = 0;
    for (size_t row = 0; row < rows; row++) total += mask[row] ? x[row * columns + k] : 0;
    const double middle = heard > 0 ? total / heard : 0;
    for (size_t row = 0; row < rows; row++) squares += mask[row] ? pow(x[row * columns + k] - middle, 2) : 0;
    check("moments, mean", mean[k], middle, 2e-6, shape);
    check("moments, deviation", deviation[k], heard > 0 ? sqrt(squares / heard) : 0, 5e-6, shape);
  }
  uint8_t *bytes = memory(count, 1);
  for (size_t i = 0; i < count; i++) bytes[i] = (uint8_t)next();
  kernels_widen(bytes, rows, columns, bias, y);
  for (size_t i = 0; i < count; i++) check("widen", y[i], bias[i / columns] * (float)(int8_t)bytes[i], 0, shape);
  const size_t width = from(1, columns);
  float *product = floats(rows);
  kernels_multiply_bytes(bytes, bias, rows, width, x, product);
  for (size_t row = 0; row < rows; row++) {
    double total = 0;
    for (size_t k = 0; k < width; k++) total += (int8_t)bytes[row * width + k] * (double)x[k];
    check("multiply_bytes", product[row], bias[row] * total, 1e-3, shape);
  }
  free(product);
  if (!kernels_all_finite(x, count)) check("all_finite", 0, 1, 0, shape);
  y[from(0, count - 1)] = next() % 2 ? INFINITY : NAN;
  if (kernels_all_finite(y, count)) check("all_finite", 1, 0, 0, shape);

  kernels_layer_norm(x, rows, columns, bias, shift, y);
  memcpy(before, x, count * sizeof *x);
  kernels_softmax(before, rows, columns);
  for (size_t row = 0; row < rows; row++) {
    double middle = 0, variance = 0, powers = 0, greatest = -1e9;
    for (size_t k = 0; k < columns; k++) {
      middle += x[row * columns + k] / (double)columns;
      greatest = fmax(greatest, x[row * columns + k]);
    }
    for (size_t k = 0; k < columns; k++) {
      variance += pow(x[row * columns + k] - middle, 2) / (double)columns;
      powers += exp(x[row * columns + k] - greatest);
    }
    for (size_t k = 0; k < columns; k++) {
      const size_t i = row * columns + k;
      check("layer_norm", y[i], (x[i] - middle) / sqrt(variance + 1e-5) * bias[k] + shift[k], 1e-5, shape);
      check("softmax", before[i], exp(x[i] - greatest) / powers, 1e-6, shape);
    }
  }
  void *all[] = {x, y, bias, shift, sum, before, mean, deviation, bytes};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

int main(int count, char **arguments) {
  const uint64_t seed = count > 1 ? strtoull(arguments[1], NULL, 10) : 1;
  const int rounds = count > 2 ? atoi(arguments[2]) : 100;
  const enum kernels_set best = kernels_best();
  for (int round = 0; round < rounds; round++) {
    state = (seed * 1000003 + (uint64_t)round) * 0x9e3779b97f4a7c15 | 1;
    logarithms();
    transforms();
    spectra();
    envelopes();
    layers();
    for (int set = kernels_avx2; set <= (int)best; set++) convolutions((enum kernels_set)set);
    if (best != kernels_none) vectors();
#if defined(__x86_64__)
    if (best == kernels_bfloat16) products();
#else
    products();
#endif
  }
  static const char *const names[] = {"none", "AVX2", "AVX-512", "AVX-512 BF16"};
  printf(
    "kernels: %d rounds of seed %llu, widest instructions of our own: %s; %d failures\n", rounds, (unsigned long long)seed, names[best],
    failures);
  return failures != 0;
}
