import AtomicNetworks
import Atomistics
import Dataflow
import Foundation
import ProgramSupport
import TestSupport
import Testing

@testable import panna

@Suite struct ExtractWeightsTests {
  private func fixture(_ lines: String) throws -> ProgramFixture {
    let fixture = try ProgramFixture()
    try fixture.write(GvectCalculatorTests.ini, to: "gvect.ini")
    try waterNetworks(describedBy: nil).write(to: fixture.url("saved"))
    try fixture.write("[IO_INFORMATION]\n\(lines)", to: "extract.ini")
    return fixture
  }

  private func run(_ fixture: ProgramFixture) throws {
    try fixture.run(ExtractWeights.self, "-c", fixture.path("extract.ini"))
  }

  @Test(arguments: ["LAMMPS", "KIM"]) func thereAndBack(type: String) throws {
    let fixture = try fixture(
      """
      networks_format = PANNA
      networks_folder = FOLDER/saved
      output_dir = FOLDER/potential
      output_type = \(type)
      gvector_input = FOLDER/gvect.ini
      species_list = H, O
      """)
    try run(fixture)
    #expect(try fixture.names(in: "potential") == ["panna.in", "weights_H.dat", "weights_O.dat"])
    try fixture.write(
      """
      [IO_INFORMATION]
      networks_format = LAMMPS
      networks_folder = FOLDER/potential
      output_dir = FOLDER/back
      metadata_version = v1
      """, to: "extract.ini")
    try run(fixture)
    let model = try NetworkModel(folder: fixture.url("back"))
    #expect(try model == NetworkSource.model(in: fixture.url("potential")))
    // The same energies from the potential as from the networks.
    let settings = try fixture.descriptors("gvect.ini")
    let water = GvectCalculatorTests.water(1)
    let expected = try NetworkPotential(waterNetworks(describedBy: settings)).evaluate(water)
    let found = try NetworkPotential(model).evaluate(water)
    #expect(abs(found.energy - expected.energy) < 1e-5)
    try ExtendedXYZ.write([water], to: fixture.url("in.xyz"))
    try fixture.run(
      Predict.self, "-p", fixture.path("potential"), "-o", fixture.path("out.xyz"),
      fixture.path("in.xyz"))
    let predicted = try #require(try ExtendedXYZ.read(fixture.url("out.xyz"))[0].energy)
    #expect(abs(predicted - found.energy) < 1e-12)
  }

  /// Networks of one kind have names in common; of two kinds they may be in one folder.
  @Test func whatIsReadIsNotReplaced() throws {
    let fixture = try fixture("")
    func message(_ keys: String...) throws -> String {
      try fixture.write("[IO_INFORMATION]\n" + keys.joined(separator: "\n"), to: "panna.in")
      return fixture.message {
        try fixture.run(ExtractWeights.self, "-c", fixture.path("panna.in"))
      }
    }
    func lost(_ line: Int, _ key: String, _ other: String) -> String {
      "panna.in:\(line): [IO_INFORMATION] \(key): expected another \(other), which would be lost"
    }
    let folder = "folder than that of the networks"
    let (metadata, descriptors) = try (
      fixture.text("saved/networks_metadata.json"), fixture.text("gvect.ini")
    )
    let saved = "networks_format = PANNA\nnetworks_folder = FOLDER/saved"
    #expect(
      try message(saved, "output_dir = FOLDER/saved/", "metadata_version = v1")
        == lost(4, "output_dir = saved/", folder))
    #expect(try fixture.text("saved/networks_metadata.json") == metadata)
    let lammps = "output_type = LAMMPS\ngvector_input = FOLDER/gvect.ini"
    let file = "name than that of a file that is read"
    #expect(
      try message(saved, "output_dir = \(fixture.folder.path)", "output_file = panna.in", lammps)
        == lost(5, "output_file = panna.in", file))
    #expect(
      try message(saved, "output_dir = \(fixture.folder.path)", "output_file = gvect.ini", lammps)
        == lost(5, "output_file = gvect.ini", file))
    #expect(try fixture.text("gvect.ini") == descriptors)
    #expect(try message(saved, "output_dir = FOLDER/saved", lammps) == "no error")
    for place in ["saved", "saved/panna.in"] {
      #expect(
        try message(
          "networks_format = LAMMPS", "networks_folder = FOLDER/\(place)",
          "output_dir = FOLDER/saved", "output_type = KIM") == lost(4, "output_dir = saved", folder)
      )
    }
    // Of a training the metadata are those of TensorFlow's checkpoints alone.
    let training = "train_dir = FOLDER/train\noutput_dir = FOLDER/train"
    #expect(!(try message(training)).contains("would be lost"))
    try fixture.write("", to: "train/model.ckpt-3.index")
    #expect(try message(training) == lost(3, "output_dir = train", folder))
  }

  @Test func keysWithoutEffectAreSaid() throws {
    func ignored(_ text: String) throws -> [String] {
      try ExtractWeightsConfiguration(IniFile(text: "[IO_INFORMATION]\n\(text)", path: "x")).ignored
    }
    #expect(
      try ignored(
        "train_dir = a\nnetworks_folder = b\nstep_number = 3\noutput_file = c\nspecies_list = H")
        == ["networks_folder", "output_file", "species_list"].map { "[IO_INFORMATION] \($0)" })
    #expect(
      try ignored(
        "networks_format = PANNA\ntrain_dir = a\nstep_number = 3\noutput_type = KIM\nmetadata_version = v1"
      )
        == ["train_dir", "step_number", "metadata_version"].map { "[IO_INFORMATION] \($0)" })
  }

  /// A descriptor file says what the networks do not, and nothing else.
  @Test(arguments: [
    ("epsilon = 0.001", "epsilon is 0.01 there, 0.001 here"),
    ("epsilon = 0.01\neta_rad = 5", "eta_rad is 4.0 there, 5.0 here"),
    ("species = O, H", "species is H, O there, O, H here"),
  ])
  func otherDescriptorsAreRefused(change: String, expected: String) throws {
    let fixture = try fixture(
      """
      networks_format = PANNA
      networks_folder = FOLDER/described
      output_dir = FOLDER/potential
      output_type = KIM
      gvector_input = FOLDER/gvect.ini
      """)
    let settings = try fixture.descriptors("gvect.ini")
    try waterNetworks(describedBy: settings).write(to: fixture.url("described"))
    try fixture.edit("gvect.ini") { text in
      change.split(separator: "\n").reduce(text) { text, line in
        let key = line.prefix { $0 != " " }
        let others = text.split(separator: "\n").filter { !$0.hasPrefix("\(key) ") }
        let section = key == "species" ? "[SYMMETRY_FUNCTION]" : "[GVECT_PARAMETERS]"
        return others.flatMap { $0 == section ? [$0, line] : [$0] }.joined(separator: "\n")
      }
    }
    let message = "gvect.ini: the networks take other descriptors: \(expected)"
    #expect(fixture.message { try run(fixture) } == message)
    #expect(!fixture.exists("potential"))
    #expect(
      fixture.message {
        _ = try PotentialSource.networks(
          folder: fixture.url("described"), descriptors: fixture.path("gvect.ini"), key: "--gvect")
      } == message)
  }

  /// What the reader would take for something else ends with a message and without a potential.
  @Test(arguments: [
    ("KIM", "epsilon = 0.001", "epsilon is 0.001, but OpenKIM's driver always takes 0.01"),
    ("LAMMPS", "zeta = 7.5", "zeta is 7.5, but LAMMPS reads whole numbers only"),
  ])
  func whatTheReaderDoesNotKnowIsRefused(type: String, line: String, expected: String) throws {
    let fixture = try fixture(
      """
      networks_format = PANNA
      networks_folder = FOLDER/saved
      output_dir = FOLDER/potential
      output_type = \(type)
      gvector_input = FOLDER/gvect.ini
      """)
    try fixture.edit("gvect.ini") { $0.replacing("zeta = 8\n", with: "") + "\n\(line)\n" }
    if !line.hasPrefix("zeta") { try fixture.edit("gvect.ini") { $0 + "zeta = 8\n" } }
    #expect(fixture.message { try run(fixture) } == expected)
    #expect(!fixture.exists("potential"))
  }

  /// A descriptor file without epsilon does not say what others' networks were trained with.
  @Test func anEpsilonThatNoFileSaysIsAssumed() throws {
    let fixture = try ProgramFixture()
    try fixture.write(GvectCalculatorTests.ini, to: "gvect.ini")
    try fixture.write(GvectCalculatorTests.ini + "\nepsilon = 0.01\n", to: "known.ini")
    for (first, second, isAssumed) in [
      ("gvect", "gvect", true), ("known", "known", false), ("gvect", "known", false),
      ("known", "gvect", false),
    ] {
      var model = waterNetworks(describedBy: nil)
      for name in [first, second] {
        try model.describe(byFile: fixture.path("\(name).ini"))
      }
      #expect((model.caveat != nil) == isAssumed)
    }
  }

  @Test func errorsAreExact() throws {
    let fixture = try fixture("train_dir = FOLDER/train")
    #expect(
      fixture.message { try run(fixture) }
        == "train: cannot be read: No such file or directory")
    try FileManager.default.createDirectory(
      at: fixture.url("train"), withIntermediateDirectories: true)
    #expect(
      fixture.message { try run(fixture) }
        == "train: there is no checkpoint-*.panna and no model.ckpt-*.index")
    try fixture.write("", to: "train/instance_1/x")
    try fixture.write("", to: "train/instance_0/x")
    #expect(
      fixture.message { try run(fixture) }
        == "train: there is no checkpoint-*.panna and no model.ckpt-*.index; it is a committee's, name one of"
        + " instance_0, instance_1 in it")
    try fixture.write(
      """
      [IO_INFORMATION]
      networks_format = PANNA
      networks_folder = FOLDER/saved
      output_type = LAMMPS
      output_file = sub/panna.in
      """, to: "extract.ini")
    #expect(
      fixture.message { try run(fixture) }
        == "extract.ini:5: [IO_INFORMATION] output_file = sub/panna.in: expected a name without /; the folder is"
        + " output_dir")
    try fixture.write(
      """
      [IO_INFORMATION]
      train_dir = FOLDER/train
      output_type = KIM
      gvector_version = 1
      """, to: "extract.ini")
    #expect(
      fixture.message { try run(fixture) }
        == "extract.ini:4: [IO_INFORMATION] gvector_version = 1: expected 0, since OpenKIM's driver knows no"
        + " lists, nor tanh, which come with version 1")
    try fixture.write(
      """
      [IO_INFORMATION]
      networks_format = PANNA
      networks_folder = FOLDER/saved
      output_dir = FOLDER/potential
      output_type = LAMMPS
      """, to: "extract.ini")
    #expect(
      fixture.message { try run(fixture) }
        == "the networks do not say how their descriptors are made, which the format asks for")
    #expect(!fixture.exists("potential"))
    try fixture.write("[IO_INFORMATION]\noutputdir = x", to: "extract.ini")
    #expect(fixture.message { try run(fixture) }.contains("did you mean output_dir?"))
  }
}
