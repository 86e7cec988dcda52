import COpenBLAS
import Synchronization

/// A matrix in memory, rows one after the other.
struct Matrix {
  let start: UnsafePointer<Float>
  let rows, columns: Int
  /// Floats from a row to the next, at least `columns`.
  let stride: Int

  init(_ start: UnsafePointer<Float>, rows: Int, columns: Int, stride: Int? = nil) {
    self.start = start
    self.rows = rows
    self.columns = columns
    self.stride = stride ?? columns
  }

  // parties and files run in parallel, so OpenBLAS must not start threads of its own; its setter is not
  // thread-safe, hence once
  private static let oneThread: Void = openblas_set_num_threads(1)

  /// A build without threads takes no lock around the memory that it packs into (`blas_memory_alloc` of 0.3.21, with Debian's flags): there, calls
  /// take turns.
  private static let takesTurns = openblas_get_parallel() == OPENBLAS_SEQUENTIAL
  private static let turn = Mutex(())

  /// Calls OpenBLAS.
  private static func calling(_ product: () -> Void) {
    _ = oneThread
    if takesTurns { turn.withLock { _ in product() } } else { product() }
  }

  /// Writes self × other, or self × otherᵀ, to `product`, rows one after the other.
  func multiply(_ other: Matrix, transposed: Bool = false, into product: UnsafeMutablePointer<Float>) {
    let width = transposed ? other.rows : other.columns
    Self.calling {
      cblas_sgemm(
        CblasRowMajor, CblasNoTrans, transposed ? CblasTrans : CblasNoTrans, blasint(rows), blasint(width), blasint(columns),
        1, start, blasint(stride), other.start, blasint(other.stride), 0, product, blasint(width))
    }
  }

  /// Writes selfᵀ × vector to `product`.
  func multiplyTransposed(_ vector: UnsafePointer<Float>, into product: UnsafeMutablePointer<Float>) {
    Self.calling {
      cblas_sgemv(
        CblasRowMajor, CblasTrans, blasint(rows), blasint(columns), 1, start, blasint(stride), vector, 1, 0, product, 1)
    }
  }
}
