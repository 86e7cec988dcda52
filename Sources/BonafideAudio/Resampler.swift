import CSoxr

/// Changes the sample rate of one channel, in blocks, by soxr at its high quality.
///
/// The result does not depend on how the samples are divided into blocks. Samples pass unchanged where the rates are
/// equal.
public struct Resampler: ~Copyable, @unchecked Sendable {
  // Sendable: the soxr state belongs to this value alone, and is not bound to a thread.

  /// `nil` where the rates are equal.
  private let state: soxr_t?
  /// Output samples per input sample.
  private let ratio: Double

  /// Prepares to resample.
  ///
  /// - Parameters:
  ///   - source: the rate of the samples to come, in Hz, within `AudioFormat.sampleRates`.
  ///   - target: the rate wanted, in Hz, in the same range.
  ///   - isPrompt: whether samples are to come out soon rather than cheaply: within 75 ms instead of 160. They differ in
  ///     the last digits.
  /// - Throws: `unsupportedRate` where a rate is out of range, or soxr refuses the pair.
  public init(from source: Int, to target: Int, isPrompt: Bool = false) throws(AudioError) {
    state = source == target ? nil : try Self.makeState(from: source, to: target, isPrompt: isPrompt)
    ratio = Double(target) / Double(source)
  }

  private static func makeState(from source: Int, to target: Int, isPrompt: Bool) throws(AudioError) -> soxr_t {
    for rate in [source, target] where !AudioFormat.sampleRates.contains(rate) {
      throw AudioError(
        code: .unsupportedRate, path: "",
        message: "cannot resample \(source) Hz to \(target) Hz: rates from "
          + "\(AudioFormat.sampleRates.lowerBound) to \(AudioFormat.sampleRates.upperBound) Hz are supported")
    }
    var failure: soxr_error_t?
    var quality = soxr_quality_spec(UInt(SOXR_HQ), 0)
    var runtime = soxr_runtime_spec(1)
    if isPrompt {
      // soxr waits for as many samples as its Fourier transforms take; these are the shortest.
      runtime.log2_min_dft_size = 8
      runtime.log2_large_dft_size = 8
    }
    let state = soxr_create(Double(source), Double(target), 1, &failure, nil, &quality, &runtime)
    guard let state, failure == nil else {
      let reason = failure.map { String(cString: $0) } ?? "no reason given"
      soxr_delete(state)
      throw AudioError(
        code: .unsupportedRate, path: "", message: "cannot resample \(source) Hz to \(target) Hz: \(reason)")
    }
    return state
  }

  deinit {
    soxr_delete(state)
  }

  /// Resamples a block. What the filter still holds back comes with later blocks.
  ///
  /// - Parameters:
  ///   - input: the next samples.
  ///   - output: gets the samples that are ready, at its end.
  public mutating func process(_ input: UnsafeBufferPointer<Float>, appendingTo output: inout [Float]) {
    guard let state else {
      output.append(contentsOf: input)
      return
    }
    var rest = input[...]
    while !rest.isEmpty {
      var taken = 0
      append(room: Int(Double(rest.count) * ratio) + 64, to: &output) { room in
        var given = 0
        let base = UnsafeBufferPointer(rebasing: rest).baseAddress
        soxr_process(state, base, rest.count, &taken, room.baseAddress, room.count, &given)
        return given
      }
      // soxr takes nothing only once it has failed.
      if taken == 0 { return }
      rest = rest.dropFirst(taken)
    }
  }

  /// Resamples a block, as the other `process` does.
  public mutating func process(_ input: Span<Float>, appendingTo output: inout [Float]) {
    input.withUnsafeBufferPointer { process($0, appendingTo: &output) }
  }

  /// Appends what the filter holds back. Nothing may be processed afterwards.
  ///
  /// All in all, as many samples come out as went in, times the ratio of the rates, to within one.
  public mutating func finish(appendingTo output: inout [Float]) {
    guard let state else { return }
    var given = 0
    repeat {
      append(room: 4_096, to: &output) { room in
        soxr_process(state, nil, 0, nil, room.baseAddress, room.count, &given)
        return given
      }
    } while given > 0
  }

  /// Appends up to `room` samples, as many as `fill` says it wrote.
  private func append(room: Int, to output: inout [Float], fill: (UnsafeMutableBufferPointer<Float>) -> Int) {
    let start = output.count
    output.append(contentsOf: repeatElement(0, count: room))
    let given = output.withUnsafeMutableBufferPointer { fill(UnsafeMutableBufferPointer(rebasing: $0[start...])) }
    output.removeLast(room - min(max(given, 0), room))
  }
}
