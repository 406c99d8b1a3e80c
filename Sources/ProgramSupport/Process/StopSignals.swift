import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// The signal that asked the process to end, 0 before.
private let lastSignal = Atomic<Int32>(0)

/// What people and queue systems send to end a program, kept until the program has a moment for it.
///
///     let signals = StopSignals()
///     while signals.received == nil { work() }
///
/// The first of SIGTERM, SIGINT and SIGUSR1 is noted; after it SIGINT ends the program at once, as it does
/// without this. When the last of these goes, the signals mean what they meant before.
public final class StopSignals: Sendable {
  /// The structure; a function has the same name.
  private typealias Action = sigaction

  private static let names: KeyValuePairs = [
    SIGTERM: "SIGTERM", SIGINT: "SIGINT", SIGUSR1: "SIGUSR1",
  ]
  /// How many of these there are, and what the signals meant before the first.
  private static let installed = Mutex((count: 0, previous: [Action]()))

  public init() {
    Self.installed.withLock { installed in
      installed.count += 1
      guard installed.count == 1 else { return }
      // Made now, since a handler must not be the first to use it.
      lastSignal.store(0, ordering: .sequentiallyConsistent)
      installed.previous = Self.names.map { Self.catchSignal($0.key) }
      Self.unblock()
    }
  }

  deinit {
    Self.installed.withLock { installed in
      installed.count -= 1
      guard installed.count == 0 else { return }
      for ((number, _), action) in zip(Self.names, installed.previous) {
        var action = action
        sigaction(number, &action, nil)
      }
    }
  }

  /// Who started this process may have had them blocked, which is passed on.
  private static func unblock() {
    var set = sigset_t()
    sigemptyset(&set)
    for (number, _) in names { sigaddset(&set, number) }
    pthread_sigmask(SIG_UNBLOCK, &set, nil)
  }

  /// - Returns: what the signal meant before.
  private static func catchSignal(_ number: Int32) -> Action {
    var (action, old) = (Action(), Action())
    action.__sigaction_handler.sa_handler = { number in
      lastSignal.store(number, ordering: .sequentiallyConsistent)
      signal(SIGINT, SIG_DFL)
    }
    // A read or write that the signal comes into goes on.
    action.sa_flags = Int32(SA_RESTART)
    sigaction(number, &action, &old)
    return old
  }

  /// The name of the signal that came, nil before.
  public var received: String? {
    let number = lastSignal.load(ordering: .sequentiallyConsistent)
    return Self.names.first { $0.key == number }?.value
  }
}
