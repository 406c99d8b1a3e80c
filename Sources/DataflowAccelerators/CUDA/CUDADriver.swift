import DataflowGraph
import DataflowRuntime
import Tensors

/// A device of NVIDIA's, by way of its driver.
final class CUDADriver: AcceleratorDriver, @unchecked Sendable {
  typealias Handle = CUDALibrary.Handle
  /// Compiles a text for an architecture.
  typealias Compiler = @Sendable (String, Int) throws -> [UInt8]

  /// Makes what multiplies matrices; the function makes the device's context the thread's and tells in which
  /// stream the thread starts kernels.
  typealias Products = (@escaping @Sendable () throws -> Handle) throws -> any MatrixProducts

  let properties: AcceleratorProperties
  let library: CUDALibrary
  private let compiler: Compiler
  private let architecture: Int
  private let cache: KernelCache?
  private let device: Int32
  private let context: Handle
  let streams: CUDAStreams
  /// The one that is recorded in, made when it is first wanted.
  private let recordingStream = Guarded(RecordingStream())
  private(set) var products: (any MatrixProducts)?

  /// - Parameters:
  ///   - architecture: by its number, 90 for `sm_90`.
  ///   - products: nil where there is no library for it.
  ///   - cache: where compiled kernels are kept, nil for nowhere.
  init(
    _ library: CUDALibrary, device: Int32, _ properties: AcceleratorProperties,
    architecture: Int, cache: KernelCache?, compiler: @escaping Compiler,
    products: Products? = nil
  ) throws {
    (self.library, self.device, self.properties) = (library, device, properties)
    (self.architecture, self.cache, self.compiler) = (architecture, cache, compiler)
    var context: Handle?
    try library.check(library.retainContext(&context, device), "making a context")
    guard let context else { throw AcceleratorError("CUDA: there is no context") }
    var stream: Handle?
    do {
      try library.check(library.useContext(context), "using a context")
      // Work of this stream does not wait for the default one's.
      try library.check(library.createStream(&stream, 1), "making a stream")
    } catch {
      _ = library.releaseContext(device)
      throw error
    }
    self.context = context
    let streams = CUDAStreams(stream!)
    self.streams = streams
    let known = ContextHandle(value: context)
    self.products = try products? {
      try library.check(library.useContext(known.value), "using a context")
      return streams.current
    }
  }

  deinit {
    _ = library.useContext(context)
    products = nil
    _ = library.synchronize(streams.main)
    if let stream = recordingStream.withLock({ $0.handle }) { _ = library.destroyStream(stream) }
    _ = library.destroyStream(streams.main)
    _ = library.releaseContext(device)
  }

  /// Calls the driver on whatever thread this is.
  func call(_ what: String, _ body: () -> Int32) throws {
    try library.check(library.useContext(context), "using a context")
    try library.check(body(), what)
  }

  // MARK: Memory

  func allocate(byteCount: Int) throws -> any DeviceBlock {
    var address: CUDALibrary.Address = 0
    try call("allocating \(byteCount) bytes of \(properties.memory) on \(properties.name)") {
      library.allocate(&address, byteCount)
    }
    return CUDABlock(self, address, byteCount)
  }

  fileprivate func free(_ address: CUDALibrary.Address) {
    // Freeing waits for the work that was asked for.
    try? call("freeing memory") { library.free(address) }
  }

  func upload(
    _ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, byteCount: Int
  ) throws {
    try call("copying to the device") {
      library.upload(CUDALibrary.Address(target), source, byteCount, streams.main)
    }
  }

  func download(
    _ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, byteCount: Int
  ) throws {
    try call("copying from the device") {
      library.download(target, CUDALibrary.Address(source), byteCount, streams.main)
    }
  }

  func fill(_ block: any DeviceBlock, with byte: UInt8) throws {
    try call("filling memory") {
      library.fill(CUDALibrary.Address(block.base), byte, block.byteCount, streams.main)
    }
  }

  func synchronize() throws {
    try call("waiting for the device") { library.synchronize(streams.main) }
  }

  func makeStagingBlock(byteCount: Int) throws -> any StagingBlock {
    try CUDAStagingBlock(self, queue: self, in: streams.main, byteCount)
  }

  func makeSideQueue() throws -> (any SideQueue)? { try CUDASideQueue(self) }

  func wait(for mark: any QueueMark) throws {
    guard let mark = mark as? CUDAMark else { preconditionFailure("a mark of another driver's") }
    try call("waiting for a copy") { library.streamAwaitsEvent(streams.main, mark.event) }
  }

  func move(
    _ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, byteCount: Int
  ) throws {
    try call("copying on the device") {
      library.move(
        CUDALibrary.Address(target), CUDALibrary.Address(source), byteCount, streams.main)
    }
  }

  func record(_ body: () throws -> Void) throws -> (any DeviceRecording)? {
    guard let graphs = library.graphs else { return nil }
    // Of two threads that record, one waits.
    return try recordingStream.withLock { stream in
      if stream.handle == nil {
        try call("making a stream") { library.createStream(&stream.handle, 1) }
      }
      return try CUDARecording(self, graphs, in: stream.handle!, body)
    }
  }

  private struct RecordingStream {
    var handle: Handle?
  }

  // MARK: Kernels

  func compile(_ source: String, isWide: Bool) throws -> any AcceleratorProgram {
    let text = CUDAPrelude.text(isWide: isWide) + source
    let key = KernelCache.Key(properties, options: "sm_\(architecture)", text: text)
    if let code = cache?.read(key), let program = try? load(code) { return program }
    let code = try compiler(text, architecture)
    cache?.write(code, key)
    return try load(code)
  }

  private func load(_ code: [UInt8]) throws -> CUDAProgram {
    var module: Handle?
    try call("loading kernels") {
      code.withUnsafeBytes { library.loadModule(&module, $0.baseAddress!) }
    }
    return CUDAProgram(self, module!)
  }
}

/// Any thread may use a context.
private struct ContextHandle: @unchecked Sendable {
  let value: CUDALibrary.Handle
}

extension CUDALibrary.Address {
  init(_ pointer: UnsafeRawPointer) { self = UInt64(UInt(bitPattern: pointer)) }
}

private final class CUDABlock: DeviceBlock {
  let base: UnsafeMutableRawPointer
  let byteCount: Int
  private let driver: CUDADriver

  init(_ driver: CUDADriver, _ address: CUDALibrary.Address, _ byteCount: Int) {
    self.driver = driver
    base = UnsafeMutableRawPointer(bitPattern: UInt(address))!
    self.byteCount = byteCount
  }

  deinit { driver.free(CUDALibrary.Address(base)) }
}

private final class CUDAProgram: AcceleratorProgram, @unchecked Sendable {
  let driver: CUDADriver
  private let module: CUDALibrary.Handle

  init(_ driver: CUDADriver, _ module: CUDALibrary.Handle) {
    (self.driver, self.module) = (driver, module)
  }

  deinit { try? driver.call("unloading kernels") { driver.library.unloadModule(module) } }

  func makeKernel(_ name: String) throws -> any AcceleratorKernel {
    var function: CUDALibrary.Handle?
    try driver.call("finding the kernel \(name)") {
      driver.library.function(&function, module, name)
    }
    return CUDAKernel(self, function!)
  }
}

/// A kernel with room for its arguments.
private final class CUDAKernel: AcceleratorKernel {
  private let program: CUDAProgram
  private let function: CUDALibrary.Handle
  /// The arguments, a word each, of which the driver reads as many bytes as the kernel declares.
  private var words: UnsafeMutablePointer<UInt64>?
  private var pointers: UnsafeMutablePointer<CUDALibrary.Handle?>?

  init(_ program: CUDAProgram, _ function: CUDALibrary.Handle) {
    (self.program, self.function) = (program, function)
  }

  deinit {
    words?.deallocate()
    pointers?.deallocate()
  }

  func launch(groups: Int, _ arguments: [AcceleratorArgument], isWide: Bool) throws {
    let (words, pointers) = room(for: 2 * arguments.count)
    var count = 0
    for argument in arguments {
      switch argument {
      case .address(let address):
        words[count] = CUDALibrary.Address(address)
        // Addresses are whole here; OpenCL's are a memory object and a place in it.
        words[count + 1] = 0
        count += 2
      case .index(let value):
        // The lower half comes first.
        words[count] = UInt64(bitPattern: Int64(value))
        count += 1
      }
    }
    let driver = program.driver
    try driver.call("starting a kernel") {
      driver.library.launch(
        function, UInt32(groups), UInt32(DeviceDialect.groupSize), driver.streams.current,
        pointers)
    }
  }

  private func room(
    for count: Int
  ) -> (UnsafeMutablePointer<UInt64>, UnsafeMutablePointer<CUDALibrary.Handle?>) {
    if let words, let pointers { return (words, pointers) }
    let words = UnsafeMutablePointer<UInt64>.allocate(capacity: max(1, count))
    let pointers = UnsafeMutablePointer<CUDALibrary.Handle?>.allocate(capacity: max(1, count))
    for index in 0..<count { (pointers + index).initialize(to: words + index) }
    (self.words, self.pointers) = (words, pointers)
    return (words, pointers)
  }
}
