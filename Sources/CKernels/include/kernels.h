/// Inner loops of features and network, in C because Swift compiles for the oldest x86-64 processor.
/// Every function works on the caller's memory, allocates nothing and can run on any number of threads at once.
#ifndef BONAFIDE_KERNELS_H
#define BONAFIDE_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/// Natural logarithm of a positive, normal number, within 2e-7 of the larger of 1 and the true value.
///
/// The single-precision polynomial of Cephes (`logf.c`, S. Moshier): x = 2^e m with m in [√½, √2), ln x = e ln 2 + ln m.
/// Free of branches and calls, so that a loop over it becomes vector code. Zero, negative, subnormal and non-finite
/// numbers give meaningless but finite results.
static inline float kernels_natural_logarithm(float x) {
  const uint32_t offset = 0x3f3504f3;  // √½
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  const uint32_t shifted = bits - offset;
  const float exponent = (float)((int32_t)shifted >> 23);
  bits = (shifted & 0x007fffff) + offset;
  memcpy(&x, &bits, sizeof x);
  const float m = x - 1;
  float p = 7.0376836292e-2f;
  p = p * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  const float square = m * m;
  // ln 2 in two parts, the first exact in few bits, keeps the product with the exponent exact.
  return (p * m * square - 2.12194440e-4f * exponent) - 0.5f * square + m + 0.693359375f * exponent;
}

/// Frames that the functions of spectra work on at once, a lane of a vector each.
enum { kernels_lanes = 16 };

/// Fourier transforms of frames of one size, and the memory they work in.
struct kernels_fourier;

/// What the samples of a frame are.
enum kernels_frames {
  kernels_real,
  /// Real and imaginary parts in turn.
  kernels_complex,
};

/// For `batch` frames of `size` samples, at least one of each; NULL where there is no memory for it. Sizes of the factors 2, 3 and 5 are fast.
struct kernels_fourier *kernels_fourier_make(size_t size, size_t batch, enum kernels_frames frames);

/// Gives back what `kernels_fourier_make` made, or NULL.
void kernels_fourier_free(struct kernels_fourier *plan);

/// X[k] = Σ x[n] e^(-2πi k n / size) of all frames, for k = 0 ... size / 2 where they are real, 0 ..< size where they are complex.
///
/// - input: the frames, one after another. They stay as they are.
/// - output: real and imaginary parts in turn; `stride` complex numbers from one spectrum to the next.
void kernels_fourier_run(const struct kernels_fourier *plan, const float *input, float *output, size_t stride);

/// Two frames times a window, one as the real parts of complex numbers, the other as the imaginary ones: one transform serves both.
///
/// - second: NULL for a frame of zeros.
/// - pair: gets `count` complex numbers, real and imaginary parts in turn.
void kernels_window_pair(const float *first, const float *second, const float *window, size_t count, float *pair);

/// |X|² of `kernels_lanes` real frames that were transformed in pairs. With Z = A + iB for the transforms A and B of a pair,
/// |A[k]|² = |Z[k] + Z*[size - k]|² / 4 and |B[k]|² = |Z[k] - Z*[size - k]|² / 4.
///
/// - spectra: `kernels_lanes` / 2 transforms of `size` complex numbers; `stride` from one to the next.
/// - power: gets `size` / 2 + 1 rows of a number per frame.
void kernels_pair_powers(const float *spectra, size_t stride, size_t size, float *power);

/// The bins under a band's triangle.
struct kernels_band {
  /// The first one, and their number.
  uint32_t bin, count;
};

/// Energies of bands.
///
/// - power: of `kernels_pair_powers`.
/// - weights: those of the first band's bins, then of the second's, ...
/// - energies: gets `bands` rows of a number per frame.
void kernels_bands(const float *power, const struct kernels_band *layout, size_t bands, const float *weights, float *energies);

/// The mean over the bands, a number per frame.
void kernels_mean(const float *energies, size_t bands, float *mean);

/// Energies to features: (max(ln max(e, floor) − level, low) + shift) / scale.
struct kernels_scaling {
  float floor, low, shift, scale;
};

/// - levels: a number per frame.
/// - features: get those of the first `frames` frames; `band_stride` floats from a band to the next, `frame_stride` from a frame
///   to the next.
void kernels_scale(
  const struct kernels_scaling *scaling, const float *energies, size_t bands, const float *levels, float *features, size_t band_stride,
  size_t frame_stride, size_t frames);

/// Frequencies of `kernels_envelope`.
enum { kernels_envelope_bins = 32 };

/// Energies of short windows, one group of them.
///
/// - samples: the first window's first; `hop` samples from one window to the next, `length` in each.
/// - fourier: for samples 1 to `length` / 2 of a window, each with the one as far from the end, the cosines, then the sines of all
///   frequencies, zero in the middle, times the window, which begins with a zero and is symmetric.
/// - floor: added to each energy; positive.
/// - mean, logarithm: get `kernels_envelope_bins` means of the energies, and of their natural logarithms.
void kernels_envelope(
  const float *samples, size_t hop, size_t length, size_t windows, const float *fourier, float floor, float *mean, float *logarithm);

/// (min(ln mean − mean logarithm, most) + shift) / scale.
struct kernels_contrast {
  float most, shift, scale;
};

/// A place between two frequencies: `part` of the way from `bin` to the next.
struct kernels_place {
  uint32_t bin;
  float part;
};

/// Features of the bands from groups of windows.
///
/// - means, logarithms: of `kernels_envelope`, `groups` rows.
/// - features: get a number per band, `stride` floats apart.
void kernels_envelope_contrast(
  const struct kernels_contrast *contrast, const float *means, const float *logarithms, size_t groups, const struct kernels_place *places,
  size_t bands, float *features, size_t stride);

/// Instructions that the functions below use; they may be called only where the processor has some of these.
enum kernels_set {
  kernels_none,
  /// AVX2 and FMA.
  kernels_avx2,
  /// AVX-512 F beside them.
  kernels_avx512,
  /// AVX-512 BF16 beside them: products are of bfloat16, which has eight bits in place of twenty-four.
  kernels_bfloat16,
};

/// The widest instructions that this processor has.
enum kernels_set kernels_best(void);

/// Output channels of one panel of packed weights.
enum { kernels_panel = 16 };

/// Floats that the packed weights of a 3x3 convolution take.
size_t kernels_convolution_packed_count(size_t inputs, size_t outputs);

/// Packs weights (3, 3, inputs, outputs), the last changing fastest, to panels of 16 output channels, the last one filled with zeros.
void kernels_convolution_pack(const float *weights, size_t inputs, size_t outputs, float *packed);

/// Floats that the weights of a 3x3 convolution take, transformed for `kernels_convolve` to compute four rows at once.
size_t kernels_tiles_packed_count(size_t inputs, size_t outputs);

/// Transforms and packs weights (3, 3, inputs, outputs): G g of F(4, 3) for each three taps of a column (A. Lavin, S. Gray, "Fast
/// Algorithms for Convolutional Neural Networks", 2016).
void kernels_tiles_pack(const float *weights, size_t inputs, size_t outputs, float *packed);

/// Values of bfloat16 that the weights of a 3x3 convolution take for `kernels_bfloat16`.
size_t kernels_halves_packed_count(size_t inputs, size_t outputs);

/// Transforms and packs weights (3, 3, inputs, outputs), `inputs` even: G g of F(2, 3) for each three taps of a column.
void kernels_halves_pack(const float *weights, size_t inputs, size_t outputs, uint16_t *packed);

/// A 3x3 convolution, its bias and ReLU: (rows, columns, channels), the channel changing fastest.
struct kernels_convolution {
  /// Not `kernels_none`, and what the processor has.
  enum kernels_set set;
  size_t inputs, outputs;
  /// Cells from one window to the next.
  size_t row_step, column_step;
  /// Of `kernels_convolution_pack`.
  const float *packed;
  /// Of `kernels_tiles_pack`, or NULL: where `row_step` is 1, four rows at once take half of the multiplications.
  const float *tiles;
  /// Of `kernels_halves_pack`, where `set` is `kernels_bfloat16` and so `row_step` is 1: an even row and the next are computed
  /// at once, with two thirds of the multiplications; a row that is left over is computed in float.
  const uint16_t *halves;
  /// `outputs` values.
  const float *bias;
};

/// Floats that `kernels_convolve` needs to work in for at most `rows` output rows at once.
size_t kernels_convolve_scratch_count(const struct kernels_convolution *layer, size_t rows, size_t columns);

/// Writes output rows `first_row` to `end_row`.
///
/// - input: the first value of input row -1, column -1: the window of output (row, column) starts `row * row_step` rows and
///   `column * column_step` cells behind it. `input_stride`: floats from a row to the next.
/// - output: the first value of row 0. `output_stride`: floats from a row to the next.
/// - scratch: `kernels_convolve_scratch_count` floats.
void kernels_convolve(
  const struct kernels_convolution *layer, const float *input, size_t input_stride, float *output, size_t output_stride, size_t first_row,
  size_t end_row, size_t columns, float *scratch);

/// Columns of one panel of `kernels_multiply_transposed`.
enum { kernels_vector_panel = 32 };

/// y = Aᵀ x for A (rows, columns), in panels of some columns of all rows, so that memory is read as it lies. `columns` is a multiple of a
/// panel's.
void kernels_multiply_transposed(const float *packed, size_t rows, size_t columns, const float *x, float *y);

/// Whether products of bfloat16 are by the processor's matrix unit (AMX), several times as fast: it has one, and the system lets this process
/// use it, which is asked once.
bool kernels_has_matrix_unit(void);

/// Whether products of bfloat16 take less time than those of float: by a matrix unit, or by vectors but on Intel's processors, which take two
/// cycles for those of a vector of pairs and half of one for those of a vector of floats. Only where `kernels_best` is `kernels_bfloat16`.
bool kernels_has_fast_halves(void);

/// Whether `kernels_product` can take a matrix of so many rows (`outputs`) and columns (`inputs`).
bool kernels_product_fits(size_t inputs, size_t outputs);

/// Values of bfloat16 that so many weights are packed to.
size_t kernels_product_packed_count(size_t inputs, size_t outputs);

/// Packs weights (outputs, inputs) for `kernels_product`, in panels of 64 outputs, the last one filled with zeros.
void kernels_product_pack(const float *weights, size_t inputs, size_t outputs, uint16_t *packed);

/// As `kernels_product_pack`, of signed bytes, each row times its scale.
void kernels_product_pack_bytes(const uint8_t *bytes, const float *scales, size_t inputs, size_t outputs, uint16_t *packed);

/// Floats to bfloat16, to the nearest.
void kernels_halves(const float *values, size_t count, uint16_t *halves);

/// output (rows, outputs) = input (rows, inputs) times the transposed weights, in bfloat16 with sums of float. As `kernels_halves`, only where
/// `kernels_best` is `kernels_bfloat16`.
void kernels_product(const uint16_t *input, size_t rows, size_t inputs, const uint16_t *packed, size_t outputs, float *output);

/// As `kernels_product`, of one row of floats; `inputs` is a multiple of four. Sums are added up in another order.
void kernels_product_row(const float *input, size_t inputs, const uint16_t *packed, size_t outputs, float *output);

/// Windows of a convolution: each row is of `run` values of each of `count` lines, the next row's `step` values further on.
struct kernels_windows {
  const uint16_t *lines[3];
  size_t count, run, step;
};

/// As `kernels_product`, with rows of count · run values that overlap: `run` is even. A matrix unit, which takes more than a few rows, and
/// products of floats (`kernels_has_fast_halves`) add sums up in another order.
void kernels_product_windows(const struct kernels_windows *windows, size_t rows, const uint16_t *packed, size_t outputs, float *output);

/// Layers of the encoders, all on rows of floats that follow one another.

/// values = GELU(values + bias): x Φ(x), Φ the distribution function of the normal distribution, within 2e-7 of the larger of 1 and |x|.
void kernels_gelu(float *values, size_t rows, size_t columns, const float *bias);

/// values = x, or slope · x where x < 0, for x = values + bias.
void kernels_leaky(float *values, size_t rows, size_t columns, const float *bias, float slope);

/// sum += values + bias.
void kernels_add_rows(float *sum, const float *values, size_t rows, size_t columns, const float *bias);

/// values += bias, for each row.
void kernels_add_bias(float *values, size_t rows, size_t columns, const float *bias);

/// Mean and standard deviation of each column over the rows of `mask`; zeros where it has none.
void kernels_moments(const float *values, size_t rows, size_t columns, const bool *mask, float *mean, float *deviation);

/// Signed bytes to floats, each row times its scale.
void kernels_widen(const uint8_t *bytes, size_t rows, size_t columns, const float *scales, float *values);

/// y = A x for A (rows, columns) of signed bytes, each row times its scale.
void kernels_multiply_bytes(const uint8_t *bytes, const float *scales, size_t rows, size_t columns, const float *x, float *y);

/// Whether none is infinite or no number.
bool kernels_all_finite(const float *values, size_t count);

/// Each row to mean 0 and variance 1 (1e-5 added), times `scale`, plus `shift`. `columns` is a multiple of `kernels_lanes`.
void kernels_layer_norm(const float *values, size_t rows, size_t columns, const float *scale, const float *shift, float *normalised);

/// Values of a query, a key and a value of an attention head.
enum { kernels_head = 64 };

/// Floats that `kernels_attend` works in.
size_t kernels_attend_scratch_count(size_t rows);

/// Attention of one head: output row i = Σ_j w_ij value j, w_i the softmax over j of factor · (query i · key j). A row of queries, keys and
/// values is `stride` floats behind the one before, one of the output `output_stride`. Memory grows as `rows`, work as their square.
void kernels_attend(
  const float *queries, const float *keys, const float *values, size_t stride, size_t rows, float factor, float *scratch, float *output,
  size_t output_stride);

#endif
