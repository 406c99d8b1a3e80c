import DataflowGraph

/// Which variables were written when a node runs, found in the order of the graph.
struct WritesBefore {
  /// The variables that are written when a node is done, for those with some.
  private var written: [Node: Set<Value>] = [:]
  /// The variables that outputs of writes are.
  private var variables: [Value: Value] = [:]

  /// - Parameter new: nodes behind those that are known already.
  mutating func note(_ new: ArraySlice<Node>) {
    for node in new {
      var found = written(before: node)
      for input in node.operation.mutatedInputs {
        let variable = variable(of: node.inputs[input])
        found.insert(variable)
        if input == 0, let output = node.outputs.first { variables[output] = variable }
      }
      if !found.isEmpty { written[node] = found }
    }
  }

  /// The variable that a reference to one is.
  func variable(of reference: Value) -> Value { variables[reference] ?? reference }

  func written(before node: Node) -> Set<Value> {
    written(before: node.controlInputs, node.inputs)
  }

  /// What is written before a node with these control inputs and inputs runs.
  func written(before controls: [Node], _ inputs: [Value]) -> Set<Value> {
    if written.isEmpty { return [] }
    return (controls + inputs.map(\.node)).reduce(into: []) { found, node in
      if let own = written[node] { found.formUnion(own) }
    }
  }
}
