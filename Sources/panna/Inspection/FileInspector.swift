import AtomicNetworks
import Atomistics
import Dataflow
import Foundation

/// Tells what is in a file.
enum FileInspector {
  /// - Throws: the errors of the readers, which name the file, the place and what is wrong.
  static func inspect(_ file: URL) throws -> Inspection {
    let kind = try FileKind(file)
    let content =
      switch kind {
      case .numPy: [("array", Inspection.array(try NumPyFile.read(file)))]
      case .descriptors: fields(of: try DescriptorFile.read(file))
      case .records: try records(file)
      case .events: try events(file)
      case .tensorFlowCheckpoint: try variables(FileKind.checkpointPrefix(file)!)
      case .checkpoint: fields(of: try Checkpoint(file))
      case .weights: try networks(file)
      }
    return .fields(
      [("file", .text(file.relativePath)), ("kind", .text(kind.rawValue))]
        + content.map { (name: $0.0, value: $0.1) })
  }

  // MARK: Atoms

  private static func fields(of structure: DescribedStructure) -> [(String, Inspection)] {
    let (atoms, size) = (structure.atomCount, structure.descriptorSize)
    var result: [(String, Inspection)] = [
      ("name", .text(structure.name)), ("atoms", .integer(atoms)),
      ("descriptor_size", .integer(size)), ("energy", .number(Double(structure.energy))),
      ("species", .array(Tensor(structure.species))),
      ("descriptors", .array(Tensor(shape: [atoms, size], scalars: structure.descriptors))),
    ]
    if let blocks = structure.derivatives {
      let shape: Shape = [blocks.neighbours.count, 3, size / blocks.parts]
      let derivatives: [(name: String, value: Inspection)] = [
        ("row_starts", .array(Tensor(blocks.rowStarts))),
        ("neighbours", .array(Tensor(blocks.neighbours))),
        ("blocks", .array(Tensor(shape: shape, scalars: blocks.values))),
      ]
      result.append(("derivatives", .fields(derivatives)))
    }
    if let forces = structure.forces {
      result.append(("forces", .array(Tensor(shape: [atoms, 3], scalars: forces))))
    }
    if let quantity = structure.perAtomQuantity {
      result.append(("per_atom_quantity", .array(Tensor(quantity))))
    }
    return result
  }

  private static func networks(_ folder: URL) throws -> [(String, Inspection)] {
    let model = try NetworkModel(folder: folder)
    let networks = model.networks.map { network -> Inspection in
      let layers = network.layers.map { layer -> Inspection in
        .fields([
          ("activation", .text("\(layer.activation)")), ("trainable", .flag(layer.isTrainable)),
          ("weights", .array(layer.weights)), ("biases", .array(layer.biases)),
        ])
      }
      let head: [(String, Inspection)] = [
        ("species", .text(network.symbol)), ("offset", .number(network.offset)),
        ("parameters", .integer(network.parameterCount)),
      ]
      guard let graph = network.graph else { return .fields(head + [("layers", .list(layers))]) }
      let variables = graph.parameters.map { ($0.name, Inspection.array($0.value)) }
      return .fields(
        head + [("graph", .text(graph.source.file)), ("variables", .fields(variables))])
    }
    return [("networks", .list(networks))]
  }

  // MARK: Records

  private static func records(_ file: URL) throws -> [(String, Inspection)] {
    var reader = try TFRecordReader(file)
    var records: [Inspection] = []
    while let record = try reader.next() { records.append(example(record)) }
    return [("count", .integer(records.count)), ("records", .list(records))]
  }

  /// A record's features where it is a `tf.train.Example`.
  private static func example(_ record: [UInt8]) -> Inspection {
    let size = (name: "bytes", value: Inspection.integer(record.count))
    guard let example = try? TrainExample(encoded: record), !example.features.isEmpty else {
      return .fields([size])
    }
    let features = example.features.sorted { $0.key < $1.key }.map { name, feature in
      (name: name, value: value(of: feature))
    }
    return .fields([size, ("features", .fields(features))])
  }

  private static func value(of feature: TrainExample.Feature) -> Inspection {
    switch feature {
    case .floats(let values): .array(Tensor(values))
    case .integers(let values): .array(Tensor(values))
    case .bytes(let values) where values.count == 1: text(values[0])
    case .bytes(let values): .list(values.map(text))
    }
  }

  /// Bytes as text where they are some, else in hexadecimal digits.
  private static func text(_ bytes: [UInt8]) -> Inspection {
    if let text = String(validating: bytes, as: UTF8.self) { return .text(text) }
    let digits = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
    return .text("0x" + digits.joined())
  }

  private static func events(_ file: URL) throws -> [(String, Inspection)] {
    let contents = try EventReader.contents(of: file)
    let scalars = contents.scalars
    var tags: [String] = []
    for scalar in scalars where !tags.contains(scalar.tag) { tags.append(scalar.tag) }
    let curves = tags.map { tag -> (name: String, value: Inspection) in
      let points = scalars.filter { $0.tag == tag }
      return (
        tag,
        .fields([
          ("points", .integer(points.count)),
          ("steps", .array(Tensor(points.map { Int64($0.step) }))),
          ("wall_times", .array(Tensor(points.map(\.wallTime)))),
          ("values", .array(Self.values(points.map(\.value)))),
        ])
      )
    }
    return [
      ("count", .integer(scalars.count)), ("scalars", .fields(curves)),
      ("graph_nodes", .list(contents.graphs.map { .integer($0.nodes.count) })),
      ("run_metadata", .list(contents.runMetadata.map { .text($0.tag) })),
      ("is_cut_off", .flag(try isCutOff(file))),
    ]
  }

  /// In single precision, as most files hold them, unless one is more exact.
  private static func values(_ numbers: [Double]) -> Tensor {
    let isSingle = numbers.allSatisfy { $0.isNaN || Double(Float($0)) == $0 }
    return isSingle ? Tensor(numbers.map { Float($0) }) : Tensor(numbers)
  }

  /// Whether a file of records ends within one, as while somebody writes it.
  private static func isCutOff(_ file: URL) throws(FormatError) -> Bool {
    var reader = try TFRecordReader(file)
    do throws(FormatError) {
      while try reader.next() != nil {}
      return false
    } catch {
      guard error.damage == .truncated else { throw error }
      return true
    }
  }

  // MARK: Checkpoints

  private static func variables(_ prefix: URL) throws -> [(String, Inspection)] {
    let checkpoint = try TensorFlowCheckpoint(prefix)
    let variables = try checkpoint.variables.map { variable in
      (name: variable.name, value: try value(of: variable, in: checkpoint))
    }
    return [("variables", .fields(variables))]
  }

  private static func value(
    of variable: TensorFlowCheckpoint.Variable, in checkpoint: TensorFlowCheckpoint
  ) throws -> Inspection {
    if variable.dataType == .string {
      return .list(try checkpoint.strings(variable.name).map(text))
    }
    let isReadable = variable.dataType.elementType != nil && variable.dataType != .resource
    if isReadable || [.half, .bfloat16].contains(variable.dataType) {
      return .array(try checkpoint.tensor(variable.name))
    }
    return .text("\(variable.dataType)\(variable.dimensions)")
  }

  private static func fields(of checkpoint: Checkpoint) -> [(String, Inspection)] {
    let tensors = checkpoint.tensors.sorted { $0.key < $1.key }.map {
      (name: $0.key, value: Inspection.array($0.value))
    }
    let texts = checkpoint.texts.sorted { $0.key < $1.key }.map {
      (name: $0.key, value: Inspection.text($0.value))
    }
    return [("tensors", .fields(tensors)), ("texts", .fields(texts))]
  }
}
