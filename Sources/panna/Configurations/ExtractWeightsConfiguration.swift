import AtomicNetworks
import Foundation
import ProgramSupport

/// What `extract_weights` reads from its configuration file.
struct ExtractWeightsConfiguration {
  enum OutputType: String, CaseIterable {
    case panna = "PANNA"
    case lammps = "LAMMPS"
    case kim = "KIM"
  }

  let source: NetworkSource
  /// The checkpoint, nil for the last one.
  let stepNumber: Int?
  let output: URL
  let outputType: OutputType
  /// The text file of a potential for LAMMPS or OpenKIM.
  let outputFile: String
  let gvectorVersion: LAMMPSPotential.Version
  let metadataVersion: NetworkModel.FolderVersion
  let gvectorInput: URL?
  /// Known keys that have no effect here, for a warning.
  let ignored: [String]

  init(_ file: IniFile) throws {
    try file.check(known: [
      "IO_INFORMATION": [
        "train_dir", "networks_format", "networks_folder", "step_number", "output_dir",
        "output_type", "output_file", "gvector_input", "gvector_version", "metadata_version",
        "train_input", "species_list",
      ]
    ])
    let io = try file.section("IO_INFORMATION")
    source = try NetworkSource(io)
    // The original's default, 0, stands for no step that there could be.
    let step = try io.int("step_number", default: 0, in: -1...Int.max)
    stepNumber = step > 0 ? step : nil
    output = try io.url("output_dir", default: "./saved_network")
    outputType = try io.choice("output_type", default: .panna)
    outputFile = try io.string("output_file", default: "panna.in")
    guard !outputFile.contains("/") else {
      throw io.error("output_file", "a name without /; the folder is output_dir")
    }
    let version = try io.int("gvector_version", default: 0, in: 0...1)
    gvectorVersion = LAMMPSPotential.Version(rawValue: version)!
    guard outputType != .kim || gvectorVersion == .grid else {
      throw io.error(
        "gvector_version",
        "0, since OpenKIM's driver knows no lists, nor tanh, which come with version 1")
    }
    metadataVersion = try io.choice("metadata_version", default: .v0)
    gvectorInput = io.has("gvector_input") ? try io.url("gvector_input") : nil
    if Self.replaces(source, outputType), output.isSamePlace(as: source.folder) {
      throw io.error("output_dir", "another folder than that of the networks, which would be lost")
    }
    let text = output.appendingPathComponent(outputFile)
    let configurations = [URL(fileURLWithPath: file.path)] + [gvectorInput].compactMap { $0 }
    if outputType != .panna, configurations.contains(where: text.isSamePlace) {
      throw io.error(
        "output_file", "another name than that of a file that is read, which would be lost")
    }
    let unused = Self.unused(source, outputType)
    ignored = io.keys.filter { unused.contains($0.lowercased()) }.map { "[IO_INFORMATION] \($0)" }
  }

  /// Whether networks and what is written would have the same names in one folder.
  private static func replaces(_ source: NetworkSource, _ output: OutputType) -> Bool {
    switch source {
    // The metadata are those of TensorFlow's checkpoints; this program's have their own.
    case .training(let networks):
      output == .panna && !TrainedNetworks.tensorFlowSteps(networks.folder).isEmpty
    case .saved: output == .panna
    case .lammps: output != .panna
    }
  }

  /// Keys without effect for this kind of networks and of output.
  private static func unused(_ source: NetworkSource, _ output: OutputType) -> Set<String> {
    var keys: Set = ["train_input", "species_list"]
    if case .training = source {
      keys.insert("networks_folder")
    } else {
      keys.formUnion(["train_dir", "step_number"])
    }
    return keys.union(
      output == .panna ? ["output_file", "gvector_version"] : ["metadata_version"])
  }
}
