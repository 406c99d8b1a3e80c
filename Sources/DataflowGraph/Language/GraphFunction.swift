import Tensors

/// A graph with inputs and outputs that operations such as `While` run: the body of a loop or a branch.
///
/// Values of the graph around it may be used in it; they become inputs after the declared ones.
public final class GraphFunction: @unchecked Sendable, Equatable {
  // Immutable once made, like the graph in it.
  public let name: String
  public let graph: Graph
  /// Placeholders: the declared inputs, then one for each captured value.
  public let inputs: [Value]
  public let outputs: [Value]
  /// The values of the graph around that the last inputs stand for.
  public let captures: [Value]

  /// - Parameters:
  ///   - parent: the graph in which the function is used.
  ///   - inputs: types and shapes of the declared inputs.
  ///   - names: the declared inputs' names; `input_0`, `input_1` … if nil.
  ///   - body: adds nodes to the function's graph and returns its outputs.
  public init(
    name: String, in parent: Graph, inputs: [TensorSpec], names: [String]? = nil,
    body: (Graph, [Value]) throws -> [Value]
  ) throws {
    let graph = Graph(in: parent)
    let declared = inputs.enumerated().map { index, spec in
      graph.placeholder(spec.elementType, spec.shape, name: names?[index] ?? "input_\(index)")
    }
    let results = try body(graph, declared)
    outputs = try results.map { result in
      guard let own = graph.capture(result) else {
        throw GraphError("\(result.name) belongs to another graph than the function \(name)")
      }
      return own
    }
    self.name = parent.uniqueFunctionName(name)
    self.graph = graph
    self.inputs = declared + graph.captures.map(\.inner)
    captures = graph.captures.map(\.outer)
  }

  /// How many inputs were declared, without the captured values.
  public var declaredCount: Int { inputs.count - captures.count }

  /// Adds a copy of the body to another graph and returns its outputs there.
  ///
  /// - Parameter arguments: one for each input, the captured ones too.
  public func inlined(into target: Graph, _ arguments: [Value]) throws -> [Value] {
    try inlined(into: target, arguments, sizes: [:])
  }

  /// - Parameter sizes: what sizes of the graph around are called otherwise in the target.
  private func inlined(
    into target: Graph, _ arguments: [Value], sizes: [String: Dimension]
  ) throws -> [Value] {
    precondition(arguments.count == inputs.count, "\(name): wrong number of arguments")
    var copying = NodeCopying(to: target, standing: Array(zip(inputs, arguments)), sizes: sizes)
    let given = Set(inputs.map(\.node))
    for node in graph.nodes where !given.contains(node) { try copying.copy(node) }
    return outputs.map { copying[$0] }
  }

  /// The same as a function of another graph.
  ///
  /// - Parameters:
  ///   - captured: the values of that graph that it captures.
  ///   - sizes: what sizes of the graph around are called otherwise there.
  func copied(
    into target: Graph, capturing captured: some Sequence<Value>, sizes: [String: Dimension]
  ) throws -> GraphFunction {
    let declared = inputs.prefix(declaredCount)
    return try GraphFunction(
      name: name, in: target,
      inputs: declared.map { TensorSpec($0.elementType, $0.shape.replacing(sizes)) },
      names: declared.map(\.node.name)
    ) { body, own in
      let inner = zip(inputs.dropFirst(declaredCount), captured).map {
        body.addCapture($1, name: $0.node.name)
      }
      return try inlined(into: body, own + inner, sizes: sizes)
    }
  }

  /// The sizes that its nodes depend on and none of them finds out.
  var outerSymbols: Set<String> {
    let all = graph.nodes.reduce(into: Set<String>()) { $0.formUnion($1.symbols) }
    return all.filter { !$0.hasPrefix(graph.path) }
  }

  public static func == (left: GraphFunction, right: GraphFunction) -> Bool { left === right }
}
