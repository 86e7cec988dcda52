import Dispatch
import Synchronization
import Testing

@testable import Bonafide

@Suite struct DeferredTests {
  @Test func isMadeOnceAndWhenAskedFor() {
    let count = Atomic(0)
    let deferred = Deferred { count.add(1, ordering: .relaxed).newValue }
    #expect(count.load(ordering: .relaxed) == 0)
    let seen = Mutex<[Int]>([])
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      let value = deferred.value
      seen.withLock { $0.append(value) }
    }
    #expect(seen.withLock { $0 } == [Int](repeating: 1, count: 8))
  }
}
