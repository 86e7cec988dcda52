import ArgumentParser
import Bonafide

/// Where verdicts and probabilities change.
struct PointOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Share of parties that are synthetic, from which probabilities follow.", valueName: "share"))
  var prior = ScanOptions().prior

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Log-likelihood ratio at or below which a party is synthetic, instead of the model's.", valueName: "llr"))
  var alarmAt: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Log-likelihood ratio at or above which a party is bona fide, instead of the model's.", valueName: "llr"))
  var clearAt: Double?

  func validate() throws {
    try check(
      prior > 0 && prior < 1,
      "--prior is a share of parties, greater than 0 and less than 1, such as 0.05; not \(prior).")
    try check(alarmAt?.isFinite ?? true, "--alarm-at is a log-likelihood ratio, such as -1.5.")
    try check(clearAt?.isFinite ?? true, "--clear-at is a log-likelihood ratio, such as 1.5.")
    if let alarmAt, let clearAt {
      try check(alarmAt < clearAt, "--alarm-at (\(alarmAt)) must be less than --clear-at (\(clearAt)).")
    }
  }

  /// Options with these points.
  func applied(to options: ScanOptions) -> ScanOptions {
    var options = options
    options.prior = prior
    options.alarmAt = alarmAt
    options.clearAt = clearAt
    return options
  }

  /// Refuses points that do not fit those of a detector's models.
  func validate(for detector: Detector) throws(RunError) {
    for model in detector.models { try validate(for: model, of: detector) }
  }

  /// A point of the command line must fit the other one of the model.
  private func validate(for model: Model, of detector: Detector) throws(RunError) {
    let (card, points) = (model.card, detector.operatingPoints(of: model))
    func refuse(_ message: String) -> RunError { RunError(message: message, status: .validationFailure) }
    if let alarmAt, clearAt == nil, alarmAt >= points.clear {
      throw refuse(
        "--alarm-at (\(alarmAt)) must be less than the clear point of model \(card.name) (\(points.clear)); give --clear-at too")
    }
    if let clearAt, alarmAt == nil, clearAt <= points.alarm {
      throw refuse(
        "--clear-at (\(clearAt)) must be greater than the alarm point of model \(card.name) (\(points.alarm)); give --alarm-at too")
    }
  }
}
