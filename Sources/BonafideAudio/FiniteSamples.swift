/// Makes samples finite, numbers that are not becoming 0, and cuts them to ±4.
///
/// - Returns: how many were not finite, and how many were cut.
package func makeFinite(_ samples: UnsafeMutableBufferPointer<Float>) -> (nonNumbers: Int, cut: Int) {
  // Decoders overshoot full scale by a little, damaged floats by anything.
  let limit: Float = 4
  var outside = 0
  for sample in samples { outside &+= sample.magnitude <= limit ? 0 : 1 }
  if outside == 0 { return (0, 0) }
  var nonNumbers = 0
  for index in samples.indices {
    if !samples[index].isFinite {
      samples[index] = 0
      nonNumbers += 1
    } else {
      samples[index] = min(max(samples[index], -limit), limit)
    }
  }
  return (nonNumbers, outside - nonNumbers)
}
