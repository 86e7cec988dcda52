import Glibc

/// Sums of spectra, energies, and the equations of the filter.
extension EchoFinder {
  /// The sum of the powers of spectra, per frequency.
  static func power(_ spectra: [[Float]]) -> [Float] {
    (0...size / 2).map { bin in
      spectra.reduce(0) { $0 + $1[2 * bin] * $1[2 * bin] + $1[2 * bin + 1] * $1[2 * bin + 1] }
    }
  }

  /// The sum of the cross power of pairs of spectra, conjugate of the first times the second, real and imaginary parts in turn.
  static func crossPower(_ firsts: [[Float]], _ seconds: [[Float]]) -> [Float] {
    var sum = [Float](repeating: 0, count: size + 2)
    for (first, second) in zip(firsts, seconds) {
      for index in stride(from: 0, to: size + 2, by: 2) {
        sum[index] += first[index] * second[index] + first[index + 1] * second[index + 1]
        sum[index + 1] += first[index] * second[index + 1] - first[index + 1] * second[index]
      }
    }
    return sum
  }

  static func product(_ first: [Float], _ second: [Float]) -> [Float] {
    var product = first
    for index in stride(from: 0, to: size + 2, by: 2) {
      product[index] = first[index] * second[index] - first[index + 1] * second[index + 1]
      product[index + 1] = first[index] * second[index + 1] + first[index + 1] * second[index]
    }
    return product
  }

  /// Mean energies of the frames of a segment.
  static func frameEnergies(_ samples: ArraySlice<Float>) -> [Float] {
    samples.withUnsafeBufferPointer { samples in
      (0..<frames).map { frame in
        // Four sums, which can be taken at once.
        var sums = SIMD4<Float>.zero
        for index in stride(from: frame * frameSamples, to: (frame + 1) * frameSamples, by: 4) {
          let four = SIMD4(samples[index], samples[index + 1], samples[index + 2], samples[index + 3])
          sums += four * four
        }
        return sums.sum() / Float(frameSamples)
      }
    }
  }

  /// Means of three frames.
  static func smoothed(_ values: [Float]) -> [Float] {
    values.indices.map { (values[max(0, $0 - 1)] + values[$0] + values[min(values.count - 1, $0 + 1)]) / 3 }
  }

  /// Solves T x = b, T the symmetric Toeplitz matrix with this first column, by Levinson's recursion.
  static func solveToeplitz(_ column: [Double], _ right: [Double]) -> [Double] {
    var predictor = [1.0]
    var error = column[0]
    var solution: [Double] = []
    for order in right.indices {
      if order > 0 {
        let reflection = -(0..<order).reduce(0) { $0 + predictor[$1] * column[order - $1] } / error
        let padded = predictor + [0]
        predictor = padded.indices.map { padded[$0] + reflection * padded[order - $0] }
        error *= 1 - reflection * reflection
      }
      // The matrix is not positive definite to the digits that there are: what is solved so far has to do.
      guard error > 0 else { return solution + [Double](repeating: 0, count: right.count - solution.count) }
      let rest = (right[order] - (0..<order).reduce(0) { $0 + solution[$1] * column[order - $1] }) / error
      solution.append(0)
      for index in 0...order { solution[index] += rest * predictor[order - index] }
    }
    return solution
  }
}
