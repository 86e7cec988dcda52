import CBonafide
import Synchronization

/// Objects that a host holds, under handles that are never used twice.
///
/// A handle is a number in the place of an address: which table it is of, how often its slot was used before, and the slot.
/// So what was destroyed is told from what is there, which no address can do. The number is no address that a process can
/// have (on 64-bit systems those leave the highest bits alone), lest a host that collects garbage take it for one.
final class Handles<Object: AnyObject & Sendable>: Sendable {
  private struct Slot {
    var object: Object?
    var uses: UInt
  }

  private struct Table {
    var slots: [Slot] = []
    var free: [Int] = []
  }

  private static var slotBits: UInt { 32 }
  private static var usesBits: UInt { 24 }

  private let table = Mutex(Table())
  private let tag: UInt
  /// What the header calls such an object.
  private let name: String

  /// - Parameter tag: of this table alone, 1...255.
  init(tag: UInt, name: String) {
    self.tag = tag
    self.name = name
  }

  /// - Returns: the handle; `nil` where there are more objects than numbers.
  func insert(_ object: Object) -> OpaquePointer? {
    table.withLock { table in
      let index: Int
      if let free = table.free.popLast() {
        index = free
        table.slots[index].object = object
      } else {
        index = table.slots.count
        guard index < 1 << Self.slotBits else { return nil }
        table.slots.append(Slot(object: object, uses: 0))
      }
      let bits = tag << (Self.slotBits + Self.usesBits) | table.slots[index].uses << Self.slotBits | UInt(index)
      return OpaquePointer(bitPattern: bits)
    }
  }

  func object(_ handle: OpaquePointer?) throws(CallError) -> Object {
    guard let handle else { throw .nullPointer(name) }
    let found = table.withLock { table in
      index(of: handle, in: table).flatMap { table.slots[$0].object }
    }
    guard let found else { throw badHandle }
    return found
  }

  /// Forgets an object, which goes when nobody works with it any more. `nil` is nothing.
  func remove(_ handle: OpaquePointer?) throws(CallError) {
    guard let handle else { return }
    // Taken out of the table, so that the object does not go while it is locked.
    let removed: Object? = table.withLock { table in
      guard let index = index(of: handle, in: table), let object = table.slots[index].object else { return nil }
      table.slots[index].object = nil
      table.slots[index].uses += 1
      // A slot whose uses are at an end is left: its handles would come again.
      if table.slots[index].uses < 1 << Self.usesBits { table.free.append(index) }
      return object
    }
    guard removed != nil else { throw badHandle }
  }

  private func index(of handle: OpaquePointer, in table: Table) -> Int? {
    let bits = UInt(bitPattern: handle)
    let index = Int(bits & (1 << Self.slotBits - 1))
    let uses = bits >> Self.slotBits & (1 << Self.usesBits - 1)
    guard bits >> (Self.slotBits + Self.usesBits) == tag, index < table.slots.count, table.slots[index].uses == uses else {
      return nil
    }
    return index
  }

  private var badHandle: CallError {
    CallError(
      status: BONAFIDE_BAD_HANDLE, message: "\(name) was destroyed, or is not the handle of one: use what its create call gave")
  }
}

let detectors = Handles<HeldDetector>(tag: 0xD1, name: "detector")
let streams = Handles<HeldStream>(tag: 0xD2, name: "stream")
let results = Handles<HeldResult>(tag: 0xD3, name: "result")

extension Handles {
  /// Writes the handle of a new object to where the host wants it.
  func give(_ object: Object, to place: UnsafeMutablePointer<OpaquePointer?>) throws(CallError) {
    guard let handle = insert(object) else {
      throw CallError(status: BONAFIDE_FAILED, message: "there are too many of \(name): destroy some")
    }
    place.pointee = handle
  }
}
