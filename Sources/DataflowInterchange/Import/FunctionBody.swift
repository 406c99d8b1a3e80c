import DataflowFormats
import DataflowGraph

/// The nodes of a function with inputs as those of graphs: in functions, outputs have names.
struct FunctionBody {
  let function: FunctionDef
  let arguments: [String]
  private let prefix: String

  /// - Parameter scope: stands before the nodes' names.
  init(_ function: FunctionDef, scope: String?) {
    self.function = function
    arguments = function.signature.inputs.map(\.name)
    prefix = scope.map { "\($0)/" } ?? ""
  }

  /// The arguments as nodes, then the nodes of the body.
  var nodes: [NodeDef] {
    let known = Set(arguments)
    return arguments.map { NodeDef(name: prefix + $0, op: "_Arg") }
      + function.nodes.map { node in
        var node = node
        node.name = prefix + node.name
        node.inputs = node.inputs.map { input in
          input.hasPrefix("^")
            ? "^\(prefix)\(input.dropFirst())" : prefix + graphName(of: input, known)
        }
        return node
      }
  }

  /// What the function returns.
  func results(in table: NodeTable) throws -> [NodeTable.Tensor] {
    try function.signature.outputs.map { output in
      guard let tensor = function.results[output.name] else {
        throw GraphError(
          "the function \(function.signature.name) does not say what its output \(output.name) is")
      }
      let name = graphName(of: tensor, Set(arguments))
      let parts = name.split(separator: ":").map(String.init)
      return NodeTable.Tensor(
        node: try table.node(of: prefix + parts[0]),
        output: parts.count == 2 ? Int(parts[1]) ?? 0 : 0)
    }
  }

  /// The nodes that run whether or not an output needs them.
  func effects(in table: NodeTable) throws -> [Int] {
    try function.controlResults.values.sorted().map { try table.node(of: prefix + $0) }
  }

  /// `node:1` for `node:idx:0`.
  private func graphName(of input: String, _ arguments: Set<String>) -> String {
    let parts = input.split(separator: ":").map(String.init)
    guard parts.count == 3, let offset = Int(parts[2]) else { return input }
    return "\(parts[0]):\((Self.firstOutputs[parts[1]] ?? 0) + offset)"
  }

  /// The places of outputs that are not a node's first, by their names in TensorFlow; every other name
  /// stands for the first one or for a list.
  private static let firstOutputs = [
    "output_true": 1, "value_index": 1, "indices": 1, "idx": 1, "r1": 1, "count": 2,
    "backprop": 1, "batch_variance": 2, "batch_mean": 1,
  ]
}
