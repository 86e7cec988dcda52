extension Detector {
  /// Where verdicts of a model's parties change: by its own card, or where the second stage listens too, by that of both. A profile
  /// that the detector was adjusted to is in them.
  ///
  /// - Parameter model: of this detector.
  public func operatingPoints(of model: Model) -> ModelCard.OperatingPoints {
    second?.card.fusions[model.card.name]?.operatingPoints ?? model.card.operatingPoints
  }
}
