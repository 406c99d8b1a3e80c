import DataflowFormats
import DataflowGraph

extension GraphDef {
  /// TensorFlow's form of a graph, for TensorFlow 1 and 2.
  ///
  /// Attributes that TensorFlow computes become nodes again: constants, and for sizes with names the
  /// shapes of the values that fix them. Variables are `VariableV2`, `While` and `If` the frames and
  /// branches of version 1, which every session runs. Nodes keep their names; what is added is named
  /// after the node that needs it. What loops and branches only do, a check say, is done before their
  /// results are there. An `Identity` of a variable, TensorFlow's other name for the buffer, is a
  /// `DeepCopy` where it waits for something or is read after a write.
  ///
  /// - Throws: `GraphError` that names the node which TensorFlow has no operation for, or whose numbers are
  ///   larger than the type that TensorFlow takes them as.
  public init(exporting graph: Graph) throws {
    let exporter = GraphExporter(reserving: graph)
    try RegionExporter(exporter, graph).exportNodes()
    self.init(nodes: exporter.nodes, versions: VersionDef(producer: 1087))
  }
}

/// The nodes that an export has written so far.
final class GraphExporter {
  private(set) var nodes: [NodeDef] = []
  private var names: Set<String>

  /// - Parameter graph: the names of its nodes are not given to others.
  init(reserving graph: Graph) { names = Set(graph.nodes.map(\.name)) }

  /// Adds a node under its name.
  func add(_ node: NodeDef) { nodes.append(node) }

  /// A name like the given one that no other node has.
  func uniqueName(_ name: String) -> String {
    var (unique, count) = (name, 0)
    while !names.insert(unique).inserted {
      count += 1
      unique = "\(name)_\(count)"
    }
    return unique
  }
}
