import Tensors

/// Memory of the host's that the driver has made, which is page-locked where the driver knows such memory.
final class OpenCLStagingBlock: StagingBlock {
  let base: UnsafeMutableRawPointer
  let byteCount: Int
  /// The memory object, nil where the driver makes none.
  private let buffer: CLHandle?
  private let ordinary: AlignedStorage?
  private let driver: OpenCLDriver
  private let owner: any CopyQueue
  private let queue: CLHandle
  private var event: CLHandle?

  /// - Parameters:
  ///   - owner: what copies from and to it.
  ///   - queue: the owner's.
  init(
    _ driver: OpenCLDriver, _ context: CLHandle, owner: any CopyQueue, _ queue: CLHandle,
    _ byteCount: Int
  ) {
    (self.driver, self.owner, self.queue, self.byteCount) = (driver, owner, queue, byteCount)
    let library = driver.library
    var code: Int32 = 0
    // Read and written, in memory of the host's.
    let buffer = library.createBuffer(context, 1 | 16, byteCount, nil, &code)
    let mapped = buffer.flatMap {
      library.map(queue, $0, 1, 1 | 2, 0, byteCount, 0, nil, nil, &code)
    }
    if let buffer, mapped == nil { _ = library.releaseMemory(buffer) }
    self.buffer = mapped == nil ? nil : buffer
    ordinary = mapped == nil ? AlignedStorage(byteCount: byteCount) : nil
    base = mapped ?? ordinary!.base
  }

  deinit {
    let library = driver.library
    // Nothing is left to be done with it when the driver has been waited for.
    _ = library.finish(queue)
    if let event { _ = library.releaseEvent(event) }
    guard let buffer else { return }
    _ = library.unmap(queue, buffer, base, 0, nil, nil)
    _ = library.releaseMemory(buffer)
  }

  func mark() throws {
    if let event { _ = driver.library.releaseEvent(event) }
    event = nil
    try driver.library.check(driver.library.mark(queue, 0, nil, &event), "noting an event")
  }

  func wait() throws {
    guard event != nil else { return try owner.synchronize() }
    try driver.library.check(driver.library.waitForEvents(1, &event), "waiting for an event")
  }
}
