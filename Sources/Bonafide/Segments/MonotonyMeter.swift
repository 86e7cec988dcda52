import Glibc

/// Tells sounds that come again and again from speech: buzzers, gated tones, trills and ringing are alike from one time to the
/// next, and no two frames of a voice are.
///
/// Of each frame that could be speech, the distance of its spectrum to the nearest of those up to a second and a half before is
/// taken. Where the median of the last second of such frames is small, they are no speech. It takes half a second to be sure; what
/// is monotonous from the start is told by how much of it there was in the end.
struct MonotonyMeter: Sendable {
  /// Logarithms of energy in sixteen parts of the band, relative to the level, in nepers.
  typealias Shape = SIMD16<Float>

  /// Least logarithm that counts: noise under a tone does not.
  static let leastShape: Float = -6
  /// Distance of shapes, root mean square in nepers, under which they are the same. Buzzers have 0.00 to 0.15; of the frames of
  /// dev's clips, one in two hundred has less than 0.25.
  private static let sameness: Float = 0.2
  /// Frames that shapes are compared with: from the nearest that can't be the same sound going on, to the farthest.
  private static let past = 3...40
  /// Frames that the median is of, and fewest.
  private static let span = 25
  private static let leastFrames = 10
  /// Fewest frames to compare with.
  private static let leastPast = 5

  /// Distance under which frames are alike, as those of a buzzer are through a slow codec, and the share of alike frames from which
  /// on none of them is speech, once there are four seconds of them. Buzzers have 0.89 and more through GSM; of 120 speakers of dev,
  /// each with three clips or four, as they are and through GSM, none has more than 0.5.
  private static let likeness: Float = 0.4
  private static let alikeShare = 0.75
  private static let leastAlike = 100
  /// Greatest part of a shape that says something: speech far under the level, behind a knock, has no shape to be compared.
  private static let leastPeak: Float = -5

  private var comparedFrames = 0
  private var alikeFrames = 0
  private var shapes: [(frame: Int, shape: Shape)] = []
  private var distances: [Float] = []

  /// Takes the next frame that could be speech.
  ///
  /// - Returns: whether it is of a sound that comes again and again.
  mutating func isMonotonous(_ shape: Shape, frame: Int) -> Bool {
    guard shape.max() > Self.leastPeak else { return false }
    let passed = shapes.firstIndex { $0.frame >= frame - Self.past.upperBound } ?? shapes.count
    shapes.removeFirst(passed)
    var (nearest, count) = (Float.infinity, 0)
    for past in shapes where past.frame <= frame - Self.past.lowerBound {
      let difference = shape - past.shape
      nearest = min(nearest, (difference * difference).sum())
      count += 1
    }
    shapes.append((frame, shape))
    if count >= Self.leastPast {
      let distance = (nearest / Float(Shape.scalarCount)).squareRoot()
      comparedFrames += 1
      if distance < Self.likeness { alikeFrames += 1 }
      distances.append(distance)
      if distances.count > Self.span { distances.removeFirst() }
    }
    guard distances.count >= Self.leastFrames else { return false }
    return distances.sorted()[distances.count / 2] < Self.sameness
  }

  /// Whether nearly all that could be speech so far comes again and again.
  var isAllAlike: Bool {
    comparedFrames >= Self.leastAlike && Double(alikeFrames) > Self.alikeShare * Double(comparedFrames)
  }
}
