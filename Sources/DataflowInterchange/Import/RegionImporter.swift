import DataflowFormats
import DataflowGraph
import DataflowRuntime
import Tensors

/// Imports the nodes of one graph: the outermost one, a loop's condition or body, or a function.
final class RegionImporter {
  let importer: GraphImporter
  let table: NodeTable
  let frames: Frames
  /// The loop whose body this is, nil outside of loops.
  let frame: Int?
  let graph: Graph
  /// What imports the graph around a loop's body.
  let parent: RegionImporter?
  /// The nodes that runs feed, whatever they are here: none within loops and functions.
  let fed: Set<String>
  /// The outputs of the nodes that are imported, or stand for something else here.
  private(set) var outputs: [Int: [ImportedTensor]] = [:]
  /// The nodes that other nodes' control inputs mean.
  private(set) var controls: [Int: [Node]] = [:]
  /// The nodes that are left out, and why.
  private var missing: [Int: GraphError] = [:]
  private var pivots: [Value: Node] = [:]
  private var buffers = BufferNames()
  /// What the nodes are that were looked at, nil for those that are not the same in every run.
  private var constants: [Node: Tensor?] = [:]
  /// The nodes that do not run in every run.
  private var conditional: Set<Node> = []

  init(
    _ importer: GraphImporter, _ table: NodeTable, frames: Frames, frame: Int?, graph: Graph,
    parent: RegionImporter?, fed: Set<String> = []
  ) {
    self.importer = importer
    self.table = table
    self.frames = frames
    self.frame = frame
    self.graph = graph
    self.parent = parent
    self.fed = fed
  }

  /// Makes a node stand for something else.
  func set(_ node: Int, _ tensors: [ImportedTensor], control: Node? = nil) {
    outputs[node] = tensors
    controls[node] = control.map { [$0] }
  }

  /// Imports nodes and all they need.
  func importNodes(_ roots: [Int]) throws {
    let own = roots.filter { frames.ofNode[$0] == frame }
    for node in try table.ordered(own, dependencies: dependencies) where outputs[node] == nil {
      try importNode(node)
    }
  }

  private func dependencies(of node: Int) throws -> [Int] {
    if outputs[node] != nil || frames.ofNode[node] != frame { return [] }
    guard ["Exit", "RefExit"].contains(table.nodes[node].op) else {
      return table.inputs[node].map(\.node) + table.controls[node]
    }
    // A loop is one node, which reads all that enters it.
    guard let loop = frames.ofNode[try table.input(of: node).node] else { return [] }
    return frames.frames[loop].enters.flatMap {
      table.inputs[$0].map(\.node) + table.controls[$0]
    }
  }

  private func importNode(_ node: Int) throws {
    let def = table.nodes[node]
    if ["Exit", "RefExit"].contains(def.op),
      let loop = frames.ofNode[try table.input(of: node).node]
    {
      try LoopImporter(self, loop).importLoop()
      return
    }
    let controls = control(of: node)
    let inputs = buffers.current(
      try table.inputs[node].map { try tensor($0, for: def) }, after: controls)
    let step = NodeImport(region: self, def: def, inputs: inputs, controls: controls)
    let count = graph.nodes.count
    do {
      let device = try DeviceName(def.device)
      outputs[node] = try withColocation(def) {
        try graph.withDevice(device) { try missingControl(of: node, step) ?? step.run() }
      }
    } catch let error as GraphError where error.node == nil {
      throw def.error(error.message)
    }
    buffers.note(graph.nodes[count...])
    if let variable = bufferNamed(by: node), !step.isFed,
      let name = try? outputs[node]?.first?.value
    {
      buffers.note(name, of: variable)
    }
    if case .failure(let error)? = outputs[node]?.first?.result {
      graph.errorsOfNodes[def.name] = error
      if outputs[node]?.first?.sizes == nil, !step.isHarmless {
        missing[node] = error
        importer.leftOut.append(def.name)
      }
    }
    // A text is no node here, but may have been made to wait.
    self.controls[node] =
      graph.node(named: def.name).map { [$0] } ?? outputs[node, default: []].flatMap(\.waits)
  }

  /// Whether another node reads the node or waits for it.
  func isUsed(_ def: NodeDef) -> Bool { table.node(named: def.name).map(table.isUsed) ?? true }

  /// Whether one of the node's inputs is left out.
  func lacksInput(_ def: NodeDef) -> Bool {
    guard let node = table.node(named: def.name) else { return false }
    return table.inputs[node].contains { missing[$0.node] != nil }
  }

  /// What a node is that waits for one that is left out, as the end of restoring does: left out as well.
  ///
  /// - Throws: `GraphError` where it is more than that end.
  private func missingControl(of node: Int, _ step: NodeImport) throws -> [ImportedTensor]? {
    guard let control = table.controls[node].first(where: { missing[$0] != nil }),
      let error = missing[control]
    else { return nil }
    guard step.def.op == "NoOp" || lacksInput(step.def) else {
      throw step.def.error("waits for \(table.nodes[control].name), which is left out: \(error)")
    }
    return [ImportedTensor(error)]
  }

  /// The variable that a node is another name for.
  private func bufferNamed(by node: Int) -> Value? {
    guard table.nodes[node].op == "Identity", let source = table.inputs[node].first?.node,
      ["VariableV2", "Variable"].contains(table.nodes[source].op)
    else { return nil }
    return try? outputs[source]?.first?.value
  }

  private func withColocation<R>(_ def: NodeDef, _ body: () throws -> R) rethrows -> R {
    guard let name = def.colocation, let other = graph.node(named: name) else {
      return try body()
    }
    return try graph.withColocation(other, body)
  }

  // MARK: Constants

  /// What a value is in every run where it follows from constants that nobody feeds, of which none but the value itself has
  /// more elements than sizes have; else nil.
  func constant(_ value: Value) -> Tensor? {
    guard value.graph === graph else { return nil }
    // With a stack of its own, as deep as the graph.
    var pending = [value.node]
    while let node = pending.last {
      let inputs = node.inputs.map { constants[$0.node] }
      if constants[node] == nil, isFollowed(node), !inputs.contains(.some(nil)),
        let first = inputs.firstIndex(where: { $0 == nil })
      {
        pending.append(node.inputs[first].node)
        continue
      }
      if constants[node] == nil { constants[node] = .some(constant(node)) }
      pending.removeLast()
    }
    return constants[value.node] ?? nil
  }

  private func isFollowed(_ node: Node) -> Bool {
    guard node.graph === graph, node.outputSpecs.count == 1, !importer.fed.contains(node.name),
      !node.operation.isStateful, node.isComputed
    else { return false }
    return node.operation is Const
      || node.output.shape.known?.elementCount(atMost: SizeTensor.limit) != nil
  }

  /// What a node is whose inputs were looked at.
  private func constant(_ node: Node) -> Tensor? {
    guard isFollowed(node) else { return nil }
    if let constant = node.operation as? Const { return constant.value }
    let inputs = node.inputs.compactMap { constants[$0.node] ?? nil }
    guard inputs.count == node.inputs.count,
      inputs.allSatisfy({ $0.elementCount <= SizeTensor.limit })
    else { return nil }
    return evaluateConstant(node, inputs)
  }

  // MARK: Inputs

  /// An output of a node of this region or one around it.
  func tensor(_ tensor: NodeTable.Tensor, for def: NodeDef) throws -> ImportedTensor {
    guard let found = outputs[tensor.node] else {
      if let parent { return try parent.tensor(tensor, for: def) }
      throw def.error("input \(table.nodes[tensor.node].name) was not imported")
    }
    guard found.indices.contains(tensor.output) else {
      throw def.error(
        "input \(table.nodes[tensor.node].name):\(tensor.output) is missing: "
          + "\(table.nodes[tensor.node].op) has \(found.count) outputs")
    }
    return found[tensor.output]
  }

  private func control(of node: Int) -> [Node] {
    var nodes: [Node] = []
    for control in table.controls[node].flatMap({ controls[$0] ?? [] })
    where control.graph === graph && !nodes.contains(control) {
      nodes.append(control)
    }
    return nodes
  }

  /// The nodes that run if and only if the values are computed.
  func pivots(of values: [Value]) throws -> [Node] {
    var nodes: [Node] = []
    for value in values where value.graph === graph {
      let pivot = try pivot(of: value)
      if !nodes.contains(pivot) { nodes.append(pivot) }
    }
    return nodes
  }

  private func pivot(of value: Value) throws -> Node {
    guard value.node.operation is Switch else { return value.node }
    if let known = pivots[value] { return known }
    let node = try graph.add(
      Identity(), [value], name: "\(value.node.name)/pivot_\(value.index)")
    pivots[value] = node
    return node
  }

  func isConditional(_ node: Node) -> Bool { conditional.contains(node) }
  func markConditional(_ node: Node) { conditional.insert(node) }

  /// - Throws: `GraphError` where nothing computes the first output of a node that was asked for.
  func requireValue(of tensor: String) throws {
    let node = try table.node(of: tensor)
    if let first = outputs[node]?.first { _ = try first.value }
  }
}
