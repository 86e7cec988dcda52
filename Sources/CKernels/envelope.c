#include "kernels.h"

#include <string.h>

#include "processors.h"

enum { bins = kernels_envelope_bins };

typedef float eight __attribute__((vector_size(32), aligned(4)));

FOR_EACH_PROCESSOR void kernels_envelope(
  const float *samples, size_t hop, size_t length, size_t windows, const float *fourier, float floor, float *mean, float *logarithm) {
  const float scale = 1 / floor;
  float sum[bins] = {0}, logs[bins] = {0}, product[bins];
  for (size_t window = 0; window < windows; window++) {
    const float *x = samples + window * hop;
    eight c0 = {0}, c1 = c0, c2 = c0, c3 = c0, s0 = c0, s1 = c0, s2 = c0, s3 = c0;
    for (size_t i = 1; i <= length / 2; i++) {
      const eight *row = (const eight *)(fourier + (i - 1) * 2 * bins);
      const float even = x[i] + x[length - i], odd = x[i] - x[length - i];
      c0 += even * row[0];
      c1 += even * row[1];
      c2 += even * row[2];
      c3 += even * row[3];
      s0 += odd * row[4];
      s1 += odd * row[5];
      s2 += odd * row[6];
      s3 += odd * row[7];
    }
    const eight powers[bins / 8] = {c0 * c0 + s0 * s0, c1 * c1 + s1 * s1, c2 * c2 + s2 * s2, c3 * c3 + s3 * s3};
    float power[bins];
    memcpy(power, powers, sizeof power);
    // Energies in units of the floor are at least one: the product of two has one logarithm and stays in range.
    const _Bool second = window % 2 == 1;
    for (size_t k = 0; k < bins; k++) {
      const float energy = power[k] * scale + 1;
      sum[k] += energy;
      product[k] = second ? product[k] * energy : energy;
    }
    if (second || window + 1 == windows) {
      for (size_t k = 0; k < bins; k++) logs[k] += kernels_natural_logarithm(product[k]);
    }
  }
  const float share = 1 / (float)windows, base = kernels_natural_logarithm(floor);
  for (size_t k = 0; k < bins; k++) {
    mean[k] = sum[k] * share * floor;
    logarithm[k] = logs[k] * share + base;
  }
}

FOR_EACH_PROCESSOR void kernels_envelope_contrast(
  const struct kernels_contrast *contrast, const float *means, const float *logarithms, size_t groups, const struct kernels_place *places,
  size_t bands, float *features, size_t stride) {
  float sum[bins] = {0}, logs[bins] = {0}, values[bins];
  for (size_t group = 0; group < groups; group++) {
    for (size_t k = 0; k < bins; k++) {
      sum[k] += means[group * bins + k];
      logs[k] += logarithms[group * bins + k];
    }
  }
  const float share = 1 / (float)groups, scale = 1 / contrast->scale;
  for (size_t k = 0; k < bins; k++) {
    const float value = kernels_natural_logarithm(sum[k] * share) - logs[k] * share;
    values[k] = ((value < contrast->most ? value : contrast->most) + contrast->shift) * scale;
  }
  for (size_t band = 0; band < bands; band++) {
    const float below = values[places[band].bin], above = values[places[band].bin + 1];
    features[band * stride] = below + places[band].part * (above - below);
  }
}
