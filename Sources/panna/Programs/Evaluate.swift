import AtomicNetworks
import Atomistics
import Dataflow
import Foundation
import ProgramSupport

/// Compares networks with reference energies and forces.
enum Evaluate: Program {
  static let name = "evaluate"
  static let summary = "compares trained networks with reference energies and forces"
  static let options = CommandLineOptions([.config, .set, .device])
  static let details = """
    [IO_INFORMATION]
      data_dir           folder of *.tfrecord files (or *.bin, see example_format)
      eval_dir           folder for <step>.dat and <step>_forces.dat, and for <step>.json, which says
                         what they were computed of
      networks_format    tf_checkpoint: the checkpoints in train_dir (default)
                         PANNA: the saved networks in networks_folder (./saved_networks)
                         LAMMPS: the potential in networks_folder
                         the results are then energies.dat and forces.dat
      train_dir          folder of a training, or of a committee: the mean of its instances is
                         evaluated, and <step>_spread.dat has their standard deviations;
                         TensorFlow's checkpoints need networks_metadata.json beside them
      example_format     TFR (default) or single_files
    [VALIDATION_OPTIONS]
      compute_forces (False)   add_offset (True)
      batch_size (-1: all)     with single_files: so many of them, taken by chance
      single_step (False)      True: the last checkpoint only
      step_number              this checkpoint only
      subsampling (1)          every k-th checkpoint
    [TFR_STRUCTURE]
      g_size                   checked against the data where given
    [PARALLELIZATION]
      number_of_process (4)    threads, 0 for as many as allowed
      device (cpu)             what computes: cpu, gpu, gpu:N, opencl:N or auto, a GPU where there is
                               one (see panna devices); --device prevails

    Energies are in eV, forces in eV/Å, errors on standard output per atom and per component. Blanks
    separate the columns; those in structures' names become _.
    Where data_dir has \(DescriptorRecord.name), the networks must take such descriptors.
    A result of the same data, networks and options that is newer than they are is not computed
    again.
    """
  static let example = "  panna evaluate --config validation.ini"

  static func run(_ arguments: ParsedArguments) throws {
    var configuration = try EvaluateConfiguration(arguments.configuration())
    configuration.device = try arguments.device() ?? configuration.device
    let placement = try configuration.device.placement { say("evaluate: \($0)") }
    try Folder.make(configuration.evaluationDirectory)
    for key in configuration.ignored { warn("evaluate: \(key) has no effect here") }
    let sources = try files(configuration)
    for candidate in try candidates(configuration) {
      try evaluate(candidate, sources, configuration, placement)
    }
  }

  /// Networks to evaluate, and what their results are called.
  private struct Candidate {
    let energiesName: String
    let forcesName: String
    let spreadName: String
    /// What the networks are read from.
    let files: [URL]
    /// One model, or the members of a committee.
    let load: () throws -> [NetworkModel]
  }

  private static func candidates(_ configuration: EvaluateConfiguration) throws -> [Candidate] {
    guard case .training(let networks) = configuration.source else {
      return [
        Candidate(
          energiesName: "energies.dat", forcesName: "forces.dat", spreadName: "spread.dat",
          files: configuration.source.files
        ) {
          [try configuration.source.model(step: nil)]
        }
      ]
    }
    let instances = Committee.instances(in: networks.folder).map { TrainedNetworks($0) }
    let members = networks.steps.isEmpty && !instances.isEmpty ? instances : [networks]
    return try steps(members, configuration).map { step in
      Candidate(
        energiesName: "\(step).dat", forcesName: "\(step)_forces.dat",
        spreadName: "\(step)_spread.dat", files: members.map { $0.file(step: step) }
      ) {
        try members.map { try $0.model(step: step) }
      }
    }
  }

  /// The steps to evaluate, which every member must have.
  private static func steps(
    _ members: [TrainedNetworks], _ configuration: EvaluateConfiguration
  ) throws -> [Int] {
    for member in members { _ = try member.step(configuration.stepNumber) }
    if let step = configuration.stepNumber { return [step] }
    let all = members.dropFirst().reduce(members[0].steps) { steps, member in
      steps.filter(member.steps.contains)
    }
    guard let last = all.last else {
      throw WorkError(
        "\(members[0].folder.deletingLastPathComponent().path): the instances have no step in common"
      )
    }
    if configuration.onlyLast { return [last] }
    return stride(from: 0, to: all.count, by: configuration.subsampling).map { all[$0] }
  }

  private static func files(_ configuration: EvaluateConfiguration) throws -> [URL] {
    if configuration.exampleFormat == .packed {
      return try DescribedStructureFile.files(in: configuration.data)
    }
    var files = try Folder.files(in: configuration.data, ending: ".bin")
    if let size = configuration.sampleSize {
      var order = ShuffledOrder(count: files.count, seed: 0)
      files = (0..<min(size, files.count)).map { files[order.index(at: $0)] }
    }
    return files
  }

  private static func evaluate(
    _ candidate: Candidate, _ sources: [URL], _ configuration: EvaluateConfiguration,
    _ placement: Placement
  ) throws {
    let folder = configuration.evaluationDirectory
    let energies = folder.appendingPathComponent(candidate.energiesName)
    let forces = folder.appendingPathComponent(candidate.forcesName)
    let spread = folder.appendingPathComponent(candidate.spreadName)
    let expected = configuration.computesForces ? [energies, forces] : [energies]
    // Results of more than 100 bytes are complete, since they are written whole.
    let question = EvaluationQuestion(configuration, data: sources, networks: candidate.files)
    if question.isAnswered(by: energies),
      expected.allSatisfy({ Freshness.isFresh($0, of: sources + candidate.files, moreThan: 100) })
    {
      return say("evaluate: \(energies.path) was computed already; remove it to compute it again")
    }
    let models = try candidate.load()
    for model in models {
      try checkSize(model, configuration)
      guard let record = try DescriptorRecord(in: configuration.data) else { continue }
      if let conflict = try model.conflict(with: record.settings()) {
        throw WorkError("\(DescriptorRecord.path(in: configuration.data)): \(conflict)")
      }
    }
    var options = SessionOptions(intraOpParallelismThreads: configuration.threads)
    options.placement = placement
    let committee = try Committee(
      models, computesForces: configuration.computesForces, addsOffsets: configuration.addsOffset,
      options: options)
    var report = EvaluationReport()
    var precision = EnergyPrecision()
    let progress = ProgressReporter("evaluate", unit: "files", total: sources.count)
    for source in sources {
      let structures =
        configuration.exampleFormat == .packed
        ? try DescribedStructureFile.read(source) : [try DescriptorFile.read(source)]
      for start in stride(from: 0, to: structures.count, by: 8) {
        let chunk = Array(structures[start..<min(start + 8, structures.count)])
        for structure in chunk { precision.add(structure) }
        for result in try committee.evaluate(chunk) { report.add(result) }
      }
      progress.advance()
    }
    progress.finish()
    if let caveat = precision.caveat { warn("evaluate: \(caveat)") }
    let isCommittee = models.count > 1
    // What an earlier question left would be taken for a part of this one's answer.
    for file in [EvaluationQuestion.file(beside: energies), forces, spread] {
      try? FileManager.default.removeItem(at: file)
    }
    try report.write(
      energies: energies, forces: configuration.computesForces ? forces : nil,
      spread: isCommittee ? spread : nil)
    let areComparable =
      configuration.addsOffset || models.allSatisfy { $0.networks.allSatisfy { $0.offset == 0 } }
    try question.write(beside: energies, comparesEnergies: areComparable)
    let words = report.summary.inWords(comparesEnergies: areComparable)
    say("evaluate: \(energies.path): \(words)")
    if isCommittee { say("evaluate: \(models.count) instances, \(report.spreadInWords)") }
  }

  private static func checkSize(
    _ model: NetworkModel, _ configuration: EvaluateConfiguration
  ) throws {
    let size = try model.descriptorSize()
    guard let expected = configuration.descriptorSize, expected != size else { return }
    throw WorkError("g_size = \(expected), but the networks take \(size) components")
  }
}
