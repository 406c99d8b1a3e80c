import Tensors

extension Graph {
  /// The gradients of the sum of `targets` with respect to `sources`, as new nodes.
  ///
  /// Gradients are made of ordinary operations and can be differentiated again.
  ///
  /// In the body of a loop or a branch, values of the graphs around may be targets and sources too. A target depends on a
  /// source by way of all that the body captures; what goes into the body as declared, such as a loop's variables, does not
  /// depend on anything there. Where nothing of the body is among the values, the gradients are made in the graph around, and the
  /// body captures them.
  ///
  /// - Parameters:
  ///   - targets: floating-point values.
  ///   - outputGradients: what to start from, of each target's shape; ones where nil. Sizes that may differ, runs
  ///     find to be the same.
  /// - Returns: a value of each source's type and shape; nil where no target depends on the source.
  /// - Throws: `GraphError` that names the operation without a gradient and the path to the source, or a
  ///   target of another type.
  public func gradients(
    of targets: [Value], withRespectTo sources: [Value], outputGradients: [Value?]? = nil
  ) throws -> [Value?] {
    for target in targets where !target.elementType.isFloatingPoint {
      throw GraphError("\(target) has no gradient: it is no floating-point value")
    }
    let home = try home(of: targets + sources + (outputGradients ?? []).compactMap { $0 })
    let starts = try targets.enumerated().map { index, target -> Value in
      let graph = target.graph
      guard let start = outputGradients?[index] else { return graph.ones(like: target) }
      guard start.shape != target.shape, fits(start, target) else { return start }
      // A sum is of values of one shape, which runs check.
      return try graph.add(AddN(), [graph.zeros(like: target), start]).output
    }
    return try home.gradients(of: targets, withRespectTo: sources, arriving: starts)
      .map { $0.map { capture($0) ?? $0 } }
  }

  /// The innermost of the values' graphs, where what depends on all of them is.
  ///
  /// - Throws: `GraphError` for a value of a graph that is neither around this one nor inside it.
  private func home(of values: [Value]) throws -> Graph {
    let innermost = innermost(with: values)
    for value in values where value.graph !== innermost && !innermost.isInside(value.graph) {
      throw GraphError("\(value.name) belongs to another graph")
    }
    return values.first?.graph.innermost(with: values) ?? self
  }

  /// The innermost of this graph and those of values that lie around it or inside it.
  func innermost(with values: [Value]) -> Graph {
    values.reduce(self) { $1.graph.isInside($0) ? $1.graph : $0 }
  }

  private func fits(_ start: Value, _ target: Value) -> Bool {
    start.shape.couldEqual(target.shape) && start.elementType == target.elementType
  }

  /// The gradients that follow from those that arrive at floating-point targets, of whose sizes they are.
  func gradients(
    of targets: [Value], withRespectTo sources: [Value], arriving starts: [Value]
  ) throws -> [Value?] {
    var walk = GradientWalk(graph: self, sources: sources)
    for (target, start) in zip(targets, starts) {
      guard fits(start, target) else {
        throw GraphError("the gradient \(start) does not fit the target \(target)")
      }
      try walk.accumulate(start, for: target)
    }
    try withNameScope("gradients") { try walk.run() }
    return try sources.map { try walk.total(for: $0).map { capture($0)! } }
  }

  /// The gradient of one value with respect to another one; zeros where it does not depend on it.
  ///
  /// - Throws: `GraphError` as `gradients(of:withRespectTo:outputGradients:)` does, and for a source that is no
  ///   floating-point value.
  public func gradient(of target: Value, withRespectTo source: Value) throws -> Value {
    try gradients(of: [target], withRespectTo: [source])[0] ?? noGradient(of: source)
  }

  /// Zeros, the gradient of what does not depend on `source`.
  ///
  /// - Throws: `GraphError` for a source that is no floating-point value.
  package func noGradient(of source: Value) throws -> Value {
    guard source.elementType.isFloatingPoint || source.elementType == .float16 else {
      throw GraphError(
        "there is no gradient with respect to \(source): it is no floating-point value")
    }
    return innermost(with: [source]).zeros(like: source)
  }
}

/// The backward walk: gradients arrive at values, nodes pass them on, latest node first.
///
/// It goes on from what a function captures to the graph around, where the sources are. What is added there takes part in
/// the function: `Graph.add` makes nodes where their innermost input is.
private struct GradientWalk {
  let graph: Graph
  /// The graph and those around it, as far as there are sources.
  let levels: [Graph]
  /// Values between a source and anything: only through them is there something to pass on.
  let relevant: Set<Value>
  let sources: Set<Value>
  var arrived: [Value: [Value]] = [:]
  var totals: [Value: Value] = [:]

  init(graph: Graph, sources: [Value]) {
    self.graph = graph
    self.sources = Set(sources)
    var levels = [graph]
    while let outer = levels.last?.parent,
      sources.contains(where: { $0.graph === outer || outer.isInside($0.graph) })
    {
      levels.append(outer)
    }
    self.levels = levels
    var relevant = self.sources
    for level in levels.reversed() {
      relevant.formUnion(level.captures.filter { relevant.contains($0.outer) }.map(\.inner))
      for node in level.nodes where node.inputs.contains(where: relevant.contains) {
        relevant.formUnion(node.outputs.filter(\.elementType.isFloatingPoint))
      }
    }
    self.relevant = relevant
  }

  mutating func accumulate(_ gradient: Value, for value: Value) throws {
    arrived[value, default: []].append(try fitted(gradient, to: value))
  }

  /// A gradient of the value's own shape. Sizes that have another name, or are a number, are the same, which runs check as
  /// far as the number of elements goes; so nothing that arrives at an operation contradicts its other inputs.
  private func fitted(_ gradient: Value, to value: Value) throws -> Value {
    if gradient.shape == value.shape { return gradient }
    guard gradient.shape.couldEqual(value.shape) else {
      throw value.node.error("a gradient of the shape \(gradient.shape) arrives at \(value)")
    }
    return try gradient.graph.add(Reshape(shape: value.shape), [gradient]).output
  }

  mutating func run() throws {
    for level in levels {
      try run(through: level)
      for (outer, inner) in level.captures where relevant.contains(outer) {
        if let total = try total(for: inner) { try accumulate(total, for: outer) }
      }
    }
  }

  private mutating func run(through level: Graph) throws {
    let last = arrived.keys.filter { $0.graph === level }.map(\.node.id).max() ?? -1
    for id in stride(from: last, through: 0, by: -1) {
      let node = level.nodes[id]
      guard node.inputs.contains(where: relevant.contains) else { continue }
      let gradients = try node.outputs.map { try total(for: $0) }
      guard gradients.contains(where: { $0 != nil }) else { continue }
      // The name that TensorFlow gives: what belongs to one node is one box in drawings.
      let scope = "\(node.name)_grad"
      try graph.withNameScope(scope) {
        if level === graph { return try pass(gradients, through: node) }
        try level.withNameScope("gradients/\(scope)") { try pass(gradients, through: node) }
      }
    }
  }

  private mutating func pass(_ gradients: [Value?], through node: Node) throws {
    let results: [Value?]
    do {
      results = try node.operation.gradients(of: node, outputGradients: gradients)
    } catch let error as GraphError where error.node == node.name {
      throw GraphError(
        "\(error.message) (on the path \(path(from: node)))", node: error.node,
        operation: error.operation, inputs: error.inputs)
    }
    precondition(results.count == node.inputs.count, "\(node.operationName): wrong gradient count")
    for (input, result) in zip(node.inputs, results) where relevant.contains(input) {
      guard let result else { continue }
      try accumulate(try sumToShape(result, of: input), for: input)
    }
  }

  /// The sum of what arrived at a value, in the order it arrived.
  mutating func total(for value: Value) throws -> Value? {
    if let total = totals[value] { return total }
    guard let parts = arrived[value] else { return nil }
    let total = parts.count == 1 ? parts[0] : try parts[0].graph.add(AddN(), parts).output
    totals[value] = total
    return total
  }

  /// The names from a node down to a source, for messages.
  private func path(from node: Node) -> String {
    var names = [node.name]
    var current = node
    while let next = current.inputs.first(where: relevant.contains) {
      names.append(next.name)
      if sources.contains(next) { break }
      current = next.node
    }
    return names.joined(separator: " <- ")
  }

  /// Undoes broadcasting: sums a gradient over the dimensions along which the input was repeated.
  private func sumToShape(_ gradient: Value, of input: Value) throws -> Value {
    let shape = input.shape
    let added = gradient.shape.rank - shape.rank
    precondition(added >= 0, "\(gradient) cannot be a gradient of \(input)")
    let repeated = shape.dimensions.indices.filter {
      shape[$0] == 1 && gradient.shape[$0 + added] != 1
    }
    let axes = Array(0..<added) + repeated.map { $0 + added }
    if axes.isEmpty { return gradient }
    let sum = try gradient.graph.add(Sum(axes: axes, keepDims: false), [gradient]).output
    return try sum.graph.add(Reshape(shape: shape), [sum]).output
  }
}
