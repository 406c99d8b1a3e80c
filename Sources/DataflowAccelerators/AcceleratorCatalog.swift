import DataflowGraph
import DataflowRuntime

/// The accelerators of this machine, as far as their drivers' libraries are there.
public struct AcceleratorCatalog: Sendable {
  /// A device that a driver knows.
  public struct Entry: Sendable {
    public let properties: AcceleratorProperties
    /// Why it cannot be used, nil where it can.
    public let obstacle: String?
    let open: @Sendable () throws -> any AcceleratorDriver

    init(
      properties: AcceleratorProperties, obstacle: String?,
      open: @escaping @Sendable () throws -> any AcceleratorDriver
    ) {
      (self.properties, self.obstacle, self.open) = (properties, obstacle, open)
    }
  }

  /// Those that can be used are numbered in this order: `GPU:0`, `GPU:1`, …
  public private(set) var gpus: [Entry] = []
  /// All that OpenCL knows, processors too.
  public private(set) var openCL: [Entry] = []
  /// What is missing, by name, and why.
  public private(set) var missing: [String] = []

  init(cuda: [Entry], openCL: [Entry], missing: [String]) {
    // NVIDIA's devices are OpenCL's too.
    let others = openCL.filter { entry in
      !entry.properties.isProcessor
        && !cuda.contains { $0.obstacle == nil && $0.properties.name == entry.properties.name }
    }
    gpus = cuda + others
    self.openCL = openCL
    self.missing = missing
  }

  /// Looks at the machine.
  public static func ofThisMachine(cachesKernels: Bool = true) -> AcceleratorCatalog {
    let cache = cachesKernels ? KernelCache.ofUser : nil
    var missing: [String] = []
    var (cuda, openCL): ([Entry], [Entry]) = ([], [])
    do {
      cuda = try CUDACatalog.entries(try CUDALibrary(), cache: cache, missing: &missing)
    } catch {
      missing.append("CUDA: \(error)")
    }
    do {
      openCL = try OpenCLCatalog.entries(try OpenCLLibrary(), cache: cache)
      if openCL.isEmpty { missing.append("OpenCL has no devices") }
    } catch {
      missing.append("OpenCL: \(error)")
    }
    return AcceleratorCatalog(cuda: cuda, openCL: openCL, missing: missing)
  }

  /// Opens a GPU.
  ///
  /// - Throws: `AcceleratorError` that says what there is instead.
  public func gpu(_ index: Int = 0) throws -> Accelerator {
    let usable = gpus.filter { $0.obstacle == nil }
    guard usable.indices.contains(index) else {
      throw AcceleratorError(
        usable.isEmpty ? noGPU : "there is no GPU \(index), only \(usable.count)")
    }
    return try Accelerator(usable[index].open(), name: .local("GPU", index))
  }

  /// Opens a device by its number among OpenCL's.
  ///
  /// - Throws: `AcceleratorError` that says what there is instead.
  public func openCL(_ index: Int = 0) throws -> Accelerator {
    guard openCL.indices.contains(index) else {
      let reason = missing.first { $0.hasPrefix("OpenCL") }
      throw AcceleratorError(
        reason ?? "there is no OpenCL device \(index), only \(openCL.count)")
    }
    let entry = openCL[index]
    if let obstacle = entry.obstacle {
      throw AcceleratorError("\(entry.properties.name) cannot be used: \(obstacle)")
    }
    return try Accelerator(entry.open(), name: .local("OPENCL", index))
  }

  /// Opens a device by the name that `panna devices` gives it: `gpu`, `gpu:1`, `opencl:0`.
  ///
  /// - Throws: `AcceleratorError` for other names, and where there is no such device.
  public func device(named name: String) throws -> Accelerator {
    let parts = name.lowercased().split(separator: ":", omittingEmptySubsequences: false)
    let index = parts.count == 1 ? 0 : Int(parts[1])
    switch (parts[0], index, parts.count) {
    case ("gpu", let index?, 1...2): return try gpu(index)
    case ("opencl", let index?, 1...2): return try openCL(index)
    default: throw AcceleratorError("there is no device \(name); allowed: gpu, gpu:N, opencl:N")
    }
  }

  private var noGPU: String {
    let unusable = gpus.compactMap { entry in
      entry.obstacle.map { "\(entry.properties.name): \($0)" }
    }
    let reasons = (unusable + missing).joined(separator: "; ")
    return reasons.isEmpty ? "there is no GPU" : "there is no GPU that can be used: \(reasons)"
  }
}
