import DataflowGraph
import Tensors

/// Assigns values to buffers: what lies where, from when to when.
struct PlanBuilder {
  let nodes: [Node]
  let feeds: [Value]
  let fetches: [Value]
  private(set) var indices: [Value: Int] = [:]
  private(set) var values: [Plan.PlannedValue] = []
  private(set) var buffers: [Plan.Buffer] = []
  private(set) var steps: [Plan.Step] = []
  private(set) var variablesRead: [Node] = []
  private(set) var variablesAssigned: [Node] = []
  /// For each value, the last step that reads its buffer while the value is in it.
  private var lastRead: [Value: Int] = [:]

  init(nodes: [Node], feeds: [Value], fetches: [Value]) {
    self.nodes = nodes
    self.feeds = feeds
    self.fetches = fetches
  }

  mutating func build() {
    let running = nodes.filter { isStep($0) }
    findLastReads(running)
    for (position, feed) in feeds.enumerated() { addValue(feed, home: .feed(position)) }
    var position = 0
    for node in nodes {
      if isStep(node) {
        addStep(node, at: position)
        position += 1
      } else {
        addStored(node)
      }
    }
    for fetch in fetches { noteRead(buffers[values[indices[fetch]!].buffer].home) }
  }

  /// Constants and variables lie still, aliases are views, what is fed is given.
  private func isStep(_ node: Node) -> Bool {
    let isGiven = !node.outputs.isEmpty && node.outputs.allSatisfy(Set(feeds).contains)
    return !isGiven && !node.operation.isAlias && !(node.operation is Const)
      && !(node.operation is VariableV2)
  }

  /// Reads of an alias are reads of what it is a view of.
  private mutating func findLastReads(_ running: [Node]) {
    for (position, node) in running.enumerated() {
      for input in node.inputs { lastRead[root(of: input)] = position }
    }
    for fetch in fetches { lastRead[root(of: fetch)] = running.count }
  }

  private func root(of value: Value) -> Value {
    var value = value
    while value.node.operation.isAlias && !feeds.contains(value) { value = value.node.inputs[0] }
    return value
  }

  private mutating func addValue(_ value: Value, home: Plan.Buffer.Home, firstStep: Int = 0) {
    let bytes = value.shape.elementCount * Dimension(value.elementType.size)
    buffers.append(
      Plan.Buffer(
        home: home, byteCount: bytes, firstStep: firstStep,
        lastStep: max(firstStep, lastRead[value] ?? firstStep)))
    addView(value, of: buffers.count - 1)
  }

  private mutating func addView(_ value: Value, of buffer: Int) {
    indices[value] = values.count
    values.append(Plan.PlannedValue(spec: value.spec, name: value.name, buffer: buffer))
  }

  private mutating func addStored(_ node: Node) {
    if node.outputs.contains(where: { indices[$0] != nil }) { return }
    if let constant = node.operation as? Const {
      addValue(node.output, home: .constant(constant.value))
    } else if node.operation is VariableV2 {
      addValue(node.output, home: .variable(node))
    } else {
      addView(node.output, of: values[indices[node.inputs[0]]!].buffer)
    }
  }

  private mutating func addStep(_ node: Node, at position: Int) {
    let inputs = node.inputs.map { indices[$0]! }
    let mutated = node.operation.mutatedInputs
    for (index, input) in inputs.enumerated() where !isAssignment(node, index) {
      noteRead(buffers[values[input].buffer].home)
    }
    var overwritten: Int?
    for (index, output) in node.outputs.enumerated() where indices[output] == nil {
      if index == 0, mutated.contains(0) {
        addView(output, of: values[inputs[0]].buffer)
      } else if index == 0, let source = overwritable(node, inputs, at: position) {
        overwritten = source
        let buffer = values[inputs[source]].buffer
        buffers[buffer].lastStep = max(position, lastRead[output] ?? position)
        addView(output, of: buffer)
      } else {
        addValue(output, home: .arena, firstStep: position)
      }
    }
    noteAssignment(node, inputs)
    let outputs = node.outputs.map { indices[$0]! }
    steps.append(Plan.Step(node: node, inputs: inputs, outputs: outputs, overwrites: overwritten))
  }

  /// The first input whose buffer the output may take over: planned memory of the same size that
  /// nothing reads later.
  private func overwritable(_ node: Node, _ inputs: [Int], at position: Int) -> Int? {
    let output = node.outputSpecs[0]
    return node.operation.overwritableInputs.first { index in
      guard index < inputs.count else { return false }
      let value = values[inputs[index]]
      let buffer = buffers[value.buffer]
      guard case .arena = buffer.home, buffer.lastStep == position else { return false }
      return value.spec.shape == output.shape
        && value.spec.elementType.size == output.elementType.size
    }
  }

  private func isAssignment(_ node: Node, _ input: Int) -> Bool {
    input == 0 && node.operation is Assign
  }

  private mutating func noteRead(_ home: Plan.Buffer.Home) {
    guard case .variable(let node) = home else { return }
    if !variablesAssigned.contains(node) && !variablesRead.contains(node) {
      variablesRead.append(node)
    }
  }

  private mutating func noteAssignment(_ node: Node, _ inputs: [Int]) {
    guard node.operation is Assign,
      case .variable(let variable) = buffers[values[inputs[0]].buffer].home
    else { return }
    variablesAssigned.append(variable)
  }
}
