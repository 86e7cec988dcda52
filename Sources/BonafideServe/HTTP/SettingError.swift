/// A setting that cannot be taken.
package struct SettingError: Error, Equatable, CustomStringConvertible {
  /// What is wrong with it and what would be right, in one line.
  package let description: String

  package init(_ description: String) {
    self.description = description
  }
}
