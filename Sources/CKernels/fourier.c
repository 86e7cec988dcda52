#include "kernels.h"

#include <math.h>
#include <stdlib.h>

#include "processors.h"

/// Numbers of a frame that are moved before those of the next: whole lines of the cache, which frames far apart drive out of it. As many
/// floats lie between tables, whose sizes are powers of two, so that they do not drive out each other.
enum { block = 16 };

#define INLINE static inline __attribute__((always_inline))

/// Stockham's transform, which needs no reordering. A real frame of even size is taken as complex numbers of half the size, whose transform
/// the last step takes apart; one of odd size as complex numbers without imaginary parts. All is done on frames side by side:
/// a row per number, a column per frame, so that each step is the same for whole vectors.
struct kernels_fourier {
  size_t size, batch;
  enum kernels_frames frames;
  /// Frames that are transformed at once.
  size_t lanes;
  /// Complex numbers of a transform, and its factors from the first step to the last: at most one for each bit.
  size_t count, steps, factors[64];
  /// Of each step, real and imaginary parts in turn: e^(-2πi q k / n), for q < n / factor, k = 1 ... factor - 1; and where the factor is odd,
  /// e^(-2πi k / factor), for k < factor.
  float *twiddles;
  /// e^(-2πi k / size), k = 0 ... count / 2.
  float *halves;
  /// Four tables of count · lanes, and `block`: real and imaginary parts of what a step takes and of what it makes.
  float *work;
};

INLINE size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/// e^(-2πi numerator / denominator), of an angle under a full turn, since those of large ones are less exact.
static void put_turn(size_t numerator, size_t denominator, float *complex) {
  const double angle = -2 * 3.14159265358979323846 * (double)(numerator % denominator) / (double)denominator;
  complex[0] = (float)cos(angle);
  complex[1] = (float)sin(angle);
}

static size_t next_factor(size_t count) {
  if (count % 4 == 0) return 4;
  if (count % 2 == 0) return 2;
  for (size_t factor = 3; factor * factor <= count; factor += 2)
    if (count % factor == 0) return factor;
  return count;
}

struct kernels_fourier *kernels_fourier_make(size_t size, size_t batch, enum kernels_frames frames) {
  struct kernels_fourier *plan = calloc(1, sizeof *plan);
  if (!plan) return NULL;
  plan->size = size;
  plan->batch = batch;
  plan->frames = frames;
  plan->count = frames == kernels_real && size % 2 == 0 ? size / 2 : size;
  size_t turns = 0;
  for (size_t rest = plan->count; rest > 1; rest /= plan->factors[plan->steps++]) {
    plan->factors[plan->steps] = next_factor(rest);
    turns += rest - rest / plan->factors[plan->steps];
    if (plan->factors[plan->steps] % 2) turns += plan->factors[plan->steps];
  }
  // More of longer frames would not fit the caches.
  const size_t lanes = plan->count > 512 ? 1 : smaller(batch, kernels_lanes);
  plan->lanes = lanes;
  plan->twiddles = malloc((2 * turns + 1) * sizeof(float));
  plan->halves = malloc((plan->count + 2) * sizeof(float));
  plan->work = aligned_alloc(64, (4 * (plan->count * lanes + block) * sizeof(float) + 63) / 64 * 64);
  if (!plan->twiddles || !plan->halves || !plan->work) {
    kernels_fourier_free(plan);
    return NULL;
  }
  float *twiddle = plan->twiddles;
  size_t rest = plan->count;
  for (size_t step = 0; step < plan->steps; rest /= plan->factors[step++]) {
    const size_t factor = plan->factors[step];
    for (size_t q = 0; q < rest / factor; q++)
      for (size_t k = 1; k < factor; k++, twiddle += 2) put_turn(q * k, rest, twiddle);
    if (factor % 2)
      for (size_t k = 0; k < factor; k++, twiddle += 2) put_turn(k, factor, twiddle);
  }
  for (size_t k = 0; k <= plan->count / 2; k++) put_turn(k, size, plan->halves + 2 * k);
  return plan;
}

void kernels_fourier_free(struct kernels_fourier *plan) {
  if (!plan) return;
  free(plan->twiddles);
  free(plan->halves);
  free(plan->work);
  free(plan);
}

typedef float vector __attribute__((vector_size(64), aligned(4)));

#define NUMBER vector
#define NAME(step) step##_vectors
#include "butterflies.h"
#undef NUMBER
#undef NAME

#define NUMBER float
#define NAME(step) step##_floats
#include "butterflies.h"
#undef NUMBER
#undef NAME

INLINE size_t floats_per_frame(const struct kernels_fourier *plan) { return plan->frames == kernels_real ? plan->size : 2 * plan->size; }

/// Frames side by side, whose samples are one after another, real ones of even size as complex numbers.
INLINE void load(const struct kernels_fourier *plan, const float *input, float *to, size_t gap, size_t lanes) {
  const size_t count = plan->count, length = floats_per_frame(plan), pair = length / count;
  for (size_t first = 0; first < count; first += block)
    for (size_t lane = 0; lane < lanes; lane++)
      for (size_t n = first; n < smaller(first + block, count); n++) {
        const float *sample = input + lane * length + n * pair;
        to[n * lanes + lane] = sample[0];
        to[n * lanes + lane + gap] = pair == 2 ? sample[1] : 0;
      }
}

/// The spectrum of real frames of even size from Z, that of the complex numbers they were taken as:
/// X[k] = (Z[k] + Z*[m - k]) / 2 - i/2 · e^(-2πi k / 2m) · (Z[k] - Z*[m - k]), and X[m - k] with the same sums.
INLINE void store_even(const struct kernels_fourier *plan, const float *from, size_t gap, size_t lanes, float *output, size_t stride) {
  const size_t m = plan->count;
  for (size_t first = 0; first <= m / 2; first += block)
    for (size_t lane = 0; lane < lanes; lane++)
      for (size_t k = first; k < smaller(first + block, m / 2 + 1); k++) {
        const float c = plan->halves[2 * k], s = plan->halves[2 * k + 1];
        const float *low = from + k * lanes + lane, *high = from + (k == 0 ? 0 : m - k) * lanes + lane;
        const float er = (low[0] + high[0]) / 2, ei = (low[gap] - high[gap]) / 2;
        const float or = (low[gap] + high[gap]) / 2, oi = (high[0] - low[0]) / 2;
        const float tr = or * c - oi * s, ti = or * s + oi * c;
        float *x = output + 2 * (lane * stride + k), *y = output + 2 * (lane * stride + m - k);
        x[0] = er + tr;
        x[1] = ei + ti;
        y[0] = er - tr;
        y[1] = ti - ei;
      }
}

/// The first `count` numbers as they are.
INLINE void store(const float *from, size_t count, size_t gap, size_t lanes, float *output, size_t stride) {
  for (size_t first = 0; first < count; first += block)
    for (size_t lane = 0; lane < lanes; lane++)
      for (size_t k = first; k < smaller(first + block, count); k++) {
        output[2 * (lane * stride + k)] = from[k * lanes + lane];
        output[2 * (lane * stride + k) + 1] = from[k * lanes + lane + gap];
      }
}

INLINE void transform(const struct kernels_fourier *plan, const float *input, size_t lanes, float *output, size_t stride) {
  const size_t gap = plan->count * lanes + block;
  float *from = plan->work, *to = plan->work + 2 * gap;
  load(plan, input, from, gap, lanes);
  size_t rest = plan->count, run = lanes;
  const float *twiddle = plan->twiddles;
  for (size_t step = 0; step < plan->steps; step++) {
    const size_t factor = plan->factors[step], parts = rest / factor;
    const size_t vectors = sizeof(vector) / sizeof(float);
    if (run % vectors == 0) step_vectors((vector *)from, (vector *)to, gap / vectors, factor, parts, run / vectors, twiddle);
    else step_floats(from, to, gap, factor, parts, run, twiddle);
    twiddle += 2 * (rest - parts + (factor % 2 ? factor : 0));
    rest = parts;
    run *= factor;
    float *const made = to;
    to = from;
    from = made;
  }
  if (plan->count < plan->size) store_even(plan, from, gap, lanes, output, stride);
  else store(from, plan->frames == kernels_real ? plan->size / 2 + 1 : plan->size, gap, lanes, output, stride);
}

FOR_EACH_PROCESSOR void kernels_fourier_run(const struct kernels_fourier *plan, const float *input, float *output, size_t stride) {
  const size_t length = floats_per_frame(plan);
  size_t frame = 0;
  if (plan->lanes == kernels_lanes)
    for (; frame + kernels_lanes <= plan->batch; frame += kernels_lanes)
      transform(plan, input + frame * length, kernels_lanes, output + 2 * frame * stride, stride);
  for (size_t lanes; frame < plan->batch; frame += lanes) {
    lanes = smaller(plan->batch - frame, plan->lanes);
    transform(plan, input + frame * length, lanes, output + 2 * frame * stride, stride);
  }
}
