import Tensors

/// A queue of OpenCL's for copies beside the one in which a device computes.
final class OpenCLSideQueue: SideQueue, @unchecked Sendable {
  private let driver: OpenCLDriver
  // Handles, which any thread may use.
  private let context: CLHandle
  private let queue: CLHandle

  init(_ driver: OpenCLDriver, _ context: CLHandle, _ device: CLHandle) throws {
    var code: Int32 = 0
    guard let queue = driver.library.createQueue(context, device, 0, &code) else {
      throw AcceleratorError("OpenCL: making a queue: \(OpenCLLibrary.meaning(of: code))")
    }
    (self.driver, self.context, self.queue) = (driver, context, queue)
  }

  deinit {
    _ = driver.library.finish(queue)
    _ = driver.library.releaseQueue(queue)
  }

  func upload(
    _ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, byteCount: Int
  ) throws {
    try driver.upload(source, to: target, byteCount: byteCount, in: queue)
  }

  func download(
    _ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, byteCount: Int
  ) throws {
    try driver.download(source, to: target, byteCount: byteCount, in: queue)
  }

  func synchronize() throws {
    try driver.library.check(driver.library.finish(queue), "waiting for copies")
  }

  func makeStagingBlock(byteCount: Int) -> any StagingBlock {
    OpenCLStagingBlock(driver, context, owner: self, queue, byteCount)
  }

  func mark() throws -> any QueueMark {
    let library = driver.library
    var event: CLHandle?
    try library.check(library.mark(queue, 0, nil, &event), "noting an event")
    let mark = OpenCLMark(library, event!)
    // Another queue waits for it: this one must not wait for more to do.
    try library.check(library.flush(queue), "beginning to copy")
    return mark
  }
}

/// An event that has happened when all is done that a queue was asked for before.
final class OpenCLMark: QueueMark {
  let event: CLHandle
  private let library: OpenCLLibrary

  init(_ library: OpenCLLibrary, _ event: CLHandle) {
    (self.library, self.event) = (library, event)
  }

  deinit { _ = library.releaseEvent(event) }
}
