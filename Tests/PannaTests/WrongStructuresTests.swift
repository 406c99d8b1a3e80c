import Atomistics
import Dataflow
import Foundation
import ProgramSupport
import TestSupport
import Testing

@testable import panna

/// What the programs that read structures, descriptors and potentials say of input that is wrong.
@Suite(.timeLimit(.minutes(20))) struct WrongStructuresTests {
  /// An example with something wrong, and what is said of it after the file's name.
  struct BadExample: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let old: String
    let new: String
    let message: String

    init(_ name: String, _ old: String, _ new: String, _ message: String) {
      (testDescription, self.old, self.new, self.message) = (name, old, new, message)
    }

    var text: String { WrongStructuresTests.example.replacing(old, with: new) }
  }

  static let example = """
    {"atomic_position_unit": "cartesian", "unit_of_length": "angstrom",
     "energy": [-3.5, "eV"],
     "atoms": [[1, "Si", [0, 0, 0], [0, 0, 0]],
      [2, "Si", [2.3, 0, 0], [0, 0, 0]]]}
    """

  static let examples = [
    BadExample(
      "missing key", "\"energy\": [-3.5, \"eV\"],", "",
      ": energy: found no such key; allowed: the key is required"),
    BadExample(
      "wrong unit", "\"eV\"", "\"kcal\"",
      ":2: energy: found \"kcal\"; allowed: eV, ev, EV, Ry, Ryd, ryd, ry, RY, Ha"),
    BadExample(
      "wrong unit of length", "\"angstrom\"", "\"nm\"",
      ":1: unit_of_length: found \"nm\"; allowed: angstrom, bohr"),
    BadExample(
      "truncated file", "[2, \"Si\", [2.3, 0, 0], [0, 0, 0]]]}", "[2, \"Si\"",
      ":4: found the end of the text; allowed: a comma or ]"),
    BadExample(
      "energy that is no number", "-3.5", "\"nan\"", ":2: energy: found \"nan\"; allowed: a number"),
    BadExample(
      "energy that is no JSON", "-3.5", "NaN",
      ":2: found \"NaN, \"eV\"],\n\"; allowed: a number, a string, a list, an object, true, false or null"
    ),
    BadExample(
      "position of two numbers", "[2.3, 0, 0]", "[2.3, 0]",
      ":4: atoms[1]: found a list of 2; allowed: three numbers"),
  ]

  private func message(
    _ fixture: ProgramFixture, _ program: any Program.Type, _ arguments: [String]
  )
    -> String
  {
    fixture.message { try program.run(program.options.parse(arguments)) }
  }

  @Test(
    "a wrong example is named with its line by every program that reads it", arguments: examples)
  func wrongExample(_ bad: BadExample) throws {
    let fixture = try ProgramFixture()
    try fixture.write(Self.example, to: "examples/1.example")
    try fixture.write(bad.text, to: "examples/2.example")
    try fixture.write(Self.descriptors, to: "gvect.ini")
    try fixture.write(Self.dynamics, to: "md.ini")
    let (folder, file) = (fixture.path("examples"), fixture.path("examples/2.example"))
    for (program, arguments) in [
      (JSONToAXSF.self, ["-i", folder, "-o", fixture.path("out")]),
      (
        GvectParamCheck.self,
        ["-c", fixture.path("gvect.ini"), "-e", folder, "-o", fixture.path("out")]
      ),
      (Predict.self, ["-p", "stillinger-weber", "-o", fixture.path("out.xyz"), file]),
      (MD.self, ["-c", fixture.path("md.ini"), "--set", "STRUCTURE.file=\(file)"]),
    ] as [(any Program.Type, [String])] {
      #expect(
        message(fixture, program, arguments) == "examples/2.example\(bad.message)",
        "\(program.name)")
      #expect(!fixture.exists("out") && !fixture.exists("out.xyz"), "\(program.name)")
    }
  }

  @Test("an unknown species is named with its atom, and nothing is written")
  func unknownSpecies() throws {
    let fixture = try ProgramFixture()
    let text = Self.example.replacing("[2, \"Si\"", with: "[2, \"Xx\"")
    try fixture.write(text, to: "examples/2.example")
    try fixture.write(Self.descriptors, to: "gvect.ini")
    let (folder, file) = (fixture.path("examples"), fixture.path("examples/2.example"))
    for (program, arguments, expected) in [
      (
        JSONToAXSF.self, ["-i", folder, "-o", fixture.path("out")],
        "species of atom 2: found \"Xx\"; allowed: the symbol of an element"
      ),
      (
        GvectParamCheck.self,
        ["-c", fixture.path("gvect.ini"), "-e", folder, "-o", fixture.path("out")],
        "species of atom 2 of 2: found \"Xx\"; allowed: Si"
      ),
      (
        Predict.self, ["-p", "stillinger-weber", "-o", fixture.path("out.xyz"), file],
        "species of atom 2 of 2: found \"Xx\"; allowed: Si"
      ),
    ] as [(any Program.Type, [String], String)] {
      #expect(
        message(fixture, program, arguments) == "examples/2.example: \(expected)", "\(program.name)"
      )
      #expect(!fixture.exists("out") && !fixture.exists("out.xyz"), "\(program.name)")
    }
  }

  @Test("folders and files that are empty, absent, unreadable or of another kind")
  func sources() throws {
    let fixture = try ProgramFixture()
    try fixture.write(Self.descriptors, to: "gvect.ini")
    try fixture.write("hello", to: "a.txt")
    try fixture.write("", to: "empty.xyz")
    try fixture.write("3\nLattice=\"1 0 0\"\n", to: "cell.xyz")
    try fixture.write("2\n\nSi 0 0 0\n", to: "cut.xyz")
    try fixture.write(Self.example, to: "1.example")
    try FileManager.default.createDirectory(
      at: fixture.url("empty"), withIntermediateDirectories: true)
    let path = { (name: String) in fixture.path(name) }
    let check = ["-c", path("gvect.ini"), "-o", path("out"), "-e"]
    let predict = ["-p", "stillinger-weber", "-o", path("out.xyz")]
    for (program, arguments, expected) in [
      (
        JSONToAXSF.self, ["-i", path("empty"), "-o", path("out")],
        "empty: there is no *.example file among its 0 files"
      ),
      (
        JSONToAXSF.self, ["-i", path("absent"), "-o", path("out")],
        "--indir absent: there is no such file or folder"
      ),
      (
        GvectParamCheck.self, check + [path("empty")],
        "empty: there is no *.example file among its 0 files"
      ),
      (
        GvectWriter.self, ["-s", path("empty"), "-o", path("out")],
        "empty: there is no *.bin file among its 0 files"
      ),
      (
        GvectWriter.self, ["-s", path("absent"), "-o", path("out")],
        "--source absent: there is no such file or folder"
      ),
      (GvectWriter.self, ["-s", path("a.txt")], "a.txt: version: found 1819043176; allowed: 0"),
      (Predict.self, predict + [path("empty.xyz")], "empty.xyz: there is no structure in it"),
      (
        Predict.self, predict + [path("cell.xyz")],
        "cell.xyz:2: Lattice: found \"1 0 0\"; allowed: 9 numbers"
      ),
      (
        Predict.self, predict + [path("a.txt")],
        "a.txt: extension: found \".txt\"; allowed: .xyz, .extxyz, .example"
      ),
      (
        Predict.self, ["-p", path("absent"), path("1.example")],
        "--potential absent: expected stillinger-weber or a folder of saved networks"
      ),
      (
        Predict.self, ["-p", path("empty"), path("1.example")],
        "empty/networks_metadata.json: cannot be read; a folder of saved networks holds it"
      ),
      (Inspect.self, [path("absent")], "absent: is not there"),
      (
        Inspect.self, [path("empty")],
        "empty/networks_metadata.json: cannot be read; a folder of saved networks holds it"
      ),
      (
        Inspect.self, [path("a.txt")],
        "a.txt: is of no kind that is known; known are: NumPy array, descriptors, TFRecord, event"
          + " file, TensorFlow checkpoint, checkpoint of a training, weights folder"
      ),
      (Inspect.self, [], "which files?"),
    ] as [(any Program.Type, [String], String)] {
      #expect(message(fixture, program, arguments) == expected, "\(program.name) \(arguments)")
    }
    #expect(message(fixture, Predict.self, predict + [path("cut.xyz")]).hasPrefix("cut.xyz:"))
    #expect(
      message(fixture, GvectParamCheck.self, check + [path("absent")])
        .hasPrefix("absent: cannot be read: "))
    #expect(
      try fixture.names(in: "")
        == ["1.example", "a.txt", "cell.xyz", "cut.xyz", "empty", "empty.xyz", "gvect.ini"])
  }

  @Test("files that are cut off are named with what is missing")
  func cutFiles() throws {
    let fixture = try ProgramFixture()
    let described = try TrainingWorkspace.clusters(1)[0]
    try DescriptorFile.write(described, to: fixture.url("a.bin"), derivatives: .dense)
    try NumPyFile.write(Tensor(zeros: [4, 5], elementType: .float32), to: fixture.url("a.npy"))
    try Checkpoint(tensors: ["w": Tensor(zeros: [9], elementType: .float64)], texts: [:])
      .write(to: fixture.url("a.panna"))
    let writer = try TFRecordWriter(fixture.url("a.tfrecord"))
    try writer.write(Array(repeating: 7, count: 100))
    try writer.close()
    try FileManager.default.createDirectory(
      at: fixture.url("cut"), withIntermediateDirectories: true)
    for (name, count, expected) in [
      ("a.bin", 60, "descriptors: found a file that ends at byte 60; allowed: "),
      ("a.npy", 150, "holds 22 bytes of data, float[4, 5] has 80"),
      ("a.panna", 40, "byte "),
      (
        "a.tfrecord", 80,
        "record 0 at byte 0: the record has 100 bytes and 4 of checksum, the file ends after 68"
      ),
    ] {
      try fixture.bytes(name).prefix(count).write(to: fixture.url("cut/" + name))
      let found = message(fixture, Inspect.self, [fixture.path("cut/" + name)])
      #expect(found.hasPrefix("cut/\(name): \(expected)"), "\(found)")
    }
    let found = message(
      fixture, GvectWriter.self, ["-s", fixture.path("cut"), "-o", fixture.path("out")])
    #expect(
      found.hasPrefix("cut/a.bin: descriptors: found a file that ends at byte 60"), "\(found)")
    #expect(try fixture.names(in: "out").isEmpty)
  }

  @Test("descriptors that are not finite or of another size have no averages and no histograms")
  func descriptorsOfNoUse() throws {
    let fixture = try ProgramFixture()
    func write(_ name: String, size: Int, _ values: [Float]) throws {
      try DescriptorFile.write(
        DescribedStructure(
          name: name, energy: -1, species: Array(repeating: 0, count: values.count / size),
          descriptorSize: size, descriptors: values), to: fixture.url("\(name).bin"))
    }
    func run(_ name: String, _ more: String...) -> String {
      message(
        fixture, GvectWriter.self,
        ["-s", fixture.path(name), "-o", fixture.path("out")] + more)
    }
    try write("a", size: 2, [1, 2, 3, .infinity])
    for option in ["--average", "--histograms"] {
      #expect(
        run("a.bin", option, "2")
          == "a.bin: descriptors: found inf; allowed: finite numbers")
    }
    try write("a", size: 2, [1, 2, 3, 4])
    try write("b", size: 3, [1, 2, 3])
    #expect(run("", "--average", "1") == "b.bin: has descriptors of size 3, the files before 2")
    #expect(
      run("b.bin", "--average", "0") == "--average 0: expected a whole number from 1 to 1000")
    #expect(try fixture.names(in: "out") == [])
  }

  @Test("potentials that are damaged or do not fit")
  func potentials() throws {
    let fixture = try ProgramFixture()
    let networks = waterNetworks(describedBy: nil)
    try networks.write(to: fixture.url("networks"))
    try ExtendedXYZ.write([GvectCalculatorTests.water(1)], to: fixture.url("water.xyz"))
    try fixture.write(GvectCalculatorTests.ini, to: "gvect.ini")
    func predict(_ more: String...) -> String {
      message(
        fixture, Predict.self,
        ["-p", fixture.path("networks"), "-o", fixture.path("out.xyz"), fixture.path("water.xyz")]
          + more)
    }
    #expect(
      predict()
        == "networks: the networks do not say how their descriptors are made (gvect_params): name a"
        + " descriptor file with --descriptors")
    #expect(predict("--descriptors", fixture.path("absent.ini")) == "absent.ini: cannot be read")
    try fixture.write(
      GvectCalculatorTests.ini.replacing("RsN_rad = ", with: "RsN_rad = 1"), to: "other.ini")
    #expect(
      predict("--descriptors", fixture.path("other.ini")).contains(
        " components, the networks take "))
    let weights = try #require(
      try fixture.names(in: "networks").first { $0.contains("weights") })
    try fixture.bytes("networks/\(weights)").dropLast(4)
      .write(to: fixture.url("networks/\(weights)"))
    #expect(
      predict("--descriptors", fixture.path("gvect.ini")).hasPrefix("networks/\(weights): holds "))
    try FileManager.default.removeItem(at: fixture.url("networks/\(weights)"))
    #expect(
      predict("--descriptors", fixture.path("gvect.ini"))
        == "networks/\(weights): cannot be read")
    try fixture.write("{", to: "networks/networks_metadata.json")
    #expect(
      predict("--descriptors", fixture.path("gvect.ini"))
        == "networks/networks_metadata.json: The given data was not valid JSON.")
    #expect(!fixture.exists("out.xyz"))
  }

  static let descriptors = """
    [SYMMETRY_FUNCTION]
    type = mBP
    species = Si
    [GVECT_PARAMETERS]
    eta_rad = 16
    Rc_rad = 4.6
    Rs0_rad = 0.5
    RsN_rad = 4
    eta_ang = 6
    Rc_ang = 4.6
    Rs0_ang = 1.5
    RsN_ang = 2
    zeta = 50
    ThetasN = 4
    """

  static let dynamics = """
    [STRUCTURE]
    type = file
    file = FOLDER/1.example
    [POTENTIAL]
    type = stillinger-weber
    [DYNAMICS]
    temperature = 300
    steps = 40
    [OUTPUT]
    directory = FOLDER/out
    thermo_every = 1
    trajectory_every = 1
    example_every = 20
    """
}
