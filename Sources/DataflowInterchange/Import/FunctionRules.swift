import DataflowFormats
import DataflowGraph
import Tensors

extension ImportRule {
  /// Calls of functions, loops and conditions of TensorFlow 2, and the stacks of version 1.
  static let calls: [String: ImportRule] = [
    "PartitionedCall": call, "StatefulPartitionedCall": call,
    "While": loop, "StatelessWhile": loop,
    "If": condition, "StatelessIf": condition,
    // How large a stack may grow is not limited here.
    "StackV2": ImportRule { try $0.add("StackV2", []).outputs },
    "StackPushV2": ImportRule { node in
      guard try node.value(1).elementType != .resource else {
        throw GraphError(
          "puts a stack on a stack, as TensorFlow's gradients of nested loops do; import the loops "
            + "without the gradient and differentiate them here")
      }
      if let stack = node.inputs[0].stack {
        node.region.importer.stacked[stack] = (try node.value(1).shape, node.inputs[1].sizes)
      }
      return try node.add("StackPushV2").outputs
    },
    "StackPopV2": ImportRule { node in
      guard let stack = node.inputs.first?.stack,
        let pushed = node.region.importer.stacked[stack]
      else { throw GraphError("nothing is pushed on the stack before") }
      let sizes = pushed.shape.dimensions.map { $0.known ?? -1 }
      return try node.add("StackPopV2", extra: ["sizes": .ints(sizes)]).outputs
    },
  ]

  private static let call = ImportRule { node in
    let function = try node.function("f")
    let before = node.controls + node.waits()
    let (values, effects) = try node.graph.withControlDependencies(before) {
      try node.expand(function, into: node.graph, node.inputs, scope: node.def.name)
    }
    // Whoever waits for the call waits for all that it does.
    let ends = before + effects
    if values.isEmpty {
      _ = try node.graph.add(NoOp(), name: node.def.name, controlInputs: ends)
    }
    return try values.enumerated().map { index, value in
      try node.graph.add(
        Identity(), [value], name: node.outputName(index), controlInputs: ends
      ).output
    }
  }

  private static let loop = ImportRule { node in
    let (condition, body) = (try node.function("cond"), try node.function("body"))
    let starts = try node.inputs.map { try $0.value }
    var shapes = starts.map(\.shape)
    while true {
      let specs = zip(starts, shapes).map { TensorSpec($0.elementType, $1) }
      func made(_ function: FunctionDef) throws -> GraphFunction {
        try GraphFunction(
          name: function.signature.name, in: node.graph, inputs: specs
        ) { graph, inputs in
          try node.body(of: function, in: graph, inputs.map { ImportedTensor($0) })
        }
      }
      let (first, second) = (try made(condition), try made(body))
      let changed = zip(shapes, second.outputs).enumerated().map { index, pair in
        pair.0.namingChanges(to: pair.1.shape, "\(node.def.name)_\(index)")
      }
      guard changed == shapes else {
        shapes = changed
        continue
      }
      let loop = try node.graph.add(
        While(condition: first, body: second), starts + first.captures + second.captures,
        name: node.def.name, controlInputs: node.controls)
      return Array(loop.outputs.prefix(starts.count))
    }
  }

  private static let condition = ImportRule { node in
    func branch(_ name: String) throws -> GraphFunction {
      let function = try node.function(name)
      return try GraphFunction(
        name: function.signature.name, in: node.graph, inputs: []
      ) { graph, _ in
        try node.body(of: function, in: graph, Array(node.inputs.dropFirst()))
      }
    }
    let (first, second) = (try branch("then_branch"), try branch("else_branch"))
    return try node.graph.add(
      If(thenBranch: first, elseBranch: second),
      [try node.value(0)] + first.captures + second.captures, name: node.def.name,
      controlInputs: node.controls + node.waits()
    ).outputs
  }
}

extension SymbolicShape {
  /// The shape with names of their own for the sizes that are others in `next`.
  func namingChanges(to next: SymbolicShape, _ stem: String) -> SymbolicShape {
    guard next.rank == rank else { return self }
    return SymbolicShape(
      dimensions.enumerated().map { axis, size in
        size == next[axis] ? size : Dimension(symbol: "\(stem)_\(axis)")
      })
  }
}

extension NodeImport {
  /// The function that an attribute names.
  fileprivate func function(_ attribute: String) throws -> FunctionDef {
    guard case .function(let called)? = def.attributes[attribute] else {
      throw GraphError("attribute \(attribute) is missing or no function")
    }
    guard let function = region.importer.functions[called.name] else {
      let near = nearestNames(
        to: called.name, among: Array(region.importer.functions.keys))
      throw GraphError("the graph's library has no function \(called.name)\(near.hint)")
    }
    return function
  }

  /// Makes a function's body a graph's, and returns what it returns once it has done all that it does.
  fileprivate func body(
    of function: FunctionDef, in graph: Graph, _ arguments: [ImportedTensor]
  ) throws -> [Value] {
    let (values, effects) = try expand(function, into: graph, arguments)
    guard !effects.isEmpty else { return values }
    guard !values.isEmpty else {
      throw GraphError(
        "the function \(function.signature.name) returns nothing, so that what it does would be left out"
      )
    }
    return try values.map { try graph.add(Identity(), [$0], controlInputs: effects).output }
  }

  /// Adds a function's body to a graph and returns what it returns, and the nodes that run in any case.
  fileprivate func expand(
    _ function: FunctionDef, into graph: Graph, _ arguments: [ImportedTensor], scope: String? = nil
  ) throws -> (values: [Value], effects: [Node]) {
    let importer = region.importer
    guard importer.callDepth < 100 else {
      throw GraphError("calls lie deeper than 100 in each other: \(function.signature.name)")
    }
    importer.callDepth += 1
    defer { importer.callDepth -= 1 }
    let body = FunctionBody(function, scope: scope)
    guard body.arguments.count == arguments.count else {
      throw GraphError(
        "the function \(function.signature.name) takes \(body.arguments.count) arguments, got "
          + "\(arguments.count)")
    }
    let table = try NodeTable(body.nodes)
    let inner = RegionImporter(
      importer, table, frames: try Frames(table), frame: nil, graph: graph, parent: nil)
    for (index, argument) in arguments.enumerated() { inner.set(index, [argument]) }
    try inner.importNodes(Array(table.nodes.indices))
    return (
      try body.results(in: table).map { try inner.tensor($0, for: def).value },
      try body.effects(in: table).flatMap { inner.controls[$0] ?? [] }
    )
  }
}
