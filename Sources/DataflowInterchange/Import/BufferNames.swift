import DataflowFormats
import DataflowGraph

/// Other names for variables' buffers: TensorFlow's `Identity` of a `VariableV2` is the buffer itself, and whoever reads it
/// after a write finds what was written. Here an `Identity` is what the variable was when it ran, so that those who
/// come after a write have to read the variable.
struct BufferNames {
  /// The variables by their other names.
  private var variables: [Value: Value] = [:]
  private var writes = WritesBefore()

  /// What a node with these control inputs reads.
  func current(_ inputs: [ImportedTensor], after controls: [Node]) -> [ImportedTensor] {
    if variables.isEmpty { return inputs }
    let written = writes.written(before: controls, inputs.compactMap { try? $0.value })
    if written.isEmpty { return inputs }
    return inputs.map { input in
      guard let value = try? input.value, let variable = variables[value],
        written.contains(variable)
      else { return input }
      var input = input
      input.result = .success(variable)
      return input
    }
  }

  /// Takes note of the nodes that one of TensorFlow's became.
  mutating func note(_ nodes: ArraySlice<Node>) { writes.note(nodes) }

  /// Takes note of another name for a variable. One that is made to wait is not followed.
  mutating func note(_ name: Value, of variable: Value) {
    if name.node.controlInputs.isEmpty { variables[name] = variable }
  }
}
