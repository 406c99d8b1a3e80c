import Atomistics
import Dataflow
import Foundation
import TestSupport
import Testing

@testable import ProgramSupport
@testable import panna

/// `tfr_packer` on descriptor files of the tests' own making and of the original's.
@Suite(.timeLimit(.minutes(10))) struct TFRPackerTests {
  private func structure(_ name: String, _ energy: Float) -> DescribedStructure {
    let blocks = DerivativeBlocks(
      rowStarts: [0, 2, 4], neighbours: [0, 1, 0, 1],
      values: (0..<24).map { $0 % 5 == 1 ? 0 : Float($0) + energy })
    return DescribedStructure(
      name: name, energy: energy, species: [0, 1], descriptorSize: 2, descriptors: [1, 2, 3, 4],
      derivatives: blocks, forces: [1, 2, 3, 4, 5, energy], perAtomQuantity: [7, energy])
  }

  /// A folder with descriptor files and a configuration that packs two of them in a file.
  private func fixture(
    _ names: [String] = ["a", "b", "c"], layout: DescriptorFile.DerivativeLayout = .sparse
  ) throws -> ProgramFixture {
    let fixture = try ProgramFixture()
    try fixture.write("not a descriptor", to: "bin/notes.txt")
    for (index, name) in names.enumerated() {
      try DescriptorFile.write(
        structure(name, Float(index)), to: fixture.url("bin/\(name).bin"), derivatives: layout)
    }
    try fixture.write(
      """
      [IO_INFORMATION]
      input_dir = FOLDER/bin
      output_dir = FOLDER/tfr
      elements_per_file = 2
      prefix = set
      [CONTENT_INFORMATION]
      n_species = 2
      """, to: "tfr.ini")
    return fixture
  }

  private func pack(_ fixture: ProgramFixture, _ sets: String...) throws {
    try pack(fixture, sets)
  }

  private func pack(_ fixture: ProgramFixture, _ sets: [String]) throws {
    let arguments = ["--config", fixture.path("tfr.ini")] + sets.flatMap { ["--set", $0] }
    try TFRPacker.run(TFRPacker.options.parse(arguments))
  }

  private func packed(_ fixture: ProgramFixture) throws -> [[DescribedStructure]] {
    try DescribedStructureFile.files(in: fixture.url("tfr"))
      .map { try DescribedStructureFile.read($0) }
  }

  @Test func filesAreCutAndNamedInTheOrderOfNames() throws {
    let fixture = try fixture(["b10", "c", "a", "b2", "b1"])
    try pack(fixture)
    #expect(
      try fixture.names(in: "tfr")
        == ["set-1-3.tfrecord", "set-2-3.tfrecord", "set-3-3.tfrecord"])
    #expect(try packed(fixture).map { $0.map(\.name) } == [["a", "b1"], ["b2", "b10"], ["c"]])
  }

  @Test func withoutPrefixNumbersAreTheName() throws {
    let fixture = try fixture()
    try pack(fixture, "IO_INFORMATION.prefix=")
    #expect(try fixture.names(in: "tfr") == ["1-2.tfrecord", "2-2.tfrecord"])
  }

  @Test(arguments: [DescriptorFile.DerivativeLayout.dense, .sparse], ["True", "False"])
  func derivativesOfEitherKindBecomeEitherKind(
    layout: DescriptorFile.DerivativeLayout, isSparse: String
  ) throws {
    let fixture = try fixture(layout: layout)
    try pack(
      fixture, "CONTENT_INFORMATION.include_derivatives=yes",
      "CONTENT_INFORMATION.sparse_derivatives=\(isSparse)",
      "CONTENT_INFORMATION.include_per_atom_quantity=on")
    let expected = ["a", "b", "c"].enumerated().map { structure($1, Float($0)) }
    #expect(try packed(fixture).flatMap { $0 } == expected)
    var reader = try TFRecordReader(fixture.url("tfr/set-1-2.tfrecord"))
    let example = try TrainExample(encoded: try #require(try reader.next()))
    #expect((example.features["dgvects"] != nil) == (isSparse == "False"))
    #expect((example.features["dgvect_values"] != nil) == (isSparse == "True"))
  }

  @Test func derivativesAreLeftOutUnlessAskedFor() throws {
    let fixture = try fixture()
    try pack(fixture)
    for structure in try packed(fixture).flatMap({ $0 }) {
      #expect(structure.derivatives == nil && structure.forces == nil)
      #expect(structure.perAtomQuantity == nil)
    }
  }

  @Test func filesThatAreThereAreKept() throws {
    let fixture = try fixture()
    try fixture.write("kept", to: "tfr/set-1-2.tfrecord")
    try fixture.write("", to: "tfr/set-2-2.tfrecord")
    // What is no pack of these structures is made anew, what is one is left as it is.
    try pack(fixture)
    let first = fixture.path("tfr/set-1-2.tfrecord")
    let date = {
      try FileManager.default.attributesOfItem(atPath: first)[.modificationDate] as? Date
    }
    let made = try date()
    try pack(fixture)
    #expect(try date() == made && made != nil)
    try pack(fixture, "CONTENT_INFORMATION.include_derivatives=True")
    #expect(try packed(fixture)[0][0].derivatives != nil)
    try pack(fixture)
    #expect(try packed(fixture)[0][0].derivatives == nil)
    #expect(
      try DescribedStructureFile.read(fixture.url("tfr/set-2-2.tfrecord")).map(\.name) == ["c"])
    // Of descriptors that were computed anew they are made anew.
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: 60)], ofItemAtPath: fixture.path("bin/b.bin"))
    try pack(fixture)
    #expect(
      try DescribedStructureFile.read(fixture.url("tfr/set-1-2.tfrecord")).map(\.name) == [
        "a", "b",
      ])
  }

  /// Readers of packed files take sizes and species from elsewhere.
  @Test func structuresMustFitTogether() throws {
    let fixture = try fixture()
    try DescriptorFile.write(
      DescribedStructure(
        name: "d", energy: 1, species: [0], descriptorSize: 3, descriptors: [1, 2, 3]),
      to: fixture.url("bin/d.bin"))
    #expect(
      fixture.message { try pack(fixture) } == "bin/d.bin: has 3 components, a.bin has 2")
    try FileManager.default.removeItem(at: fixture.url("bin/d.bin"))
    // The original does not read n_species, and its own examples have wrong numbers there.
    try pack(fixture, "CONTENT_INFORMATION.n_species=1")
  }

  /// Trainings read all that is in a folder: what an earlier packing left would be there twice.
  @Test func otherFilesAreNotLeftBesideNewOnes() throws {
    let fixture = try fixture()
    try pack(fixture)
    let before = try packed(fixture)
    let message = fixture.message { try pack(fixture, "IO_INFORMATION.elements_per_file=1") }
    #expect(
      message
        == "tfr/set-1-2.tfrecord: is none of the files to be packed here, but would be read like"
        + " them; remove the files set-<i>-<n>.tfrecord in tfr, or name another output_dir")
    #expect(try packed(fixture) == before)
    // What no reader takes for a TFRecord is no hindrance.
    try fixture.write("", to: "tfr/.set-1-2.tfrecord")
    try fixture.write("", to: "tfr/notes.txt")
    try pack(fixture)
    #expect(try packed(fixture) == before)
  }

  /// Files under way of a packing that was killed are of no use, those of others are theirs.
  @Test func whatAKilledPackingLeftIsRemoved() throws {
    let fixture = try fixture()
    try pack(fixture)
    let before = try fixture.names(in: "tfr")
    let target = try #require(before.first { $0.hasSuffix(".tfrecord") })
    let others = [".\(target).1", ".\(target).x.2", ".other-\(target).1.2"]
    for name in others + [".\(target).123.4294967295"] { try fixture.write("", to: "tfr/\(name)") }
    try pack(fixture)
    #expect(try fixture.names(in: "tfr") == (before + others).sorted())
  }

  /// Data sets that are packed one by one are joined in a folder by their prefixes.
  @Test func filesOfOtherPrefixesStay() throws {
    let fixture = try fixture()
    for prefix in ["a", "a-1", "b2", "", "1"] {
      try pack(fixture, "IO_INFORMATION.prefix=\(prefix)")
    }
    let names = try fixture.names(in: "tfr")
    #expect(
      names == [
        "1-1-2.tfrecord", "1-2-2.tfrecord", "1-2.tfrecord", "2-2.tfrecord", "a-1-1-2.tfrecord",
        "a-1-2-2.tfrecord", "a-1-2.tfrecord", "a-2-2.tfrecord", "b2-1-2.tfrecord",
        "b2-2-2.tfrecord",
      ])
    for (prefix, file) in [
      ("a", "a-1-2"), ("a-1", "a-1-1-2"), ("b2", "b2-1-2"), ("", "1-2"), ("1", "1-1-2"),
    ] {
      let message = fixture.message {
        try pack(fixture, "IO_INFORMATION.prefix=\(prefix)", "IO_INFORMATION.elements_per_file=3")
      }
      #expect(message.hasPrefix("tfr/\(file).tfrecord: is none of the files to be packed here"))
    }
    #expect(try fixture.names(in: "tfr") == names)
  }

  @Test func partsOfAnotherDivisionAreNotLeftBesideNewOnes() throws {
    let fixture = try fixture(Self.names)
    let validation = "DIVISION.validation_fraction=0.1"
    try pack(fixture, validation, "DIVISION.test_fraction=0.1")
    let names = try ["train", "validation", "test"].map { try namesIn(fixture, "tfr/\($0)") }
    // Structures of other prefixes may be of another part there.
    let others = [
      ["DIVISION.validation_fraction=0.3"], [validation], [validation, "IO_INFORMATION.prefix=b"],
    ]
    for other in others {
      let message = fixture.message { try pack(fixture, other) }
      #expect(message.contains(".tfrecord: is none of the files to be packed here"), "\(message)")
    }
    #expect(
      try ["train", "validation", "test"].map { try namesIn(fixture, "tfr/\($0)") } == names)
    try pack(fixture, validation, "DIVISION.test_fraction=0.1")
  }

  @Test func equalInputHasEqualBytes() throws {
    let (one, other) = (try fixture(), try fixture())
    for fixture in [one, other] { try pack(fixture, "CONTENT_INFORMATION.include_derivatives=1") }
    for name in ["tfr/set-1-2.tfrecord", "tfr/set-2-2.tfrecord"] {
      #expect(try one.bytes(name) == other.bytes(name))
    }
  }

  @Test func aBadFileIsNamedAndLeavesNothing() throws {
    let fixture = try fixture()
    let bytes = try fixture.bytes("bin/b.bin")
    try bytes.dropLast(3).write(to: fixture.url("bin/b.bin"))
    let message = fixture.message { try pack(fixture) }
    #expect(message.hasPrefix("bin/b.bin: per-atom quantity: found a file that ends at byte "))
    #expect(try fixture.names(in: "tfr") == [])
  }

  @Test func whatIsMissingIsNamed() throws {
    let fixture = try fixture(["a"])
    var bare = structure("a", 0)
    (bare.derivatives, bare.forces, bare.perAtomQuantity) = (nil, nil, nil)
    try DescriptorFile.write(bare, to: fixture.url("bin/a.bin"))
    #expect(
      fixture.message { try pack(fixture, "CONTENT_INFORMATION.include_derivatives=True") }
        == "bin/a.bin: has no derivatives, which include_derivatives asks for")
    #expect(
      fixture.message { try pack(fixture, "CONTENT_INFORMATION.include_per_atom_quantity=True") }
        == "bin/a.bin: has no per-atom quantity, which include_per_atom_quantity asks for")
    try FileManager.default.removeItem(at: fixture.url("bin/a.bin"))
    #expect(
      fixture.message { try pack(fixture) }
        == "bin: there is no *.bin file among its 1 files")
  }

  @Test(arguments: [
    (
      "IO_INFORMATION.elements_per_file=0",
      "tfr.ini with --set: [IO_INFORMATION] elements_per_file = 0: expected a whole number from 1"
    ),
    (
      "CONTENT_INFORMATION.include_derivative=True",
      "tfr.ini with --set: [CONTENT_INFORMATION] include_derivative is an unknown key; did you mean"
        + " include_derivatives? Allowed: derivative_format, include_derivatives, include_per_atom_quantity,"
        + " n_species, sparse_derivatives"
    ),
  ])
  func wrongConfigurationsAreRefused(set: String, expected: String) throws {
    let fixture = try fixture()
    #expect(fixture.message { try pack(fixture, set) } == expected)
    #expect(!fixture.exists("tfr"))
  }

  // MARK: Files of the original

  /// Unpacked into descriptor files and packed again, the original's records have the same lists and
  /// lengths; the original took files in the order 2, 1, 3.
  @Test(
    .enabled(if: Golden.isPresent, "reference data absent"),
    arguments: [("tfr_dense", "False"), ("tfr_sparse", "True")])
  func theOriginalsFilesAreMadeAgain(folder: String, isSparse: String) throws {
    let originals = try DescribedStructureFile.files(in: Golden.url("panna/golden/\(folder)"))
    let fixture = try fixture([])
    for structure in try originals.flatMap({ try DescribedStructureFile.read($0) }) {
      try DescriptorFile.write(
        structure, to: fixture.url("bin/\(structure.name).bin"), derivatives: .sparse)
    }
    try pack(
      fixture, "CONTENT_INFORMATION.include_derivatives=True",
      "CONTENT_INFORMATION.sparse_derivatives=\(isSparse)")
    let made = try records(DescribedStructureFile.files(in: fixture.url("tfr")))
    let expected = try records(originals)
    #expect(made.count == 3)
    for (name, record) in expected {
      #expect(made[name]?.count == record.count)
      #expect(
        try TrainExample(encoded: made[name] ?? []) == TrainExample(encoded: record), "\(name)")
    }
  }

  private func records(_ files: [URL]) throws -> [String: [UInt8]] {
    var result: [String: [UInt8]] = [:]
    for file in files {
      var reader = try TFRecordReader(file)
      while let record = try reader.next() {
        let structure = try DescribedStructure(TrainExample(encoded: record), fallbackName: "")
        result[structure.name] = record
      }
    }
    return result
  }

  /// Packing the original's descriptor files gives records that hold what those files hold.
  @Test(.enabled(if: Golden.isPresent, "reference data absent"))
  func theOriginalsDescriptorFilesArePacked() throws {
    let fixture = try fixture([])
    let source = Golden.url("panna/golden/mbp_mol_sparse")
    try pack(
      fixture, "IO_INFORMATION.input_dir=\(source.path)",
      "CONTENT_INFORMATION.include_derivatives=True")
    let expected = try ["1", "2", "3"].map {
      try DescriptorFile.read(source.appendingPathComponent("\($0).bin"))
    }
    #expect(try packed(fixture).flatMap { $0 } == expected)
  }

  // MARK: Division

  private static let names = (0..<40).map { "run\($0 / 4)_\($0)" }

  private func namesIn(_ fixture: ProgramFixture, _ folder: String) throws -> [String] {
    guard fixture.exists(folder) else { return [] }
    return try DescribedStructureFile.files(in: fixture.url(folder))
      .sorted { $0.path.compare($1.path, options: .numeric) == .orderedAscending }
      .flatMap { try DescribedStructureFile.read($0).map(\.name) }
  }

  @Test func theSeedFixesTheOrder() throws {
    var orders: [[String]] = []
    for seed in [1, 1, 2] {
      let fixture = try fixture(Self.names)
      try pack(fixture, "DIVISION.seed=\(seed)")
      orders.append(try namesIn(fixture, "tfr"))
    }
    #expect(orders[0] == orders[1] && orders[0] != orders[2])
    #expect(orders[0] != Self.names.sorted() && orders[0].sorted() == Self.names.sorted())
  }

  @Test func fractionsGoToFoldersOfTheirOwn() throws {
    let fixture = try fixture(Self.names)
    try pack(fixture, "DIVISION.validation_fraction=0.2", "DIVISION.test_fraction=0.1")
    let parts = try ["train", "validation", "test"].map { try namesIn(fixture, "tfr/\($0)") }
    #expect(parts.map(\.count) == [28, 8, 4])
    #expect(parts.flatMap(\.self).sorted() == Self.names.sorted())
    #expect(try fixture.names(in: "tfr") == ["test", "train", "validation"])
  }

  @Test func groupsStayTogether() throws {
    let fixture = try fixture(Self.names)
    try pack(
      fixture, "DIVISION.validation_fraction=0.2", "DIVISION.test_fraction=0.1",
      "DIVISION.group=^(run[0-9]+)_", "DIVISION.shuffle=False")
    let parts = try ["train", "validation", "test"].map { part in
      let names = try namesIn(fixture, "tfr/\(part)")
      // As the folder's files are read: numbers count as such.
      #expect(names == names.sorted { $0.compare($1, options: .numeric) == .orderedAscending })
      return Set(names.map { $0.prefix { $0 != "_" } })
    }
    #expect(parts.map(\.count) == [7, 2, 1])
    #expect(parts[0].union(parts[1]).union(parts[2]).count == 10)
  }

  @Test func wrongDivisionsAreRefused() throws {
    let fixture = try fixture()
    func message(_ sets: String...) -> String {
      fixture.message {
        let arguments = ["--config", fixture.path("tfr.ini")] + sets.flatMap { ["--set", $0] }
        try TFRPacker.run(TFRPacker.options.parse(arguments))
      }
    }
    #expect(
      message("DIVISION.test_fraction=0.5", "DIVISION.validation_fraction=0.5")
        == "tfr.ini with --set: [DIVISION] test_fraction = 0.5: expected fractions that leave"
        + " something to train on")
    #expect(
      message("DIVISION.group=^(run")
        .hasPrefix("tfr.ini with --set: [DIVISION] group = ^(run: expected a regular expression"))
    #expect(
      message("DIVISION.group=x+")
        == "bin/a.bin: has nothing of [DIVISION] group in its name")
    #expect(
      message("DIVISION.test_fraction=0.9")
        == "[DIVISION] leaves nothing of 3 structures to train on")
    // A fraction of less than half a structure.
    #expect(
      message("DIVISION.validation_fraction=0.1")
        == "[DIVISION] validation_fraction = 0.1 leaves nothing of 3 structures for validation")
    #expect(
      message("DIVISION.validation_fraction=0.4", "DIVISION.test_fraction=0.16")
        == "[DIVISION] test_fraction = 0.16 leaves nothing of 3 structures for test")
    #expect(
      message(
        "CONTENT_INFORMATION.include_derivatives=True",
        "CONTENT_INFORMATION.derivative_format=cubes")
        == "tfr.ini with --set: [CONTENT_INFORMATION] derivative_format = cubes: expected one of"
        + " dense, sparse, blocks, half_blocks")
    #expect(!fixture.exists("tfr"))
  }

  @Test(arguments: ["dense", "sparse", "blocks"]) func formatsHoldTheSame(format: String) throws {
    let fixture = try fixture()
    try pack(
      fixture, "CONTENT_INFORMATION.include_derivatives=True",
      "CONTENT_INFORMATION.derivative_format=\(format)")
    for structure in try packed(fixture).flatMap(\.self) {
      var expected = self.structure(structure.name, structure.energy)
      expected.perAtomQuantity = nil
      #expect(structure == expected)
    }
  }
}
