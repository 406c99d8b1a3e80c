import DataflowGraph
import Tensors

/// Copies a graph into one for each task, node by node, with what the tasks send each other.
struct GraphCutting {
  /// What goes from one task to another.
  fileprivate enum Parcel: Hashable {
    /// A tensor. Of a variable, what it holds after some nodes have written it.
    case value(Value, after: [Node])
    /// That a node is done.
    case end(Node)
    /// A size that a node finds out.
    case size(String)
  }

  private struct Delivery: Hashable {
    let parcel: Parcel
    let destination: Int
  }

  private let source: Graph
  private let tasks: [DeviceName]
  private let placeOf: [Node: Int]
  private(set) var parts: [Graph]
  private(set) var copies: [Node: Node] = [:]
  /// Of each `Recv`, the `Send` and where it is.
  private(set) var senders: [Node: (part: Int, node: Node)] = [:]

  private var delivered: [Delivery: Node] = [:]
  private let variables: (accesses: [VariableAccess], indexOfBuffer: [Value: Int])
  private let dependencies: Dependencies
  private let conditions: BranchConditions

  init(_ source: Graph, tasks: [DeviceName], placeOf: [Node: Int]) {
    self.source = source
    self.tasks = tasks
    self.placeOf = placeOf
    parts = tasks.map { _ in Graph() }
    variables = variableAccesses(source.nodes)
    dependencies = Dependencies(source.nodes)
    conditions = BranchConditions(source.nodes)
  }

  mutating func cut() throws {
    for node in source.nodes { copies[node] = try copy(node) }
    for variable in source.variables {
      parts[placeOf[variable.value.node]!].register(
        Variable(
          value: copies[variable.value.node]!.output, initializer: copies[variable.initializer]!,
          isTrainable: variable.isTrainable))
    }
  }

  private mutating func copy(_ node: Node) throws -> Node {
    let place = placeOf[node]!
    for symbol in node.symbols.sorted() { try bring(symbol, to: place) }
    let inputs = try node.inputs.map { input -> Value in
      if placeOf[input.node] == place { return copies[input.node]![input.index] }
      let parcel = Parcel.value(input, after: writers(of: input, before: node))
      return try deliver(parcel, to: place, for: input.node).output
    }
    let controls = try node.controlInputs.map { control -> Node in
      if placeOf[control] == place { return copies[control]! }
      return try deliver(.end(control), to: place, for: control)
    }
    let device = DeviceName(type: node.device.type, index: node.device.index)
    func add() throws -> Node {
      try parts[place].add(
        copyOf: node, inputs: inputs, controlInputs: controls, on: device)
    }
    guard let other = node.colocation else { return try add() }
    return try parts[place].withColocation(copies[other]!, add)
  }

  /// The nodes that write a variable before the node reads it, by the graph's dependencies.
  private func writers(of value: Value, before reader: Node) -> [Node] {
    guard let variable = variables.indexOfBuffer[value] else { return [] }
    let before = dependencies.ancestors(of: reader)
    return variables.accesses[variable].writers.filter { before.contains($0.id) }
  }

  // MARK: Sizes

  /// Makes a size known to a task that another one finds out.
  private mutating func bring(_ symbol: String, to place: Int) throws {
    guard let finder = source.lateSizeSource(symbol), placeOf[finder] != place else { return }
    try deliver(.size(symbol), to: place, for: finder)
  }

  private mutating func bringSizes(of spec: TensorSpec, to place: Int) throws {
    for dimension in spec.shape.dimensions {
      for symbol in dimension.symbols.sorted() { try bring(symbol, to: place) }
    }
  }

  // MARK: Deliveries

  /// - Returns: the node that receives, or of a size, the one that binds it.
  /// - Throws: `GraphError` for what may not be computed, so that the other task would wait for ever.
  @discardableResult
  private mutating func deliver(
    _ parcel: Parcel, to place: Int, for node: Node
  ) throws -> Node {
    if case .value(let value, let writers) = parcel {
      try checkComputed(node, on: conditions[value], for: place)
      for writer in writers { try checkComputed(writer, on: conditions[writer], for: place) }
    } else {
      try checkComputed(node, on: conditions[node], for: place)
    }
    return try deliver(parcel, from: placeOf[node]!, to: place)
  }

  private func checkComputed(
    _ node: Node, on conditions: Set<BranchConditions.Condition>, for place: Int
  ) throws {
    if conditions.isEmpty { return }
    let merges = conditions.compactMap { condition -> Node? in
      if case .arrival(let merge) = condition { merge } else { nil }
    }
    let (reason, remedy) =
      merges.min { $0.id < $1.id }.map {
        ("\($0.name) joins branches of which none may be taken", "what wants it")
      } ?? ("a Switch is before it", "its Merge")
    throw node.error(
      "may not be computed, because \(reason), and \(tasks[place]) wants it from"
        + " \(tasks[placeOf[node]!]); put \(remedy) on the same task")
  }

  private mutating func deliver(
    _ parcel: Parcel, from home: Int, to place: Int
  ) throws -> Node {
    let delivery = Delivery(parcel: parcel, destination: place)
    if let known = delivered[delivery] { return known }
    let content = try wrap(parcel, at: home)
    try bringSizes(of: content.value.spec, to: place)
    let (from, to) = (tasks[home].description, tasks[place].description)
    let send = try parts[home].add(
      Send(parcel.text, from: from, to: to), [content.value],
      name: unused("\(parcel.nodeName)/send_to_\(tasks[place].shortTask)"),
      controlInputs: content.controls)
    let receive = try parts[place].add(
      Recv(parcel.text, content.value.spec, from: from, to: to, knowsSizes: true),
      name: unused("\(parcel.nodeName)/receive"))
    senders[receive] = (home, send)
    delivered[delivery] = receive
    if case .size(let symbol) = parcel {
      delivered[delivery] = try parts[place].add(
        BindSizes(names: [symbol]), [receive.output], name: unused("\(parcel.nodeName)/bind"))
    }
    return delivered[delivery]!
  }

  /// What is sent, and what is done before.
  private mutating func wrap(
    _ parcel: Parcel, at home: Int
  ) throws -> (value: Value, controls: [Node]) {
    switch parcel {
    case .value(let value, let writers):
      return (copies[value.node]![value.index], writers.map { copies[$0]! })
    case .end(let node):
      let name = unused("\(parcel.nodeName)/done")
      let nothing = Const(Tensor(zeros: [0], elementType: .uint8))
      return (try parts[home].add(nothing, name: name).output, [copies[node]!])
    case .size(let symbol):
      let size = Dimension(symbol: symbol)
      let range = RangeOf(start: size, limit: size + 1, elementType: .int64)
      let name = unused("\(parcel.nodeName)/value")
      return (try parts[home].add(range, name: name).output, [])
    }
  }

  /// A name that no node of the source has, so that each keeps its own.
  private func unused(_ name: String) -> String {
    source.node(named: name) == nil ? name : unused("\(name)_")
  }
}

extension GraphCutting.Parcel {
  /// What the rendezvous knows it by.
  fileprivate var text: String {
    switch self {
    case .value(let value, let writers):
      writers.isEmpty
        ? value.name : "\(value.name) after \(writers.map(\.name).joined(separator: ", "))"
    case .end(let node): "^\(node.name)"
    case .size(let symbol): "size \(symbol)"
    }
  }

  /// The beginning of the names of the nodes that send and receive it.
  fileprivate var nodeName: String {
    switch self {
    case .value(let value, _): value.name.replacing(":", with: "_")
    case .end(let node): node.name
    case .size(let symbol): "size_\(symbol.replacing("?", with: "_"))"
    }
  }
}

extension DeviceName {
  /// `worker_1`.
  fileprivate var shortTask: String { "\(job ?? "")_\(task ?? 0)" }
}
