import Dataflow
import DataflowAccelerators
import Foundation
import ProgramSupport

/// What a training is asked to compute on: one device, or several that share each batch.
enum TrainingDevices: Equatable, Sendable {
  case one(DeviceChoice)
  /// GPUs and OpenCL's devices, none twice.
  case several([DeviceChoice])
  /// All GPUs that can be used.
  case gpus

  static let allowed =
    "cpu, gpu, gpu:N, opencl:N, auto, gpus or a list of gpu:N and opencl:N, none twice"

  init?(_ text: String) {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
      .map { $0.trimmingCharacters(in: .whitespaces) }
    if parts.count == 1 {
      if parts[0].lowercased() == "gpus" {
        self = .gpus
      } else if let choice = DeviceChoice(parts[0]) {
        self = .one(choice)
      } else {
        return nil
      }
      return
    }
    let choices = parts.compactMap { DeviceChoice($0) }
    let isDistinct = choices.indices.allSatisfy { !choices[..<$0].contains(choices[$0]) }
    guard choices.count == parts.count, isDistinct,
      !choices.contains(.processor), !choices.contains(.auto)
    else { return nil }
    self = .several(choices)
  }

  /// What a configuration asks for, the processor if nothing.
  init(_ section: IniSection) throws {
    guard let devices = Self(try section.string("device", default: "cpu")) else {
      throw section.error("device", Self.allowed)
    }
    self = devices
  }

  /// The placement that has everything computed there which can be, by the first of several but for slices of
  /// batches.
  ///
  /// - Parameter report: is told which devices they are, and why there is none where `auto` finds none.
  /// - Throws: `WorkError` where a device that was asked for cannot be used.
  func placement(report: (String) -> Void) throws -> Placement {
    var placement = Placement()
    let (catalog, choices): (AcceleratorCatalog, [DeviceChoice])
    switch self {
    case .one(let choice): return try choice.placement(report: report)
    case .several(let list): (catalog, choices) = (.ofThisMachine(), list)
    case .gpus:
      catalog = .ofThisMachine()
      let count = catalog.gpus.filter { $0.obstacle == nil }.count
      choices = (0..<max(1, count)).map { .gpu($0) }
    }
    for choice in choices { try placement.add(choice, of: catalog, report: report) }
    return placement
  }
}

extension TrainingDevices: CustomStringConvertible {
  var description: String {
    switch self {
    case .one(let choice): "\(choice)"
    case .several(let choices): choices.map(\.description).joined(separator: ", ")
    case .gpus: "gpus"
    }
  }
}

extension CommandLineOptions.Option {
  static let trainingDevices = Self(
    "--device", value: "DEVICES",
    help: "cpu, gpu, gpu:N, opencl:N, auto, gpus or several: gpu:0,gpu:1 (cpu)")
}

extension ParsedArguments {
  /// What `--device` asks for, nil where it is not there.
  func trainingDevices() throws -> TrainingDevices? {
    try self["--device"].map { text in
      guard let devices = TrainingDevices(text) else {
        throw UsageError("--device \(text): expected \(TrainingDevices.allowed)")
      }
      return devices
    }
  }
}
