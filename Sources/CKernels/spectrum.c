#include "kernels.h"

#include "processors.h"

enum { lanes = kernels_lanes };

typedef float vector __attribute__((vector_size(4 * lanes), aligned(4)));

FOR_EACH_PROCESSOR void kernels_window_pair(const float *first, const float *second, const float *window, size_t count, float *pair) {
  if (second) {
    for (size_t i = 0; i < count; i++) {
      pair[2 * i] = first[i] * window[i];
      pair[2 * i + 1] = second[i] * window[i];
    }
  } else {
    for (size_t i = 0; i < count; i++) {
      pair[2 * i] = first[i] * window[i];
      pair[2 * i + 1] = 0;
    }
  }
}

/// |A[k]|² and |B[k]|² from Z[k] and Z[size - k].
static inline void put_powers(const float *z, const float *w, float *power) {
  const float sr = z[0] + w[0], si = z[1] - w[1], dr = z[0] - w[0], di = z[1] + w[1];
  power[0] = (sr * sr + si * si) / 4;
  power[1] = (dr * dr + di * di) / 4;
}

#define LOWER(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define UPPER(a, b) __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#define EVEN(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
#define ODD(a, b) __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31)
#define REVERSED(a) __builtin_shufflevector(a, a, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)

/// Sixteen rows of sixteen to sixteen columns: four times the first half's rows and the second half's in turn, value by value.
static inline void transpose(vector *rows) {
  for (int round = 0; round < 4; round++) {
    vector next[lanes];
    for (int i = 0; i < lanes / 2; i++) {
      next[2 * i] = LOWER(rows[i], rows[i + lanes / 2]);
      next[2 * i + 1] = UPPER(rows[i], rows[i + lanes / 2]);
    }
    memcpy(rows, next, sizeof next);
  }
}

/// Frequencies `k` to `k` + 15, none of which is its own mirror.
static inline void put_sixteen_powers(const float *spectra, size_t stride, size_t size, size_t k, float *power) {
  vector rows[lanes];
  for (size_t pair = 0; pair < lanes / 2; pair++) {
    const float *z = spectra + 2 * (pair * stride + k), *w = spectra + 2 * (pair * stride + size - k - (lanes - 1));
    const vector z0 = *(const vector *)z, z1 = *(const vector *)(z + lanes), w0 = *(const vector *)w, w1 = *(const vector *)(w + lanes);
    const vector zr = EVEN(z0, z1), zi = ODD(z0, z1), wr = REVERSED(EVEN(w0, w1)), wi = REVERSED(ODD(w0, w1));
    const vector sr = zr + wr, si = zi - wi, dr = zr - wr, di = zi + wi;
    rows[2 * pair] = (sr * sr + si * si) * 0.25f;
    rows[2 * pair + 1] = (dr * dr + di * di) * 0.25f;
  }
  transpose(rows);
  memcpy(power + k * lanes, rows, sizeof rows);
}

FOR_EACH_PROCESSOR void kernels_pair_powers(const float *spectra, size_t stride, size_t size, float *power) {
  const size_t half = size / 2, last = (size - 1) / 2;
  size_t k = 1;
  if (last >= lanes) {
    for (; k + lanes <= last + 1; k += lanes) put_sixteen_powers(spectra, stride, size, k, power);
    // What is left over, together with some of those before it.
    put_sixteen_powers(spectra, stride, size, last + 1 - lanes, power);
    k = last + 1;
  }
  for (size_t pair = 0; pair < lanes / 2; pair++) {
    const float *z = spectra + 2 * pair * stride;
    put_powers(z, z, power + 2 * pair);
    for (size_t i = k; i <= half; i++) put_powers(z + 2 * i, z + 2 * (size - i), power + i * lanes + 2 * pair);
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
