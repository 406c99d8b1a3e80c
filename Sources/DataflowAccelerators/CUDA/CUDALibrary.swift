/// The functions of NVIDIA's driver that are used: a table, so that tests can put others in their place.
struct CUDALibrary: Sendable {
  typealias Handle = UnsafeMutableRawPointer
  typealias Address = UInt64

  var path: String
  var initialize: @Sendable (UInt32) -> Int32
  var driverVersion: @Sendable (UnsafeMutablePointer<Int32>) -> Int32
  var deviceCount: @Sendable (UnsafeMutablePointer<Int32>) -> Int32
  var device: @Sendable (UnsafeMutablePointer<Int32>, Int32) -> Int32
  var deviceName: @Sendable (UnsafeMutablePointer<CChar>, Int32, Int32) -> Int32
  var deviceMemory: @Sendable (UnsafeMutablePointer<Int>, Int32) -> Int32
  var deviceAttribute: @Sendable (UnsafeMutablePointer<Int32>, Int32, Int32) -> Int32
  var retainContext: @Sendable (UnsafeMutablePointer<Handle?>, Int32) -> Int32
  var releaseContext: @Sendable (Int32) -> Int32
  var useContext: @Sendable (Handle?) -> Int32
  var createStream: @Sendable (UnsafeMutablePointer<Handle?>, UInt32) -> Int32
  var destroyStream: @Sendable (Handle) -> Int32
  var synchronize: @Sendable (Handle) -> Int32
  var allocate: @Sendable (UnsafeMutablePointer<Address>, Int) -> Int32
  var free: @Sendable (Address) -> Int32
  var allocateHost: @Sendable (UnsafeMutablePointer<Handle?>, Int, UInt32) -> Int32
  var freeHost: @Sendable (Handle) -> Int32
  var createEvent: @Sendable (UnsafeMutablePointer<Handle?>, UInt32) -> Int32
  var destroyEvent: @Sendable (Handle) -> Int32
  var recordEvent: @Sendable (_ event: Handle, _ stream: Handle) -> Int32
  var awaitEvent: @Sendable (Handle) -> Int32
  var streamAwaitsEvent: @Sendable (_ stream: Handle, _ event: Handle) -> Int32
  var upload: @Sendable (Address, UnsafeRawPointer, Int, Handle) -> Int32
  var download: @Sendable (UnsafeMutableRawPointer, Address, Int, Handle) -> Int32
  var move: @Sendable (_ target: Address, _ source: Address, Int, Handle) -> Int32
  var fill: @Sendable (Address, UInt8, Int, Handle) -> Int32
  var loadModule: @Sendable (UnsafeMutablePointer<Handle?>, UnsafeRawPointer) -> Int32
  var unloadModule: @Sendable (Handle) -> Int32
  var function: @Sendable (UnsafeMutablePointer<Handle?>, Handle, UnsafePointer<CChar>) -> Int32
  var launch:
    @Sendable (
      _ function: Handle, _ groups: UInt32, _ threads: UInt32, _ stream: Handle,
      _ arguments: UnsafeMutablePointer<Handle?>
    ) -> Int32
  /// Nil where the driver does not have all of them.
  var graphs: Graphs?
  var errorText: @Sendable (Int32, UnsafeMutablePointer<UnsafePointer<CChar>?>) -> Int32
}

extension CUDALibrary {
  /// The functions that record what is asked for in a stream, and ask for it again.
  struct Graphs: Sendable {
    var begin: @Sendable (_ stream: Handle, _ mode: Int32) -> Int32
    var end: @Sendable (_ stream: Handle, UnsafeMutablePointer<Handle?>) -> Int32
    var instantiate: @Sendable (UnsafeMutablePointer<Handle?>, _ graph: Handle?, UInt64) -> Int32
    var launch: @Sendable (_ instance: Handle, _ stream: Handle) -> Int32
    var destroy: @Sendable (_ graph: Handle) -> Int32
    var destroyInstance: @Sendable (Handle) -> Int32
  }

  /// - Throws: `AcceleratorError` where the machine has no driver of NVIDIA's.
  init() throws(AcceleratorError) {
    try self.init(DynamicSymbols(["libcuda.so.1", "libcuda.so"]))
  }

  init(_ library: DynamicSymbols) throws(AcceleratorError) {
    typealias Out<T> = UnsafeMutablePointer<T>
    path = library.path
    let initialize: @convention(c) (UInt32) -> Int32 = try library.function("cuInit")
    self.initialize = { initialize($0) }
    let version: @convention(c) (Out<Int32>) -> Int32 = try library.function("cuDriverGetVersion")
    driverVersion = { version($0) }
    let count: @convention(c) (Out<Int32>) -> Int32 = try library.function("cuDeviceGetCount")
    deviceCount = { count($0) }
    let get: @convention(c) (Out<Int32>, Int32) -> Int32 = try library.function("cuDeviceGet")
    device = { get($0, $1) }
    let name: @convention(c) (Out<CChar>, Int32, Int32) -> Int32 =
      try library.function("cuDeviceGetName")
    deviceName = { name($0, $1, $2) }
    let memory: @convention(c) (Out<Int>, Int32) -> Int32 =
      try library.function("cuDeviceTotalMem_v2")
    deviceMemory = { memory($0, $1) }
    let attribute: @convention(c) (Out<Int32>, Int32, Int32) -> Int32 =
      try library.function("cuDeviceGetAttribute")
    deviceAttribute = { attribute($0, $1, $2) }
    let retain: @convention(c) (Out<Handle?>, Int32) -> Int32 =
      try library.function("cuDevicePrimaryCtxRetain")
    retainContext = { retain($0, $1) }
    let release: @convention(c) (Int32) -> Int32 =
      try library.function("cuDevicePrimaryCtxRelease_v2")
    releaseContext = { release($0) }
    let use: @convention(c) (Handle?) -> Int32 = try library.function("cuCtxSetCurrent")
    useContext = { use($0) }
    let stream: @convention(c) (Out<Handle?>, UInt32) -> Int32 =
      try library.function("cuStreamCreate")
    createStream = { stream($0, $1) }
    let destroy: @convention(c) (Handle) -> Int32 = try library.function("cuStreamDestroy_v2")
    destroyStream = { destroy($0) }
    let wait: @convention(c) (Handle) -> Int32 = try library.function("cuStreamSynchronize")
    synchronize = { wait($0) }
    let allocate: @convention(c) (Out<Address>, Int) -> Int32 =
      try library.function("cuMemAlloc_v2")
    self.allocate = { allocate($0, $1) }
    let free: @convention(c) (Address) -> Int32 = try library.function("cuMemFree_v2")
    self.free = { free($0) }
    let lock: @convention(c) (Out<Handle?>, Int, UInt32) -> Int32 =
      try library.function("cuMemHostAlloc")
    allocateHost = { lock($0, $1, $2) }
    let unlock: @convention(c) (Handle) -> Int32 = try library.function("cuMemFreeHost")
    freeHost = { unlock($0) }
    let event: @convention(c) (Out<Handle?>, UInt32) -> Int32 =
      try library.function("cuEventCreate")
    createEvent = { event($0, $1) }
    let end: @convention(c) (Handle) -> Int32 = try library.function("cuEventDestroy_v2")
    destroyEvent = { end($0) }
    let record: @convention(c) (Handle, Handle) -> Int32 = try library.function("cuEventRecord")
    recordEvent = { record($0, $1) }
    let waitForEvent: @convention(c) (Handle) -> Int32 = try library.function("cuEventSynchronize")
    awaitEvent = { waitForEvent($0) }
    let streamWait: @convention(c) (Handle, Handle, UInt32) -> Int32 =
      try library.function("cuStreamWaitEvent")
    streamAwaitsEvent = { streamWait($0, $1, 0) }
    let upload: @convention(c) (Address, UnsafeRawPointer, Int, Handle) -> Int32 =
      try library.function("cuMemcpyHtoDAsync_v2")
    self.upload = { upload($0, $1, $2, $3) }
    let download: @convention(c) (UnsafeMutableRawPointer, Address, Int, Handle) -> Int32 =
      try library.function("cuMemcpyDtoHAsync_v2")
    self.download = { download($0, $1, $2, $3) }
    let move: @convention(c) (Address, Address, Int, Handle) -> Int32 =
      try library.function("cuMemcpyDtoDAsync_v2")
    self.move = { move($0, $1, $2, $3) }
    let fill: @convention(c) (Address, UInt8, Int, Handle) -> Int32 =
      try library.function("cuMemsetD8Async")
    self.fill = { fill($0, $1, $2, $3) }
    let load: @convention(c) (Out<Handle?>, UnsafeRawPointer) -> Int32 =
      try library.function("cuModuleLoadData")
    loadModule = { load($0, $1) }
    let unload: @convention(c) (Handle) -> Int32 = try library.function("cuModuleUnload")
    unloadModule = { unload($0) }
    let function: @convention(c) (Out<Handle?>, Handle, UnsafePointer<CChar>) -> Int32 =
      try library.function("cuModuleGetFunction")
    self.function = { function($0, $1, $2) }
    let launch:
      @convention(c) (
        Handle, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, Handle, Out<Handle?>,
        Handle?
      ) -> Int32 = try library.function("cuLaunchKernel")
    self.launch = { launch($0, $1, 1, 1, $2, 1, 1, 0, $3, $4, nil) }
    graphs = try? Graphs(library)
    let text: @convention(c) (Int32, Out<UnsafePointer<CChar>?>) -> Int32 =
      try library.function("cuGetErrorString")
    errorText = { text($0, $1) }
  }

  /// - Throws: `AcceleratorError` for a code that is not success.
  func check(_ code: Int32, _ what: @autoclosure () -> String) throws(AcceleratorError) {
    guard code != 0 else { return }
    throw AcceleratorError("CUDA: \(what()): \(meaning(of: code))")
  }

  func meaning(of code: Int32) -> String {
    var text: UnsafePointer<CChar>?
    guard errorText(code, &text) == 0, let text else { return "error \(code)" }
    return "\(String(cString: text)) (\(code))"
  }

  /// `12.4`
  func version() throws(AcceleratorError) -> String {
    var number: Int32 = 0
    try check(driverVersion(&number), "asking for the driver's version")
    return "\(number / 1000).\(number % 1000 / 10)"
  }
}

extension CUDALibrary.Graphs {
  fileprivate init(_ library: DynamicSymbols) throws(AcceleratorError) {
    typealias Handle = CUDALibrary.Handle
    typealias Out = UnsafeMutablePointer<Handle?>
    let begin: @convention(c) (Handle, Int32) -> Int32 =
      try library.function("cuStreamBeginCapture_v2")
    let end: @convention(c) (Handle, Out) -> Int32 = try library.function("cuStreamEndCapture")
    let instantiate: @convention(c) (Out, Handle?, UInt64) -> Int32 =
      try library.function("cuGraphInstantiateWithFlags")
    let launch: @convention(c) (Handle, Handle) -> Int32 = try library.function("cuGraphLaunch")
    let destroy: @convention(c) (Handle) -> Int32 = try library.function("cuGraphDestroy")
    let destroyInstance: @convention(c) (Handle) -> Int32 =
      try library.function("cuGraphExecDestroy")
    self.init(
      begin: { begin($0, $1) }, end: { end($0, $1) }, instantiate: { instantiate($0, $1, $2) },
      launch: { launch($0, $1) }, destroy: { destroy($0) },
      destroyInstance: { destroyInstance($0) })
  }
}
