/// NVIDIA's compiler of kernels at run time.
struct NVRTC: Sendable {
  typealias Handle = UnsafeMutableRawPointer

  let path: String
  let version: String
  private let create:
    @convention(c) (
      UnsafeMutablePointer<Handle?>, UnsafePointer<CChar>, UnsafePointer<CChar>?, Int32, Handle?,
      Handle?
    ) -> Int32
  private let compile:
    @convention(c) (Handle, Int32, UnsafeMutablePointer<UnsafePointer<CChar>?>?) -> Int32
  private let destroy: @convention(c) (UnsafeMutablePointer<Handle?>) -> Int32
  private let logSize: @convention(c) (Handle, UnsafeMutablePointer<Int>) -> Int32
  private let log: @convention(c) (Handle, UnsafeMutablePointer<CChar>) -> Int32
  private let binary: Code
  private let intermediate: Code
  /// The numbers of the architectures that it knows: 90 for `sm_90`.
  private let architectures: [Int]

  /// Gives what a text was compiled to.
  private struct Code {
    let size: @convention(c) (Handle, UnsafeMutablePointer<Int>) -> Int32
    let bytes: @convention(c) (Handle, UnsafeMutablePointer<UInt8>) -> Int32

    init(_ library: DynamicSymbols, _ name: String) throws(AcceleratorError) {
      size = try library.function("nvrtcGet\(name)Size")
      bytes = try library.function("nvrtcGet\(name)")
    }
  }

  /// - Throws: `AcceleratorError` where it is nowhere that `CUDAFolders` knows.
  init() throws(AcceleratorError) {
    try self.init(
      DynamicSymbols(CUDAFolders.ofThisMachine().paths(of: "nvrtc", versions: [13, 12, 11])))
  }

  init(_ library: DynamicSymbols) throws(AcceleratorError) {
    path = library.path
    create = try library.function("nvrtcCreateProgram")
    compile = try library.function("nvrtcCompileProgram")
    destroy = try library.function("nvrtcDestroyProgram")
    logSize = try library.function("nvrtcGetProgramLogSize")
    log = try library.function("nvrtcGetProgramLog")
    binary = try Code(library, "CUBIN")
    intermediate = try Code(library, "PTX")
    let countArchitectures: @convention(c) (UnsafeMutablePointer<Int32>) -> Int32 =
      try library.function("nvrtcGetNumSupportedArchs")
    let listArchitectures: @convention(c) (UnsafeMutablePointer<Int32>) -> Int32 =
      try library.function("nvrtcGetSupportedArchs")
    var count: Int32 = 0
    _ = countArchitectures(&count)
    var numbers = [Int32](repeating: 0, count: Int(count))
    _ = listArchitectures(&numbers)
    architectures = numbers.map { Int($0) }
    let getVersion:
      @convention(c) (UnsafeMutablePointer<Int32>, UnsafeMutablePointer<Int32>) -> Int32 =
        try library.function("nvrtcVersion")
    var (major, minor): (Int32, Int32) = (0, 0)
    _ = getVersion(&major, &minor)
    version = "\(major).\(minor)"
  }

  /// Compiles a text for an architecture by its number, such as 90 for `sm_90`. For one that is newer than
  /// the compiler it gives code that the driver compiles to the end.
  ///
  /// - Throws: `AcceleratorError` with what the compiler says.
  func compile(_ text: String, architecture: Int) throws -> [UInt8] {
    let isKnown = architectures.contains(architecture)
    let target = isKnown ? architecture : architectures.filter { $0 < architecture }.max()
    guard let target else {
      throw AcceleratorError("NVRTC \(version) does not compile for sm_\(architecture)")
    }
    var program: Handle?
    guard create(&program, text, "kernels.cu", 0, nil, nil) == 0, let handle = program else {
      throw AcceleratorError("NVRTC makes no program")
    }
    defer { _ = destroy(&program) }
    let option = "--gpu-architecture=\(isKnown ? "sm" : "compute")_\(target)"
    let status = withOptions([option, "--fmad=false"]) { options in
      var options = options
      return compile(handle, Int32(options.count), &options)
    }
    guard status == 0 else {
      throw AcceleratorError("NVRTC: compiling kernels:\n\(message(handle))\n\(text)")
    }
    return try code(of: handle, isKnown ? binary : intermediate, architecture)
  }

  private func code(of program: Handle, _ code: Code, _ architecture: Int) throws -> [UInt8] {
    var size = 0
    guard code.size(program, &size) == 0, size > 0 else {
      throw AcceleratorError("NVRTC gives no code for sm_\(architecture)")
    }
    var bytes = [UInt8](repeating: 0, count: size)
    guard code.bytes(program, &bytes) == 0 else {
      throw AcceleratorError("NVRTC gives no code for sm_\(architecture)")
    }
    return bytes
  }

  private func message(_ program: Handle) -> String {
    var size = 0
    guard logSize(program, &size) == 0, size > 0 else { return "" }
    var bytes = [CChar](repeating: 0, count: size)
    guard log(program, &bytes) == 0 else { return "" }
    return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private func withOptions<R>(
    _ options: [String], _ body: ([UnsafePointer<CChar>?]) -> R
  ) -> R {
    guard let first = options.first else { return body([]) }
    return first.withCString { pointer in
      withOptions(Array(options.dropFirst())) { body([pointer] + $0) }
    }
  }
}
