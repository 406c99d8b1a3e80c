import Tensors

/// One output of a node: a tensor that a run computes.
public struct Value: Hashable, Sendable {
  public let node: Node
  public let index: Int

  public var graph: Graph { node.graph }
  public var spec: TensorSpec { node.outputSpecs[index] }
  public var elementType: ElementType { spec.elementType }
  public var shape: SymbolicShape { spec.shape }

  /// The node's name, with `:index` for outputs after the first.
  public var name: String { index == 0 ? node.name : "\(node.name):\(index)" }
}

extension Value: CustomStringConvertible {
  public var description: String { "\(name): \(spec)" }
}
