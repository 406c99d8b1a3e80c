/// An operation in a graph, with where its inputs come from.
public final class Node: @unchecked Sendable {
  // Immutable but for `controlInputs`, which only the graph's builder extends, and for what `deinit` takes apart.
  public unowned let graph: Graph
  /// The position in the graph: inputs have smaller ones.
  public let id: Int
  public let name: String
  public let operation: any Operation
  @exclusivity(unchecked) public private(set) var inputs: [Value]
  public internal(set) var controlInputs: [Node]
  public let outputSpecs: [TensorSpec]
  /// The sizes that runs have to find equal.
  package let equalSizes: [SizeEquality]
  /// Where the node is to run, as far as that was said.
  public let device: DeviceName
  /// A node on whose device this one is to run.
  public private(set) var colocation: Node?

  init(
    graph: Graph, id: Int, name: String, operation: any Operation, inputs: [Value],
    controlInputs: [Node], outputSpecs: [TensorSpec], equalSizes: [SizeEquality],
    device: DeviceName, colocation: Node?
  ) {
    self.graph = graph
    self.id = id
    self.name = name
    self.operation = operation
    self.inputs = inputs
    self.controlInputs = controlInputs
    self.outputSpecs = outputSpecs
    self.equalSizes = equalSizes
    self.device = device
    self.colocation = colocation
  }

  // Left to themselves, the nodes of a chain would be freed within each other, deeper than a thread's stack allows.
  deinit {
    var pending = takeSources()
    while var node = pending.popLast() {
      if isKnownUniquelyReferenced(&node) { pending += node.takeSources() }
    }
  }

  /// The nodes that this one keeps alive, and does no more.
  private func takeSources() -> [Node] {
    defer { (inputs, controlInputs, colocation) = ([], [], nil) }
    return inputs.map(\.node) + controlInputs + (colocation.map { [$0] } ?? [])
  }

  /// The operation's name.
  public var operationName: String { type(of: operation).name }

  /// The names of the sizes that the operation finds out while it runs, by their number.
  package func lateSymbol(_ index: Int) -> String {
    if let names = (operation as? BindSizes)?.names, !names.isEmpty { return names[index] }
    return "\(graph.path)\(name)?\(index)"
  }

  /// The names of the sizes that the node finds out while it runs.
  package var ownLateSymbols: [String] {
    if let names = (operation as? BindSizes)?.names, !names.isEmpty { return names }
    let prefix = "\(graph.path)\(name)?"
    let symbols = outputSpecs.reduce(into: Set<String>()) { found, spec in
      found.formUnion(spec.shape.symbols)
    }
    return symbols.filter { $0.hasPrefix(prefix) && !$0.dropFirst(prefix.count).contains("?") }
  }

  /// Every size that the node's outputs and attributes depend on, by name; functions' bodies too.
  package var symbols: Set<String> {
    var found: Set<String> = []
    func note(_ shape: SymbolicShape) { found.formUnion(shape.symbols) }
    for spec in outputSpecs { note(spec.shape) }
    for attribute in operation.attributes.values.values {
      switch attribute {
      case .shape(let shape): note(shape)
      case .shapes(let shapes): shapes.forEach(note)
      case .function(let function): found.formUnion(function.outerSymbols)
      default: break
      }
    }
    return found
  }

  /// The nodes that find out sizes which this one depends on, without being among its inputs.
  package var lateSizeSources: [Node] {
    symbols.compactMap { graph.lateSizeSource($0) }.filter { $0 != self }
  }

  /// What the operation's functions capture, a list for each of them: the last inputs.
  package var capturedInputs: [ArraySlice<Value>] {
    let functions = operation.functions
    var rest = inputs.suffix(functions.reduce(0) { $0 + $1.captures.count })
    return functions.map { function in
      defer { rest = rest.dropFirst(function.captures.count) }
      return rest.prefix(function.captures.count)
    }
  }

  /// The first output.
  public var output: Value { self[0] }

  public subscript(index: Int) -> Value {
    precondition(
      outputSpecs.indices.contains(index),
      "\(operationName) \"\(name)\" has \(outputSpecs.count) outputs, not an output \(index)")
    return Value(node: self, index: index)
  }

  public var outputs: [Value] { outputSpecs.indices.map { self[$0] } }

  /// An error that names this node.
  public func error(_ message: String) -> GraphError {
    GraphError(
      message, node: name, operation: operationName, inputs: inputs.map(\.spec.description))
  }
}

extension Node: Hashable {
  public static func == (left: Node, right: Node) -> Bool { left === right }
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
