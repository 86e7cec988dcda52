import CKernels
import COpenBLAS

/// The code that the network's arithmetic runs on, which differs from processor to processor.
public enum Kernels {
  /// Instructions of our own kernels, and the processor that OpenBLAS takes this one for: `AVX-512, OpenBLAS Cooperlake`.
  public static var description: String {
    let own =
      switch kernels_best() {
      case kernels_avx512: "AVX-512"
      case kernels_avx2: "AVX2"
      default: "portable"
      }
    return own + (openblas_get_corename().map { ", OpenBLAS " + String(cString: $0) } ?? "")
  }
}
