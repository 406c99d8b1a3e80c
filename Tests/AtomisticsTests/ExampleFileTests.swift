import Foundation
import Tensors
import TestSupport
import Testing

@testable import Atomistics

/// A folder that is gone after the test.
func withTemporaryFolder(_ body: (URL) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  try body(folder)
}

@Suite struct ExampleFileTests {
  private static func text(
    energy: String = #"[-2.5, "Ry"]"#, length: String = #""bohr""#,
    position: String = #""cartesian""#, lattice: String = "[[4, 0, 0], [1, 5, 0], [0, 0, 0]]",
    atoms: String = #"[[1, "O", [1, 2, 3], [0.1, 0.2, 0.3]], [2, "H", [0, 0, 0.5], [0, 0, -1]]]"#,
    more: String = ""
  ) -> String {
    """
    {
      "energy": \(energy),
      "unit_of_length": \(length),
      "atomic_position_unit": \(position),
      "lattice_vectors": \(lattice),
      "atoms": \(atoms)\(more)
    }
    """
  }

  private func decode(_ text: String) throws -> Structure {
    try ExampleFile.decode(text.utf8, name: "x")
  }

  @Test func unitsAreConverted() throws {
    let text = Self.text(more: #", "per_atom_energy": [-1, -1.5]"#)
    let structure = try decode(text)
    #expect(try decode("\u{feff}\(text)") == structure)
    let bohr = Double(Float(0.52917721067))
    let rydberg = Double(Float(13.6056980659))
    #expect(structure.energy == -2.5 * rydberg)
    #expect(structure.species == ["O", "H"])
    #expect(structure.positions[0] == SIMD3(1, 2, 3) * bohr)
    #expect(structure.forces![1] == SIMD3(0, 0, -1) * (rydberg / bohr))
    #expect(structure.cell.vectors.b == SIMD3(1, 5, 0) * bohr)
    #expect(structure.cell.periodic == [true, true, false])
    #expect(structure.perAtomQuantity == [-rydberg, -1.5 * rydberg])
  }

  @Test(arguments: [
    ("Ry", Units.rydberg), ("Ryd", Units.rydberg), ("ryd", Units.rydberg), ("ry", Units.rydberg),
    ("RY", Units.rydberg), ("Ha", Units.hartree), ("eV", 1), ("ev", 1), ("EV", 1),
  ]) func everyEnergyUnit(unit: String, value: Double) throws {
    #expect(try decode(Self.text(energy: #"[2, "\#(unit)"]"#)).energy == 2 * value)
  }

  @Test func crystalPositionsAreFractions() throws {
    let structure = try decode(
      Self.text(
        length: #""angstrom""#, position: #""crystal""#,
        lattice: "[[4, 0, 0], [1, 5, 0], [0, 0, 6]]",
        atoms: #"[[1, "O", [0.5, 0.2, 0.1]]]"#))
    #expect(length(structure.positions[0] - [2.2, 1, 0.6]) < 1e-15)
    #expect(structure.forces == nil)
  }

  /// There is no fraction of a vector that is not there.
  @Test func crystalPositionsNeedTheirVectors() throws {
    func read(_ position: String, _ lattice: String) throws -> Structure {
      try decode(
        Self.text(
          position: #""crystal""#, lattice: lattice, atoms: #"[[1, "O", \#(position)]]"#))
    }
    let slab = "[[4, 0, 0], [1, 5, 0], [0, 0, 0]]"
    #expect(try read("[0.5, 0, 0]", slab).positions[0] == [2 * Units.bohr, 0, 0])
    let error = #expect(throws: AtomisticsError.self) { try read("[0.5, 0, 0.25]", slab) }
    #expect(
      error?.description
        == "line 6: atoms[0]: found the crystal coordinate 0.25 along lattice vector 3, which is"
        + " missing; allowed: 0 there, three lattice vectors, or cartesian positions")
    #expect(throws: AtomisticsError.self) {
      try read("[0.5, 0, 0]", "[[0, 0, 0], [0, 0, 0], [0, 0, 0]]")
    }
  }

  @Test func oldAndLooseFormsAreRead() throws {
    let old =
      #"{"atoms": [["a1", "H", [0, 0, 1], [0, 0, 0], 0.5]], "atomic_coordinates": "cartesian", "energy": ["'-1.5'"]}"#
    var warnings: [String] = []
    let structure = try ExampleFile.decode(old.utf8, name: "old") { warnings.append($0) }
    #expect(structure.energy == -1.5 && structure.cell == .none)
    #expect(structure.positions == [[0, 0, 1]])
    #expect(warnings == ["no unit_of_length, angstrom assumed", "no unit of energy, eV assumed"])
  }

  @Test func wrongFilesAreNamedExactly() {
    func error(_ text: String) -> String {
      let error = #expect(throws: AtomisticsError.self) { try decode(text) }
      return error?.description ?? ""
    }
    #expect(
      error(Self.text(energy: #"[-2.5, "kcal"]"#))
        == "line 2: energy: found \"kcal\"; allowed: eV, ev, EV, Ry, Ryd, ryd, ry, RY, Ha")
    #expect(
      error(Self.text(energy: #"["none", "eV"]"#))
        == "line 2: energy: found \"none\"; allowed: a number")
    #expect(
      error(Self.text(length: #""Angsrom""#))
        == "line 3: unit_of_length: found \"Angsrom\"; allowed: angstrom, bohr")
    #expect(
      error(Self.text(position: "3"))
        == "line 4: atomic_position_unit: found 3.0; allowed: cartesian, crystal")
    #expect(
      error(Self.text(lattice: "[[1, 0, 0], [0, 1, 0]]"))
        == "line 5: lattice_vectors: found a list of 2; allowed: three rows of three numbers")
    #expect(error(Self.text(lattice: "[[1, 0, 0], [0, 1, 0], [1, 1, 0]]")).hasPrefix("line 5: lat"))
    #expect(
      error(Self.text(atoms: #"[[1, "O", [1, 2]]]"#))
        == "line 6: atoms[0]: found a list of 2; allowed: three numbers")
    #expect(
      error(Self.text(atoms: #"[[1, "O", [1, 2, "z"]]]"#))
        == "line 6: atoms[0]: found \"z\"; allowed: a number")
    #expect(
      error(Self.text(atoms: #"[[1, "O", [1, 2, 3]], [2, "O", [1, 2, 4], [0, 0, 0]]]"#))
        == "atoms: found forces for 1 of 2 atoms; allowed: forces for all atoms or for none")
    #expect(
      error(#"{"atomic_position_unit": "cartesian", "atoms": []}"#)
        == "energy: found no such key; allowed: the key is required")
    #expect(
      error("{\n\"atoms\": [1,\n 2") == "line 3: found the end of the text; allowed: a comma or ]")
    #expect(
      error(Self.text(atoms: "[]"))
        == "line 6: atoms: found a list of 0; allowed: at least one atom")
    #expect(
      error(Self.text(energy: #"[NaN, "eV"]"#))
        == "line 2: found \"NaN, \"eV\"],\n\"; allowed: a number, a string, a list, an object, true,"
        + " false or null")
    #expect(error("[]") == "line 1: the whole file: found a list of 0; allowed: an object")
    #expect(
      error(Self.text(more: #", "per_atom_energy": [1]"#))
        == "line 6: per_atom_energy: found a list of 1; allowed: 2 numbers")
  }

  @Test func writtenNumbersComeBackToTheLastBit() throws {
    var generator = PhiloxGenerator(seed: 12)
    let structure = Structure(
      name: "a \"name\"\n", species: ["Si", "H"],
      positions: (0..<2).map { _ in
        SIMD3(generator.uniform(), generator.uniform() * 1e-9, generator.uniform() * 1e9)
      },
      cell: try Cell(vectors: Matrix3([5, 0.1, 0], [0, 1.0 / 3, 0], [0, 0, 7])), energy: -1.0 / 3,
      forces: [[1e-300, -0.1, 0.3], [0, 0, 1.0 / 7]], perAtomQuantity: [0.1, 0.2])
    var read = try decode(try ExampleFile.encode(structure))
    read.name = structure.name
    #expect(read == structure)
    try withTemporaryFolder { folder in
      let file = folder.appendingPathComponent("frame-3.example")
      try ExampleFile.write(structure, to: file)
      #expect(try ExampleFile.read(file).name == "frame-3")
      #expect(try ExampleFile.read(file).positions == structure.positions)
    }
    // A direction that does not repeat has no vector in this format.
    let slab = Structure(
      species: ["Si"], positions: [.zero],
      cell: try Cell(vectors: .identity, periodic: [true, false, true]),
      energy: 0)
    #expect(try decode(try ExampleFile.encode(slab)).cell.vectors.b == .zero)
  }

  @Test func whatCannotBeWrittenIsAnError() throws {
    #expect(throws: AtomisticsError.self) {
      try ExampleFile.encode(Structure(species: [], positions: []))
    }
    try withTemporaryFolder { folder in
      let file = folder.appendingPathComponent("nan.example")
      #expect(throws: AtomisticsError.self) {
        try ExampleFile.write(Structure(species: [], positions: [], energy: .nan), to: file)
      }
      #expect(!FileManager.default.fileExists(atPath: file.path))
    }
  }

  @Test(.enabled(if: Golden.isPresent, "reference data absent"))
  func originalExamplesAreRead() throws {
    let folders = ["panna/tests/gvector_calculator/examples", "panna/golden/ex_pbc"]
    for folder in folders {
      let files = try FileManager.default.contentsOfDirectory(
        at: Golden.url(folder), includingPropertiesForKeys: nil)
      #expect(!files.isEmpty)
      for file in files {
        let structure = try ExampleFile.read(file)
        let energy = structure.energy
        var again = try decode(try ExampleFile.encode(structure))
        again.name = structure.name
        #expect(again == structure && energy != 0)
      }
    }
  }
}

@Suite struct JSONNodeTests {
  @Test func everyKindOfValue() throws {
    let text =
      #" {"a": [1, -2.5e3, true, false, null, "x\n\u00e9\ud83d\ude00\/"], "b": {}, "c": []} "#
    let root = try JSONNode(parsing: text.utf8)
    let a = try #require(root["a"]).array("a", "")
    #expect(try a[0].number("") == 1 && a[1].number("") == -2500)
    #expect(try a[5].string("") == "x\né😀/")
    #expect(a[2].summary == "true" && a[3].summary == "false" && a[4].summary == "null")
    #expect(root["b"]?.summary == "an object" && root["d"] == nil)
    #expect(try JSONNode(parsing: #"{"n": null}"#.utf8)["n"] == nil)
  }

  @Test(arguments: [
    "", "{", "[1,]", "{\"a\" 1}", "{\"a\": 1,}", "nul", "01x", "+1", "\"a", "\"\\q\"",
    "\"\\u12\"", "\"\\ud800\"", "[1] 2", "{\"a\": 1, \"a\": 2}", "NaN", "1e999", "\"\u{1}\"",
    String(repeating: "[", count: 100_000),
  ]) func brokenTextIsRefused(text: String) {
    #expect(throws: AtomisticsError.self) { try JSONNode(parsing: text.utf8) }
  }

  @Test func linesAreCounted() {
    let error = #expect(throws: AtomisticsError.self) {
      try JSONNode(parsing: "{\n \"a\": 1,\n \"b\" 2\n}".utf8)
    }
    #expect(error?.line == 3 && error?.allowed == "a colon after \"b\"")
  }
}
