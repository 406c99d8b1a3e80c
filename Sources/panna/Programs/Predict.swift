import AtomicNetworks
import Atomistics
import Dataflow
import Foundation
import ProgramSupport
import Synchronization

/// Computes energies, forces and virials of structures.
enum Predict: Program {
  static let name = "predict"
  static let summary = "computes energies, forces and virials of structures"
  static let options = CommandLineOptions(
    [
      .init(
        "--potential", "-p", value: "NAME",
        help: "\(PotentialSource.reference), or a folder of saved networks", isRequired: true),
      .init(
        "--descriptors", value: "FILE",
        help: "gvect.ini; needed where the folder does not say how descriptors are made"),
      .init(
        "--output", "-o", value: "FILE",
        help: "*.xyz, *.extxyz or *.json (extended xyz on standard output)"),
      .init(
        "--threads", "-t", value: "N",
        help: "0 for as many as allowed; the results do not depend on it (1)"),
      .device,
      .init("--log-device-placement", help: "prints what computes each operation, with --device"),
    ], operands: "FILE...")
  static let details = """
    Files are extended xyz (*.xyz, *.extxyz; all frames) or *.example. Of every structure the output
    holds the energy in eV, each atom's share of it and the force on it in eV/angstrom, the virial in
    eV (positive under compression) and, where it is periodic in all directions, the stress in
    eV/angstrom^3. A device computes descriptors, networks and forces; neighbours are the
    processor's. Where the files know energies or forces, the root mean square errors are told on
    standard error.
    """
  static let example = """
      panna predict --potential stillinger-weber --output labelled.xyz silicon.xyz
      panna predict --potential saved_networks --output energies.json more.xyz 1.example
    """

  private enum Format {
    case extendedXYZ, json

    init(_ file: URL) throws {
      switch file.pathExtension {
      case "xyz", "extxyz": self = .extendedXYZ
      case "json": self = .json
      default:
        throw UsageError(
          "--output \(file.relativePath): expected a name that ends in .xyz, .extxyz or .json")
      }
    }
  }

  static func run(_ arguments: ParsedArguments) throws {
    let output = arguments["--output"].map { URL(fileURLWithPath: $0) }
    let format = try output.map(Format.init) ?? .extendedXYZ
    if let output, !FolderListing.isFolder(output.deletingLastPathComponent()) {
      throw UsageError("--output \(output.relativePath): there is no such folder to write it to")
    }
    let files = arguments.operands.map { URL(fileURLWithPath: $0) }
    try output?.check(replacesNoneOf: files + filesOfPotential(arguments), "--output")
    if let output { try AtomicFile.checkCanBeWritten(output) }
    let pool = ComputePool(threads: try arguments.int("--threads", in: 0...1024) ?? 1)
    guard !arguments.operands.isEmpty else {
      throw UsageError("which structures? Name *.xyz, *.extxyz or *.example files")
    }
    let source = try source(arguments)
    let device = try arguments.device() ?? .processor
    let potential = try source.makePotential(
      source.placement(device, logsAll: arguments.has("--log-device-placement")) {
        warn("predict: \($0)")
      })
    let structures = try files.flatMap { file in
      let found = try StructureFile.read(file) { warn($0) }
      if found.isEmpty { throw WorkError("\(file.path): there is no structure in it") }
      return found.map { (file, $0) }
    }
    let labelled = try label(structures, with: potential, on: pool)
    try write(labelled, to: output, format)
    report(errors(of: labelled, against: structures.map(\.1)))
  }

  /// What the potential is read from, as far as results may have such names.
  private static func filesOfPotential(_ arguments: ParsedArguments) -> [URL] {
    let folder = URL(fileURLWithPath: arguments["--potential"]!)
    let descriptors = arguments["--descriptors"].map { URL(fileURLWithPath: $0) }
    return [folder.appendingPathComponent(NetworkModel.metadataName)]
      + [descriptors].compactMap { $0 }
  }

  private static func source(_ arguments: ParsedArguments) throws -> PotentialSource {
    let name = arguments["--potential"]!
    if name == PotentialSource.reference {
      if let file = arguments["--descriptors"] {
        throw UsageError("--descriptors \(file): \(name) takes no descriptors")
      }
      return .stillingerWeber
    }
    guard FileManager.default.fileExists(atPath: name) else {
      throw UsageError(
        "--potential \(name): expected \(PotentialSource.reference) or a folder of saved networks")
    }
    return try .networks(
      folder: URL(fileURLWithPath: name), descriptors: arguments["--descriptors"],
      key: "--descriptors")
  }

  /// Evaluates structures side by side, a single one on all threads.
  private static func label(
    _ structures: [(file: URL, structure: Structure)], with potential: any Potential,
    on pool: ComputePool
  ) throws -> [Structure] {
    let results = Mutex<[Result<Structure, any Error>?]>(
      Array(repeating: nil, count: structures.count))
    let progress = ProgressReporter(name, unit: "structures", total: structures.count)
    pool.run(shards: structures.count) { index in
      let (file, structure) = structures[index]
      let result = Result { () throws -> Structure in
        do {
          return try potential.labelled(structure, executor: pool)
        } catch var error as AtomisticsError {
          error.file = error.file ?? file.path
          throw error
        }
      }
      results.withLock { $0[index] = result }
      progress.advance()
    }
    progress.finish()
    return try results.withLock { $0 }.map { try $0!.get() }
  }

  private static func write(_ structures: [Structure], to output: URL?, _ format: Format) throws {
    guard let output else {
      for structure in structures { sayAll(ExtendedXYZ.encode(structure)) }
      return
    }
    switch format {
    case .extendedXYZ: try ExtendedXYZ.write(structures, to: output)
    case .json: try StructureJSON.write(structures, to: output)
    }
  }

  static func errors(
    of labelled: [Structure], against references: [Structure]
  ) -> EvaluationSummary {
    var summary = EvaluationSummary()
    for (structure, reference) in zip(labelled, references) where structure.count > 0 {
      if let energy = reference.energy {
        summary.add(energy: structure.energy!, reference: energy, atoms: structure.count)
      }
      if let forces = reference.forces {
        summary.add(
          forces: structure.forces!.flatMap { [$0.x, $0.y, $0.z] },
          references: forces.flatMap { [$0.x, $0.y, $0.z] })
      }
    }
    return summary
  }

  private static func report(_ summary: EvaluationSummary) {
    var parts: [String] = []
    if summary.structures > 0 {
      parts.append(
        String(
          format: "energy RMSE %.4g meV/atom (%d structures)", 1000 * summary.energyRMSE,
          summary.structures))
    }
    if let rmse = summary.forceRMSE {
      parts.append(
        String(
          format: "force RMSE %.4g eV/angstrom (%d components)", rmse, summary.forceComponents))
    }
    if !parts.isEmpty { warn("against the references: " + parts.joined(separator: ", ")) }
  }
}
