import Tensors

/// A static graph of operations, built once and run by sessions.
///
/// Build a graph on one thread; any number of threads may read it afterwards. Nodes and values belong
/// to their graph and must not be used after it is gone.
///
///     let graph = Graph()
///     let x = graph.placeholder(.float32, ["rows", 3], name: "x")
///     let y = exp(-square(x))
public final class Graph: @unchecked Sendable {
  public private(set) var nodes: [Node] = []
  private var byName: [String: Node] = [:]
  private var nameCounts: [String: Int] = [:]
  private var scopes: [String] = []
  private var controlScopes: [[Node]] = []
  private var deviceScopes: [DeviceName] = []
  private var colocationScopes: [Node] = []

  /// The variables that are shared by name, and the scopes that are open.
  var variableScopes = VariableScopes()

  /// Whether some operation finds out sizes while it runs.
  package private(set) var hasLateSizes = false
  /// Who finds out the sizes that have names of the user's choice.
  private var sizeBinders: [String: Node] = [:]

  /// The graph whose values a function's body may use, nil for a graph of its own. It owns the function, by the node
  /// that runs it.
  public private(set) weak var parent: Graph?
  /// What distinguishes this graph's names from those of the graphs around it.
  package let path: String
  private var functionCount = 0
  private var functionNames: Set<String> = []
  /// Values of the parent that are used here, and the placeholders that stand for them.
  private(set) var captures: [(outer: Value, inner: Value)] = []

  /// What could not be made of a file's nodes, and why, by the nodes' names.
  package var errorsOfNodes: [String: GraphError] = [:]
  /// The names of a file's nodes that are not in the graph, nor what they compute, because nothing here computes them.
  package var leftOut: [String] = []

  /// The variables in the order they were made, with what initialises them.
  public private(set) var variables: [Variable] = []

  public init() {
    path = ""
  }

  /// A graph whose late sizes have the names of another graph's, of which it is a rewritten copy.
  package init(path: String) {
    self.path = path
  }

  /// A graph inside another one: the body of a function. Values of `parent` that are used in it become
  /// placeholders, which `captures` lists.
  init(in parent: Graph) {
    self.parent = parent
    parent.functionCount += 1
    path = "\(parent.path)\(parent.functionCount)|"
  }

  // From the last node on: what functions capture would be freed with them otherwise, as deep as calls follow each
  // other.
  deinit {
    byName = [:]
    while nodes.popLast() != nil {}
  }

  /// Adds a node.
  ///
  /// - Parameters:
  ///   - name: unique within the scope; a number is appended where it is taken. The operation's
  ///     name if nil.
  ///   - controlInputs: nodes that run before this one, although it reads nothing of them.
  /// - Throws: `GraphError` that names the node where the inputs do not fit.
  public func add(
    _ operation: any Operation, _ inputs: [Value] = [], name: String? = nil,
    controlInputs: [Node] = []
  ) throws -> Node {
    try add(operation, inputs, name: name, controlInputs: controlInputs, equalSizes: [])
  }

  /// - Parameter equalSizes: what runs check beside that which the operation's shapes rely on.
  private func add(
    _ operation: any Operation, _ inputs: [Value], name: String?, controlInputs: [Node],
    equalSizes: [SizeEquality]
  ) throws -> Node {
    let typeName = type(of: operation).name
    if let inner = inputs.first(where: { $0.graph.isInside(self) })?.graph {
      return try inner.add(
        operation, inputs, name: name, controlInputs: controlInputs, equalSizes: equalSizes)
    }
    let inputs = try inputs.map { input in
      guard let own = capture(input) else {
        throw GraphError("input \(input.name) belongs to another graph", operation: typeName)
      }
      return own
    }
    let unique = uniqueName(name ?? typeName)
    let controls: [Node] = controlScopes.joined() + controlInputs
    if let other = controls.first(where: { $0.graph !== self }) {
      throw GraphError(
        "waits for \(other.name), which belongs to another graph; what runs the function can wait",
        node: unique, operation: typeName, inputs: inputs.map(\.spec.description))
    }
    let specs: [TensorSpec]
    let found: [SizeEquality]
    do {
      // Sessions know variables by their names, which other graphs' nodes may have too.
      guard parent == nil || !(operation is VariableV2) else {
        throw GraphError("a variable within a loop or branch; make it outside")
      }
      for index in operation.mutatedInputs where inputs.indices.contains(index) {
        guard inputs[index].spec.isReference else {
          let hint = parent == nil ? "" : ": inside loops and branches variables are not written"
          throw GraphError("input \(index) is no variable\(hint)")
        }
      }
      (specs, found) = try SizeEquality.collecting {
        try operation.outputs(for: inputs.map(\.spec))
      }
      for spec in specs { try spec.shape.requirePossible() }
    } catch let error as GraphError {
      throw GraphError(
        error.message, node: unique, operation: typeName, inputs: inputs.map(\.spec.description))
    }
    let node = Node(
      graph: self, id: nodes.count, name: unique, operation: operation, inputs: inputs,
      controlInputs: controls,
      outputSpecs: specs.map { own($0, of: unique, operation) }, equalSizes: found + equalSizes,
      device: deviceScopes.last ?? DeviceName(), colocation: colocationScopes.last)
    for symbol in (operation as? BindSizes)?.names ?? [] {
      if let other = sizeBinders.updateValue(node, forKey: symbol) {
        throw node.error("binds the size \"\(symbol)\", and so does \(other.name)")
      }
      hasLateSizes = true
    }
    hasLateSizes = hasLateSizes || specs.contains { $0.shape.hasLateSizes }
    nodes.append(node)
    byName[unique] = node
    return node
  }

  /// Adds a node with the name and place of another graph's.
  ///
  /// - Parameters:
  ///   - operation: what it does instead, if not nil.
  ///   - equalSizes: what runs check beside that which the operation's shapes rely on.
  package func add(
    copyOf node: Node, as operation: (any Operation)? = nil, inputs: [Value],
    controlInputs: [Node] = [], on device: DeviceName? = nil, equalSizes: [SizeEquality] = []
  ) throws -> Node {
    try withDevice(device ?? node.device) {
      try add(
        operation ?? node.operation, inputs, name: node.name, controlInputs: controlInputs,
        equalSizes: equalSizes)
    }
  }

  /// Adds a node whose inputs are known to fit: a misfit is a programmer's error and traps.
  public func apply(_ operation: any Operation, _ inputs: Value..., name: String? = nil) -> Value {
    do {
      return try add(operation, inputs, name: name).output
    } catch {
      fatalError("\(error)")
    }
  }

  /// The node of that name.
  public func node(named name: String) -> Node? { byName[name] }

  /// The node that finds out a size while it runs, nil for a size that is fed or another graph's.
  package func lateSizeSource(_ symbol: String) -> Node? {
    if let binder = sizeBinders[symbol] { return binder }
    guard let mark = symbol.lastIndex(of: "?"), symbol.hasPrefix(path) else { return nil }
    return byName[String(symbol[..<mark].dropFirst(path.count))]
  }

  /// Prefixes the names of the nodes that `body` adds with `name/`.
  public func withNameScope<R>(_ name: String, _ body: () throws -> R) rethrows -> R {
    scopes.append(name)
    defer { scopes.removeLast() }
    return try body()
  }

  /// Names the nodes that `body` adds as if no scope were open.
  func outsideNameScopes<R>(_ body: () throws -> R) rethrows -> R {
    let open = scopes
    scopes = []
    defer { scopes = open }
    return try body()
  }

  /// Makes the nodes that `body` adds run after `nodes`.
  public func withControlDependencies<R>(
    _ nodes: [Node], _ body: () throws -> R
  ) rethrows -> R {
    controlScopes.append(nodes)
    defer { controlScopes.removeLast() }
    return try body()
  }

  /// Asks for the nodes that `body` adds to run on `device`; what an inner scope leaves open, the
  /// outer one says.
  public func withDevice<R>(_ device: DeviceName, _ body: () throws -> R) rethrows -> R {
    deviceScopes.append(device.completed(by: deviceScopes.last ?? DeviceName()))
    defer { deviceScopes.removeLast() }
    return try body()
  }

  /// Makes the nodes that `body` adds run on the device of `node`, wherever that is; device scopes around
  /// it do not count.
  public func withColocation<R>(_ node: Node, _ body: () throws -> R) rethrows -> R {
    colocationScopes.append(node)
    deviceScopes.append(DeviceName())
    defer {
      colocationScopes.removeLast()
      deviceScopes.removeLast()
    }
    return try body()
  }

  /// A node that does nothing but run after all of `nodes`.
  public func group(_ nodes: [Node], name: String = "group") -> Node {
    do {
      return try add(NoOp(), name: name, controlInputs: nodes)
    } catch {
      fatalError("\(error)")
    }
  }

  // MARK: Functions

  func isInside(_ other: Graph) -> Bool {
    var graph = parent
    while let current = graph {
      if current === other { return true }
      graph = current.parent
    }
    return false
  }

  /// The value itself, or what stands for a value of a graph around this one; nil for another's.
  func capture(_ value: Value) -> Value? {
    if value.graph === self { return value }
    if let known = captures.first(where: { $0.outer == value }) { return known.inner }
    guard let parent, let outer = parent.capture(value) else { return nil }
    return outer == value ? addCapture(value) : capture(outer)
  }

  /// What stands for a value of the parent, which may stand for it beside others.
  ///
  /// - Parameter name: `captured/` and the value's node if nil.
  func addCapture(_ outer: Value, name: String? = nil) -> Value {
    let inner = placeholder(
      outer.elementType, outer.shape, name: name ?? "captured/\(outer.node.name)")
    captures.append((outer, inner))
    return inner
  }

  /// An output with names of the node's own for its late sizes; only who makes or writes a variable has one for output,
  /// not who says of an output that it is like an input.
  private func own(
    _ spec: TensorSpec, of node: String, _ operation: any Operation
  ) -> TensorSpec {
    TensorSpec(
      spec.elementType, spec.shape.renamed { $0.hasPrefix("?") ? path + node + $0 : $0 },
      isReference: spec.isReference
        && (operation is VariableV2 || !operation.mutatedInputs.isEmpty))
  }

  /// A name for a function that no other one of this graph has.
  func uniqueFunctionName(_ name: String) -> String { name.unique(among: &functionNames) }

  package func register(_ variable: Variable) { variables.append(variable) }

  private func uniqueName(_ name: String) -> String {
    let scoped = (scopes + [name]).joined(separator: "/")
    var unique = scoped
    while byName[unique] != nil {
      nameCounts[scoped, default: 0] += 1
      unique = "\(scoped)_\(nameCounts[scoped]!)"
    }
    return unique
  }
}
