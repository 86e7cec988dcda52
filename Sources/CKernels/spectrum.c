#include "kernels.h"

#include "processors.h"

enum { lanes = kernels_lanes };

typedef float vector __attribute__((vector_size(4 * lanes), aligned(4)));

FOR_EACH_PROCESSOR void kernels_power(const float *spectra, size_t stride, size_t bins, float *power) {
  for (size_t lane = 0; lane < lanes; lane++) {
    const float *x = spectra + 2 * lane * stride;
    for (size_t k = 0; k < bins; k++) power[k * lanes + lane] = x[2 * k] * x[2 * k] + x[2 * k + 1] * x[2 * k + 1];
  }
}

FOR_EACH_PROCESSOR void kernels_bands(
  const float *power, const struct kernels_band *layout, size_t bands, const float *weights, float *energies) {
  for (size_t band = 0; band < bands; band++) {
    const vector *p = (const vector *)(power + (size_t)layout[band].bin * lanes);
    vector sum = {0};
    for (uint32_t k = 0; k < layout[band].count; k++) sum += *weights++ * p[k];
    *(vector *)(energies + band * lanes) = sum;
  }
}

FOR_EACH_PROCESSOR void kernels_mean(const float *energies, size_t bands, float *mean) {
  vector sum = {0};
  for (size_t band = 0; band < bands; band++) sum += *(const vector *)(energies + band * lanes);
  *(vector *)mean = sum / (float)bands;
}

FOR_EACH_PROCESSOR void kernels_scale(
  const struct kernels_scaling *scaling, const float *energies, size_t bands, const float *levels, float *features, size_t band_stride,
  size_t frame_stride, size_t frames) {
  const float floor = scaling->floor, low = scaling->low, shift = scaling->shift, scale = 1 / scaling->scale;
  for (size_t band = 0; band < bands; band++) {
    float row[lanes];
    for (size_t lane = 0; lane < lanes; lane++) {
      const float energy = energies[band * lanes + lane];
      const float logarithm = kernels_natural_logarithm(energy > floor ? energy : floor) - levels[lane];
      row[lane] = ((logarithm > low ? logarithm : low) + shift) * scale;
    }
    for (size_t frame = 0; frame < frames; frame++) features[frame * frame_stride + band * band_stride] = row[frame];
  }
}
