import DataflowGraph
import Tensors

/// Copies the part of a graph that a plan needs to a graph of its own, on the way folding what is
/// constant, merging what is computed twice, and copying tensors between devices.
struct GraphRewriting {
  private(set) var target: Graph
  private let isOptimized: Bool
  /// The device of each node of the source, 0 where it is missing.
  private let places: [Node: Int]
  private let devices: DeviceTable
  /// What was copied to other devices, once to each.
  private var moved: [Moved: Value] = [:]
  private var values: [Value: Value] = [:]
  private var nodes: [Node: Node] = [:]
  /// What is computed already, by what computes it.
  private var known: [NodeSignature: Node] = [:]

  /// Of the variables that nodes elsewhere read, which writes they come after.
  private var writes: VariableWrites?

  private struct Moved: Hashable {
    let value: Value
    let device: Int
    /// The nodes that write the variable, where it is one, before it is copied.
    let writers: [Node]
  }

  /// - Parameters:
  ///   - feeds: values that become placeholders, whatever computes them.
  ///   - isOptimized: whether nodes are folded and merged at all.
  init(
    of source: Graph, feeds: [Value], isOptimized: Bool, places: [Node: Int],
    devices: DeviceTable
  ) {
    target = Graph(path: source.path)
    self.places = places
    self.devices = devices
    self.isOptimized = isOptimized
    for feed in feeds {
      values[feed] = target.placeholder(feed.elementType, feed.shape, name: feed.name)
    }
  }

  /// The value that stands for one of the source.
  subscript(value: Value) -> Value { values[value]! }

  /// The node that stands for one of the source.
  subscript(node: Node) -> Node { nodes[node]! }

  /// - Parameter source: in an order in which inputs come first.
  mutating func copy(_ source: [Node]) throws {
    if !places.isEmpty { writes = VariableWrites(source) }
    for node in source {
      let isFed = !node.outputs.isEmpty && node.outputs.allSatisfy { values[$0] != nil }
      let copy = isFed ? values[node.output]!.node : try self.copy(node)
      nodes[node] = copy
      if isFed { continue }
      for (own, other) in zip(copy.outputs, node.outputs) where values[other] == nil {
        values[other] = own
      }
    }
  }

  /// Joins elementwise operations; values that are only used inside a fused operation are gone.
  mutating func fuse(kept: [Value], targets: [Node]) throws {
    let outputs = kept.map { values[$0]! }
    let roots = targets.map { nodes[$0]! }
    let feeds = Set(target.nodes.lazy.filter { $0.operation is Placeholder }.map(\.output))
    let used = prune(target, outputs: outputs, targets: roots, feeds: [])
    let all = Set(used).union(feeds.map(\.node)).sorted { $0.id < $1.id }
    let fusion = Fusion(all, kept: outputs + roots.flatMap(\.outputs), devices)
    guard let (graph, moved) = try fusion.applied(to: all, path: target.path) else { return }
    target = graph
    values = values.compactMapValues { moved[$0] }
    nodes = nodes.compactMapValues { node in
      graph.node(named: node.name) ?? node.outputs.first.flatMap { moved[$0]?.node }
    }
  }

  private mutating func copy(_ node: Node) throws -> Node {
    let place = places[node] ?? 0
    let device = places.isEmpty ? DeviceName() : devices.names[place]
    let inputs = try node.inputs.map { input in
      let writers = writes?.before(node, of: input).map { nodes[$0]! } ?? []
      return try value(values[input]!, on: place, after: writers)
    }
    let controls = node.controlInputs.map { nodes[$0]! }
    guard isOptimized, controls.isEmpty, !node.operation.isStateful, node.isComputed else {
      return try target.add(copyOf: node, inputs: inputs, controlInputs: controls, on: device)
    }
    let signature = NodeSignature(node.operation, inputs, device)
    if let twin = known[signature] { return twin }
    let copy =
      try folded(node, inputs, device) ?? target.add(copyOf: node, inputs: inputs, on: device)
    known[signature] = copy
    return copy
  }

  /// A constant in the node's place where all its inputs are constants.
  private mutating func folded(
    _ node: Node, _ inputs: [Value], _ device: DeviceName
  ) throws -> Node? {
    let constants = inputs.compactMap { $0.node.freeConstant?.value }
    guard !(node.operation is Const), constants.count == inputs.count,
      let result = evaluateConstant(node, constants)
    else { return nil }
    let signature = NodeSignature(Const(result), [], device)
    if let twin = known[signature] { return twin }
    let copy = try target.add(copyOf: node, as: Const(result), inputs: [], on: device)
    known[signature] = copy
    return copy
  }

  /// The value itself, or its copy on another device, made when some nodes are done.
  private mutating func value(
    _ value: Value, on device: Int, after writers: [Node]
  ) throws -> Value {
    if devices.index(of: value.node) == device { return value }
    let key = Moved(value: value, device: device, writers: writers)
    if let copy = moved[key] { return copy }
    let name = devices.names[device]
    let copy = try target.withDevice(name) {
      let constant = value.node.freeConstant
      return try target.add(
        constant ?? CopyToDevice(), constant == nil ? [value] : [],
        name: "\(value.name)/to_\(name.short)", controlInputs: writers
      ).output
    }
    moved[key] = copy
    return copy
  }
}

extension Node {
  /// The constant that the node is and that waits for nothing, as those of a branch do for its being taken.
  fileprivate var freeConstant: Const? {
    controlInputs.isEmpty ? operation as? Const : nil
  }

  /// Whether the node's outputs follow from its inputs and attributes alone.
  package var isComputed: Bool {
    !outputSpecs.isEmpty && !(operation is Placeholder) && !(operation is VariableV2)
      && outputSpecs.allSatisfy { $0.elementType != .resource && !$0.isReference }
      && !operation.mayBlock && ownLateSymbols.isEmpty && !(operation is Switch)
      && !(operation is Merge)
  }
}
