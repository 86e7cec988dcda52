/// Products of bfloat16 by AMX: tiles of sixteen rows, the sums of four at once.
#include "matrix_unit.h"

#if defined(__x86_64__) && defined(__linux__)

#include <cpuid.h>
#include <immintrin.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "panels.h"

#define UNIT __attribute__((target("avx512f,amx-tile,amx-bf16")))

/// Rows of a tile, and columns of one of sums.
enum { side = unit_step };

// Tiles, of which there are eight: sums of two times `side` rows and columns, inputs, weights. Names of registers, so that they are literals.
#define SUMS_00 0
#define SUMS_01 1
#define SUMS_10 2
#define SUMS_11 3
#define INPUTS_0 4
#define INPUTS_1 5
#define WEIGHTS_0 6
#define WEIGHTS_1 7

static bool is_allowed(void) {
  enum { bfloat16 = 1 << 22, tiles = 1 << 24, request_permission = 0x1023, tile_data = 18 };
  unsigned a, b, c, d;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d & bfloat16) || !(d & tiles)) return false;
  // Linux keeps the registers of the unit for processes that have asked (arch_prctl, since 5.16).
  return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}

bool kernels_has_matrix_unit(void) {
  enum { unknown, present, absent };
  static atomic_int known = unknown;
  int state = atomic_load_explicit(&known, memory_order_relaxed);
  if (state == unknown) {
    state = is_allowed() ? present : absent;
    atomic_store_explicit(&known, state, memory_order_relaxed);
  }
  return state == present;
}

/// Sets up tiles of so many rows and bytes of a row.
UNIT static void set_up_tiles(const size_t rows[8], const size_t bytes[8]) {
  struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
  } layout = {.palette = 1};
  for (int i = 0; i < 8; i++) {
    layout.rows[i] = (uint8_t)rows[i];
    layout.row_bytes[i] = rows[i] ? (uint16_t)bytes[i] : 0;
  }
  // GCC 12 does not know that all of it is read.
  __asm__ volatile("" : : "m"(layout));
  _tile_loadconfig(&layout);
}

/// Sets up tiles for `first` rows of inputs and `second` more, which can be none.
UNIT static void set_up(size_t first, size_t second) {
  enum { row = 4 * side };
  set_up_tiles(
    (const size_t[8]){
      [SUMS_00] = first,
      [SUMS_01] = first,
      [SUMS_10] = second,
      [SUMS_11] = second,
      [INPUTS_0] = first,
      [INPUTS_1] = second,
      [WEIGHTS_0] = side,
      [WEIGHTS_1] = side},
    (const size_t[8]){row, row, row, row, row, row, row, row});
}

/// The rows that are set up by two vectors of columns of a panel of weights, of which `vectors` are stored; `two` where there are more than
/// `side` rows, which is known to the compiler. `at` is the first row's place in each line.
UNIT __attribute__((always_inline)) static inline void multiply_rows(
  const bool two, const struct kernels_windows *windows, size_t at, const uint16_t *weights, float *output, size_t outputs, int vectors) {
  const size_t stride = 2 * windows->step, weights_stride = 4 * product_panel, stored = 4 * outputs;
  _tile_zero(SUMS_00);
  _tile_zero(SUMS_01);
  if (two) {
    _tile_zero(SUMS_10);
    _tile_zero(SUMS_11);
  }
  for (size_t line = 0; line < windows->count; line++) {
    const uint16_t *input = windows->lines[line] + at;
    for (size_t k = 0; k < windows->run; k += unit_run, weights += unit_run * product_panel) {
      _tile_loadd(INPUTS_0, input + k, stride);
      _tile_loadd(WEIGHTS_0, weights, weights_stride);
      _tile_dpbf16ps(SUMS_00, INPUTS_0, WEIGHTS_0);
      _tile_loadd(WEIGHTS_1, weights + 2 * panel, weights_stride);
      _tile_dpbf16ps(SUMS_01, INPUTS_0, WEIGHTS_1);
      if (two) {
        _tile_loadd(INPUTS_1, input + side * windows->step + k, stride);
        _tile_dpbf16ps(SUMS_10, INPUTS_1, WEIGHTS_0);
        _tile_dpbf16ps(SUMS_11, INPUTS_1, WEIGHTS_1);
      }
    }
  }
  _tile_stored(SUMS_00, output, stored);
  if (vectors > 1) _tile_stored(SUMS_01, output + panel, stored);
  if (two) {
    _tile_stored(SUMS_10, output + side * outputs, stored);
    if (vectors > 1) _tile_stored(SUMS_11, output + side * outputs + panel, stored);
  }
}

UNIT void multiply_by_unit(const struct kernels_windows *windows, size_t rows, const uint16_t *packed, size_t outputs, float *output) {
  const size_t inputs = windows->count * windows->run, whole = rows / (2 * side) * (2 * side), rest = rows - whole;
  // All whole blocks of rows, then what is left of the rows.
  for (int last = 0; last < 2; last++) {
    const size_t from = last ? whole : 0, to = last ? rows : whole;
    if (from == to) continue;
    set_up(last && rest < side ? rest : side, !last ? side : rest > side ? rest - side : 0);
    for (size_t first = 0; first < outputs; first += 2 * panel) {
      const uint16_t *weights = packed + first / product_panel * product_panel * inputs + first % product_panel * 2;
      const int vectors = outputs - first < 2 * panel ? 1 : 2;
      for (size_t row = from; row < to; row += 2 * side) {
        float *product = output + row * outputs + first;
        if (!last || rest > side) multiply_rows(true, windows, row * windows->step, weights, product, outputs, vectors);
        else multiply_rows(false, windows, row * windows->step, weights, product, outputs, vectors);
      }
    }
  }
  _tile_release();
}

// For one panel: sums of four times `side` rows are the first four tiles; inputs and weights of whole runs, and of what is left of a window.
#define RUN_INPUTS 4
#define RUN_WEIGHTS 5
#define LAST_INPUTS 6
#define LAST_WEIGHTS 7

UNIT void begin_panels(size_t length) {
  enum { row = 4 * side };
  const size_t left = length % unit_run;
  set_up_tiles(
    (const size_t[8]){side, side, side, side, side, side, left ? side : 0, left / 2},
    (const size_t[8]){row, row, row, row, row, row, 2 * left, row});
}

/// `tiles` times `side` rows, known to the compiler.
UNIT __attribute__((always_inline)) static inline void multiply_panel(
  const int tiles, const uint16_t *windows, size_t step, size_t length, const uint16_t *weights, float *sums) {
  const size_t stride = 2 * step, next = side * step, row = 4 * side, left = length % unit_run;
  _tile_zero(0);
  if (tiles > 1) _tile_zero(1);
  if (tiles > 2) _tile_zero(2);
  if (tiles > 3) _tile_zero(3);
#define ADD(tile, inputs, factor)                           \
  if (tiles > tile) {                                       \
    _tile_loadd(inputs, windows + tile * next + k, stride); \
    _tile_dpbf16ps(tile, inputs, factor);                   \
  }
  size_t k = 0;
  for (; k + unit_run <= length; k += unit_run) {
    _tile_loadd(RUN_WEIGHTS, weights + k * panel, row);
    ADD(0, RUN_INPUTS, RUN_WEIGHTS) ADD(1, RUN_INPUTS, RUN_WEIGHTS) ADD(2, RUN_INPUTS, RUN_WEIGHTS) ADD(3, RUN_INPUTS, RUN_WEIGHTS)
  }
  if (left) {
    _tile_loadd(LAST_WEIGHTS, weights + k * panel, row);
    ADD(0, LAST_INPUTS, LAST_WEIGHTS) ADD(1, LAST_INPUTS, LAST_WEIGHTS) ADD(2, LAST_INPUTS, LAST_WEIGHTS) ADD(3, LAST_INPUTS, LAST_WEIGHTS)
  }
#undef ADD
  _tile_stored(0, sums, row);
  if (tiles > 1) _tile_stored(1, sums + side * panel, row);
  if (tiles > 2) _tile_stored(2, sums + 2 * side * panel, row);
  if (tiles > 3) _tile_stored(3, sums + 3 * side * panel, row);
}

UNIT void multiply_panel_by_unit(const uint16_t *windows, size_t step, size_t rows, size_t length, const uint16_t *weights, float *sums) {
  switch ((rows + side - 1) / side) {
    case 1: return multiply_panel(1, windows, step, length, weights, sums);
    case 2: return multiply_panel(2, windows, step, length, weights, sums);
    case 3: return multiply_panel(3, windows, step, length, weights, sums);
    default: return multiply_panel(4, windows, step, length, weights, sums);
  }
}

UNIT void end_panels(void) { _tile_release(); }

#else

bool kernels_has_matrix_unit(void) { return false; }

void multiply_by_unit(const struct kernels_windows *windows, size_t rows, const uint16_t *packed, size_t outputs, float *output) {
  kernels_product_windows(windows, rows, packed, outputs, output);
}

// Never called.
void begin_panels(size_t length) { (void)length; }
void multiply_panel_by_unit(const uint16_t *windows, size_t step, size_t rows, size_t length, const uint16_t *weights, float *sums) {
  (void)windows, (void)step, (void)rows, (void)length, (void)weights, (void)sums;
}
void end_panels(void) {}

#endif
