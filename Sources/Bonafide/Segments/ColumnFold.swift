/// Values along the frames of a party, in a number of columns that has a bound: of twice as many as wanted, each two become one.
struct ColumnFold: Sendable {
  /// How values of one column are brought together.
  enum Joining: Sendable {
    case sum, least, greatest

    /// What a column holds that has got no value.
    var nothing: Float { self == .sum ? 0 : self == .least ? .infinity : -.infinity }

    func join(_ a: Float, _ b: Float) -> Float { self == .sum ? a + b : self == .least ? min(a, b) : max(a, b) }
  }

  /// Columns that are wanted: at least so many, where there are as many frames, and less than twice as many.
  let columns: Int
  /// Values per column.
  let height: Int
  private let joining: Joining
  /// Frames per column, a power of two.
  private(set) var span = 1
  /// Column after column.
  private(set) var values: [Float] = []

  /// - Parameter columns: positive.
  init(columns: Int, height: Int = 1, joining: Joining) {
    self.columns = columns
    self.height = height
    self.joining = joining
  }

  /// Takes a value of a frame.
  mutating func add(_ value: Float, at frame: Int, row: Int = 0) {
    reach(frame)
    let place = frame / span * height + row
    values[place] = joining.join(values[place], value)
  }

  /// Takes the same value of each of many frames.
  mutating func add(_ value: Float, at frames: Range<Int>, row: Int = 0) {
    guard let last = frames.last else { return }
    reach(last)
    var frame = frames.lowerBound
    while frame < frames.upperBound {
      let end = min((frame / span + 1) * span, frames.upperBound)
      let share = joining == .sum ? value * Float(end - frame) : value
      let place = frame / span * height + row
      values[place] = joining.join(values[place], share)
      frame = end
    }
  }

  /// The values of as many columns as `count` frames take.
  func padded(to count: Int) -> [Float] {
    values + [Float](repeating: joining.nothing, count: max(0, (count + span - 1) / span * height - values.count))
  }

  /// The same, where they are sums, per frame.
  func means(of count: Int) -> [Float] {
    padded(to: count).enumerated().map { place, sum in
      let frames = min(span, max(1, count - place / height * span))
      return sum / Float(frames)
    }
  }

  /// Makes room for a frame.
  mutating func reach(_ frame: Int) {
    while frame / span >= 2 * columns { halve() }
    let missing = (frame / span + 1) * height - values.count
    if missing > 0 { values.append(contentsOf: repeatElement(joining.nothing, count: missing)) }
  }

  private mutating func halve() {
    span *= 2
    let count = values.count / height
    for column in 0..<(count + 1) / 2 {
      for row in 0..<height {
        let (first, second) = (values[2 * column * height + row], (2 * column + 1) * height + row)
        values[column * height + row] = second < values.count ? joining.join(first, values[second]) : first
      }
    }
    values.removeLast(values.count - (count + 1) / 2 * height)
  }
}
