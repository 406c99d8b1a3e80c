import AtomicNetworks
import Atomistics
import Dataflow
import Foundation
import ProgramSupport

/// Compares networks with reference energies and forces.
enum Evaluate: Program {
  static let name = "evaluate"
  static let summary = "compares trained networks with reference energies and forces"
  static let options = CommandLineOptions([.config, .set])
  static let details = """
    [IO_INFORMATION]
      data_dir           folder of *.tfrecord files (or *.bin, see example_format)
      eval_dir           folder for <step>.dat and <step>_forces.dat
      networks_format    tf_checkpoint: the checkpoints in train_dir (default)
                         PANNA: the saved networks in networks_folder (./saved_networks)
                         LAMMPS: the potential in networks_folder
                         the results are then energies.dat and forces.dat
      train_dir          folder of a training; TensorFlow's checkpoints need
                         networks_metadata.json beside them
      example_format     TFR (default) or single_files
    [VALIDATION_OPTIONS]
      compute_forces (False)   add_offset (True)
      single_step (False)      True: the last checkpoint only
      step_number              this checkpoint only
      subsampling (1)          every k-th checkpoint
    [TFR_STRUCTURE]
      g_size                   checked against the data where given

    Energies are in eV, forces in eV/Å, errors on standard output per atom and per component.
    A result that exists already is not computed again.
    """
  static let example = "  panna evaluate --config validation.ini"

  static func run(_ arguments: ParsedArguments) throws {
    let configuration = try EvaluateConfiguration(arguments.configuration())
    try FileManager.default.createDirectory(
      at: configuration.evaluationDirectory, withIntermediateDirectories: true)
    let sources = try files(configuration)
    for candidate in try candidates(configuration) {
      try evaluate(candidate, sources, configuration)
    }
  }

  /// Networks to evaluate, and what their results are called.
  private struct Candidate {
    let energiesName: String
    let forcesName: String
    let load: () throws -> NetworkModel
  }

  private static func candidates(_ configuration: EvaluateConfiguration) throws -> [Candidate] {
    guard case .training(let networks) = configuration.source else {
      return [
        Candidate(energiesName: "energies.dat", forcesName: "forces.dat") {
          try configuration.source.model(step: nil)
        }
      ]
    }
    return try steps(networks, configuration).map { step in
      Candidate(energiesName: "\(step).dat", forcesName: "\(step)_forces.dat") {
        try networks.model(step: step)
      }
    }
  }

  private static func steps(
    _ networks: TrainedNetworks, _ configuration: EvaluateConfiguration
  ) throws -> [Int] {
    let last = try networks.step(configuration.stepNumber)
    if configuration.onlyLast || configuration.stepNumber != nil { return [last] }
    let all = networks.steps
    return stride(from: 0, to: all.count, by: configuration.subsampling).map { all[$0] }
  }

  private static func files(_ configuration: EvaluateConfiguration) throws -> [URL] {
    if configuration.exampleFormat == .packed {
      return try DescribedStructureFile.files(in: configuration.data)
    }
    let names =
      (try? FileManager.default.contentsOfDirectory(atPath: configuration.data.path)) ?? []
    let files = names.filter { $0.hasSuffix(".bin") }.sorted()
    guard !files.isEmpty else {
      throw WorkError(
        "\(configuration.data.path): there is no *.bin file among its \(names.count) files")
    }
    return files.map { configuration.data.appendingPathComponent($0) }
  }

  private static func evaluate(
    _ candidate: Candidate, _ sources: [URL], _ configuration: EvaluateConfiguration
  ) throws {
    let folder = configuration.evaluationDirectory
    let energies = folder.appendingPathComponent(candidate.energiesName)
    let forces = folder.appendingPathComponent(candidate.forcesName)
    let expected = configuration.computesForces ? [energies, forces] : [energies]
    if expected.allSatisfy(isComplete) {
      return say("evaluate: \(energies.path) was computed already")
    }
    let model = try candidate.load()
    try checkSize(model, configuration)
    let evaluator = try Evaluator(
      model, computesForces: configuration.computesForces, addsOffsets: configuration.addsOffset)
    var report = EvaluationReport()
    let progress = ProgressReporter("evaluate", unit: "files", total: sources.count)
    for source in sources {
      let structures =
        configuration.exampleFormat == .packed
        ? try DescribedStructureFile.read(source) : [try DescriptorFile.read(source)]
      for start in stride(from: 0, to: structures.count, by: 8) {
        let chunk = Array(structures[start..<min(start + 8, structures.count)])
        for result in try evaluator.evaluate(chunk) { report.add(result) }
      }
      progress.advance()
    }
    progress.finish()
    try report.write(energies: energies, forces: configuration.computesForces ? forces : nil)
    say("evaluate: \(energies.path): \(report.summary.inWords)")
  }

  /// Results of more than 100 bytes are complete, since they are written whole.
  private static func isComplete(_ file: URL) -> Bool {
    let attributes = try? FileManager.default.attributesOfItem(atPath: file.path)
    return (attributes?[.size] as? Int ?? 0) > 100
  }

  private static func checkSize(
    _ model: NetworkModel, _ configuration: EvaluateConfiguration
  ) throws {
    let size = try model.descriptorSize()
    guard let expected = configuration.descriptorSize, expected != size else { return }
    throw WorkError("g_size = \(expected), but the networks take \(size) components")
  }
}

/// The text files that `evaluate` writes.
private struct EvaluationReport {
  private var energies = "#filename n_atoms e_ref e_nn"
  private var forces = "#filename atom_id fx_nn fy_nn fz_nn fx_ref fy_ref fz_ref"
  private(set) var summary = EvaluationSummary()

  mutating func add(_ result: Evaluator.Result) {
    summary.add(result)
    energies += "\n\(result.name) \(result.atomCount) \(result.referenceEnergy) \(result.energy)"
    guard let found = result.forces, let reference = result.referenceForces else { return }
    for atom in 0..<result.atomCount {
      let numbers = found[3 * atom..<3 * atom + 3] + reference[3 * atom..<3 * atom + 3]
      forces += "\n\(result.name) \(atom) " + numbers.map { "\($0)" }.joined(separator: " ")
    }
  }

  func write(energies energyFile: URL, forces forceFile: URL?) throws {
    if let forceFile { try AtomicFile.write(Data(forces.utf8), to: forceFile) }
    try AtomicFile.write(Data(energies.utf8), to: energyFile)
  }
}

extension EvaluationSummary {
  /// The errors in one line.
  fileprivate var inWords: String {
    let energy = String(
      format: "energy RMSE %.3f meV/atom, MAE %.3f, largest %.3f", 1000 * energyRMSE,
      1000 * energyMAE, 1000 * largestEnergyError)
    guard let forceRMSE, let forceMAE else { return "\(structures) structures, \(energy)" }
    let force = String(
      format: "force RMSE %.4f eV/Å, MAE %.4f, largest %.3f", forceRMSE, forceMAE,
      largestForceError)
    return "\(structures) structures, \(energy); \(force)"
  }
}
