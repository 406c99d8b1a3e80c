import DataflowGraph
import DataflowRuntime
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A device of OpenCL's.
///
/// OpenCL's memory has no addresses, so each block reserves as many of the process's as it has bytes, which
/// nobody may follow: a place in a block is an address as on any device, and a mistake ends the
/// process instead of giving wrong numbers.
final class OpenCLDriver: AcceleratorDriver, @unchecked Sendable {
  let properties: AcceleratorProperties
  let library: OpenCLLibrary
  private let device: CLHandle
  private let context: CLHandle
  private let queue: CLHandle
  private let cache: KernelCache?
  private let blocks = Guarded([OpenCLBlock.Range]())

  /// - Parameter cache: where compiled kernels are kept, nil for nowhere.
  init(
    _ library: OpenCLLibrary, _ device: CLHandle, _ properties: AcceleratorProperties,
    cache: KernelCache?
  ) throws(AcceleratorError) {
    (self.library, self.device, self.properties, self.cache) = (library, device, properties, cache)
    var code: Int32 = 0
    var devices: CLHandle? = device
    guard let context = library.createContext(nil, 1, &devices, nil, nil, &code) else {
      throw AcceleratorError(
        "OpenCL: making a context for \(properties.name): \(OpenCLLibrary.meaning(of: code))")
    }
    guard let queue = library.createQueue(context, device, 0, &code) else {
      _ = library.releaseContext(context)
      throw AcceleratorError(
        "OpenCL: making a queue for \(properties.name): \(OpenCLLibrary.meaning(of: code))")
    }
    (self.context, self.queue) = (context, queue)
  }

  deinit {
    _ = library.finish(queue)
    _ = library.releaseQueue(queue)
    _ = library.releaseContext(context)
  }

  // MARK: Memory

  func allocate(byteCount: Int) throws -> any DeviceBlock {
    guard byteCount <= properties.largestBlock else {
      throw AcceleratorError(
        "\(properties.name) gives at most \(properties.largestBlock) bytes at a time, not \(byteCount)"
      )
    }
    var code: Int32 = 0
    guard let buffer = library.createBuffer(context, 1, byteCount, nil, &code) else {
      throw AcceleratorError(
        "OpenCL: allocating \(byteCount) bytes of \(properties.memory) on \(properties.name): "
          + OpenCLLibrary.meaning(of: code))
    }
    let protection = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
    let length = byteCount.roundedUp(toMultipleOf: 4096)
    guard let base = mmap(nil, length, PROT_NONE, protection, -1, 0), base != MAP_FAILED else {
      _ = library.releaseMemory(buffer)
      throw AcceleratorError("there are no addresses for \(byteCount) bytes")
    }
    let block = OpenCLBlock(self, buffer, base, byteCount)
    blocks.withLock { ranges in
      let position = ranges.firstIndex { $0.base > base } ?? ranges.count
      ranges.insert(block.range, at: position)
    }
    return block
  }

  fileprivate func free(_ range: OpenCLBlock.Range) {
    blocks.withLock { ranges in ranges.removeAll { $0.base == range.base } }
    munmap(range.base, range.byteCount.roundedUp(toMultipleOf: 4096))
    // Work that was asked for keeps the memory object until it is done.
    _ = library.releaseMemory(range.buffer)
  }

  /// The memory object that a place is in, and where in it.
  func find(_ address: UnsafeRawPointer) -> (buffer: CLHandle, offset: Int) {
    blocks.withLock { ranges in
      var (low, high) = (0, ranges.count)
      while low < high {
        let middle = (low + high) / 2
        if UnsafeRawPointer(ranges[middle].base) <= address {
          low = middle + 1
        } else {
          high = middle
        }
      }
      precondition(low > 0, "no block of \(properties.name) has this address")
      let range = ranges[low - 1]
      let offset = address - UnsafeRawPointer(range.base)
      precondition(offset <= range.byteCount, "no block of \(properties.name) has this address")
      return (range.buffer, offset)
    }
  }

  func upload(
    _ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, byteCount: Int
  ) throws {
    try upload(source, to: target, byteCount: byteCount, in: queue)
  }

  func download(
    _ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, byteCount: Int
  ) throws {
    try download(source, to: target, byteCount: byteCount, in: queue)
  }

  func upload(
    _ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, byteCount: Int,
    in queue: CLHandle
  ) throws {
    let (buffer, offset) = find(target)
    try library.check(
      library.write(
        queue, buffer, 0, offset, byteCount, UnsafeMutableRawPointer(mutating: source), 0, nil,
        nil), "copying to the device")
  }

  func download(
    _ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, byteCount: Int,
    in queue: CLHandle
  ) throws {
    let (buffer, offset) = find(source)
    try library.check(
      library.read(queue, buffer, 0, offset, byteCount, target, 0, nil, nil),
      "copying from the device")
  }

  func fill(_ block: any DeviceBlock, with byte: UInt8) throws {
    var pattern = byte
    let (buffer, _) = find(block.base)
    try library.check(
      library.fill(queue, buffer, &pattern, 1, 0, block.byteCount, 0, nil, nil), "filling memory")
  }

  func synchronize() throws { try library.check(library.finish(queue), "waiting for the device") }

  func makeStagingBlock(byteCount: Int) -> any StagingBlock {
    OpenCLStagingBlock(self, context, owner: self, queue, byteCount)
  }

  func makeSideQueue() throws -> (any SideQueue)? {
    try OpenCLSideQueue(self, context, device)
  }

  func wait(for mark: any QueueMark) throws {
    guard let mark = mark as? OpenCLMark else { preconditionFailure("a mark of another driver's") }
    var (event, marker): (CLHandle?, CLHandle?) = (mark.event, nil)
    // The queue does one after the other, so that what comes behind the marker waits too.
    try library.check(library.mark(queue, 1, &event, &marker), "waiting for a copy")
    if let marker { _ = library.releaseEvent(marker) }
  }

  func move(
    _ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, byteCount: Int
  ) throws {
    let (from, to) = (find(source), find(target))
    try library.check(
      library.move(queue, from.buffer, to.buffer, from.offset, to.offset, byteCount, 0, nil, nil),
      "copying on the device")
  }

  // MARK: Kernels

  func compile(_ source: String, isWide: Bool) throws -> any AcceleratorProgram {
    let text = OpenCLPrelude.text(isWide: isWide, hasDouble: properties.hasDouble) + source
    let key = KernelCache.Key(properties, options: Self.options, text: text)
    if let binary = cache?.read(key), let program = try? build(binary: binary) { return program }
    let program = try build(text)
    if let binary = program.binary { cache?.write(binary, key) }
    return program
  }

  private static let options = "-cl-std=CL1.2 -w"

  private func build(_ text: String) throws(AcceleratorError) -> OpenCLProgram {
    var code: Int32 = 0
    let handle = text.withCString { pointer in
      var start: UnsafePointer<CChar>? = pointer
      return library.createProgram(context, 1, &start, nil, &code)
    }
    guard let handle else {
      throw AcceleratorError("OpenCL: making a program: \(OpenCLLibrary.meaning(of: code))")
    }
    return try finish(handle, text)
  }

  private func build(binary: [UInt8]) throws(AcceleratorError) -> OpenCLProgram {
    var (code, status): (Int32, Int32) = (0, 0)
    var (devices, length): (CLHandle?, Int) = (device, binary.count)
    let handle = binary.withUnsafeBufferPointer { bytes in
      var start = bytes.baseAddress
      return library.createProgramWithBinary(
        context, 1, &devices, &length, &start, &status, &code)
    }
    guard let handle, status == 0 else {
      throw AcceleratorError("OpenCL: the kept program cannot be used")
    }
    return try finish(handle, "")
  }

  private func finish(_ handle: CLHandle, _ text: String) throws(AcceleratorError) -> OpenCLProgram
  {
    let program = OpenCLProgram(self, handle)
    var devices: CLHandle? = device
    let code = library.buildProgram(handle, 1, &devices, Self.options, nil, nil)
    guard code == 0 else {
      throw AcceleratorError(
        "OpenCL: compiling kernels: \(OpenCLLibrary.meaning(of: code))\n\(log(of: handle))\n\(text)"
      )
    }
    return program
  }

  private func log(of program: CLHandle) -> String {
    var size = 0
    guard library.getBuildInfo(program, device, 0x1183, 0, nil, &size) == 0 else { return "" }
    var bytes = [UInt8](repeating: 0, count: size)
    guard library.getBuildInfo(program, device, 0x1183, size, &bytes, nil) == 0 else { return "" }
    return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }

  fileprivate func launch(_ kernel: CLHandle, groups: Int) throws(AcceleratorError) {
    var (all, group) = (groups * DeviceDialect.groupSize, DeviceDialect.groupSize)
    try library.check(
      library.launch(queue, kernel, 1, nil, &all, &group, 0, nil, nil), "starting a kernel")
  }
}

/// A memory object with addresses of its own.
private final class OpenCLBlock: DeviceBlock {
  struct Range {
    let base: UnsafeMutableRawPointer
    let byteCount: Int
    let buffer: CLHandle
  }

  let range: Range
  private let driver: OpenCLDriver

  init(
    _ driver: OpenCLDriver, _ buffer: CLHandle, _ base: UnsafeMutableRawPointer, _ byteCount: Int
  ) {
    self.driver = driver
    range = Range(base: base, byteCount: byteCount, buffer: buffer)
  }

  deinit { driver.free(range) }

  var base: UnsafeMutableRawPointer { range.base }
  var byteCount: Int { range.byteCount }
}

/// A program of OpenCL's.
private final class OpenCLProgram: AcceleratorProgram, @unchecked Sendable {
  let driver: OpenCLDriver
  let handle: CLHandle

  init(_ driver: OpenCLDriver, _ handle: CLHandle) { (self.driver, self.handle) = (driver, handle) }

  deinit { _ = driver.library.releaseProgram(handle) }

  /// What the driver has made of the text.
  var binary: [UInt8]? {
    var size = 0
    guard driver.library.getProgramInfo(handle, 0x1165, 8, &size, nil) == 0, size > 0 else {
      return nil
    }
    var bytes = [UInt8](repeating: 0, count: size)
    let code = bytes.withUnsafeMutableBufferPointer { buffer in
      var start = buffer.baseAddress
      return driver.library.getProgramInfo(handle, 0x1166, 8, &start, nil)
    }
    return code == 0 ? bytes : nil
  }

  func makeKernel(_ name: String) throws -> any AcceleratorKernel {
    var code: Int32 = 0
    guard let kernel = driver.library.createKernel(handle, name, &code) else {
      throw AcceleratorError("OpenCL: the kernel \(name): \(OpenCLLibrary.meaning(of: code))")
    }
    return OpenCLKernel(self, kernel)
  }
}

/// A kernel with its arguments.
private final class OpenCLKernel: AcceleratorKernel {
  private let program: OpenCLProgram
  private let handle: CLHandle
  /// The arguments that are set.
  private var arguments: [AcceleratorArgument] = []

  init(_ program: OpenCLProgram, _ handle: CLHandle) {
    (self.program, self.handle) = (program, handle)
  }

  deinit { _ = program.driver.library.releaseKernel(handle) }

  func launch(groups: Int, _ arguments: [AcceleratorArgument], isWide: Bool) throws {
    try set(arguments, isWide: isWide)
    try program.driver.launch(handle, groups: groups)
  }

  private func set(_ new: [AcceleratorArgument], isWide: Bool) throws {
    let library = program.driver.library
    func set(_ index: UInt32, _ size: Int, _ value: CLHandle) throws {
      try library.check(library.setArgument(handle, index, size, value), "argument \(index)")
    }
    var index: UInt32 = 0
    let old = arguments
    // Where setting ends half-way, none of them is known to be set.
    arguments = []
    for (position, argument) in new.enumerated() {
      let isSet = position < old.count && old[position] == argument
      switch argument {
      case .address(let address):
        // Another block may have come to lie at the same address.
        var (buffer, offset): (CLHandle?, Int) = program.driver.find(address)
        try set(index, 8, &buffer)
        try set(index + 1, 8, &offset)
        index += 2
      case .index(let value):
        var (wide, narrow) = (Int64(value), Int32(truncatingIfNeeded: value))
        if !isSet { try isWide ? set(index, 8, &wide) : set(index, 4, &narrow) }
        index += 1
      }
    }
    arguments = new
  }
}
