import DataflowFormats
import DataflowGraph
import Tensors

/// Makes a `While` of a loop of TensorFlow 1, which is a frame of `Enter`, `Merge`, `Switch`,
/// `NextIteration` and `Exit`.
///
/// A loop variable is a `Merge` of an `Enter` and a `NextIteration`. What enters otherwise stays the
/// same and is captured. The condition is what `LoopCond` reads, the body what the `NextIteration`s
/// read.
final class LoopImporter {
  private let region: RegionImporter
  private let frame: Int
  private var table: NodeTable { region.table }
  private var nodes: [Int] { region.frames.frames[frame].nodes }
  private let variables: [LoopVariable]
  private let condition: Int
  /// What the condition needs, and so does itself.
  private var conditionNodes: Set<Int> = []

  private struct LoopVariable {
    var merge: Int
    var enter: Int
    var next: Int
    /// The `Switch` that ends the loop, nil where nothing in the loop reads the variable.
    var branch: Int?
  }

  init(_ region: RegionImporter, _ frame: Int) throws {
    self.region = region
    self.frame = frame
    let table = region.table
    let own = region.frames.frames[frame]
    guard let condition = own.nodes.first(where: { table.nodes[$0].op == "LoopCond" }) else {
      throw GraphError("the loop \(own.name) has no LoopCond")
    }
    self.condition = condition
    var branches: [Int: Int] = [:]
    for node in own.nodes where table.nodes[node].op.hasSuffix("Switch") {
      let inputs = table.inputs[node]
      if inputs.count == 2, inputs[1].node == condition { branches[inputs[0].node] = node }
    }
    variables = own.nodes.compactMap { node in
      let inputs = table.inputs[node]
      guard table.nodes[node].op.hasSuffix("Merge"), inputs.count == 2,
        table.nodes[inputs[0].node].op.hasSuffix("Enter"),
        table.nodes[inputs[1].node].op.hasSuffix("NextIteration")
      else { return nil }
      return LoopVariable(
        merge: node, enter: inputs[0].node, next: inputs[1].node, branch: branches[node])
    }
  }

  /// Adds the loop and makes the `Exit` nodes stand for its results.
  func importLoop() throws {
    let starts = try variables.map { variable -> ImportedTensor in
      let def = table.nodes[variable.enter]
      return try region.tensor(try table.input(of: variable.enter), for: def)
    }
    let name = region.frames.frames[frame].name
    var shapes = try starts.map { try $0.value.shape }
    // A size that the body changes gets a name of its own, and the body is made again with it.
    while true {
      let specs = zip(starts, shapes).map { start, shape in
        TensorSpec((try? start.value.elementType) ?? .float32, shape)
      }
      let conditionFunction = try function("\(name)_cond", specs) { try self.importCondition($0) }
      let bodyFunction = try function("\(name)_body", specs) { try self.importBody($0) }
      if let changed = changedShapes(shapes, bodyFunction) {
        shapes = changed
        continue
      }
      try addLoop(starts, conditionFunction, bodyFunction)
      return
    }
  }

  private func function(
    _ name: String, _ specs: [TensorSpec], _ body: (RegionImporter) throws -> [Value]
  ) throws -> GraphFunction {
    try GraphFunction(name: name, in: region.graph, inputs: specs) { graph, inputs in
      let inner = RegionImporter(
        region.importer, table, frames: region.frames, frame: frame, graph: graph, parent: region)
      try prepare(inner, inputs)
      return try body(inner)
    }
  }

  /// The loop's own nodes stand for the loop variables, what enters it for the values outside.
  private func prepare(_ inner: RegionImporter, _ inputs: [Value]) throws {
    for (variable, input) in zip(variables, inputs) {
      inner.set(variable.merge, [ImportedTensor(input)], control: input.node)
      guard let branch = variable.branch else { continue }
      let name = table.nodes[branch].name
      let past = ImportedTensor(GraphError("\(name):0 is what is left after the loop"))
      inner.set(branch, [past, ImportedTensor(input)], control: input.node)
    }
    let entered = Set(variables.map(\.enter))
    for enter in region.frames.frames[frame].enters where !entered.contains(enter) {
      inner.set(
        enter,
        [
          try region.tensor(try table.input(of: enter), for: table.nodes[enter])
        ])
    }
  }

  private func importCondition(_ inner: RegionImporter) throws -> [Value] {
    let source = try table.input(of: condition)
    try inner.importNodes([source.node])
    conditionNodes = Set(inner.outputs.keys)
    return [try inner.tensor(source, for: table.nodes[condition]).value]
  }

  private func importBody(_ inner: RegionImporter) throws -> [Value] {
    inner.set(condition, [ImportedTensor(GraphError("LoopCond is no value of the body"))])
    let results = try variables.map { try table.input(of: $0.next) }
    let effects = nodes.filter {
      Self.effects.contains(table.nodes[$0].op) && !conditionNodes.contains($0)
    }
    // What the body only does is done before the next iteration begins, whatever depends on it.
    try inner.importNodes(results.map(\.node) + effects)
    return try zip(variables, results).map { variable, result in
      let def = table.nodes[variable.next]
      let value = try inner.tensor(result, for: def).value
      return try inner.graph.add(Identity(), [value], name: def.name).output
    }
  }

  /// Operations that are there for what they do.
  private static let effects: Set<String> = [
    "StackPushV2", "StackPush", "Assert", "Print", "PrintV2", "AssignVariableOp", "AssignAdd",
    "AssignSub", "AssignAddVariableOp", "AssignSubVariableOp", "Assign",
  ]

  /// The loop variables' shapes where the body makes others of them, nil where it does not.
  private func changedShapes(
    _ shapes: [SymbolicShape], _ body: GraphFunction
  ) -> [SymbolicShape]? {
    var changed = shapes
    for (index, output) in body.outputs.enumerated() where output.shape.rank == shapes[index].rank {
      for axis in 0..<output.shape.rank where output.shape[axis] != shapes[index][axis] {
        // The same name in each try, so that the tries come to an end.
        let own = "\(region.frames.frames[frame].name)_\(index)_\(axis)"
        region.importer.loopSymbols.insert(own)
        changed[index].dimensions[axis] = Dimension(symbol: own)
      }
    }
    return changed == shapes ? nil : changed
  }

  private func addLoop(
    _ starts: [ImportedTensor], _ condition: GraphFunction, _ body: GraphFunction
  ) throws {
    let name = region.frames.frames[frame].name
    let values = try starts.map { try $0.value }
    let enters = region.frames.frames[frame].enters
    let sources = enters.flatMap { table.controls[$0] }.flatMap { region.controls[$0] ?? [] }
    // What enters for its elements is no input of the loop.
    let waits = try enters.flatMap {
      try region.tensor(try table.input(of: $0), for: table.nodes[$0]).waits
    }
    let controls = Set((sources + waits).filter { $0.graph === region.graph })
      .sorted { $0.id < $1.id }
    let loop = try region.graph.add(
      While(condition: condition, body: body), values + condition.captures + body.captures,
      name: name, controlInputs: controls)
    for exit in region.frames.frames[frame].exits {
      let source = try table.input(of: exit).node
      guard let index = variables.firstIndex(where: { $0.branch == source }) else {
        throw table.nodes[exit].error(
          "leaves the loop with \(table.nodes[source].name), which is no loop variable")
      }
      let def = table.nodes[exit]
      let node = try region.graph.add(Identity(), [loop[index]], name: def.name)
      var result = ImportedTensor(node.output)
      if !controls.isEmpty { result.waits = [node] }
      let conditions = starts.flatMap(\.conditions)
      if !conditions.isEmpty {
        result.conditions = [node.output]
        region.markConditional(node)
      }
      region.set(exit, [result], control: node)
    }
  }
}
