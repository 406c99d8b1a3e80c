import Foundation

/// A value that several threads change in turn.
///
/// With a lock that the thread sanitizer knows, which `Mutex` is not.
public final class Locked<Value>: @unchecked Sendable {
  private let lock = NSLock()
  private var value: Value

  public init(_ value: Value) { self.value = value }

  /// Calls `body` with the value while nobody else does.
  public func withLock<R>(_ body: (inout Value) throws -> R) rethrows -> R {
    try lock.withLock { try body(&value) }
  }
}
