extension VerificationErrorRates {
  /// Reads what a speaker verification system does on the trials.
  ///
  /// Either its scores, a line a trial, with a column `target`, `nontarget` or `spoof` and the score last (ASVspoof 2019
  /// and 5); rates are taken at the threshold where misses of targets and acceptances of nontargets are closest. Or the
  /// rates themselves, a line each: `Pmiss_asv 0.01`, `Pfa_asv 0.02`, `Pfa_spoof_asv 0.3` (or `Pmiss_spoof_asv`).
  ///
  /// - Parameters:
  ///   - path: of the file, for errors.
  ///   - keys: content of ASVspoof 2021's ASV trial metadata, where the score file (speaker, file, score) has no keys.
  public init(parsing text: String, path: String, keys: String? = nil) throws(EvaluationError) {
    let lines = lines(of: text)
    if let first = lines.first, first.words.count == 2, first.words[0].hasPrefix("P") {
      self = try Self.rates(lines, path: path)
      return
    }
    var keyOfTrial: [String: Substring] = [:]
    if let keys {
      for line in BonafideEvaluation.lines(of: keys) where line.words.count > 2 {
        keyOfTrial["\(line.words[0]) \(line.words[1])"] = line.words.last(where: Self.isKey)
      }
    }
    var scores: [Substring: [Double]] = [:]
    for line in lines {
      let words = line.words
      guard words.count >= 3, let score = words.last.flatMap({ Double($0) }), score.isFinite else {
        throw EvaluationError(path: path, line: line.number, message: "is no line of verification scores: … key score")
      }
      guard let key = keys == nil ? words.dropLast().last(where: Self.isKey) : keyOfTrial["\(words[0]) \(words[1])"] else {
        throw EvaluationError(
          path: path, line: line.number,
          message: "has no key target, nontarget or spoof; give 2021's trial metadata with --asv-keys")
      }
      scores[key, default: []].append(score)
    }
    guard let target = scores["target"], let nontarget = scores["nontarget"], let spoof = scores["spoof"] else {
      throw EvaluationError(path: path, message: "needs trials of target, nontarget and spoof")
    }
    let counts = ScoreCounts(bonafide: target, spoof: nontarget)
    let curve = counts.errorCurve
    // At point i, scores below the i-th are rejected.
    func difference(_ index: Int) -> Double { abs(curve[index].falseAlarm - curve[index].miss) }
    let index = curve.indices.min { difference($0) < difference($1) }
    let threshold = index.flatMap { $0 < counts.scores.count ? counts.scores[$0] : nil } ?? .infinity
    func share(_ scores: [Double], _ holds: (Double) -> Bool) -> Double {
      Double(scores.count(where: holds)) / Double(scores.count)
    }
    self.init(
      miss: share(target) { $0 < threshold }, falseAlarm: share(nontarget) { $0 >= threshold },
      spoofFalseAlarm: share(spoof) { $0 >= threshold })
  }

  private static func isKey(_ word: Substring) -> Bool { word == "target" || word == "nontarget" || word == "spoof" }

  private static func rates(_ lines: [Line], path: String) throws(EvaluationError) -> VerificationErrorRates {
    var rates: [Substring: Double] = [:]
    for line in lines {
      let words = line.words
      guard words.count == 2, let rate = Double(words[1]), (0...1).contains(rate) else {
        throw EvaluationError(path: path, line: line.number, message: "is no rate from 0 to 1, such as Pmiss_asv 0.02")
      }
      rates[words[0]] = rate
    }
    guard let miss = rates["Pmiss_asv"], let falseAlarm = rates["Pfa_asv"],
      let spoofFalseAlarm = rates["Pfa_spoof_asv"] ?? rates["Pmiss_spoof_asv"].map({ 1 - $0 })
    else {
      throw EvaluationError(path: path, message: "needs Pmiss_asv, Pfa_asv and Pfa_spoof_asv (or Pmiss_spoof_asv)")
    }
    return VerificationErrorRates(miss: miss, falseAlarm: falseAlarm, spoofFalseAlarm: spoofFalseAlarm)
  }
}
