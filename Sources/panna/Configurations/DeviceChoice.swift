import Dataflow
import DataflowAccelerators
import ProgramSupport

/// What a program is asked to compute on: the key `device` and the option `--device`.
enum DeviceChoice: Equatable, Sendable {
  case processor
  /// One of the GPUs.
  case gpu(Int)
  /// One of OpenCL's devices, which may be processors.
  case openCL(Int)
  /// A GPU where there is one that can be used.
  case auto

  static let allowed = "cpu, gpu, gpu:N, opencl:N or auto"

  /// What is allowed instead of some text.
  static func expected(insteadOf text: String) -> String {
    text.contains(",") || text.lowercased() == "gpus"
      ? "\(allowed); several devices are for train" : allowed
  }

  init?(_ text: String) {
    let parts = text.lowercased().split(separator: ":", omittingEmptySubsequences: false)
    let index = parts.count == 2 ? Int(parts[1]) : 0
    guard let index, index >= 0, parts.count <= 2 else { return nil }
    switch (parts[0], parts.count) {
    case ("cpu", 1): self = .processor
    case ("auto", 1): self = .auto
    case ("gpu", _): self = .gpu(index)
    case ("opencl", _): self = .openCL(index)
    default: return nil
    }
  }

  /// What a configuration asks for, the processor if nothing.
  init(_ section: IniSection) throws {
    let text = try section.string("device", default: "cpu")
    guard let choice = Self(text) else {
      throw section.error("device", Self.expected(insteadOf: text))
    }
    self = choice
  }

  /// The placement that has everything computed there which can be.
  ///
  /// - Parameter report: is told which device it is, and why it is none where `auto` finds none.
  /// - Throws: `WorkError` where the device that was asked for cannot be used.
  func placement(report: (String) -> Void) throws -> Placement {
    var placement = Placement()
    guard self != .processor else { return placement }
    do {
      try placement.add(self, of: AcceleratorCatalog.ofThisMachine(), report: report)
    } catch {
      guard self == .auto else { throw error }
      report("computes on the processor: \(error)")
    }
    return placement
  }
}

extension Placement {
  /// Opens a device, which computes whatever no other is asked to if it is the first.
  ///
  /// - Parameter report: is told which device it is.
  /// - Throws: `WorkError` where it cannot be used.
  mutating func add(
    _ choice: DeviceChoice, of catalog: AcceleratorCatalog, report: (String) -> Void
  ) throws {
    let device: Accelerator
    do {
      switch choice {
      case .openCL(let index): device = try catalog.openCL(index)
      case .gpu(let index): device = try catalog.gpu(index)
      case .processor, .auto: device = try catalog.gpu()
      }
    } catch {
      throw WorkError(choice == .auto ? "\(error)" : "device \(choice): \(error)")
    }
    let properties = device.properties
    report("computes on \(properties.name) (\(properties.interface), \(properties.capability))")
    devices.append(device)
    if defaultDevice.isEmpty { defaultDevice = device.name }
  }
}

extension DeviceChoice: CustomStringConvertible {
  var description: String {
    switch self {
    case .processor: "cpu"
    case .auto: "auto"
    case .gpu(let index): "gpu:\(index)"
    case .openCL(let index): "opencl:\(index)"
    }
  }
}

extension CommandLineOptions.Option {
  static let device = Self(
    "--device", value: "DEVICE", help: "\(DeviceChoice.allowed); see panna devices (cpu)")
}

extension ParsedArguments {
  /// What `--device` asks for, nil where it is not there.
  func device() throws -> DeviceChoice? {
    try self["--device"].map { text in
      guard let choice = DeviceChoice(text) else {
        throw UsageError("--device \(text): expected \(DeviceChoice.expected(insteadOf: text))")
      }
      return choice
    }
  }
}
