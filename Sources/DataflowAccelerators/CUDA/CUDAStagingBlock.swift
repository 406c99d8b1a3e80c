import Tensors

/// Page-locked memory. The driver copies to and from ordinary memory too, but waits for that itself.
final class CUDAStagingBlock: StagingBlock {
  let base: UnsafeMutableRawPointer
  let byteCount: Int
  /// The memory, where there is none that is page-locked.
  private let ordinary: AlignedStorage?
  private let driver: CUDADriver
  private let queue: any CopyQueue
  private let stream: CUDALibrary.Handle
  private let event: CUDALibrary.Handle

  /// - Parameters:
  ///   - queue: what copies from and to it.
  ///   - stream: the queue's.
  init(
    _ driver: CUDADriver, queue: any CopyQueue, in stream: CUDALibrary.Handle, _ byteCount: Int
  ) throws {
    (self.driver, self.queue, self.stream, self.byteCount) = (driver, queue, stream, byteCount)
    let library = driver.library
    var event: CUDALibrary.Handle?
    // One that only tells whether it has happened.
    try driver.call("making an event") { library.createEvent(&event, 2) }
    self.event = event!
    var locked: UnsafeMutableRawPointer?
    try? driver.call("locking memory") { library.allocateHost(&locked, byteCount, 0) }
    ordinary = locked == nil ? AlignedStorage(byteCount: byteCount) : nil
    base = locked ?? ordinary!.base
  }

  deinit {
    // Nothing is left to be done with it when the driver has been waited for.
    try? queue.synchronize()
    try? driver.call("giving up an event") { driver.library.destroyEvent(event) }
    if ordinary == nil {
      try? driver.call("unlocking memory") { driver.library.freeHost(base) }
    }
  }

  func mark() throws {
    try driver.call("noting an event") { driver.library.recordEvent(event, stream) }
  }

  func wait() throws {
    try driver.call("waiting for an event") { driver.library.awaitEvent(event) }
  }
}
