// swift-format-ignore-file: AlwaysUseLowerCamelCase
import Bonafide
import CBonafide

private let versionText = CText(Detector.version)

@c @implementation
public func bonafide_version() -> UnsafePointer<CChar>? {
  versionText.pointer
}

@c @implementation
public func bonafide_message() -> UnsafePointer<CChar>? {
  bonafide_kept_message()
}
