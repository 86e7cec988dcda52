import FoundationEssentials
import NIOCore
import NIOSSL
import Synchronization

/// The certificate that a host shows and its key, from files that are read again when they change: certificates are renewed while calls
/// are under way.
package final class TLSIdentity: Sendable {
  private struct State {
    var context: NIOSSLContext
    var changed: [Date?]
    var looked = NIODeadline.now()
  }

  private let certificatePath: String
  private let keyPath: String
  private let state: Mutex<State>

  /// How often files are looked at.
  private static let interval = TimeAmount.seconds(10)

  /// - Parameters:
  ///   - certificatePath: a file in PEM: the certificate of this host, then those that lead to the one that clients know.
  ///   - keyPath: a file in PEM with its key, without a password.
  /// - Throws: which file is no such.
  package init(certificatePath: String, keyPath: String) throws(SettingError) {
    (self.certificatePath, self.keyPath) = (certificatePath, keyPath)
    let changed = [certificatePath, keyPath].map { Self.change(of: $0) }
    state = Mutex(State(context: try Self.read(certificatePath, keyPath), changed: changed))
  }

  /// What a new connection is to be secured by.
  ///
  /// - Parameter complain: told where files that changed cannot be used; those before are, then.
  func context(_ complain: (String) -> Void) -> NIOSSLContext {
    state.withLock { state in
      let now = NIODeadline.now()
      guard now - state.looked >= Self.interval else { return state.context }
      state.looked = now
      let changed = [certificatePath, keyPath].map { Self.change(of: $0) }
      guard changed != state.changed else { return state.context }
      state.changed = changed
      do throws(SettingError) { state.context = try Self.read(certificatePath, keyPath) } catch {
        complain("\(error); the certificate before is kept")
      }
      return state.context
    }
  }

  private static func read(_ certificatePath: String, _ keyPath: String) throws(SettingError) -> NIOSSLContext {
    let chain: [NIOSSLCertificate]
    do { chain = try NIOSSLCertificate.fromPEMFile(certificatePath) } catch {
      throw SettingError("\(certificatePath): no certificate in PEM that can be read")
    }
    let key: NIOSSLPrivateKey
    do { key = try NIOSSLPrivateKey(file: keyPath, format: .pem) } catch {
      throw SettingError("\(keyPath): no key in PEM, without a password, that can be read")
    }
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    configuration.minimumTLSVersion = .tlsv12
    configuration.applicationProtocols = ["http/1.1"]
    do { return try NIOSSLContext(configuration: configuration) } catch { throw SettingError("\(keyPath): not the key of \(certificatePath)") }
  }

  private static func change(of path: String) -> Date? {
    (try? FileManager.default.attributesOfItem(atPath: path))?[.modificationDate] as? Date
  }
}
