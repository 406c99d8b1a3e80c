import DataflowFormats
import DataflowGraph

/// What to take of a graph of TensorFlow's, and what its nodes leave open.
public struct ImportOptions: Sendable {
  /// The nodes or tensors (`name`, `name:1`) that are wanted, with all they need; nil for all nodes.
  public var outputs: [String]?
  /// Shapes of placeholders by their names, for those whose number of dimensions is not given.
  public var shapes: [String: SymbolicShape]
  /// The nodes or tensors that runs will feed although something computes them: what they are here counts for nothing.
  public var feeds: [String]
  /// Whether what gives the variables their initial values is wanted too, of those variables that the outputs need.
  public var includesInitializers: Bool

  public init(
    outputs: [String]? = nil, shapes: [String: SymbolicShape] = [:], feeds: [String] = [],
    includesInitializers: Bool = false
  ) {
    self.outputs = outputs
    self.shapes = shapes
    self.feeds = feeds
    self.includesInitializers = includesInitializers
  }
}

extension Graph {
  /// A graph of TensorFlow's, its nodes under their names.
  ///
  /// Sizes and axes, which TensorFlow computes with operations, become attributes: constants are
  /// found, shapes are followed by name (a placeholder's unknown sizes get the names `x_0`, `x_1`
  /// …), and sizes that depend on data are read in the run by `BindSizes`. Loops of version 1 become
  /// `While`, conditions remain `Switch` and `Merge`, calls of functions are expanded, TensorFlow's
  /// own gradient operations are written in ordinary ones.
  ///
  /// An `Identity` of a `VariableV2` is the variable itself for those who read it after a write, as in TensorFlow.
  /// Variables are those that `variables` lists; optimizers update those that some `Apply…` operation
  /// of the graph updates, and all of floating point where there is none.
  ///
  /// What saves and restores checkpoints, and a placeholder without a number of dimensions that nothing reads, is left
  /// out.
  ///
  /// - Throws: `GraphError` that names the node, its operation and what is wrong or could be done.
  public convenience init(importing def: GraphDef, options: ImportOptions = ImportOptions()) throws
  {
    self.init()
    try GraphImporter(def, options).importNodes(into: self)
  }

  /// The value of a tensor's name: `node` for the first output, `node:1` for the second.
  ///
  /// - Throws: `GraphError` where there is no such node or output.
  public func value(named tensor: String) throws -> Value {
    if let node = node(named: tensor), !node.outputSpecs.isEmpty { return node.output }
    let parts = tensor.split(separator: ":", maxSplits: 1).map(String.init)
    guard let name = parts.first, let node = node(named: name),
      let index = parts.count == 1 ? 0 : Int(parts[1])
    else {
      if let error = errorsOfNodes[NodeTable.nodeName(of: tensor)] { throw error }
      let near = nearestNames(to: tensor, among: nodes.map(\.name))
      throw GraphError("the graph has no value \(tensor)\(near.hint)")
    }
    // An output of what was several outputs and is several nodes here.
    if index > 0, node.outputSpecs.count == 1, let part = self.node(named: "\(name)/\(index)") {
      return part.output
    }
    guard node.outputSpecs.indices.contains(index) else {
      throw node.error("has \(node.outputSpecs.count) outputs, not an output \(index)")
    }
    return node[index]
  }
}
