#include "kernels.h"

#include <string.h>

#include "processors.h"

enum { bins = kernels_envelope_bins };

typedef float vector __attribute__((vector_size(64), aligned(4)));

enum { vectors = bins / 16 };

/// Powers of `count` windows, at most two and known to the compiler, that share the reads of the table.
__attribute__((always_inline)) static inline void powers(
  const int count, const float *samples, size_t hop, size_t length, const float *fourier, float *power) {
  vector cosines[2][vectors] = {0}, sines[2][vectors] = {0};
  for (size_t i = 1; i <= length / 2; i++) {
    const vector *row = (const vector *)(fourier + (i - 1) * 2 * bins);
    for (int window = 0; window < count; window++) {
      const float *x = samples + (size_t)window * hop;
      const float even = x[i] + x[length - i], odd = x[i] - x[length - i];
      for (int v = 0; v < vectors; v++) {
        cosines[window][v] += even * row[v];
        sines[window][v] += odd * row[vectors + v];
      }
    }
  }
  for (int window = 0; window < count; window++) {
    for (int v = 0; v < vectors; v++) {
      *(vector *)(power + window * bins + 16 * v) = cosines[window][v] * cosines[window][v] + sines[window][v] * sines[window][v];
    }
  }
}

FOR_EACH_PROCESSOR void kernels_envelope(
  const float *samples, size_t hop, size_t length, size_t windows, const float *fourier, float floor, float *mean, float *logarithm) {
  const float scale = 1 / floor;
  float sum[bins] = {0}, logs[bins] = {0}, power[2 * bins];
  size_t window = 0;
  // Energies in units of the floor are at least one: the product of two has one logarithm and stays in range.
  for (; window + 2 <= windows; window += 2) {
    powers(2, samples + window * hop, hop, length, fourier, power);
    for (size_t k = 0; k < bins; k++) {
      const float first = power[k] * scale + 1, second = power[bins + k] * scale + 1;
      sum[k] += first + second;
      logs[k] += kernels_natural_logarithm(first * second);
    }
  }
  if (window < windows) {
    powers(1, samples + window * hop, hop, length, fourier, power);
    for (size_t k = 0; k < bins; k++) {
      const float energy = power[k] * scale + 1;
      sum[k] += energy;
      logs[k] += kernels_natural_logarithm(energy);
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
