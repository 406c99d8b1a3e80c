import AtomicNetworks
import Dataflow
import DataflowFormats
import Foundation
import ProgramSupport
import TestSupport
import Testing

@testable import Atomistics
@testable import panna

/// Every reader on files that were changed at random: what it gives is a value or an error, never a trap.
///
/// `Tests/fuzz.sh` runs many more of these, and keeps the input that a reader could not bear.
@Suite(.timeLimit(.minutes(600))) struct FuzzTests {
  /// A reader with what it can read.
  struct Format: CustomTestStringConvertible, Sendable {
    let name: String
    let seeds: [[UInt8]]
    /// Reads bytes, or the file that holds them.
    let read: @Sendable ([UInt8], URL) throws -> Void
    var needsFile = false

    var testDescription: String { name }
  }

  private static let count =
    ProcessInfo.processInfo.environment["FUZZ_INPUTS"].flatMap(Int.init) ?? 300
  private static let firstSeed =
    ProcessInfo.processInfo.environment["FUZZ_SEED"].flatMap(UInt64.init) ?? 1
  /// Where the input that is being read is kept.
  private static let folder = ProcessInfo.processInfo.environment["FUZZ_FOLDER"].map {
    URL(fileURLWithPath: $0)
  }

  @Test(arguments: try formats()) func nothingTraps(format: Format) throws {
    let temporary = try TemporaryFolder()
    let file = (Self.folder ?? temporary.url).appendingPathComponent("input.\(format.name)")
    let keepsInput = format.needsFile || Self.folder != nil
    var (values, errors, slowest) = (0, 0, Duration.zero)
    var mutations = Mutations(of: format.seeds, seed: Self.firstSeed)
    for _ in 0..<Self.count {
      let input = mutations.next()
      if keepsInput { try write(input, to: file) }
      let start = ContinuousClock.now
      do {
        try format.read(input, file)
        values += 1
      } catch {
        errors += 1
      }
      slowest = max(slowest, .now - start)
    }
    #expect(values + errors == Self.count)
    // Both happen, or else nothing of interest was tried.
    #expect(errors > Self.count / 100)
    #expect(slowest < .seconds(20), "an input took \(slowest)")
    if Self.folder != nil {
      print("\(format.name): \(values) read, \(errors) refused, slowest \(slowest)")
    }
    try? FileManager.default.removeItem(at: file)
  }

  /// Without waiting for a disk.
  private func write(_ bytes: [UInt8], to file: URL) throws {
    let handle = try #require(fopen(file.path, "w"))
    defer { fclose(handle) }
    #expect(fwrite(bytes, 1, bytes.count, handle) == bytes.count)
  }

  /// What is right is read.
  @Test(arguments: try formats()) func seedsAreRead(format: Format) throws {
    let folder = try TemporaryFolder()
    for seed in format.seeds {
      let file = try folder.write(seed, to: "seed")
      try format.read(seed, file)
    }
  }

  // MARK: Formats

  private static func formats() throws -> [Format] {
    try records() + graphs() + arrays() + texts()
  }

  private static func bytes(_ write: (URL) throws -> Void) throws -> [UInt8] {
    let folder = try TemporaryFolder()
    try write(folder.file("seed"))
    return [UInt8](try Data(contentsOf: folder.file("seed")))
  }

  private static func records() throws -> [Format] {
    let structures = try TrainingWorkspace.clusters(3)
    let storages: [DescribedStructure.DerivativeStorage] = [
      .none, .dense, .sparse, .blocks, .halfBlocks,
    ]
    let examples = try storages.flatMap { storage in
      try structures.prefix(2).map { try $0.trainExample(derivatives: storage).encoded() }
    }
    let files = try [0, 1, 3].map { count in
      try bytes { file in
        let writer = try TFRecordWriter(file)
        for example in examples.prefix(count) { try writer.write(example) }
        try writer.close()
      }
    }
    let events = try bytes { file in
      let writer = try TFRecordWriter(file)
      try writer.write([9, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0x10, 3])
      try writer.close()
    }
    return [
      Format(
        name: "tfrecord", seeds: files,
        read: { _, file in
          let packed = try PackedStructures(
            [file], includesDerivatives: true, damaged: .skip(atMost: 5))
          for index in 0..<packed.count { _ = try packed.structure(at: index) }
          _ = try DescribedStructureFile.read(file)
        }, needsFile: true),
      Format(
        name: "example_proto", seeds: examples,
        read: { bytes, _ in
          _ = try DescribedStructure(TrainExample(encoded: bytes), fallbackName: "name")
        }),
      Format(
        name: "events", seeds: [events], read: { _, file in _ = try EventReader.scalars(in: file) },
        needsFile: true),
    ]
  }

  private static func arrays() throws -> [Format] {
    let structures = try TrainingWorkspace.clusters(3)
    let bins = try structures.flatMap { structure in
      try DescriptorFile.DerivativeLayout.allCases.map {
        try DescriptorFile.encode(structure, derivatives: $0)
      }
    }
    let tensors = [
      Tensor(shape: [2, 3], scalars: [1, 2, 3, 4, 5, 6] as [Float]),
      Tensor([1.5, -2] as [Double]), Tensor(Int32(7)),
    ]
    let arrays = try tensors.map { tensor in try bytes { try NumPyFile.write(tensor, to: $0) } }
    let checkpoint = Checkpoint(
      tensors: ["w": tensors[0], "step": tensors[2]], texts: ["seed": "3", "name": "é"])
    let index = try tensorFlowIndex(tensors)
    return [
      Format(
        name: "bin", seeds: bins,
        read: { bytes, _ in _ = try DescriptorFile.decode(bytes, name: "name") }),
      Format(
        name: "npy", seeds: arrays, read: { _, file in _ = try NumPyFile.read(file) },
        needsFile: true),
      Format(
        name: "checkpoint", seeds: [try bytes { try checkpoint.write(to: $0) }],
        read: { _, file in _ = try Checkpoint(file) }, needsFile: true),
      Format(
        name: "index", seeds: [index.index],
        read: { bytes, _ in
          let folder = try TemporaryFolder()
          _ = try folder.write(bytes, to: "ckpt.index")
          _ = try folder.write(index.data, to: "ckpt.data-00000-of-00001")
          _ = try TensorFlowCheckpoint(folder.file("ckpt"))
        }),
    ]
  }

  private static func tensorFlowIndex(
    _ tensors: [Tensor]
  ) throws -> (index: [UInt8], data: [UInt8]) {
    let folder = try TemporaryFolder()
    let named = tensors.enumerated().map { ("layer_\($0)/weights", $1) }
    try TensorFlowCheckpoint.write(
      Dictionary(uniqueKeysWithValues: named), to: folder.file("ckpt"))
    func read(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: folder.file(name))) }
    return (try read("ckpt.index"), try read("ckpt.data-00000-of-00001"))
  }

  private static func graphs() throws -> [Format] {
    let texts = [
      """
      parameter hidden = [3, 2]
      function layer(x, units, activation = Tanh) {
        weights = variable(normal(float[size(x, 1), units], stddev: 0.5, seed: 1))
        return activation(MatMul(x, weights))
      }
      x = placeholder(float[rows, 3])
      h_0 = x
      for i, units in hidden { h_{i + 1} = layer(h_{i}, units) }
      energy = Sum(h_{count(hidden)} ^ 2, axes: [0, 1], keep_dims: false) * 0.5
      dE_dx = gradient(energy, x)
      """,
      """
      x = placeholder(double[2, ?]) @/device:CPU:0
      if true { y = Exp(x, ^x) } else { y = x }
      a, b = Split(y, axis: 0, num_split: 2)
      z = Pack([a, b], axis: 0) @^y
      """,
    ]
    let graphs = try texts.map { try Graph(text: $0) }
    let defs = try graphs.map { try GraphDef(exporting: $0) }
    return [
      Format(
        name: "graph_text", seeds: texts.map { Array($0.utf8) },
        read: { bytes, _ in _ = try Graph(text: String(decoding: bytes, as: UTF8.self)) }),
      Format(
        name: "graph_def", seeds: defs.map { $0.binary },
        read: { bytes, _ in _ = try Graph(importing: GraphDef(binary: bytes)) }),
      Format(
        name: "graph_def_text", seeds: defs.map { Array($0.text.utf8) },
        read: { bytes, _ in
          _ = try Graph(importing: GraphDef(text: String(decoding: bytes, as: UTF8.self)))
        }),
    ]
  }

  private static func texts() throws -> [Format] {
    let workspace = try TrainingWorkspace()
    let structures = try TrainingWorkspace.structures(2)
    let examples = try structures.map { structure in
      try bytes { try ExampleFile.write(structure, to: $0) }
    }
    let xyz = try bytes { try ExtendedXYZ.write(structures, to: $0) }
    return [
      Format(
        name: "ini", seeds: [Array(try workspace.text("train.ini").utf8)],
        read: { bytes, _ in
          let file = try IniFile(text: String(decoding: bytes, as: UTF8.self), path: "train.ini")
          _ = try TrainConfiguration(file)
        }),
      Format(
        name: "qe_xml", seeds: [Array(espresso.utf8)],
        read: { bytes, _ in
          let found = try QuantumEspressoXML.decode(Data(bytes), name: "name", allSteps: true)
          for configuration in found { _ = try configuration.checked() }
        }),
      Format(
        name: "example", seeds: examples,
        read: { bytes, _ in _ = try ExampleFile.decode(bytes, name: "name") }),
      Format(
        name: "xyz", seeds: [xyz],
        read: { bytes, _ in _ = try ExtendedXYZ.decode(String(decoding: bytes, as: UTF8.self)) }),
    ]
  }

  private static let espresso = """
    <?xml version="1.0" encoding="UTF-8"?>
    <!-- made by hand -->
    <qes:espresso xmlns:qes="http://www.quantum-espresso.org/ns/qes/qes-1.0" Units="Hartree atomic units">
      <input><control_variables><calculation>scf</calculation><forces>true</forces></control_variables></input>
      <step n_step="1">
        <atomic_structure nat="1"><atomic_positions><atom name="H" index="1">0.1 0 0</atom></atomic_positions>
          <cell><a1>9 0 0</a1><a2>0 9 0</a2><a3>0 0 9</a3></cell></atomic_structure>
        <total_energy><etot>-0.49</etot></total_energy>
        <forces rank="2" dims="3 1">0.1 0 0</forces>
      </step>
      <output>
        <convergence_info><scf_conv><convergence_achieved>true</convergence_achieved></scf_conv></convergence_info>
        <atomic_structure nat='1'><atomic_positions><atom name="H" index="1">0 0 0</atom></atomic_positions>
          <cell><a1>9 0 0</a1><a2>0 9 0</a2><a3>0 0 9</a3></cell></atomic_structure>
        <total_energy><etot><![CDATA[-0.5]]></etot></total_energy>
        <symmetries/>
        <forces rank="2" dims="3 1">0 0 &#49;e-3</forces>
      </output>
    </qes:espresso>
    """
}
