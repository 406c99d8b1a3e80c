import Atomistics
import Foundation
import ProgramSupport

/// What `gvect_calculator` reads from its configuration file.
struct GvectCalculatorConfiguration {
  let input: URL
  let output: URL
  let log: URL
  let threads: Int
  let descriptors: DescriptorSettings
  /// How derivatives are written, nil where they are not asked for.
  let derivatives: DescriptorFile.DerivativeLayout?
  let includesPerAtomEnergy: Bool
  /// Known keys that have no effect here, for a warning.
  let ignored: [String]

  /// - Parameter folder: holds `examples`, `bin` and the log, whatever the file says.
  init(_ file: IniFile, folder: URL?) throws {
    let described = try DescriptorConfiguration(file)
    descriptors = described.settings
    let io = file.optionalSection("IO_INFORMATION")
    if let folder {
      input = folder.appendingPathComponent("examples")
      output = folder.appendingPathComponent("bin")
      log = folder
    } else {
      input = try io.url("input_json_dir")
      output = try io.url("output_gvect_dir", default: "./bin")
      log = try io.url("log_dir", default: "./logs")
    }
    threads = try file.section("PARALLELIZATION").int(
      "number_of_process", default: 1, in: 0...1024)
    let functions = try file.section("SYMMETRY_FUNCTION")
    derivatives = try Self.derivatives(functions)
    ignored =
      described.ignored
      + (derivatives == nil && functions.has("sparse_derivatives")
        ? ["[SYMMETRY_FUNCTION] sparse_derivatives without include_derivatives"] : [])
    let others = file.optionalSection("MISC")
    includesPerAtomEnergy = try others.bool("per_atom_energy", default: false)
    if try others.bool("long_range", default: false) {
      throw others.error("long_range", "False: electrostatics are not computed")
    }
  }

  /// The descriptor file of a structure.
  func target(_ key: String) -> URL { output.appendingPathComponent("\(key).bin") }

  private static func derivatives(
    _ section: IniSection
  ) throws -> DescriptorFile.DerivativeLayout? {
    guard try section.bool("include_derivatives", default: false) else { return nil }
    return try section.bool("sparse_derivatives", default: false) ? .sparse : .dense
  }
}
