import CKernels
import COpenBLAS

/// What products of the network are computed in; sums are of float.
public enum Arithmetic: Sendable {
  /// Float in all layers: the same scores on all processors but for rounding.
  case float
  /// bfloat16 in all layers but the first two and the last, where the processor has it, float elsewhere: half of the time for scores that
  /// differ by hundredths. Processors that are faster with floats have weights of bfloat16, and convolutions in float. Those that are fastest
  /// with bytes have 8 bits in the two largest convolutions, the dense layer, and where weights are of 8 bits in their file.
  case fastest

  /// The kernels of `CKernels` for it.
  var kernels: kernels_set {
    switch self {
    case .float: kernels_best() == kernels_bfloat16 ? kernels_avx512 : kernels_best()
    case .fastest: kernels_best()
    }
  }

  /// Whether what takes most of the time is of 8 bits, weights and values.
  var takesBytes: Bool { self == .fastest && kernels_has_fast_bytes() }
}

/// The code that the network's arithmetic runs on, which differs from processor to processor.
public enum Kernels {
  /// Instructions of our own kernels, and the processor that OpenBLAS takes this one for: `AVX-512, OpenBLAS Cooperlake`.
  public static var description: String {
    let own =
      switch kernels_best() {
      case kernels_bfloat16:
        kernels_has_matrix_unit() ? "AMX, AVX-512 BF16" : kernels_has_fast_halves() ? "AVX-512 BF16" : "AVX-512, weights of bfloat16"
      case kernels_avx512: "AVX-512"
      case kernels_avx2: "AVX2"
      default: "portable"
      }
    return own + (kernels_has_fast_bytes() ? ", bytes by VNNI" : "") + (openblas_get_corename().map { ", OpenBLAS " + String(cString: $0) } ?? "")
  }
}
