import Atomistics
import Dataflow
import Foundation
import TestSupport

@testable import panna

/// A folder with packed clusters and a configuration.
struct TrainingWorkspace {
  /// What the structures are described with, as settings of `gvect_calculator`.
  static let descriptorSections = """
    [SYMMETRY_FUNCTION]
    type = mBP
    species = H, O
    [GVECT_PARAMETERS]
    eta_rad = 4
    Rc_rad = 3.5
    Rs0_rad = 0.5
    RsN_rad = 3
    eta_ang = 2
    Rc_ang = 3
    Rs0_ang = 0.5
    RsN_ang = 2
    zeta = 4
    ThetasN = 2
    """

  let folder: TemporaryFolder
  var path: String { folder.url.path }

  init(structures: Int = 12) throws {
    folder = try TemporaryFolder()
    let bins = folder.url.appendingPathComponent("bin")
    try FileManager.default.createDirectory(at: bins, withIntermediateDirectories: true)
    for structure in try Self.clusters(structures) {
      try DescriptorFile.write(
        structure, to: bins.appendingPathComponent("\(structure.name).bin"), derivatives: .dense)
    }
    try write(
      """
      [IO_INFORMATION]
      input_dir = \(path)/bin
      output_dir = \(path)/data
      elements_per_file = 5
      prefix = set
      [CONTENT_INFORMATION]
      include_derivatives = True
      """, "tfr.ini")
    try write(
      """
      [IO_INFORMATION]
      data_dir = \(path)/data
      train_dir = \(path)/train
      log_dir = \(path)/train
      save_checkpoint_steps = 3
      [DATA_INFORMATION]
      atomic_sequence = H, O
      output_offset = -2.5, -3.5
      [TRAINING_PARAMETERS]
      batch_size = 4
      max_steps = 20
      learning_rate = 0.01
      forces_cost = 0.5
      [DEFAULT_NETWORK]
      g_size = 18
      architecture = 6:4:1
      [O]
      architecture = 3:1
      activations = tanh:linear
      [PARALLELIZATION]
      intra_op_parallelism_threads = 1
      """, "train.ini")
    try write(
      """
      [IO_INFORMATION]
      data_dir = \(path)/data
      train_dir = \(path)/train
      eval_dir = \(path)/evaluation
      [VALIDATION_OPTIONS]
      compute_forces = True
      single_step = True
      """, "evaluate.ini")
  }

  func write(_ text: String, _ name: String) throws {
    _ = try folder.write(text + "\n", to: name)
  }

  func run(_ program: String, _ more: [String] = []) -> Int32 {
    CommandLineTool.run([program, "--config", "\(path)/\(Self.files[program]!)"] + more)
  }

  /// What the executable says on standard error.
  func said(_ program: String, _ more: [String] = []) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: TrainTests.executable)
    process.arguments = [program, "--config", "\(path)/\(Self.files[program]!)"] + more
    let pipe = Pipe()
    (process.standardError, process.standardOutput) = (pipe, FileHandle.nullDevice)
    try process.run()
    let said = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: said, as: UTF8.self)
  }

  private static let files = [
    "tfr_packer": "tfr.ini", "train": "train.ini", "evaluate": "evaluate.ini",
  ]

  func text(_ name: String) throws -> String {
    try String(contentsOf: folder.url.appendingPathComponent(name), encoding: .utf8)
  }

  static func clusters(_ count: Int) throws -> [DescribedStructure] {
    let calculator = try AtomicDescriptors(
      DescriptorParameters(
        species: ["H", "O"], radialEta: 4, radialCutoff: 3.5, radialStart: 0.5, radialCount: 3,
        angularEta: 2, angularCutoff: 3, angularStart: 0.5, angularCount: 2, zeta: 4,
        angleCount: 2))
    return try structures(count).map { try calculator.describe($0, includeDerivatives: true) }
  }

  /// Random clusters of two species.
  static func structures(_ count: Int) throws -> [Structure] {
    var generator = PhiloxGenerator(seed: 9)
    return (0..<count).map { index in
      let atoms = 3 + index % 3
      func random() -> SIMD3<Double> {
        SIMD3(generator.uniform(), generator.uniform(), generator.uniform())
      }
      return Structure(
        name: "cluster\(index)", species: (0..<atoms).map { $0 == 1 ? "O" : "H" },
        positions: (0..<atoms).map { SIMD3(Double($0), 0, 0) + random() },
        energy: -3 * Double(atoms) + generator.uniform(),
        forces: (0..<atoms).map { _ in random() - 0.5 })
    }
  }
}
