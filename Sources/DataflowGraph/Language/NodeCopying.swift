/// Copies nodes from one graph to another. Functions that they run become functions of the other graph, and
/// sizes that they find out have the names of the copies.
struct NodeCopying {
  private let target: Graph
  private var values: [Value: Value]
  private var nodes: [Node: Node] = [:]
  /// What sizes are in the target that have another name there.
  private var sizes: [String: Dimension]

  /// - Parameters:
  ///   - standing: values that nodes read, and what stands for them in the target.
  ///   - sizes: what sizes are that have another name in the target.
  init(to target: Graph, standing: [(Value, Value)], sizes: [String: Dimension] = [:]) {
    self.target = target
    self.sizes = sizes
    values = Dictionary(uniqueKeysWithValues: standing)
    let known = standing.reduce(into: Set<String>()) { $0.formUnion($1.1.shape.symbols) }
    for (value, other) in standing {
      note(value.shape, other.shape) { !known.contains($0) }
    }
  }

  /// What stands for a value; itself where nothing does.
  subscript(value: Value) -> Value { values[value] ?? value }

  mutating func copy(_ node: Node) throws {
    let copy = try target.add(
      try operation(of: node), node.inputs.map { self[$0] }, name: node.name,
      controlInputs: node.controlInputs.compactMap { nodes[$0] })
    nodes[node] = copy
    let own = Set(node.ownLateSymbols)
    for (output, copied) in zip(node.outputs, copy.outputs) {
      values[output] = copied
      note(output.shape, copied.shape, where: own.contains)
    }
  }

  /// Notes what the sizes that stand alone in a shape are in the target.
  private mutating func note(
    _ shape: SymbolicShape, _ other: SymbolicShape, where isMeant: (String) -> Bool
  ) {
    for (size, new) in zip(shape.dimensions, other.dimensions) where size != new {
      guard let symbol = size.soleSymbol, sizes[symbol] == nil, isMeant(symbol) else { continue }
      sizes[symbol] = new
    }
  }

  /// The node's operation with sizes and functions of the target.
  private func operation(of node: Node) throws -> any Operation {
    var functions: [ObjectIdentifier: GraphFunction] = [:]
    for (function, captured) in zip(node.operation.functions, node.capturedInputs)
    where functions[ObjectIdentifier(function)] == nil {
      functions[ObjectIdentifier(function)] = try function.copied(
        into: target, capturing: captured.map { target.capture(self[$0])! }, sizes: sizes)
    }
    let own = node.operation.attributes
    var attributes = own
    for (name, value) in own.values {
      switch value {
      case .shape(let shape): attributes[name] = .shape(shape.replacing(sizes))
      case .shapes(let shapes): attributes[name] = .shapes(shapes.map { $0.replacing(sizes) })
      case .function(let function):
        attributes[name] = functions[ObjectIdentifier(function)].map { .function($0) }
      default: break
      }
    }
    let isSame = functions.isEmpty && sizes.isEmpty
    return isSame ? node.operation : try type(of: node.operation).init(attributes: attributes)
  }
}
