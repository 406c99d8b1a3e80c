import Dataflow
import Foundation
import TestSupport

/// A graph that TensorFlow exported, with what TensorFlow computed with it.
struct OperationCase: Decodable {
  let name: String
  let inputs: Int
  let outputs: Int
  let gradInputs: [Int]
  let tensorflowGradient: [String: String]?

  /// The folders of the reference data.
  static let names: [String] = {
    guard Golden.isPresent else { return [] }
    let folder = Golden.url("tensorflow/ops")
    return (try? FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()) ?? []
  }()

  static func read(_ name: String) throws -> OperationCase {
    let data = try Data(contentsOf: Golden.url("tensorflow/ops/\(name)/case.json"))
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(OperationCase.self, from: data)
  }

  func graphDef() throws -> GraphDef {
    try GraphDef.read(Golden.url("tensorflow/ops/\(name)/graph.pb"))
  }

  func tensor(_ file: String) throws -> Tensor {
    try NumPyFile.read(Golden.url("tensorflow/ops/\(name)/\(file).npy"))
  }

  /// The inputs by the values they are fed to.
  func feeds(_ graph: Graph) throws -> [Value: Tensor] {
    var feeds: [Value: Tensor] = [:]
    for index in 0..<inputs where graph.node(named: "in\(index)") != nil {
      feeds[try graph.value(named: "in\(index)")] = try tensor("in\(index)")
    }
    return feeds
  }

  var outputNames: [String] { (0..<outputs).map { "out\($0)" } }

  /// TensorFlow's gradients: the tensors and the files that they are in.
  var gradientNames: [(tensor: String, file: String)] {
    gradInputs.compactMap { index in
      tensorflowGradient?["grad_in\(index)"].map { ($0, "grad_in\(index)") }
    }
  }
}

extension Tensor {
  /// The elements as `Double`s, whatever they are.
  var asDoubles: [Double] {
    switch elementType {
    case .float32: scalars(as: Float.self).map(Double.init)
    case .float64: scalars()
    case .float16: scalars(as: Float16.self).map(Double.init)
    case .int32: scalars(as: Int32.self).map(Double.init)
    case .int64: scalars(as: Int64.self).map(Double.init)
    case .uint8: scalars(as: UInt8.self).map(Double.init)
    case .bool: scalars(as: Bool.self).map { $0 ? 1 : 0 }
    case .resource: []
    }
  }

  /// The largest difference, each divided by the larger of 1 and the expected element's size;
  /// infinite where types or shapes differ.
  func distance(to expected: Tensor) -> Double {
    guard elementType == expected.elementType, shape == expected.shape else { return .infinity }
    return zip(asDoubles, expected.asDoubles).reduce(0) { worst, pair in
      let (found, wanted) = pair
      if found == wanted || found.isNaN && wanted.isNaN { return worst }
      let difference = abs(found - wanted) / max(1, abs(wanted))
      return difference.isNaN ? .infinity : max(worst, difference)
    }
  }

  /// What TensorFlow's gradients started from: cos(0.7 i + 0.3).
  static func seed(like tensor: Tensor) -> Tensor {
    let elements = (0..<tensor.elementCount).map { cos(0.7 * Double($0) + 0.3) }
    return tensor.elementType == .float64
      ? Tensor(shape: tensor.shape, scalars: elements)
      : Tensor(shape: tensor.shape, scalars: elements.map { Float($0) })
  }
}
