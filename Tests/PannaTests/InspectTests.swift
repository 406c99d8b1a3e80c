import AtomicNetworks
import Atomistics
import Dataflow
import Foundation
import TestSupport
import Testing

@testable import panna

/// `panna inspect` on files made here.
@Suite struct InspectTests {
  private func object(_ file: URL, values: Bool = true) throws -> [String: Any] {
    let text = try FileInspector.inspect(file).json(showsValues: values)
    let found = try JSONSerialization.jsonObject(with: Data(text.utf8))
    return try #require(found as? [String: Any])
  }

  private func array(_ value: Any?) throws -> (type: String, shape: [Int], values: [Double]?) {
    let array = try #require(value as? [String: Any])
    return (
      try #require(array["type"] as? String), try #require(array["shape"] as? [Int]),
      array["values"] as? [Double]
    )
  }

  @Test func arraysAreShownInFullWhereAskedFor() throws {
    let fixture = try ProgramFixture()
    let file = fixture.url("x.npy")
    try NumPyFile.write(Tensor(shape: [2, 2], scalars: [1, -0.5, 3, 0.25] as [Float]), to: file)
    let found = try FileInspector.inspect(file)
    #expect(
      found.text(showsValues: false).hasSuffix(
        "kind: NumPy array\narray: float[2, 2] from -0.5 to 3.0, mean 0.9375"))
    #expect(found.text(showsValues: true).hasSuffix("array: float[2, 2] [1.0, -0.5, 3.0, 0.25]"))
    #expect(
      found.json(showsValues: true).hasSuffix(
        "\"kind\":\"NumPy array\",\"array\":{\"type\":\"float\",\"shape\":[2,2],\"minimum\":-0.5,"
          + "\"maximum\":3.0,\"mean\":0.9375,\"values\":[1.0,-0.5,3.0,0.25]}}"))
    #expect(try array(object(file, values: false)["array"]).values == nil)
    try NumPyFile.write(Tensor([.nan, -Double.infinity]), to: file)
    #expect(try FileInspector.inspect(file).json(showsValues: true).contains("[\"nan\",\"-inf\"]"))
  }

  /// NaN is neither less nor greater than anything, wherever it stands.
  @Test(arguments: [[1, .nan, 0.5], [.nan, 1, 0.5], [0.5, 1, .nan]])
  func whatIsNoNumberIsCounted(elements: [Double]) throws {
    let fixture = try ProgramFixture()
    let file = fixture.url("x.npy")
    try NumPyFile.write(Tensor(elements), to: file)
    let found = try FileInspector.inspect(file)
    #expect(
      found.text(showsValues: false).hasSuffix(
        "array: double[3] from 0.5 to 1.0, mean 0.75, 1 of 3 nan"))
    #expect(
      found.json(showsValues: false).hasSuffix(
        "\"shape\":[3],\"minimum\":0.5,\"maximum\":1.0,\"mean\":0.75,\"nan_count\":1}}"))
  }

  /// Text has no quotes around what JSON has no numbers for, and one NaN for all kinds of it.
  @Test func infinitiesAndNothingButNaN() throws {
    let fixture = try ProgramFixture()
    let file = fixture.url("x.npy")
    try NumPyFile.write(Tensor([-Float.infinity, .infinity, 1]), to: file)
    let infinite = try FileInspector.inspect(file)
    #expect(
      infinite.text(showsValues: false).hasSuffix("array: float[3] from -inf to inf, mean nan"))
    #expect(
      infinite.json(showsValues: false).hasSuffix(
        "\"minimum\":\"-inf\",\"maximum\":\"inf\",\"mean\":\"nan\"}}"))
    try NumPyFile.write(Tensor([Float.nan, .nan]), to: file)
    let nothing = try FileInspector.inspect(file)
    #expect(nothing.text(showsValues: false).hasSuffix("array: float[2], 2 of 2 nan"))
    #expect(nothing.json(showsValues: false).hasSuffix("\"shape\":[2],\"nan_count\":2}}"))
  }

  /// Whole numbers are written exactly, those that no real number is, too.
  @Test func largeIntegersAreExact() throws {
    let fixture = try ProgramFixture()
    let file = fixture.url("x.npy")
    try NumPyFile.write(Tensor([Int64.max, 0, -(1 << 53) - 1]), to: file)
    let found = try FileInspector.inspect(file)
    let (low, high) = ("-9007199254740993", "9223372036854775807")
    #expect(found.text(showsValues: false).contains("int64[3] from \(low) to \(high), mean "))
    #expect(
      found.json(showsValues: false).contains("\"minimum\":\(low),\"maximum\":\(high),"))
  }

  @Test func recordsShowTheirFeatures() throws {
    let fixture = try ProgramFixture()
    let example = TrainExample(features: [
      "energy": .floats([1.5]), "species": .integers([0, 1]), "name": .bytes([Array("a\"b".utf8)]),
      "raw": .bytes([[0xFF, 0x01], []]),
    ])
    let writer = try TFRecordWriter(fixture.url("a.tfrecord"))
    try writer.write(example.encoded())
    try writer.write([1, 2, 3])
    try writer.close()
    let found = try object(fixture.url("a.tfrecord"))
    #expect(found["kind"] as? String == "TFRecord" && found["count"] as? Int == 2)
    let records = try #require(found["records"] as? [[String: Any]])
    let features = try #require(records[0]["features"] as? [String: Any])
    #expect(try array(features["energy"]).values == [1.5])
    #expect(try array(features["species"]).type == "int64")
    #expect(features["name"] as? String == "a\"b")
    #expect(features["raw"] as? [String] == ["0xff01", ""])
    #expect(records[1]["bytes"] as? Int == 3 && records[1]["features"] == nil)
  }

  @Test func damageIsNamed() throws {
    let fixture = try ProgramFixture()
    let writer = try TFRecordWriter(fixture.url("a.tfrecord"))
    try writer.write([1, 2, 3])
    try writer.close()
    var bytes = [UInt8](try fixture.bytes("a.tfrecord"))
    bytes[13] ^= 1
    try Data(bytes).write(to: fixture.url("a.tfrecord"))
    let error = #expect(throws: FormatError.self) {
      try FileInspector.inspect(fixture.url("a.tfrecord"))
    }
    #expect(error?.damage == .contentChecksum && error?.record == 0)
    try fixture.write("nothing that is known", to: "a.txt")
    let message = fixture.message { try fixture.run(Inspect.self, fixture.path("a.txt")) }
    #expect(message.hasPrefix("a.txt: is of no kind that is known; known are: NumPy array"))
    #expect(
      fixture.message { try fixture.run(Inspect.self, fixture.path("b.npy")) }
        == "b.npy: is not there")
    #expect(fixture.message { try fixture.run(Inspect.self) } == "which files?")
    try fixture.write("short", to: "b.npy")
    #expect(fixture.message { try fixture.run(Inspect.self, fixture.path("b.npy")) } != "no error")
  }

  /// One damaged file keeps none of the others from being shown, in either form.
  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: TrainTests.executable)))
  func othersAreShownBesideDamagedFiles() throws {
    let fixture = try ProgramFixture()
    for (index, name) in ["a.npy", "c.npy"].enumerated() {
      try NumPyFile.write(Tensor(Int32(index + 1)), to: fixture.url(name))
    }
    try fixture.write("short", to: "b.npy")
    let paths = ["a.npy", "b.npy", "c.npy", "absent.npy"].map(fixture.path)
    func inspect(_ arguments: [String]) throws -> (Int32, out: Data, errors: [Substring]) {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: TrainTests.executable)
      process.arguments = ["inspect"] + arguments
      let (out, errors) = (Pipe(), Pipe())
      (process.standardOutput, process.standardError) = (out, errors)
      try process.run()
      let data = out.fileHandleForReading.readDataToEndOfFile()
      let said = String(
        decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      return (
        process.terminationStatus, data,
        said.replacing(fixture.folder.path + "/", with: "").split(separator: "\n")
      )
    }
    let (status, text, errors) = try inspect(paths)
    #expect(status == 1)
    #expect(
      String(decoding: text, as: UTF8.self).replacing(fixture.folder.path + "/", with: "") == """
        file: a.npy
        kind: NumPy array
        array: int32[] [1]

        file: c.npy
        kind: NumPy array
        array: int32[] [2]

        """)
    try #require(errors.count == 3, "\(errors)")
    #expect(errors[0].hasPrefix("b.npy: ") && errors[1] == "absent.npy: is not there")
    #expect(errors[2] == "panna: inspect: 2 of 4 files are not shown, for the reasons above")

    /// The values of the files in a list, and the exit status.
    func values(_ paths: [String]) throws -> (values: [[Int]], status: Int32) {
      let (status, json, _) = try inspect(["--json", "--values"] + paths)
      let objects = try JSONSerialization.jsonObject(with: json) as? [[String: Any]]
      return (
        try #require(objects).map {
          try #require(($0["array"] as? [String: Any])?["values"] as? [Int])
        }, status
      )
    }
    #expect(try values(paths) == ([[1], [2]], 1))
    #expect(try values([paths[1], paths[2]]) == ([[2]], 1))
    #expect(try values([paths[1], paths[3]]) == ([], 1))
    #expect(try values([paths[0], paths[2]]) == ([[1], [2]], 0))
  }

  @Test func descriptorsWeightsAndCheckpoints() throws {
    let fixture = try ProgramFixture()
    let structure = DescribedStructure(
      name: "cell", energy: -1.25, species: [0, 1], descriptorSize: 3,
      descriptors: [1, 2, 3, 4, 5, 6], forces: [0, 0, 1, 0, 0, -1])
    try DescriptorFile.write(structure, to: fixture.url("cell.bin"))
    let bin = try object(fixture.url("cell.bin"))
    #expect(bin["name"] as? String == "cell" && bin["energy"] as? Double == -1.25)
    #expect(try array(bin["descriptors"]).shape == [2, 3])

    let network = SpeciesNetwork(
      symbol: "Si",
      layers: [
        .init(
          weights: Tensor(shape: [2, 1], scalars: [0.5, 1] as [Float]),
          biases: Tensor([0.25] as [Float]), activation: .linear)
      ], offset: -3)
    try NetworkModel(networks: [network], descriptors: nil).write(to: fixture.url("saved"))
    let weights = try object(fixture.url("saved"))
    let networks = try #require(weights["networks"] as? [[String: Any]])
    #expect(networks[0]["species"] as? String == "Si" && networks[0]["parameters"] as? Int == 3)
    let layers = try #require(networks[0]["layers"] as? [[String: Any]])
    #expect(try array(layers[0]["weights"]).values == [0.5, 1])

    let checkpoint = Checkpoint(tensors: ["w": Tensor([1, 2] as [Int32])], texts: ["t": "x\ny"])
    try checkpoint.write(to: fixture.url("checkpoint-1.panna"))
    let text = try FileInspector.inspect(fixture.url("checkpoint-1.panna")).text(showsValues: false)
    #expect(text.hasSuffix("tensors:\n  w: int32[2] from 1 to 2, mean 1.5\ntexts:\n  t: x\ny"))
  }

  @Test func networksOfATextShowTheirVariables() throws {
    let fixture = try ProgramFixture()
    try fixture.write(
      """
      parameter real = double
      descriptors = placeholder(real[atoms, 2])
      scale = variable(ones(real[2]))
      energies = Sum(descriptors * scale, axes: [1], keep_dims: false)
      """, to: "scaled.graph")
    let graph = try GraphNetwork(
      source: GraphSource(fixture.url("scaled.graph")), featureSize: 2, seed: 0)
    try NetworkModel(networks: [SpeciesNetwork(symbol: "Si", graph: graph, offset: -3)])
      .write(to: fixture.url("saved"))
    let text = try FileInspector.inspect(fixture.url("saved")).text(showsValues: false)
    #expect(
      text.contains("graph: scaled.graph") && text.contains("scale: float[2] from 1.0 to 1.0"),
      "\(text)")
    #expect(!text.contains("layers"))
  }

  @Test func eventFilesShowTheirCurves() throws {
    let fixture = try ProgramFixture()
    let writer = try EventWriter(folder: fixture.folder)
    for step in 0..<3 { try writer.write([("loss", Double(step) / 2)], step: step) }
    try writer.close()
    let name = try #require(try fixture.names(in: "").first { $0.contains("tfevents") })
    let found = try object(fixture.url(name))
    let curves = try #require(found["scalars"] as? [String: [String: Any]])
    #expect(try array(curves["loss"]?["values"]).values == [0, 0.5, 1])
    #expect(try array(curves["loss"]?["steps"]).values == [0, 1, 2])
    #expect(found["is_cut_off"] as? Bool == false)
    try fixture.bytes(name).dropLast(3).write(to: fixture.url(name))
    #expect(try object(fixture.url(name))["is_cut_off"] as? Bool == true)
    #expect(try object(fixture.url(name))["count"] as? Int == 2)
  }

  @Test(.enabled(if: Golden.isPresent)) func tensorFlowsCheckpointByAnyOfItsNames() throws {
    for name in ["", ".index", ".data-00000-of-00001"] {
      let found = try object(Golden.url("tensorflow/checkpoint/model.ckpt-10\(name)"))
      let variables = try #require(found["variables"] as? [String: Any])
      #expect(variables.count == 12)
      #expect(try array(variables["global_step"]).values == [12345])
      #expect((variables["text"] as? [String])?.first == "abc")
    }
  }
}
