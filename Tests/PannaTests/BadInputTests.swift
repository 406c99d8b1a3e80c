import AtomicNetworks
import Atomistics
import Dataflow
import Foundation
import ProgramSupport
import TestSupport
import Testing

@testable import panna

/// What the programs from descriptors to potentials say of input that they cannot use; nothing half-written
/// is left where results are expected.
@Suite(.timeLimit(.minutes(20))) struct BadInputTests {
  /// A way to spoil the input of a program that would work, and what it then says.
  struct Case: CustomTestStringConvertible, Sendable {
    let message: String
    /// `SECTION.key=value`, `FOLDER` standing for the fixture's folder.
    var sets: [String] = []
    var damage: @Sendable (ProgramFixture) throws -> Void = { _ in }

    var testDescription: String { message }

    init(
      _ message: String, _ sets: String...,
      damage: @escaping @Sendable (ProgramFixture) throws -> Void = { _ in }
    ) {
      (self.message, self.sets, self.damage) = (message, sets, damage)
    }
  }

  /// - Parameter results: where results are expected: nothing may be there that was not before.
  private func check(
    _ program: any Program.Type, _ ini: String, _ fixture: ProgramFixture, _ testCase: Case,
    results: String, removeGood: (ProgramFixture) throws -> Void = { _ in }
  ) throws {
    try testCase.damage(fixture)
    let before = try fixture.files(below: results)
    let arguments =
      ["--config", fixture.path(ini)]
      + testCase.sets.flatMap { ["--set", $0.replacing("FOLDER", with: fixture.folder.path)] }
    var message = fixture.message { try program.run(program.options.parse(arguments)) }
    // Where a checkpoint's tensors are depends on all that it holds.
    if testCase.message.contains("byte …") {
      message = message.replacing(/byte \d+/, with: "byte …")
    }
    #expect(message == testCase.message)
    try removeGood(fixture)
    #expect(try fixture.files(below: results) == before)
  }

  /// What other, good files gave, which may be there when the program has come to a bad one.
  private func removeGood(_ fixture: ProgramFixture) throws {
    let file = fixture.url("bin/w2.bin")
    guard FileManager.default.fileExists(atPath: file.path) else { return }
    #expect(try DescriptorFile.read(file).name == "w2")
    for file in [file, fixture.url("bin/gvect_params.json")] {
      try FileManager.default.removeItem(at: file)
    }
  }

  // MARK: gvect_calculator

  private static let example = "examples/w1.example"

  static let calculator = [
    Case("gvect.ini:5: [SYMMETRY_FUNCTION] type is missing: expected one of mBP, BP") {
      try $0.edit("gvect.ini") { $0.replacing("type = mBP\n", with: "") }
    },
    Case("examples/w1.example: energy: found no such key; allowed: the key is required") {
      try $0.edit(example) { $0.replacing("\"energy\"", with: "\"energie\"") }
    },
    Case(
      "examples/w1.example:6: energy: found \"kcal\"; allowed: eV, ev, EV, Ry, Ryd, ryd, ry, RY, Ha"
    ) {
      try $0.edit(example) { $0.replacing("\"eV\"", with: "\"kcal\"") }
    },
    Case("examples/w1.example:4: unit_of_length: found \"nm\"; allowed: angstrom, bohr") {
      try $0.edit(example) { $0.replacing("\"angstrom\"", with: "\"nm\"") }
    },
    Case("examples/w1.example:11: found the end of the text; allowed: a comma or }") {
      try $0.edit(example) { String($0.dropLast(3)) }
    },
    Case(
      "examples/w1.example:6: found \"NaN, \"eV\"],\n\"; allowed: a number, a string, a list, an object, true,"
        + " false or null"
    ) {
      try $0.edit(example) { $0.replacing("-15.5", with: "NaN") }
    },
    Case("examples/w1.example: species of atom 1 of w1: found \"Xx\"; allowed: H, O") {
      try $0.edit(example) { $0.replacing("\"O\"", with: "\"Xx\"") }
    },
    Case(
      "examples/w1.example: atoms: found forces for 2 of 3 atoms; allowed: forces for all atoms or for none"
    ) {
      try $0.edit(example) { $0.replacing(", [0.1, 0.2, -0.3]", with: "") }
    },
    Case("examples/w1.example:5: lattice_vectors: found a list of 2; allowed: three numbers") {
      try $0.edit(example) { $0.replacing("[5.0, 0.0, 0.0]", with: "[5.0, 0.0]") }
    },
    Case("examples: there is no *.example file among its 1 files") {
      try FileManager.default.removeItem(at: $0.url(example))
      try FileManager.default.removeItem(at: $0.url("examples/w2.example"))
    },
    Case(
      "nowhere: cannot be read: No such file or directory",
      "IO_INFORMATION.input_json_dir=FOLDER/nowhere"),
    Case(
      "gvect.ini: cannot be read: Not a directory", "IO_INFORMATION.input_json_dir=FOLDER/gvect.ini"
    ),
    Case("bin: is a file, not a folder") { try $0.write("", to: "bin") },
    Case(
      "gvect.ini/bin: cannot be made: Not a directory",
      "IO_INFORMATION.output_gvect_dir=FOLDER/gvect.ini/bin"),
  ]

  @Test(arguments: calculator) func gvectCalculator(_ testCase: Case) throws {
    try check(
      GvectCalculator.self, "gvect.ini", fixture(), testCase, results: "bin", removeGood: removeGood
    )
  }

  // MARK: tfr_packer

  static let packer = [
    Case("tfr.ini:1: [IO_INFORMATION] input_dir is missing: expected a path") {
      try $0.edit("tfr.ini") { $0.replacing(/input_dir.*\n/, with: "") }
    },
    Case("bin/w1.bin: energy: found a file that ends at byte 16; allowed: 4 bytes from byte 14 on")
    {
      try $0.editBytes("bin/w1.bin") { $0.removeSubrange(16...) }
    },
    Case("bin/w1.bin: version: found 7; allowed: 0") {
      try $0.editBytes("bin/w1.bin") { $0[0] = 7 }
    },
    Case("bin/w2.bin: energy: found nan; allowed: finite numbers") {
      try $0.editBytes("bin/w2.bin") { $0.replaceSubrange(14..<18, with: [0, 0, 0xC0, 0x7F]) }
    },
    Case("bin/w2.bin: has 3 components, w1.bin has 32") {
      let small = DescribedStructure(
        name: "w2", energy: 1, species: [0], descriptorSize: 3, descriptors: [1, 2, 3])
      try DescriptorFile.write(small, to: $0.url("bin/w2.bin"))
    },
    Case(
      "bin/w1.bin: has no per-atom quantity, which include_per_atom_quantity asks for",
      "CONTENT_INFORMATION.include_per_atom_quantity=True"),
    Case(
      "examples: there is no *.bin file among its 3 files",
      "IO_INFORMATION.input_dir=FOLDER/examples"),
    Case(
      "nowhere: cannot be read: No such file or directory",
      "IO_INFORMATION.input_dir=FOLDER/nowhere"),
    Case("tfr.ini: cannot be read: Not a directory", "IO_INFORMATION.input_dir=FOLDER/tfr.ini"),
    Case("tfr: is a file, not a folder") { try $0.write("", to: "tfr") },
  ]

  @Test(arguments: packer) func tfrPacker(_ testCase: Case) throws {
    try check(TFRPacker.self, "tfr.ini", fixture(.described), testCase, results: "tfr")
  }

  // MARK: train

  static let training = [
    Case(
      "train.ini:9: [TRAINING_PARAMETERS] max_steps is missing: expected a whole number from 1"
    ) {
      try $0.edit("train.ini") { $0.replacing("max_steps = 2\n", with: "") }
    },
    Case("train.ini:14: [DEFAULT_NETWORK] g_size is missing: expected the descriptors' size") {
      try $0.edit("train.ini") { $0.replacing("g_size = 32\n", with: "") }
    },
    Case(
      "tfr/1-1.tfrecord: record 1 at byte 4008: the record has 3992 bytes and 4 of checksum, the file ends"
        + " after 3991"
    ) {
      try $0.editBytes("tfr/1-1.tfrecord") { $0.removeLast(5) }
    },
    Case("tfr/1-1.tfrecord: record 0 at byte 0: w1: energy: found nan; allowed: finite numbers") {
      try $0.spoil("w1") { $0.energy = .nan }
    },
    Case(
      "structure w1: species index 1, but there are 1 networks",
      "DATA_INFORMATION.atomic_sequence=H",
      "DATA_INFORMATION.output_offset=-13"),
    Case(
      "structure w1: descriptors have 32 components, the networks take 20",
      "DEFAULT_NETWORK.g_size=20"),
    Case("structure w1: has no forces, which forces need") {
      try $0.spoil("w1") { $0.forces = nil }
    },
    Case(
      "the descriptors are for O, H, the networks for H, O",
      "IO_INFORMATION.gvect_ini=FOLDER/gvect.ini"
    ) {
      try $0.edit("gvect.ini") { $0.replacing("H, O", with: "O, H") }
    },
    Case("tfr: 2 structures are fewer than batch_size = 3", "TRAINING_PARAMETERS.batch_size=3"),
    Case(
      "bin: there is no *.tfrecord file among its 2 files", "IO_INFORMATION.data_dir=FOLDER/bin"),
    Case(
      "nowhere: cannot be read: No such file or directory", "IO_INFORMATION.data_dir=FOLDER/nowhere"
    ),
    Case("tfr.ini: cannot be read: Not a directory", "IO_INFORMATION.data_dir=FOLDER/tfr.ini"),
    Case(
      "nowhere: cannot be read: No such file or directory", "VALIDATION.data_dir=FOLDER/nowhere"),
    Case("train: is a file, not a folder") { try $0.write("", to: "train") },
  ]

  @Test(arguments: training) func train(_ testCase: Case) throws {
    try check(Train.self, "train.ini", fixture(.packed), testCase, results: "train")
  }

  // MARK: evaluate

  static let evaluation = [
    Case("evaluate.ini:1: [IO_INFORMATION] eval_dir is missing: expected a path") {
      try $0.edit("evaluate.ini") { $0.replacing(/eval_dir.*\n/, with: "") }
    },
    Case("train: there is no checkpoint-*.panna and no model.ckpt-*.index") {
      try FileManager.default.removeItem(at: $0.url("train/checkpoint-2.panna"))
    },
    Case(
      "train: there is no checkpoint of step 7; the steps are 2", "VALIDATION_OPTIONS.step_number=7"
    ),
    Case("train/checkpoint-2.panna: byte …: 49 bytes are expected, 44 are left") {
      try $0.editBytes("train/checkpoint-2.panna") { $0.removeLast(9) }
    },
    Case(
      "train/saved_networks/networks_metadata.json: species H, layer 0, weights: found nan; allowed: finite"
        + " numbers", "IO_INFORMATION.networks_format=PANNA"
    ) {
      let file = $0.url("train/saved_networks/species_H_layer_0_weights_32x4.npy")
      var numbers = try NumPyFile.read(file).scalars(as: Float.self)
      numbers[3] = .nan
      try NumPyFile.write(Tensor(shape: [32, 4], scalars: numbers), to: file)
    },
    Case("g_size = 31, but the networks take 32 components", "TFR_STRUCTURE.g_size=31"),
    Case(
      "tfr/1-1.tfrecord: record 1 at byte 4008: the record has 3992 bytes and 4 of checksum, the file ends"
        + " after 3991"
    ) {
      try $0.editBytes("tfr/1-1.tfrecord") { $0.removeLast(5) }
    },
    Case("tfr/1-1.tfrecord: record 0 at byte 0: w1: energy: found nan; allowed: finite numbers") {
      try $0.spoil("w1") { $0.energy = .nan }
    },
    Case("structure w1: species index 2, but there are 2 networks") {
      try $0.spoil("w1") { $0.species[0] = 2 }
    },
    Case("structure w1: has no derivatives, which forces need") {
      try $0.spoil("w1") { $0.derivatives = nil }
    },
    Case(
      "bin: there is no *.tfrecord file among its 2 files", "IO_INFORMATION.data_dir=FOLDER/bin"),
    Case(
      "nowhere: cannot be read: No such file or directory", "IO_INFORMATION.data_dir=FOLDER/nowhere"
    ),
    Case(
      "nowhere/networks_metadata.json: cannot be read; a folder of saved networks holds it",
      "IO_INFORMATION.networks_format=PANNA", "IO_INFORMATION.networks_folder=FOLDER/nowhere"),
    Case("evaluation: is a file, not a folder") { try $0.write("", to: "evaluation") },
  ]

  @Test(arguments: evaluation) func evaluate(_ testCase: Case) throws {
    try check(Evaluate.self, "evaluate.ini", fixture(.trained), testCase, results: "evaluation")
  }

  // MARK: extract_weights

  static let extraction = [
    Case("extract.ini:1: [IO_INFORMATION] train_dir is missing: expected a path") {
      try $0.edit("extract.ini") { $0.replacing(/train_dir.*\n/, with: "") }
    },
    Case(
      "extract.ini with --set: [IO_INFORMATION] output_type = TF: expected one of PANNA, LAMMPS, KIM",
      "IO_INFORMATION.output_type=TF"),
    Case(
      "train: there is no checkpoint of step 7; the steps are 2", "IO_INFORMATION.step_number=7"),
    Case("the networks do not say how their descriptors are made, which the format asks for"),
    Case(
      "gvect.ini: the descriptors have 40 components, the networks take 32",
      "IO_INFORMATION.gvector_input=FOLDER/gvect.ini"
    ) {
      try $0.edit("gvect.ini") { $0.replacing("RsN_rad = 4", with: "RsN_rad = 8") }
    },
    Case("nowhere.ini: cannot be read", "IO_INFORMATION.gvector_input=FOLDER/nowhere.ini"),
    Case(
      "train/saved_networks/species_O_layer_1_biases_1.npy: holds 3 bytes of data, float[1] has 4",
      "IO_INFORMATION.networks_format=PANNA",
      "IO_INFORMATION.networks_folder=FOLDER/train/saved_networks"
    ) {
      try $0.editBytes("train/saved_networks/species_O_layer_1_biases_1.npy") { $0.removeLast() }
    },
    Case(
      "train/saved_networks/networks_metadata.json: the key networks_offset is missing",
      "IO_INFORMATION.networks_format=PANNA",
      "IO_INFORMATION.networks_folder=FOLDER/train/saved_networks"
    ) {
      try $0.edit("train/saved_networks/networks_metadata.json") {
        $0.replacing("networks_offset", with: "offset")
      }
    },
    Case("potential: is a file, not a folder", "IO_INFORMATION.output_type=PANNA") {
      try $0.write("", to: "potential")
    },
    Case(
      "train/panna.in: cannot be read as a text", "IO_INFORMATION.networks_format=LAMMPS",
      "IO_INFORMATION.networks_folder=FOLDER/train"),
  ]

  @Test(arguments: extraction) func extractWeights(_ testCase: Case) throws {
    try check(
      ExtractWeights.self, "extract.ini", fixture(.trained), testCase, results: "potential")
  }

  // MARK: Fixtures

  private enum Stage: Int { case examples, described, packed, trained }

  /// Everything that the programs need, worked on up to a stage.
  private func fixture(_ stage: Stage = .examples) throws -> ProgramFixture {
    let fixture = try ProgramFixture()
    for (name, text) in Self.configurations { try fixture.write(text, to: name) }
    try fixture.write("no example", to: "examples/notes.txt")
    for index in 1...2 {
      try ExampleFile.write(
        GvectCalculatorTests.water(index), to: fixture.url("examples/w\(index).example"))
    }
    let programs: [(any Program.Type, String)] = [
      (GvectCalculator.self, "gvect.ini"), (TFRPacker.self, "tfr.ini"), (Train.self, "train.ini"),
    ]
    for (program, ini) in programs.prefix(stage.rawValue) {
      try fixture.run(program, "--config", fixture.path(ini))
      // The original's folders do not say what with structures are described.
      if program == GvectCalculator.self {
        try FileManager.default.removeItem(at: fixture.url("bin/gvect_params.json"))
      }
    }
    return fixture
  }

  private static let configurations = [
    "gvect.ini": GvectCalculatorTests.ini.replacing(
      "species = H, O", with: "species = H, O\ninclude_derivatives = True"),
    "tfr.ini": """
    [IO_INFORMATION]
    input_dir = FOLDER/bin
    output_dir = FOLDER/tfr
    [CONTENT_INFORMATION]
    include_derivatives = True
    """,
    "train.ini": """
    [IO_INFORMATION]
    data_dir = FOLDER/tfr
    train_dir = FOLDER/train
    log_dir = FOLDER/train
    save_checkpoint_steps = 2
    [DATA_INFORMATION]
    atomic_sequence = H, O
    output_offset = -0.5, -13
    [TRAINING_PARAMETERS]
    batch_size = 2
    learning_rate = 0.01
    max_steps = 2
    forces_cost = 0.1
    [DEFAULT_NETWORK]
    g_size = 32
    architecture = 4:1
    """,
    "evaluate.ini": """
    [IO_INFORMATION]
    train_dir = FOLDER/train
    networks_folder = FOLDER/train/saved_networks
    data_dir = FOLDER/tfr
    eval_dir = FOLDER/evaluation
    [VALIDATION_OPTIONS]
    compute_forces = True
    single_step = True
    """,
    "extract.ini": """
    [IO_INFORMATION]
    train_dir = FOLDER/train
    output_dir = FOLDER/potential
    output_type = KIM
    """,
  ]
}

extension ProgramFixture {
  /// Changes a text file.
  func edit(_ name: String, _ change: (String) -> String) throws {
    let old = try text(name)
    let new = change(old)
    #expect(new != old, "nothing was changed in \(name)")
    try Data(new.utf8).write(to: url(name))
  }

  /// Changes the bytes of a file.
  func editBytes(_ name: String, _ change: (inout [UInt8]) -> Void) throws {
    var all = [UInt8](try bytes(name))
    change(&all)
    try Data(all).write(to: url(name))
  }

  /// Changes a structure of a TFRecord file.
  func spoil(_ name: String, _ change: (inout DescribedStructure) -> Void) throws {
    let file = url("tfr/1-1.tfrecord")
    var structures = try DescribedStructureFile.read(file)
    let index = try #require(structures.firstIndex { $0.name == name })
    change(&structures[index])
    let writer = try TFRecordWriter(file)
    for structure in structures {
      let storage: DescribedStructure.DerivativeStorage =
        structure.derivatives == nil ? .none : .sparse
      try writer.write(structure.trainExample(derivatives: storage).encoded())
    }
    try writer.close()
  }

  /// The paths of all files below a folder, hidden ones too, with their sizes.
  func files(below name: String) throws -> [String] {
    guard let paths = FileManager.default.enumerator(atPath: path(name)) else { return [] }
    return paths.compactMap { $0 as? String }.compactMap { path in
      let attributes = try? FileManager.default.attributesOfItem(
        atPath: self.path("\(name)/\(path)"))
      guard attributes?[.type] as? FileAttributeType == .typeRegular else { return nil }
      return "\(path) \(attributes?[.size] ?? 0)"
    }.sorted()
  }
}
