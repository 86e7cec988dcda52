import COpenBLAS

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

  /// Writes factor · self × other, or factor · self × otherᵀ, to `product`.
  ///
  /// - Parameter productStride: floats from a row of `product` to the next; `nil` where they follow one another.
  func multiply(
    _ other: Matrix, transposed: Bool = false, factor: Float = 1, into product: UnsafeMutablePointer<Float>, productStride: Int? = nil
  ) {
    _ = Self.oneThread
    let width = transposed ? other.rows : other.columns
    cblas_sgemm(
      CblasRowMajor, CblasNoTrans, transposed ? CblasTrans : CblasNoTrans, blasint(rows), blasint(width), blasint(columns),
      factor, start, blasint(stride), other.start, blasint(other.stride), 0, product, blasint(productStride ?? width))
  }

  /// Writes selfᵀ × vector to `product`.
  func multiplyTransposed(_ vector: UnsafePointer<Float>, into product: UnsafeMutablePointer<Float>) {
    _ = Self.oneThread
    cblas_sgemv(
      CblasRowMajor, CblasTrans, blasint(rows), blasint(columns), 1, start, blasint(stride), vector, 1, 0, product, 1)
  }
}
