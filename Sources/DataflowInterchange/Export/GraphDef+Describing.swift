import DataflowFormats
import DataflowGraph

extension GraphDef {
  /// A graph as it is, to be looked at: with its own operations and their attributes, whether TensorFlow
  /// knows them or not. Functions are named, not spelled out, and of large constants there is the shape.
  ///
  /// `init(exporting:)` is for graphs that TensorFlow is to run.
  public init(describing graph: Graph) {
    self.init(
      nodes: graph.nodes.map { NodeDef(describing: $0) }, versions: VersionDef(producer: 1087))
  }
}

extension NodeDef {
  fileprivate init(describing node: Node) {
    var attributes = node.operation.attributes.values.mapValues { AttrValue(describing: $0) }
    if !node.outputSpecs.isEmpty {
      // What drawings show at the edges.
      var outputs = AttrList()
      outputs.shapes = node.outputSpecs.map { TensorShapeProto($0.shape) }
      attributes["_output_shapes"] = .list(outputs)
    }
    self.init(
      name: node.name, op: node.operationName,
      inputs: node.inputs.map(\.name) + node.controlInputs.map { "^\($0.name)" },
      device: node.device.description, attributes: attributes)
  }
}

extension AttrValue {
  private static let mostElements = 16

  fileprivate init(describing value: AttributeValue) {
    switch value {
    case .function(let function): self = .text(function.name)
    case .tensor(let tensor) where tensor.shape.elementCount > Self.mostElements:
      self = .text("\(tensor.elementType)\(tensor.shape)")
    default: self = (try? AttrValue(value)) ?? .text("\(value)")
    }
  }
}
