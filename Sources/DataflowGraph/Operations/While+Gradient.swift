import Tensors

extension While {
  /// A loop backwards over the iterations: each takes the gradient with respect to the variables after
  /// it and makes of it that with respect to those before it.
  ///
  /// The variables before each iteration are the loop's own record of them; what the body computed in
  /// between is computed again.
  ///
  /// - Throws: `GraphError` where the body draws random numbers or changes something.
  public func gradients(of node: Node, outputGradients: [Value?]) throws -> [Value?] {
    try body.expectRepeatable(by: node)
    let backward = BackwardLoop(self, node, outputGradients)
    return try backward.gradients()
  }
}

private struct BackwardLoop {
  let loop: While
  let node: Node
  let outputGradients: [Value?]
  let graph: Graph
  /// The floating-point loop variables, by index.
  let variables: [Int]
  /// The floating-point values that the body captures, by index among its inputs.
  let captures: [Int]
  /// The body's inputs that stay the same, in the graph around.
  let bodyCaptures: [Value]

  init(_ loop: While, _ node: Node, _ outputGradients: [Value?]) {
    self.loop = loop
    self.node = node
    self.outputGradients = outputGradients
    graph = node.graph.innermost(with: outputGradients.compactMap { $0 })
    let count = loop.variableCount
    let held = Array(node.inputs[(count + loop.condition.captures.count)...])
    bodyCaptures = held
    captures = held.indices.filter { held[$0].elementType.isFloatingPoint }
    variables = (0..<count).filter { node.inputs[$0].elementType.isFloatingPoint }
  }

  func gradients() throws -> [Value?] {
    let count = loop.variableCount
    let one = graph.constant(Tensor(1 as Int32))
    let start = [try graph.add(Sub(), [node[2 * count], one]).output]
    let finals = variables.map { outputGradients[$0] ?? graph.zeros(like: node[$0]) }
    let sums = captures.map { graph.zeros(like: bodyCaptures[$0]) }
    let backward = try addLoop(
      start + finals + sums, name: "\(loop.body.name)_gradient",
      condition: { body, state in
        try body.add(GreaterEqual(), [state[0], body.constant(Tensor(0 as Int32))]).output
      }, body: step)
    var result: [Value?] = node.inputs.map { _ in nil }
    for (position, index) in variables.enumerated() { result[index] = backward[1 + position] }
    for (position, index) in captures.enumerated() {
      result[node.inputs.count - bodyCaptures.count + index] =
        backward[1 + variables.count + position]
    }
    return result
  }

  /// One iteration: the counter, the gradients of the variables, the sums of those of the captures.
  private func step(_ body: Graph, _ state: [Value]) throws -> [Value] {
    let count = loop.variableCount
    let iteration = state[0]
    func recorded(_ values: Value) throws -> Value {
      try body.add(GatherV2(), [body.capture(values)!, iteration]).output
    }
    let before = try (0..<count).map { try recorded(node[count + $0]) }
    let held = bodyCaptures.map { body.capture($0)! }
    let after = try loop.body.inlined(into: body, before + held)
    let sources = variables.map { before[$0] } + captures.map { held[$0] }
    let found = try body.gradients(
      of: variables.map { after[$0] }, withRespectTo: sources,
      arriving: Array(state[1..<1 + variables.count]))
    let next = try body.add(Sub(), [iteration, body.constant(Tensor(1 as Int32))]).output
    let gradients = try variables.enumerated().map { position, index -> Value in
      let flowing = found[position] ?? body.zeros(like: before[index])
      guard let record = outputGradients[count + index] else { return flowing }
      return flowing + (try recorded(record))
    }
    let sums = captures.indices.map { position -> Value in
      let sum = state[1 + variables.count + position]
      return found[variables.count + position].map { sum + $0 } ?? sum
    }
    return [next] + gradients + sums
  }
}
