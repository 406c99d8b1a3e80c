import DataflowGraph
import Tensors

/// What differs between two graphs: nodes, their order, attributes, control inputs, places, variables.
///
/// - Returns: nil where nothing does.
public func firstDifference(_ a: Graph, _ b: Graph) -> String? {
  for (one, other) in zip(a.nodes, b.nodes) {
    let descriptions = [one, other].map { node in
      "\(node.id) \(node) -> \(node.outputSpecs) after \(node.controlInputs.map(\.name))"
    }
    if descriptions[0] != descriptions[1] { return descriptions.joined(separator: "\n") }
    for (key, value) in one.operation.attributes.values {
      guard let counterpart = other.operation.attributes[key] else { return "\(one): no \(key)" }
      if let difference = firstDifference(value, counterpart) { return "\(one): \(difference)" }
    }
  }
  guard a.nodes.count == b.nodes.count else { return "\(a.nodes.count), \(b.nodes.count) nodes" }
  let variables = [a, b].map { graph in
    graph.variables.map { "\($0.name) \($0.initializer.name) \($0.isTrainable)" }
  }
  return variables[0] == variables[1] ? nil : "\(variables)"
}

private func firstDifference(_ a: AttributeValue, _ b: AttributeValue) -> String? {
  switch (a, b) {
  case (.function(let first), .function(let second)):
    if first.name != second.name { return "\(first.name), \(second.name)" }
    if first.declaredCount != second.declaredCount { return "other inputs of \(first.name)" }
    if first.outputs.map(\.name) != second.outputs.map(\.name) {
      return "other outputs of \(first.name)"
    }
    return firstDifference(first.graph, second.graph)
  case (.tensor(let first), .tensor(let second)):
    // NaNs are equal here.
    return first.elementType == second.elementType && first.shape == second.shape
      && first.bytes == second.bytes ? nil : "\(first), \(second)"
  case (.float(let first), .float(let second)):
    return first == second || (first.isNaN && second.isNaN) ? nil : "\(first), \(second)"
  default: return a == b ? nil : "\(a), \(b)"
  }
}

extension Tensor {
  /// The elements' bytes, of NaNs those of the usual one.
  fileprivate var bytes: [UInt8] {
    func bytes<T: BinaryFloatingPoint & TensorElement>(_: T.Type) -> [UInt8] {
      scalars(as: T.self).flatMap { element in
        withUnsafeBytes(of: element.isNaN ? T.nan : element) { Array($0) }
      }
    }
    switch elementType {
    case .float32: return bytes(Float.self)
    case .float64: return bytes(Double.self)
    default: return withBytes { Array($0) }
    }
  }
}
