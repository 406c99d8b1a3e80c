import Dataflow
import Foundation
import ProgramSupport

/// What `evaluate` reads from its configuration file.
struct EvaluateConfiguration {
  enum ExampleFormat: String, CaseIterable {
    case packed = "TFR"
    case singleFiles = "single_files"
  }

  let source: NetworkSource
  let evaluationDirectory: URL
  let data: URL
  let exampleFormat: ExampleFormat
  let computesForces: Bool
  let addsOffset: Bool
  let onlyLast: Bool
  /// Every k-th checkpoint.
  let subsampling: Int
  /// The one checkpoint to evaluate, nil for those that the other keys choose.
  let stepNumber: Int?
  /// The descriptors' size that the file expects, nil where it does not say.
  let descriptorSize: Int?
  /// How many structures are taken by chance; nil for all.
  let sampleSize: Int?
  let threads: Int
  var device: DeviceChoice
  /// Known keys that have no effect here, for a warning.
  let ignored: [String]

  init(_ file: IniFile) throws {
    try file.check(known: [
      "IO_INFORMATION": [
        "train_dir", "eval_dir", "data_dir", "networks_format", "networks_folder", "example_format",
      ],
      "VALIDATION_OPTIONS": [
        "compute_forces", "single_step", "step_number", "subsampling", "add_offset", "batch_size",
      ],
      "TFR_STRUCTURE": ["g_size", "sparse_derivatives"],
      "DATA_INFORMATION": ["g_size", "atomic_sequence", "output_offset", "sparse_derivatives"],
      "PARALLELIZATION": ["number_of_process", "device"],
    ])
    let io = try file.section("IO_INFORMATION")
    source = try NetworkSource(io)
    evaluationDirectory = try io.url("eval_dir")
    data = try io.url("data_dir")
    exampleFormat = try io.choice("example_format", default: .packed)
    let options = file.optionalSection("VALIDATION_OPTIONS")
    computesForces = try options.bool("compute_forces", default: false)
    addsOffset = try options.bool("add_offset", default: true)
    onlyLast = try options.bool("single_step", default: false)
    subsampling = try options.int("subsampling", default: 1, in: 1...Int.max)
    stepNumber = options.has("step_number") ? try options.int("step_number", in: 0...Int.max) : nil
    let size = try options.int("batch_size", default: -1, in: -1...Int.max)
    if size > 0 && exampleFormat == .packed {
      throw options.error("batch_size", "-1 with example_format = TFR, which is read whole")
    }
    sampleSize = size > 0 ? size : nil
    device = try DeviceChoice(file.optionalSection("PARALLELIZATION"))
    threads = try file.optionalSection("PARALLELIZATION").int(
      "number_of_process", default: min(4, ThreadCount.available), in: 0...4096)
    ignored = Self.ignored(file, source)
    let structure = file["TFR_STRUCTURE"] ?? file.optionalSection("DATA_INFORMATION")
    descriptorSize = structure.has("g_size") ? try structure.int("g_size", in: 1...Int.max) : nil
  }

  private static func ignored(_ file: IniFile, _ source: NetworkSource) -> [String] {
    var keys = [("DATA_INFORMATION", "atomic_sequence"), ("DATA_INFORMATION", "output_offset")]
    keys += ["DATA_INFORMATION", "TFR_STRUCTURE"].map { ($0, "sparse_derivatives") }
    if case .training = source {
      keys.append(("IO_INFORMATION", "networks_folder"))
    } else {
      keys.append(("IO_INFORMATION", "train_dir"))
      keys += ["single_step", "step_number", "subsampling"].map { ("VALIDATION_OPTIONS", $0) }
    }
    return keys.filter { file[$0.0]?.has($0.1) ?? false }.map { "[\($0.0)] \($0.1)" }
  }
}
