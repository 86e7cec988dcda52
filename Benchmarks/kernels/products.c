/// Products of bfloat16, and of bytes, at the shapes of the second stage's encoders, beside what one core can do in bfloat16 with all numbers
/// in registers:
///
///   clang -O2 -ISources/CKernels/include Benchmarks/kernels/products.c Sources/CKernels/*.c -lm -o .build/products && .build/products
///
/// GFLOP/s, the best of some runs. Needs AVX-512 BF16.
#include <immintrin.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "byte_products.h"
#include "kernels.h"

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

enum { sums = 24, steps = 100000, tries = 30 };

/// Twenty-four sums hide the latency; nothing is read from memory.
__attribute__((target("avx512f,avx512bf16"))) static double ceiling(void) {
  double best = 0;
  for (int try = 0; try < tries; try++) {
    __m512 s[sums];
    for (int i = 0; i < sums; i++) s[i] = _mm512_set1_ps((float)try);
    const __m512bh a = (__m512bh)_mm512_set1_epi32(try), b = (__m512bh)_mm512_set1_epi32(0x3f803f80);
    const double start = now();
    for (int step = 0; step < steps; step++) {
#pragma clang loop unroll(full)
      for (int i = 0; i < sums; i++) {
        s[i] = _mm512_dpbf16_ps(s[i], a, b);
        __asm__ volatile("" : "+v"(s[i]));
      }
    }
    const double rate = 64.0 * sums * steps / (now() - start) * 1e-9;
    if (rate > best) best = rate;
  }
  return best;
}

/// The same by the matrix unit, which takes 2 · 16 · 16 · 32 operations at once.
__attribute__((target("amx-tile,amx-bf16"))) static double unit_ceiling(void) {
  static const struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
  } layout = {.palette = 1, .row_bytes = {64, 64, 64, 64, 64, 64, 64, 64}, .rows = {16, 16, 16, 16, 16, 16, 16, 16}};
  double best = 0;
  _tile_loadconfig(&layout);
  for (int try = 0; try < tries; try++) {
    const double start = now();
    for (int step = 0; step < steps; step++) {
      _tile_dpbf16ps(0, 4, 6);
      _tile_dpbf16ps(1, 4, 7);
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(3, 5, 7);
    }
    const double rate = 4 * 16384.0 * steps / (now() - start) * 1e-9;
    if (rate > best) best = rate;
  }
  _tile_release();
  return best;
}

/// As `ceiling`, of bytes.
__attribute__((target("avx512f,avx512vnni"))) static double byte_ceiling(void) {
  double best = 0;
  for (int try = 0; try < tries; try++) {
    __m512i s[sums];
    for (int i = 0; i < sums; i++) s[i] = _mm512_set1_epi32(try);
    const __m512i a = _mm512_set1_epi32(try), b = _mm512_set1_epi32(3);
    const double start = now();
    for (int step = 0; step < steps; step++) {
#pragma clang loop unroll(full)
      for (int i = 0; i < sums; i++) {
        s[i] = _mm512_dpbusd_epi32(s[i], a, b);
        __asm__ volatile("" : "+v"(s[i]));
      }
    }
    const double rate = 128.0 * sums * steps / (now() - start) * 1e-9;
    if (rate > best) best = rate;
  }
  return best;
}

/// GFLOP/s of bytes, the values' coding included; nothing where this processor or the shape has none.
static double rate_of_bytes(size_t rows, size_t inputs, size_t outputs) {
  if (!kernels_has_fast_bytes() || !kernels_byte_product_fits(inputs, outputs)) return NAN;
  uint8_t *weights = malloc(inputs * outputs), *packed = aligned_alloc(64, kernels_byte_product_packed_count(inputs, outputs)),
          *codes = aligned_alloc(64, rows * inputs);
  float *input = malloc(rows * inputs * sizeof *input), *scales = malloc(outputs * sizeof *scales),
        *output = aligned_alloc(64, rows * outputs * sizeof *output);
  struct kernels_step *coded = malloc(rows * inputs / kernels_byte_run * sizeof *coded);
  double best = 0;
  if (weights && packed && codes && input && scales && output && coded) {
    for (size_t k = 0; k < inputs * outputs; k++) weights[k] = (uint8_t)(k * 31);
    for (size_t k = 0; k < rows * inputs; k++) input[k] = (float)(k % 7) - 3;
    for (size_t k = 0; k < outputs; k++) scales[k] = 1;
    kernels_byte_product_pack(weights, inputs, outputs, packed);
    for (int try = 0; try < tries; try++) {
      const double start = now();
      kernels_codes(input, rows * inputs, codes, coded);
      kernels_byte_product(codes, coded, rows, inputs, packed, scales, outputs, output);
      const double rate = 2.0 * (double)(rows * inputs * outputs) / (now() - start) * 1e-9;
      if (rate > best) best = rate;
    }
  }
  void *all[] = {weights, packed, codes, input, scales, output, coded};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
  return best;
}

int main(void) {
  if (kernels_best() != kernels_bfloat16) {
    puts("products: this processor has no AVX-512 BF16");
    return 1;
  }
  const bool by_unit = kernels_has_matrix_unit();
  const double most = by_unit ? unit_ceiling() : ceiling();
  printf("in registers%s: %.0f GFLOP/s\n", by_unit ? ", by the matrix unit" : "", most);
  if (kernels_has_fast_bytes()) printf("bytes in registers: %.0f GFLOP/s\n", byte_ceiling());
  static const struct {
    const char *name;
    size_t rows, inputs, outputs;
  } shapes[] = {
    {"speech encoder: first convolution", 400, 240, 512},
    {"second convolution", 200, 1536, 512},
    {"attention: queries, keys, values, output", 200, 512, 512},
    {"feed forward, up", 200, 512, 2048},
    {"feed forward, down", 200, 2048, 512},
    {"first stage: dense", 250, 640, 160},
    {"GRU, inputs", 250, 160, 384},
  };
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    const size_t rows = shapes[i].rows, inputs = shapes[i].inputs, outputs = shapes[i].outputs;
    float *weights = malloc(inputs * outputs * sizeof *weights), *output = aligned_alloc(64, rows * outputs * sizeof *output);
    uint16_t *packed = aligned_alloc(64, kernels_product_packed_count(inputs, outputs) * sizeof *packed),
             *input = aligned_alloc(64, rows * inputs * sizeof *input);
    if (!weights || !output || !packed || !input) return 1;
    for (size_t k = 0; k < inputs * outputs; k++) weights[k] = (float)(k % 7) - 3;
    for (size_t k = 0; k < rows * inputs; k++) input[k] = 0x3f80;
    kernels_product_pack(weights, inputs, outputs, packed);
    double best = 0;
    for (int try = 0; try < tries; try++) {
      const double start = now();
      kernels_product(input, rows, inputs, packed, outputs, output);
      const double rate = 2.0 * (double)(rows * inputs * outputs) / (now() - start) * 1e-9;
      if (rate > best) best = rate;
    }
    printf(
      "%s (%zu × %zu × %zu): %.0f GFLOP/s, %.0f %%; bytes %.0f\n", shapes[i].name, rows, inputs, outputs, best, 100 * best / most,
      rate_of_bytes(rows, inputs, outputs));
    free(weights);
    free(output);
    free(packed);
    free(input);
  }
  return 0;
}
