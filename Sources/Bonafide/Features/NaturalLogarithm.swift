/// Natural logarithm of a positive, normal number, within 2e-7 of the larger of 1 and the true value.
///
/// The single-precision polynomial of Cephes (`logf.c`, S. Moshier): x = 2^e m with m in [√½, √2), ln x = e ln 2 + ln m.
/// Free of branches and calls, so that a loop over it becomes vector code. Zero, negative, subnormal and non-finite
/// numbers give meaningless but finite results.
@inline(__always)
func naturalLogarithm(_ x: Float) -> Float {
  let offset: UInt32 = 0x3f35_04f3  // √½
  let shifted = x.bitPattern &- offset
  let exponent = Float(Int32(bitPattern: shifted) &>> 23)
  let m = Float(bitPattern: (shifted & 0x007f_ffff) &+ offset) - 1
  var p: Float = 7.0376836292e-2
  p = p * m - 1.1514610310e-1
  p = p * m + 1.1676998740e-1
  p = p * m - 1.2420140846e-1
  p = p * m + 1.4249322787e-1
  p = p * m - 1.6668057665e-1
  p = p * m + 2.0000714765e-1
  p = p * m - 2.4999993993e-1
  p = p * m + 3.3333331174e-1
  let square = m * m
  // ln 2 in two parts, the first exact in few bits, keeps the product with the exponent exact.
  return (p * m * square - 2.12194440e-4 * exponent) - 0.5 * square + m + 0.693359375 * exponent
}
