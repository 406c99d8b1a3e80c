import DataflowFormats
import DataflowGraph

/// Other names for variables' buffers: TensorFlow's `Identity` of a `VariableV2` is the buffer itself, and whoever reads it
/// after a write finds what was written. Here an `Identity` is what the variable was when it ran, so that those who
/// come after a write have to read the variable.
struct BufferNames {
  /// The variables by their other names.
  private var variables: [Value: Value] = [:]
  /// The nodes that run after some variable was written.
  private var late: Set<Node> = []

  /// What a node with these control inputs reads.
  func current(_ inputs: [ImportedTensor], after controls: [Node]) -> [ImportedTensor] {
    let values = inputs.map { try? $0.value }
    guard
      controls.contains(where: late.contains)
        || values.contains(where: { $0.map { late.contains($0.node) } ?? false })
    else { return inputs }
    return zip(inputs, values).map { input, value in
      guard let value, let variable = variables[value] else { return input }
      var input = input
      input.result = .success(variable)
      return input
    }
  }

  /// Takes note of the nodes that one of TensorFlow's became, in the order of the graph.
  mutating func note(_ nodes: ArraySlice<Node>) {
    for node in nodes
    where !node.operation.mutatedInputs.isEmpty
      || node.inputs.contains(where: { late.contains($0.node) })
      || node.controlInputs.contains(where: late.contains)
    {
      late.insert(node)
    }
  }

  /// Takes note of another name for a variable. One that is made to wait is not followed.
  mutating func note(_ name: Value, of variable: Value) {
    if name.node.controlInputs.isEmpty { variables[name] = variable }
  }
}
