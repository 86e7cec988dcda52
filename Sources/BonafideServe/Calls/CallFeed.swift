/// What a connection brings, given to its call.
package struct CallFeed {
  /// Why a connection is closed.
  package enum Failure: Error, Equatable {
    case refused(Refusal)
    case wire(WireError)
  }

  private let calls: Calls
  private var call: Call?

  package init(_ calls: Calls) {
    self.calls = calls
  }

  /// Id of the call under way.
  package var id: String? { call?.id }

  /// Takes what the wire brings.
  package mutating func take(_ event: WireEvent) throws(Failure) {
    switch event {
    case .start(let origin):
      guard call == nil else { throw .wire(WireError("a second call on one connection")) }
      do throws(Refusal) { call = try calls.open(origin) } catch { throw .refused(error) }
    case .party(let name, let sampleRate):
      do throws(WireError) { try call?.addParty(name, sampleRate: sampleRate) } catch { throw .wire(error) }
    case .audio(let party, let audio):
      call?.append(audio, party: party)
    case .unheard(let seconds):
      call?.noteUnheard(seconds)
    case .end(let end):
      self.end(end)
    }
  }

  /// Ends the call, where one is under way.
  package mutating func end(_ end: CallEnd) {
    call?.end(end)
    call = nil
  }
}
