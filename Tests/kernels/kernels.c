/// Every kernel against its definition, on random shapes: kernels [SEED [ROUNDS]]. All memory is as large as it has to be and no larger, so
/// that AddressSanitizer sees what reads or writes beyond it. Run by `run.sh` for the instruction sets that there are.
#include "byte_products.h"
#include "checks.h"

static uint64_t state;
static int failures;

uint64_t next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}
size_t from(size_t least, size_t most) { return least + next() % (most - least + 1); }
float value(void) { return (float)(next() >> 40) / (float)(1 << 23) - 1; }

void *memory(size_t count, size_t size) {
  void *start = malloc(count ? count * size : 1);
  if (!start) abort();
  return start;
}
float *floats(size_t count) { return memory(count, sizeof(float)); }
float *values(size_t count) {
  float *start = floats(count);
  for (size_t i = 0; i < count; i++) start[i] = value();
  return start;
}

float *activations(size_t count) {
  float *start = values(count);
  for (size_t i = 0; i < count; i++) start[i] *= 5;
  return start;
}

void check(const char *kernel, double got, double wanted, double tolerance, const char *shape) {
  if (fabs(got - wanted) <= tolerance) return; // not so where one is no number
  if (failures++ < 20) printf("%s (%s): %.9g, wanted %.9g ± %.2g\n", kernel, shape, got, wanted, tolerance);
}

char shape[128];

int main(int count, char **arguments) {
  const uint64_t seed = count > 1 ? strtoull(arguments[1], NULL, 10) : 1;
  const int rounds = count > 2 ? atoi(arguments[2]) : 100;
  const enum kernels_set best = kernels_best();
  for (int round = 0; round < rounds; round++) {
    state = (seed * 1000003 + (uint64_t)round) * 0x9e3779b97f4a7c15 | 1;
    logarithms();
    transforms();
    spectra();
    window_pairs();
    band_energies();
    scaled_features();
    envelopes();
    biases();
    moments();
    byte_matrices();
    codes();
    byte_products();
    byte_convolutions();
    finiteness();
    norms();
    heads();
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
    "kernels: %d rounds of seed %llu, widest instructions of our own: %s%s%s; %d failures\n", rounds, (unsigned long long)seed, names[best],
    kernels_has_matrix_unit() ? ", AMX" : "", kernels_has_fast_bytes() ? ", VNNI" : "", failures);
  return failures != 0;
}
