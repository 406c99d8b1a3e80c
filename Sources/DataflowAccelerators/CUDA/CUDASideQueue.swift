import Tensors

/// A stream for copies beside the one that a device computes in.
final class CUDASideQueue: SideQueue, @unchecked Sendable {
  private let driver: CUDADriver
  // A stream, which any thread may use.
  private let stream: CUDALibrary.Handle

  init(_ driver: CUDADriver) throws {
    self.driver = driver
    var stream: CUDALibrary.Handle?
    try driver.call("making a stream") { driver.library.createStream(&stream, 1) }
    self.stream = stream!
  }

  deinit {
    try? synchronize()
    try? driver.call("giving up a stream") { driver.library.destroyStream(stream) }
  }

  func upload(
    _ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, byteCount: Int
  ) throws {
    try driver.call("copying to the device") {
      driver.library.upload(CUDALibrary.Address(target), source, byteCount, stream)
    }
  }

  func download(
    _ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, byteCount: Int
  ) throws {
    try driver.call("copying from the device") {
      driver.library.download(target, CUDALibrary.Address(source), byteCount, stream)
    }
  }

  func synchronize() throws {
    try driver.call("waiting for copies") { driver.library.synchronize(stream) }
  }

  func makeStagingBlock(byteCount: Int) throws -> any StagingBlock {
    try CUDAStagingBlock(driver, queue: self, in: stream, byteCount)
  }

  func mark() throws -> any QueueMark { try CUDAMark(driver, in: stream) }
}

/// An event that has happened when all is done that was asked for in a stream before.
final class CUDAMark: QueueMark {
  let event: CUDALibrary.Handle
  private let driver: CUDADriver

  init(_ driver: CUDADriver, in stream: CUDALibrary.Handle) throws {
    self.driver = driver
    var event: CUDALibrary.Handle?
    // One that only tells whether it has happened.
    try driver.call("making an event") { driver.library.createEvent(&event, 2) }
    self.event = event!
    try driver.call("noting an event") { driver.library.recordEvent(event!, stream) }
  }

  deinit { try? driver.call("giving up an event") { driver.library.destroyEvent(event) } }
}
