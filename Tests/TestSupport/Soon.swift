import Foundation

/// Calls `body` on a thread of its own in two milliseconds, when the caller waits for something.
public func soon(_ body: @escaping @Sendable () -> Void) {
  Thread {
    usleep(2000)
    body()
  }.start()
}
