/// Kernels of features.
#include "checks.h"

void logarithms(void) {
  for (int i = 0; i < 100; i++) {
    const float x = expf(80 * value());
    check("logarithm", kernels_natural_logarithm(x), log(x), 2e-7 * fmax(1, fabs(log(x))), "");
  }
}

void transforms(void) {
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

void spectra(void) {
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
  free(z);
  free(power);
}

void window_pairs(void) {
  const size_t count = from(0, 70);
  SHAPE("%zu", count);
  float *first = values(count), *second = values(count), *window = values(count), *pair = floats(2 * count);
  for (int one = 0; one < 2; one++) {
    kernels_window_pair(first, one ? NULL : second, window, count, pair);
    for (size_t i = 0; i < count; i++) {
      check("window_pair", pair[2 * i], first[i] * window[i], 0, shape);
      check("window_pair", pair[2 * i + 1], one ? 0 : second[i] * window[i], 0, shape);
    }
  }
  void *all[] = {first, second, window, pair};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

void band_energies(void) {
  enum { lanes = kernels_lanes };
  const size_t bins = from(2, 76), count = from(1, 20);
  SHAPE("%zu bands of %zu bins", count, bins);
  struct kernels_band layout[20];
  size_t total = 0;
  for (size_t band = 0; band < count; band++) {
    layout[band].bin = (uint32_t)from(0, bins - 1);
    layout[band].count = (uint32_t)from(0, bins - layout[band].bin);
    total += layout[band].count;
  }
  float *power = values(bins * lanes), *weights = values(total), *energies = floats(count * lanes), mean[lanes];
  for (size_t i = 0; i < bins * lanes; i++) power[i] *= power[i];
  kernels_bands(power, layout, count, weights, energies);
  double sums[lanes] = {0};
  const float *w = weights;
  for (size_t band = 0; band < count; band++) {
    for (size_t lane = 0; lane < lanes; lane++) {
      double sum = 0;
      for (size_t k = 0; k < layout[band].count; k++) sum += (double)w[k] * power[(layout[band].bin + k) * lanes + lane];
      check("bands", energies[band * lanes + lane], sum, 1e-5, shape);
      sums[lane] += sum;
    }
    w += layout[band].count;
  }
  kernels_mean(energies, count, mean);
  for (size_t lane = 0; lane < lanes; lane++) check("mean", mean[lane], sums[lane] / (double)count, 1e-5, shape);
  free(power);
  free(weights);
  free(energies);
}

void scaled_features(void) {
  enum { lanes = kernels_lanes };
  const struct kernels_scaling scaling = {.floor = 1e-3f, .low = -2, .shift = 0.5f, .scale = 3};
  const size_t bands = from(1, 20), frames = from(1, lanes), band_stride = from(1, 4), frame_stride = band_stride * bands;
  SHAPE("%zu bands, %zu frames, steps %zu", bands, frames, band_stride);
  // Some are below the floor.
  float *energies = values(bands * lanes), levels[lanes];
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
  free(energies);
  free(features);
}

void envelopes(void) {
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
