/// The devices that NVIDIA's driver knows.
enum CUDACatalog {
  /// Every device, or why it is not usable.
  ///
  /// - Parameter missing: gets what other libraries are missing.
  static func entries(
    _ library: CUDALibrary, cache: KernelCache?, missing: inout [String]
  ) throws -> [AcceleratorCatalog.Entry] {
    try library.check(library.initialize(0), "initializing")
    var compiler: NVRTC?
    var blas: CuBLAS.Library?
    do { compiler = try NVRTC() } catch { missing.append("NVRTC: \(error)") }
    do { blas = try CuBLAS.Library() } catch { missing.append("cuBLAS: \(error)") }
    var count: Int32 = 0
    try library.check(library.deviceCount(&count), "counting devices")
    var entries: [AcceleratorCatalog.Entry] = []
    for index in 0..<count {
      entries.append(try entry(index, library, compiler, blas, cache))
    }
    return entries
  }

  private static func entry(
    _ index: Int32, _ library: CUDALibrary, _ compiler: NVRTC?, _ blas: CuBLAS.Library?,
    _ cache: KernelCache?
  ) throws -> AcceleratorCatalog.Entry {
    var device: Int32 = 0
    try library.check(library.device(&device, index), "opening device \(index)")
    let number = device
    func attribute(_ number: Int32) throws -> Int {
      var value: Int32 = 0
      try library.check(library.deviceAttribute(&value, number, device), "attribute \(number)")
      return Int(value)
    }
    let (major, minor) = (try attribute(75), try attribute(76))
    var memory = 0
    try library.check(library.deviceMemory(&memory, device), "asking for memory")
    let properties = AcceleratorProperties(
      interface: "CUDA", name: try name(of: device, library), memory: memory, largestBlock: memory,
      capability: "compute capability \(major).\(minor)", driverVersion: try library.version(),
      libraries: [
        compiler.map { "NVRTC \($0.version) (\($0.path))" }, blas.map { "cuBLAS (\($0.path))" },
      ].compactMap { $0 },
      hasDouble: true, multiprocessors: try attribute(16))
    guard let compiler else {
      let obstacle = "NVRTC, which compiles kernels, was not found"
      return AcceleratorCatalog.Entry(properties: properties, obstacle: obstacle) {
        throw AcceleratorError(obstacle)
      }
    }
    return AcceleratorCatalog.Entry(properties: properties, obstacle: nil) {
      try CUDADriver(
        library, device: number, properties, architecture: 10 * major + minor, cache: cache,
        compiler: { try compiler.compile($0, architecture: $1) },
        products: blas.map { blas in
          { useStream in try CuBLAS(blas, useStream: useStream) }
        })
    }
  }

  private static func name(
    of device: Int32, _ library: CUDALibrary
  ) throws -> String {
    var bytes = [CChar](repeating: 0, count: 256)
    try library.check(library.deviceName(&bytes, 255, device), "asking for a name")
    return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
