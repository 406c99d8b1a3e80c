import Synchronization
import Tensors

/// The streams in which kernels are started: the device's and, on a thread that records, another, so that
/// what other threads ask for in the meantime is done and not recorded.
final class CUDAStreams: @unchecked Sendable {
  let main: CUDALibrary.Handle
  /// The thread that records, 0 for none.
  private let recordingThread = Atomic<UInt>(0)
  // Used by that thread only.
  private var recording: CUDALibrary.Handle?

  init(_ main: CUDALibrary.Handle) { self.main = main }

  /// The one for kernels that this thread starts.
  var current: CUDALibrary.Handle {
    let thread = recordingThread.load(ordering: .acquiring)
    return thread != 0 && thread == threadIdentity ? recording ?? main : main
  }

  /// Has the kernels that `body` starts on this thread go to a stream; one thread at a time.
  func with(_ stream: CUDALibrary.Handle, _ body: () throws -> Void) rethrows {
    recording = stream
    recordingThread.store(threadIdentity, ordering: .releasing)
    defer { recordingThread.store(0, ordering: .releasing) }
    try body()
  }
}
