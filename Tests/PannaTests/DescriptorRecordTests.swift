import AtomicNetworks
import Atomistics
import Foundation
import TestSupport
import Testing

@testable import panna

/// What structures were described with goes along from descriptors to networks, and nothing else is mixed in.
@Suite(.timeLimit(.minutes(10))) struct DescriptorRecordTests {
  private func gvect(
    _ fixture: ProgramFixture, _ descriptors: String = TrainingWorkspace.descriptorSections,
    epsilon: String = "0.01", sections: String = ""
  ) throws {
    try fixture.writeDescriptors("\(descriptors)\nepsilon = \(epsilon)\n\(sections)")
  }

  /// Descriptors with an epsilon, packed, and a training on them.
  private func fixture(
    _ descriptors: String = TrainingWorkspace.descriptorSections, epsilon: String = "0.01",
    cell: Cell = .none, sections: String = ""
  ) throws -> ProgramFixture {
    var structures = try TrainingWorkspace.structures(4)
    for index in structures.indices { structures[index].cell = cell }
    let fixture = try ProgramFixture(
      examples: structures, descriptors: "\(descriptors)\nepsilon = \(epsilon)\n\(sections)",
      training: "batch_size = 2\nmax_steps = 2", descriptorSize: 18, architecture: "2:1")
    try fixture.write(
      """
      [IO_INFORMATION]
      data_dir = FOLDER/data
      networks_format = PANNA
      networks_folder = FOLDER/train/saved_networks
      eval_dir = FOLDER/evaluation
      """, to: "evaluate.ini")
    try fixture.run(GvectCalculator.self, config: "gvect.ini")
    try fixture.run(TFRPacker.self, config: "tfr.ini")
    return fixture
  }

  private func run(
    _ fixture: ProgramFixture, _ program: any Program.Type, _ ini: String, _ sets: String...
  ) throws {
    try fixture.run(program, config: ini, sets)
  }

  @Test func networksRecordWhatTheirDataWereDescribedWith() throws {
    let fixture = try fixture(epsilon: "0.001")
    try run(fixture, Train.self, "train.ini")
    let model = try NetworkModel(folder: fixture.url("train/saved_networks"))
    guard case .modified(let parameters)? = model.descriptors else {
      Issue.record("\(String(describing: model.descriptors))")
      return
    }
    #expect(parameters.epsilon == 0.001 && !model.assumesEpsilon)
    try run(fixture, Evaluate.self, "evaluate.ini")
    #expect(fixture.exists("evaluation/energies.dat"))
  }

  /// The same file describes the same descriptors, whether lists say what a grid says too or something else, to
  /// structures, trainings, networks and potentials that it made.
  @Test(arguments: [
    ["eta_rad = 4, 4, 4", "zeta = 4, 4"],
    ["gvect_parameters_unit = bohr", "eta_rad = 1.3, 1.3, 1.3", "eta_ang = 0.7, 0.7"],
    ["Rs_rad_list = 0.5, 1.5, 2.5", "Rs_ang_list = 0.5, 1.75", "Thetas_list = 45, 135"],
    [
      "Rs_rad_list = 0.7, 1.5, 2.4", "Rs_ang_list = 1.1, 2", "Thetas_list = 30, 140", "zeta = 4, 7",
    ],
  ])
  func listsAreWhatTheyStandFor(lines: [String]) throws {
    let keys = Set(lines.map { $0.prefix { $0 != " " } })
    let replaced = ["Rs_rad_list": "Rs0_rad", "Rs_ang_list": "Rs0_ang"]
    let left = TrainingWorkspace.descriptorSections.split(separator: "\n").filter { line in
      let key = line.prefix { $0 != " " }
      return !keys.contains(key) && !keys.contains { replaced[String($0)] == String(key) }
    }
    let fixture = try fixture((left + lines.map { $0[...] }).joined(separator: "\n"))
    try run(fixture, GvectCalculator.self, "gvect.ini")
    let ini = fixture.path("gvect.ini")
    for steps in [2, 4] {
      try run(
        fixture, Train.self, "train.ini", "IO_INFORMATION.gvect_ini=\(ini)",
        "TRAINING_PARAMETERS.max_steps=\(steps)")
    }
    try fixture.write(
      """
      [IO_INFORMATION]
      train_dir = FOLDER/train
      output_dir = FOLDER/potential
      output_type = LAMMPS
      gvector_version = 1
      gvector_input = FOLDER/gvect.ini
      """, to: "extract.ini")
    try run(fixture, ExtractWeights.self, "extract.ini")
    for networks in ["train/saved_networks", "potential"] {
      try fixture.run(
        Predict.self, "-p", fixture.path(networks), "--descriptors", ini,
        "-o", fixture.path("out.xyz"), fixture.path("examples/cluster0.example"))
    }
    try run(
      fixture, Evaluate.self, "evaluate.ini", "IO_INFORMATION.networks_format=LAMMPS",
      "IO_INFORMATION.networks_folder=\(fixture.path("potential"))")
  }

  /// Networks that learned of molecules in boxes, or of slabs, predict them as such: what they learned from
  /// gives the energies of the training.
  @Test(arguments: ["TFR", "example"], ["use_pbc = False, False, False", "pbc1 = True"])
  func networksKeepWhatRepeats(format: String, flags: String) throws {
    let fixture = try fixture(cell: Cell(orthorhombic: [6, 2.5, 2.5]), sections: "[PBC]\n\(flags)")
    let data = format == "TFR" ? "data" : "examples"
    let sets =
      ["input_format=\(format)", "data_dir=\(fixture.path(data))"]
      + (format == "TFR" ? [] : ["gvect_ini=\(fixture.path("gvect.ini"))"])
    let arguments =
      ["-c", fixture.path("train.ini")] + sets.flatMap { ["--set", "IO_INFORMATION.\($0)"] }
    try Train.run(Train.options.parse(arguments))
    let model = try NetworkModel(folder: fixture.url("train/saved_networks"))
    #expect(model.descriptors?.periodic == [flags.hasPrefix("pbc1"), false, false])
    let described = try DescribedStructureFile.read(fixture.url("data/1-1.tfrecord"))
    let expected = try Evaluator(model, computesForces: false).evaluate(described)
    var periodic = model
    periodic.descriptors?.periodic = .init(repeating: true)
    let potential = try NetworkPotential(periodic)
    for (structure, expected) in zip(described, expected) {
      let file = fixture.url("examples/\(structure.name).example")
      for descriptors in [[], ["--descriptors", fixture.path("gvect.ini")]] {
        try Predict.run(
          Predict.options.parse(
            ["-p", fixture.path("train/saved_networks"), "-o", fixture.path("out.xyz"), file.path]
              + descriptors))
        let energy = try ExtendedXYZ.read(fixture.url("out.xyz"))[0].energy!
        #expect(abs(energy - expected.energy) < 1e-5)
      }
      #expect(abs(try potential.evaluate(ExampleFile.read(file)).energy - expected.energy) > 1e-3)
    }
    // A file that says otherwise is not these networks'.
    try gvect(fixture)
    #expect(
      fixture.message {
        try fixture.run(
          Predict.self, "-p", fixture.path("train/saved_networks"), "--descriptors",
          fixture.path("gvect.ini"), fixture.path("examples/cluster0.example"))
      }
        == "gvect.ini: the networks take other descriptors: pbc is"
        + " \(flags.hasPrefix("pbc1") ? "True" : "False"), False, False there, True, True, True here"
    )
  }

  @Test func otherDescriptorsAreRefused() throws {
    let fixture = try fixture(epsilon: "0.001")
    try gvect(fixture, epsilon: "0.01")
    let ini = fixture.path("gvect.ini")
    #expect(
      fixture.message {
        try run(fixture, Train.self, "train.ini", "IO_INFORMATION.gvect_ini=\(ini)")
      }
        == "data/gvect_params.json: the structures are described with epsilon = 0.001, but gvect.ini says"
        + " 0.01")
    #expect(!fixture.exists("train"))
    // Validation data of another kind.
    try fixture.write(
      try fixture.text("data/gvect_params.json").replacing("0.001", with: "0.02"),
      to: "other/gvect_params.json")
    let other = fixture.path("other")
    try FileManager.default.copyItem(
      at: fixture.url("data/1-1.tfrecord"), to: fixture.url("other/1-1.tfrecord"))
    #expect(
      fixture.message { try run(fixture, Train.self, "train.ini", "VALIDATION.data_dir=\(other)") }
        == "other/gvect_params.json: the structures are described with epsilon = 0.02, but"
        + " data/gvect_params.json says 0.001")
    // Networks and data of another kind.
    try run(fixture, Train.self, "train.ini")
    #expect(
      fixture.message {
        try run(fixture, Evaluate.self, "evaluate.ini", "IO_INFORMATION.data_dir=\(other)")
      }
        == "other/gvect_params.json: the networks take other descriptors: epsilon is 0.001 there, 0.02 here"
    )
    // The same of what repeats, where the networks' structures do along all vectors: checkpoints know it too.
    try fixture.write(
      try fixture.text("data/gvect_params.json").replacing("true", with: "false"),
      to: "other/gvect_params.json")
    let message =
      "other/gvect_params.json: the networks take other descriptors: pbc is True, True, True there,"
      + " False, False, False here"
    for format in ["PANNA", "tf_checkpoint"] {
      let sets = [
        "data_dir=\(other)", "networks_format=\(format)", "train_dir=\(fixture.path("train"))",
      ]
      #expect(
        fixture.message {
          try Evaluate.run(
            Evaluate.options.parse(
              ["-c", fixture.path("evaluate.ini")]
                + sets.flatMap { ["--set", "IO_INFORMATION.\($0)"] }))
        } == message)
    }
    #expect(
      fixture.message {
        try run(
          fixture, Train.self, "train.ini", "IO_INFORMATION.data_dir=\(other)",
          "TRAINING_PARAMETERS.max_steps=4")
      }.contains("has descriptors with pbc = True, True, True, now it is False, False, False"))
    // Packed files of another kind beside those there are.
    try FileManager.default.removeItem(at: fixture.url("bin"))
    try run(fixture, GvectCalculator.self, "gvect.ini")
    #expect(
      fixture.message { try run(fixture, TFRPacker.self, "tfr.ini") }
        == "data/gvect_params.json: the *.tfrecord files here were computed with epsilon = 0.001, now it is"
        + " 0.01; remove them all, or name another folder")
    try FileManager.default.removeItem(at: fixture.url("bin/gvect_params.json"))
    #expect(
      fixture.message { try run(fixture, TFRPacker.self, "tfr.ini") }
        == "data/gvect_params.json: says what with structures here were described, but there is no such"
        + " file in bin")
    try fixture.write("{", to: "bin/gvect_params.json")
    #expect(
      fixture.message { try run(fixture, TFRPacker.self, "tfr.ini") }
        == "bin/gvect_params.json: is no record of descriptors")
  }
}
