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
  private(set) var epochs: [Plan.Epoch] = [Plan.Epoch(lateStep: nil)]
  let hasBranches: Bool
  private let fed: Set<Value>
  /// The sizes that the feeds fix.
  private let fedSizes: Set<String>
  /// Other names of variables for what they are before a write that a reader of the name comes after.
  private let snapshots: Set<Node>
  private var stepOfNode: [Node: Int] = [:]
  private(set) var variablesRead: [Node] = []
  private(set) var variablesAssigned: [Node] = []
  /// Those of both lists.
  private var notedVariables: Set<Node> = []
  /// For each value, the last step that reads its buffer while the value is in it.
  private var lastRead: [Value: Int] = [:]

  private let dependencies: Dependencies
  /// Of each buffer, the steps that write or read it, in order.
  private(set) var users: [[Int]] = []

  private let devices: DeviceTable

  init(_ order: NodeOrder, feeds: [Value], fetches: [Value], _ devices: DeviceTable) {
    self.devices = devices
    nodes = order.nodes
    dependencies = order.dependencies
    self.feeds = feeds
    self.fetches = fetches
    fed = Set(feeds)
    fedSizes = Set(feeds.flatMap(\.shape.dimensions).compactMap(\.soleSymbol))
    hasBranches = order.nodes.contains { $0.operation is Switch }
    snapshots = order.snapshots
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
    assignEpochs()
  }

  /// Constants and variables lie still, aliases are views, what is fed is given. Where a branch may
  /// not be taken, what waits for it, or for a size that is found out there, is a step even if it computes
  /// nothing; and so is a variable's other name for what is overwritten before it is read.
  private func isStep(_ node: Node) -> Bool {
    let isGiven = !node.outputs.isEmpty && node.outputs.allSatisfy(fed.contains)
    if isGiven || node.operation is VariableV2 { return false }
    if hasBranches && !node.controlInputs.isEmpty || snapshots.contains(node) { return true }
    if node.operation is Const { return false }
    return !node.operation.isAlias || !sizeSources(of: node, beyondInputs: true).isEmpty
  }

  /// Who finds out sizes that a node needs, where it may be on a branch that is not taken.
  ///
  /// - Parameter beyondInputs: whether only sizes count that no input has.
  private func sizeSources(of node: Node, beyondInputs: Bool = false) -> [Node] {
    guard hasBranches, node.graph.hasLateSizes else { return [] }
    var sizes = node.symbols.subtracting(fedSizes)
    if beyondInputs {
      for size in node.inputs.flatMap(\.shape.dimensions) { sizes.subtract(size.symbols) }
    }
    return sizes.compactMap { node.graph.lateSizeSource($0) }.filter { $0 != node }
  }

  private func isView(_ node: Node) -> Bool { node.operation.isAlias && !isStep(node) }

  /// Reads of an alias are reads of what it is a view of.
  private mutating func findLastReads(_ running: [Node]) {
    for (position, node) in running.enumerated() {
      for input in node.inputs { lastRead[root(of: input)] = position }
    }
    for fetch in fetches { lastRead[root(of: fetch)] = running.count }
  }

  private func root(of value: Value) -> Value {
    var value = value
    while isView(value.node) && !fed.contains(value) { value = value.node.inputs[0] }
    return value
  }

  private mutating func addValue(_ value: Value, home: Plan.Buffer.Home, firstStep: Int = 0) {
    let bytes = value.shape.elementCount * Dimension(value.elementType.size)
    buffers.append(
      Plan.Buffer(
        home: home, byteCount: bytes, firstStep: firstStep,
        lastStep: max(firstStep, lastRead[value] ?? firstStep),
        device: devices.index(of: value.node)))
    addView(value, of: buffers.count - 1)
  }

  private mutating func addView(_ value: Value, of buffer: Int, root: Int? = nil) {
    indices[value] = values.count
    values.append(
      Plan.PlannedValue(
        spec: value.spec, name: value.name, buffer: buffer, root: root ?? values.count))
  }

  private mutating func addStored(_ node: Node) {
    if node.outputs.contains(where: { indices[$0] != nil }) { return }
    if let constant = node.operation as? Const {
      addValue(node.output, home: .constant(constant.value))
    } else if node.operation is VariableV2 {
      addValue(node.output, home: .variable(node))
    } else {
      let source = values[indices[node.inputs[0]]!]
      addView(node.output, of: source.buffer, root: source.root)
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
        addValue(output, home: home(of: node, inputs), firstStep: position)
      }
    }
    noteAssignment(node, inputs)
    let outputs = node.outputs.map { indices[$0]! }
    stepOfNode[node] = steps.count
    steps.append(
      Plan.Step(
        node: node, inputs: inputs, outputs: outputs, overwrites: overwritten,
        controlSteps: (node.controlInputs + sizeSources(of: node)).compactMap { stepOfNode[$0] },
        controlValues: node.controlInputs.filter { stepOfNode[$0] == nil && isView($0) }
          .compactMap { indices[$0.output] },
        device: devices.index(of: node)))
  }

  /// What is fed to a device with memory of its own is copied to a place that it has for itself.
  private func home(of node: Node, _ inputs: [Int]) -> Plan.Buffer.Home {
    guard node.operation is CopyToDevice, devices.hasOwnMemory(devices.index(of: node)),
      case .feed(let feed) = buffers[values[inputs[0]].buffer].home
    else { return .arena }
    return .feedCopy(feed)
  }

  /// Finds for everything that has a size the epoch in which it is known.
  private mutating func assignEpochs() {
    var epochOfSymbol: [String: Int] = [:]
    for (position, step) in steps.enumerated() where step.isLate {
      // Who finds out what is fed only checks it.
      for symbol in step.node.ownLateSymbols where !fedSizes.contains(symbol) {
        epochOfSymbol[symbol] = epochs.count
      }
      steps[position].epoch = epochs.count
      epochs.append(Plan.Epoch(lateStep: position))
    }
    func epoch(_ symbols: some Sequence<String>) -> Int {
      symbols.lazy.compactMap { epochOfSymbol[$0] }.max() ?? 0
    }
    func epoch(of shape: SymbolicShape) -> Int {
      shape.dimensions.map { epoch($0.symbols) }.max() ?? 0
    }
    let isSimple = epochOfSymbol.isEmpty
    for index in values.indices {
      // A view's elements are those of its root, whose number is checked against its own.
      let root = values[index].root
      let ownEpoch = isSimple ? 0 : epoch(of: values[index].spec.shape)
      values[index].epoch = root == index ? ownEpoch : max(ownEpoch, values[root].epoch)
      epochs[values[index].epoch].values.append(index)
    }
    for index in buffers.indices {
      buffers[index].epoch = isSimple ? 0 : epoch(buffers[index].byteCount.symbols)
      epochs[buffers[index].epoch].buffers.append(index)
    }
    for index in steps.indices {
      let own = isSimple ? 0 : epoch(steps[index].node.symbols)
      let inputs = steps[index].inputs.map { values[$0].epoch }.max() ?? 0
      steps[index].epoch = max(steps[index].epoch, own, inputs)
      epochs[steps[index].epoch].steps.append(index)
    }
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
    guard !hasBranches, case .variable(let node) = home else { return }
    if notedVariables.insert(node).inserted { variablesRead.append(node) }
  }

  private mutating func noteAssignment(_ node: Node, _ inputs: [Int]) {
    guard !hasBranches, node.operation is Assign,
      case .variable(let variable) = buffers[values[inputs[0]].buffer].home
    else { return }
    variablesAssigned.append(variable)
    notedVariables.insert(variable)
  }

  // MARK: What can run side by side

  /// The plan's tasks, nil where everything runs in order.
  mutating func taskGraph() -> TaskGraph? {
    findUsers()
    let last = steps.lastIndex { $0.isSpecial } ?? -1
    return hasBranches ? nil : TaskGraph(predecessors: stepPredecessors(), firstStep: last + 1)
  }

  private mutating func findUsers() {
    users = Array(repeating: [], count: buffers.count)
    for (position, step) in steps.enumerated() {
      for value in step.inputs + step.outputs {
        let buffer = values[value].buffer
        if users[buffer].last != position { users[buffer].append(position) }
      }
    }
    for fetch in fetches { users[values[indices[fetch]!].buffer].append(steps.count) }
  }

  /// The nodes before each step, those that are no steps replaced by the steps before them; and before a
  /// step that overwrites its input, all who read that.
  private func stepPredecessors() -> [[Int]] {
    var stepsBefore: [Int: Set<Int>] = [:]
    for node in nodes {
      var before: Set<Int> = []
      for id in dependencies[node.id] { before.formUnion(stepsBefore[id]!) }
      stepsBefore[node.id] = stepOfNode[node].map { [$0] } ?? before
    }
    // Of each buffer, who wrote it last and who has read it since: all others are done before that.
    var recent = Array(repeating: [Int](), count: buffers.count)
    return steps.enumerated().map { position, step in
      var before: Set<Int> = []
      for id in dependencies[step.node.id] { before.formUnion(stepsBefore[id]!) }
      if let source = step.overwrites {
        before.formUnion(recent[values[step.inputs[source]].buffer])
      }
      for value in step.inputs { recent[values[value].buffer].append(position) }
      for value in step.outputs { recent[values[value].buffer] = [position] }
      return before.sorted()
    }
  }
}
