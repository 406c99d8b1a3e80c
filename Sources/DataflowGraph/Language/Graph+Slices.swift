import Tensors

/// Values of a batch, computed slice by slice.
public struct SlicedValues {
  /// Where the rows of each slice begin in each input: `int64 [inputs, slices + 1]`, from 0 to the number of rows.
  public let starts: Value
  /// What stands for the inputs: the rows of all slices, one slice after the other.
  public let inputs: [Value]
  /// Added up over the slices, in their order.
  public let sums: [Value]
  /// The rows of all slices.
  public let rows: [Value]
}

extension Graph {
  /// The same values, computed for one slice of a batch after the other or beside it.
  ///
  ///     let sliced = try graph.sliced(sums: [loss] + gradients, rows: [errors], by: [features, references])
  ///
  /// What lies between the inputs and the values becomes a function that `SlicedCall` runs. So forward
  /// and backward steps of a slice follow each other, and what is large is read from memory once.
  ///
  /// - Parameters:
  ///   - sums: values of the whole batch that are sums over its parts, so that those of its slices add up to them.
  ///   - rows: values whose first dimension is that of an input.
  ///   - inputs: placeholders whose first dimension is cut.
  ///   - devices: those that compute the slices, in turn; empty for where everything else is.
  /// - Throws: `GraphError` that names what does more than compute, or depends on the inputs otherwise.
  public func sliced(
    sums: [Value], rows: [Value], by inputs: [Value], on devices: [DeviceName] = [],
    name: String = "sliced"
  ) throws -> SlicedValues {
    let nodes = try nodes(between: inputs, and: sums + rows)
    let function = try GraphFunction(
      name: name, in: self, inputs: inputs.map(\.spec), names: inputs.map(\.node.name)
    ) { body, own in
      var copying = NodeCopying(to: body, standing: Array(zip(inputs, own)))
      for node in nodes { try copying.copy(node) }
      return (sums + rows).map { copying[$0] }
    }
    return try withNameScope(name) {
      let starts = placeholder(.int64, [Dimension(inputs.count), "slice_bounds"], name: "starts")
      let whole = wholeBatch(inputs)
      let result = try add(
        SlicedCall(function: function, sumCount: sums.count, devices: devices),
        [starts] + whole + function.captures, name: "call"
      ).outputs
      return SlicedValues(
        starts: starts, inputs: whole, sums: Array(result.prefix(sums.count)),
        rows: Array(result.dropFirst(sums.count)))
    }
  }

  /// What depends on the inputs and is needed for the values, and the constants that it uses.
  private func nodes(between inputs: [Value], and values: [Value]) throws -> [Node] {
    var needed: Set<Node> = []
    var pending = values.map(\.node)
    let given = Set(inputs.map(\.node))
    while let node = pending.popLast() {
      if given.contains(node) || !needed.insert(node).inserted { continue }
      pending += node.inputs.map(\.node)
    }
    var dependent = given
    let sizes = symbols(of: inputs)
    for node in nodes where needed.contains(node) {
      if node.inputs.contains(where: { dependent.contains($0.node) })
        || !node.symbols.isDisjoint(with: sizes)
      {
        dependent.insert(node)
      }
    }
    let copied = nodes.filter { needed.contains($0) && dependent.contains($0) }
    let used = Set(copied.flatMap { $0.inputs.map(\.node) })
    for node in copied {
      if node.operation is Placeholder {
        throw node.error("has sizes that differ between slices, and is none of their inputs")
      }
      if let other = node.controlInputs.first(where: { !given.contains($0) }) {
        throw node.error("waits for \(other.name), which slices cannot")
      }
    }
    return nodes.filter {
      needed.contains($0)
        && (dependent.contains($0) || ($0.operation is Const && used.contains($0)))
    }
  }

  private func symbols(of inputs: [Value]) -> Set<String> {
    inputs.reduce(into: []) { $0.formUnion($1.shape.symbols) }
  }

  /// Placeholders like those of one slice, but with the rows of all.
  private func wholeBatch(_ inputs: [Value]) -> [Value] {
    var rows: [Dimension: Dimension] = [:]
    return inputs.map { input in
      var shape = input.shape
      let name = String(input.node.name.map { $0 == "/" ? "_" : $0 })
      let size = rows[shape[0]] ?? Dimension(symbol: "all_\(name)")
      rows[shape[0]] = size
      shape.dimensions[0] = size
      return placeholder(input.elementType, shape, name: name)
    }
  }
}
