/// A handle of OpenCL's: platform, device, context and so on.
typealias CLHandle = UnsafeMutableRawPointer

/// The functions of OpenCL that are used, of version 1.2.
struct OpenCLLibrary: Sendable {
  typealias Info =
    @convention(c) (CLHandle?, UInt32, Int, CLHandle?, UnsafeMutablePointer<Int>?) ->
    Int32
  typealias Copy =
    @convention(c) (
      CLHandle, CLHandle, UInt32, Int, Int, CLHandle?, UInt32, CLHandle?, CLHandle?
    ) -> Int32
  typealias Release = @convention(c) (CLHandle) -> Int32

  let path: String
  let getPlatforms:
    @convention(c) (UInt32, UnsafeMutablePointer<CLHandle?>?, UnsafeMutablePointer<UInt32>?) ->
      Int32
  let getPlatformInfo: Info
  let getDevices:
    @convention(c) (
      CLHandle?, UInt64, UInt32, UnsafeMutablePointer<CLHandle?>?, UnsafeMutablePointer<UInt32>?
    ) -> Int32
  let getDeviceInfo: Info
  let createContext:
    @convention(c) (
      CLHandle?, UInt32, UnsafePointer<CLHandle?>?, CLHandle?, CLHandle?,
      UnsafeMutablePointer<Int32>?
    ) -> CLHandle?
  let createQueue:
    @convention(c) (CLHandle, CLHandle, UInt64, UnsafeMutablePointer<Int32>?) -> CLHandle?
  let createBuffer:
    @convention(c) (CLHandle, UInt64, Int, CLHandle?, UnsafeMutablePointer<Int32>?) -> CLHandle?
  let map:
    @convention(c) (
      CLHandle, CLHandle, UInt32, UInt64, Int, Int, UInt32, CLHandle?, CLHandle?,
      UnsafeMutablePointer<Int32>?
    ) -> CLHandle?
  let unmap: @convention(c) (CLHandle, CLHandle, CLHandle, UInt32, CLHandle?, CLHandle?) -> Int32
  let mark: @convention(c) (CLHandle, UInt32, CLHandle?, UnsafeMutablePointer<CLHandle?>?) -> Int32
  let waitForEvents: @convention(c) (UInt32, UnsafePointer<CLHandle?>?) -> Int32
  let write: Copy
  let read: Copy
  let move:
    @convention(c) (
      CLHandle, CLHandle, CLHandle, Int, Int, Int, UInt32, CLHandle?, CLHandle?
    ) -> Int32
  let fill:
    @convention(c) (
      CLHandle, CLHandle, CLHandle?, Int, Int, Int, UInt32, CLHandle?, CLHandle?
    ) -> Int32
  let createProgram:
    @convention(c) (
      CLHandle, UInt32, UnsafeMutablePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int>?,
      UnsafeMutablePointer<Int32>?
    ) -> CLHandle?
  let createProgramWithBinary:
    @convention(c) (
      CLHandle, UInt32, UnsafePointer<CLHandle?>?, UnsafePointer<Int>?,
      UnsafeMutablePointer<UnsafePointer<UInt8>?>?, UnsafeMutablePointer<Int32>?,
      UnsafeMutablePointer<Int32>?
    ) -> CLHandle?
  let buildProgram:
    @convention(c) (
      CLHandle, UInt32, UnsafePointer<CLHandle?>?, UnsafePointer<CChar>?, CLHandle?, CLHandle?
    ) -> Int32
  let getBuildInfo:
    @convention(c) (CLHandle?, CLHandle?, UInt32, Int, CLHandle?, UnsafeMutablePointer<Int>?) ->
      Int32
  let getProgramInfo: Info
  let createKernel:
    @convention(c) (CLHandle, UnsafePointer<CChar>, UnsafeMutablePointer<Int32>?) -> CLHandle?
  let setArgument: @convention(c) (CLHandle, UInt32, Int, CLHandle?) -> Int32
  let launch:
    @convention(c) (
      CLHandle, CLHandle, UInt32, UnsafePointer<Int>?, UnsafePointer<Int>?, UnsafePointer<Int>?,
      UInt32, CLHandle?, CLHandle?
    ) -> Int32
  let flush: Release
  let finish: Release
  let releaseMemory: Release
  let releaseEvent: Release
  let releaseKernel: Release
  let releaseProgram: Release
  let releaseQueue: Release
  let releaseContext: Release

  /// - Throws: `AcceleratorError` where the machine has no OpenCL.
  init() throws(AcceleratorError) {
    try self.init(DynamicSymbols(["libOpenCL.so.1", "libOpenCL.so"]))
  }

  init(_ library: DynamicSymbols) throws(AcceleratorError) {
    path = library.path
    getPlatforms = try library.function("clGetPlatformIDs")
    getPlatformInfo = try library.function("clGetPlatformInfo")
    getDevices = try library.function("clGetDeviceIDs")
    getDeviceInfo = try library.function("clGetDeviceInfo")
    createContext = try library.function("clCreateContext")
    createQueue = try library.function("clCreateCommandQueue")
    createBuffer = try library.function("clCreateBuffer")
    map = try library.function("clEnqueueMapBuffer")
    unmap = try library.function("clEnqueueUnmapMemObject")
    mark = try library.function("clEnqueueMarkerWithWaitList")
    waitForEvents = try library.function("clWaitForEvents")
    write = try library.function("clEnqueueWriteBuffer")
    read = try library.function("clEnqueueReadBuffer")
    move = try library.function("clEnqueueCopyBuffer")
    fill = try library.function("clEnqueueFillBuffer")
    createProgram = try library.function("clCreateProgramWithSource")
    createProgramWithBinary = try library.function("clCreateProgramWithBinary")
    buildProgram = try library.function("clBuildProgram")
    getBuildInfo = try library.function("clGetProgramBuildInfo")
    getProgramInfo = try library.function("clGetProgramInfo")
    createKernel = try library.function("clCreateKernel")
    setArgument = try library.function("clSetKernelArg")
    launch = try library.function("clEnqueueNDRangeKernel")
    flush = try library.function("clFlush")
    finish = try library.function("clFinish")
    releaseMemory = try library.function("clReleaseMemObject")
    releaseEvent = try library.function("clReleaseEvent")
    releaseKernel = try library.function("clReleaseKernel")
    releaseProgram = try library.function("clReleaseProgram")
    releaseQueue = try library.function("clReleaseCommandQueue")
    releaseContext = try library.function("clReleaseContext")
  }
}

extension OpenCLLibrary {
  /// - Throws: `AcceleratorError` for a code that is not success.
  func check(_ code: Int32, _ what: @autoclosure () -> String) throws(AcceleratorError) {
    guard code != 0 else { return }
    throw AcceleratorError("OpenCL: \(what()): \(Self.meaning(of: code))")
  }

  static func meaning(of code: Int32) -> String {
    let names: [Int32: String] = [
      -1: "device not found", -2: "device not available", -3: "compiler not available",
      -4: "out of the device's memory", -5: "out of resources", -6: "out of the host's memory",
      -11: "the program does not build", -30: "invalid value", -36: "invalid command queue",
      -38: "invalid memory object", -45: "invalid program executable", -46: "invalid kernel name",
      -48: "invalid kernel", -49: "invalid argument index", -50: "invalid argument value",
      -51: "invalid argument size", -52: "invalid kernel arguments",
      -54: "invalid work-group size", -61: "invalid buffer size",
      -1001: "no platform is installed",
    ]
    return names[code].map { "\($0) (\(code))" } ?? "error \(code)"
  }

  /// The devices of all platforms with their platform's name.
  func devices() throws(AcceleratorError) -> [(device: CLHandle, platform: String)] {
    var count: UInt32 = 0
    try check(getPlatforms(0, nil, &count), "listing the platforms")
    var platforms = [CLHandle?](repeating: nil, count: Int(count))
    if count > 0 { try check(getPlatforms(count, &platforms, nil), "listing the platforms") }
    var found: [(CLHandle, String)] = []
    for platform in platforms.compactMap({ $0 }) {
      let name = text(getPlatformInfo, platform, 0x0902)
      var number: UInt32 = 0
      // A platform without devices says so by an error.
      guard getDevices(platform, 0xFFFF_FFFF, 0, nil, &number) == 0, number > 0 else { continue }
      var devices = [CLHandle?](repeating: nil, count: Int(number))
      try check(
        getDevices(platform, 0xFFFF_FFFF, number, &devices, nil), "listing \(name)'s devices")
      found += devices.compactMap { $0 }.map { ($0, name) }
    }
    return found
  }

  func text(_ info: Info, _ handle: CLHandle, _ key: UInt32) -> String {
    var size = 0
    guard info(handle, key, 0, nil, &size) == 0, size > 0 else { return "" }
    var bytes = [UInt8](repeating: 0, count: size)
    guard info(handle, key, size, &bytes, nil) == 0 else { return "" }
    return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }

  func number(_ device: CLHandle, _ key: UInt32) -> UInt64 {
    var value: UInt64 = 0
    return getDeviceInfo(device, key, 8, &value, nil) == 0 ? value : 0
  }
}
