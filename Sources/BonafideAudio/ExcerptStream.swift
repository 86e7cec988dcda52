import CSndfile
import Glibc

/// An excerpt of a file as a library reads it, from one place to the next.
final class ExcerptStream {
  private let excerpt: Excerpt
  /// Of the file; the input keeps it open.
  private let descriptor: CInt
  private var place: Int64 = 0

  init(_ excerpt: Excerpt, of descriptor: CInt) {
    self.excerpt = excerpt
    self.descriptor = descriptor
  }

  /// What a library is given. The stream must live as long as what the library makes of it.
  var pointer: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

  /// The stream behind a pointer that a library gives back.
  static func stream(_ pointer: UnsafeMutableRawPointer?) -> ExcerptStream? {
    pointer.map { Unmanaged<ExcerptStream>.fromOpaque($0).takeUnretainedValue() }
  }

  var count: Int64 { excerpt.count }

  /// - Returns: the place, −1 where there is none.
  func seek(_ offset: Int64, from origin: CInt) -> Int64 {
    let base = origin == SEEK_SET ? 0 : origin == SEEK_CUR ? place : excerpt.count
    let (place, overflow) = base.addingReportingOverflow(offset)
    guard !overflow, place >= 0 else { return -1 }
    self.place = place
    return place
  }

  /// - Returns: the bytes read.
  func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    let count = excerpt.read(at: place, into: buffer, of: descriptor)
    place += Int64(count)
    return count
  }

  /// As libsndfile calls it.
  static let calls = SF_VIRTUAL_IO(
    get_filelen: { data in stream(data)?.count ?? 0 },
    seek: { offset, origin, data in stream(data)?.seek(offset, from: origin) ?? -1 },
    read: { buffer, count, data in
      guard let stream = stream(data), count > 0 else { return 0 }
      return sf_count_t(stream.read(into: UnsafeMutableRawBufferPointer(start: buffer, count: Int(count))))
    },
    write: { _, _, _ in 0 },
    tell: { data in stream(data)?.seek(0, from: SEEK_CUR) ?? 0 })
}
