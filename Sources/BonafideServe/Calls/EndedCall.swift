import Bonafide
import FoundationEssentials

/// A call that has ended, with what is said of it.
package struct EndedCall: Sendable {
  /// As events name it.
  package let id: String
  package let origin: CallOrigin
  package let began: Date
  package let ended: Date
  package let why: CallEnd
  /// Parties about which there was an alarm, from 1.
  package let alarmed: [Int]
  /// As a scan of a recording of it would give it.
  package let result: FileResult
}
