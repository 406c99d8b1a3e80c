import Atomistics
import Dataflow
import Foundation
import ProgramSupport

/// What `md` reads from its configuration file.
struct MDConfiguration {
  let start: MDStart
  let potential: PotentialSource
  let dynamics: MDDynamics
  let output: SimulationOutput
  let prefix: String
  let skipsExisting: Bool
  let threads: Int
  var device: DeviceChoice
  let logsDevicePlacement: Bool

  /// One run: a point of the grid, one of its repetitions.
  struct Run: Sendable, Equatable {
    let name: String
    /// The lattice parameter in angstrom, nil for a structure from a file.
    let lattice: Double?
    /// In kelvin.
    let temperature: Double
  }

  init(_ file: IniFile) throws {
    try file.check(known: [
      "STRUCTURE": MDStart.keys,
      "POTENTIAL": ["type", "networks_folder", "gvect_ini"],
      "DYNAMICS": MDDynamics.keys,
      "OUTPUT": [
        "directory", "prefix", "thermo_every", "trajectory_every", "example_every", "rdf_every",
        "rdf_maximum", "rdf_bins", "skip_existing",
      ],
      "PARALLELIZATION": ["number_of_process", "device", "log_device_placement"],
    ])
    start = try MDStart(file.section("STRUCTURE"))
    potential = try Self.potential(file.section("POTENTIAL"))
    dynamics = try MDDynamics(file.section("DYNAMICS"))
    let section = try file.section("OUTPUT")
    output = try Self.output(section)
    prefix = try section.string("prefix", default: "md")
    guard !prefix.contains(where: { $0 == "/" || $0 == "." }) else {
      throw section.error("prefix", "a name without / and .; the folder is directory")
    }
    skipsExisting = try section.bool("skip_existing", default: false)
    device = try DeviceChoice(file.optionalSection("PARALLELIZATION"))
    logsDevicePlacement = try file.optionalSection("PARALLELIZATION").bool(
      "log_device_placement", default: false)
    threads = try file.optionalSection("PARALLELIZATION").int(
      "number_of_process", default: 1, in: 0...1024)
    try checkDistribution(section)
    try checkNames(file)
  }

  private enum PotentialKind: String, CaseIterable {
    case stillingerWeber = "stillinger-weber"
    case network
  }

  private static func potential(_ section: IniSection) throws -> PotentialSource {
    switch try section.choice("type") as PotentialKind {
    case .stillingerWeber:
      for key in ["networks_folder", "gvect_ini"] where section.has(key) {
        throw section.error(key, "no such key with type = stillinger-weber")
      }
      return .stillingerWeber
    case .network:
      let descriptors =
        section.has("gvect_ini") ? try section.url("gvect_ini").path : nil
      return try .networks(
        folder: section.url("networks_folder"), descriptors: descriptors,
        key: "[POTENTIAL] gvect_ini")
    }
  }

  private static func output(_ section: IniSection) throws -> SimulationOutput {
    var output = SimulationOutput(folder: try section.url("directory"))
    func every(_ key: String) throws -> Int { try section.int(key, default: 0, in: 0...Int.max) }
    output.thermoEvery = try every("thermo_every")
    output.trajectoryEvery = try every("trajectory_every")
    output.exampleEvery = try every("example_every")
    output.distributionEvery = try every("rdf_every")
    output.distributionMaximum = try section.double(
      "rdf_maximum", default: output.distributionMaximum, above: 0)
    output.distributionBins = try section.int(
      "rdf_bins", default: output.distributionBins, in: 1...1_000_000)
    return output
  }

  private func checkDistribution(_ section: IniSection) throws {
    guard output.distributionEvery > 0 else { return }
    var cells = [potential.periodic]
    if case .file(let structure) = start.kind { cells.append(structure.cell.periodic) }
    guard cells.allSatisfy({ all($0) }) else {
      throw section.error("rdf_every", "0: the structure is not periodic in all directions")
    }
  }

  private func checkNames(_ file: IniFile) throws {
    let names = runs.map(\.name)
    guard Set(names).count < names.count else { return }
    let isLattice = Set(start.lattices).count < start.lattices.count
    throw try file.section(isLattice ? "STRUCTURE" : "DYNAMICS").error(
      isLattice ? "lattice_parameter" : "temperature", "different numbers")
  }

  /// All runs: lattice parameters, in each temperatures, in each repetitions.
  var runs: [Run] {
    let lattices: [Double?] = start.lattices.isEmpty ? [nil] : start.lattices
    return lattices.flatMap { lattice in
      dynamics.temperatures.flatMap { temperature in
        (1...dynamics.repetitions).map { repetition in
          let place = lattice.map { "_a\(short($0))" } ?? ""
          return Run(
            name: "\(prefix)\(place)_T\(short(temperature))_r\(repetition)", lattice: lattice,
            temperature: temperature)
        }
      }
    }
  }

  /// All files of a run.
  func files(of run: Run) -> [URL] { output.files(of: run.name, steps: dynamics.steps) }

  /// The structure that a run begins with, and the numbers that make the seeds of what is random after it.
  func beginning(of run: Run) throws -> (structure: Structure, seeds: PhiloxGenerator) {
    // For the run's place in the grid, which stays when the grid grows (FNV-1a).
    let stream: UInt64 = run.name.dropFirst(prefix.count).utf8.reduce(0xcbf2_9ce4_8422_2325) {
      ($0 ^ UInt64($1)) &* 0x100_0000_01b3
    }
    var seeds = PhiloxGenerator(seed: dynamics.seed, stream: stream)
    let structure = try start.structure(lattice: run.lattice, seed: seeds.next())
    return (structure, seeds)
  }

  /// The number with `p` for its point: a structure's key is its file's name up to the first dot.
  private func short(_ number: Double) -> String {
    number == number.rounded() && abs(number) < 1e15
      ? "\(Int(number))" : "\(number)".replacingOccurrences(of: ".", with: "p")
  }
}
