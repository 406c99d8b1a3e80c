import Tensors

/// A way to change variables along gradients.
public protocol Optimizer: Sendable {
  /// Adds the update of `variables` along `gradients`; variables of the optimizer's own, named as
  /// TensorFlow names them, join the graph's.
  ///
  /// - Parameter learningRate: a scalar of the variables' type.
  /// - Returns: a node that takes one step when it is run.
  func apply(
    _ gradients: [Value], to variables: [Variable], learningRate: Value
  ) throws -> Node
}

extension Graph {
  /// A slot of an optimizer: a variable like another one, with one number everywhere.
  func slot(_ name: String, of variable: Variable, _ initial: Double) throws -> Value {
    try withColocation(variable.value.node) {
      let value = broadcast(constant(initial, variable.value.elementType), to: variable.value.shape)
      return try self.variable(value, name: "\(variable.name)/\(name)", isTrainable: false).value
    }
  }

  /// A node that updates each variable by an operation of the given inputs.
  func updates(
    _ name: String, _ gradients: [Value], _ variables: [Variable], _ operation: any Operation,
    inputs: (Variable, Value) throws -> [Value]
  ) throws -> Node {
    precondition(gradients.count == variables.count, "\(name): a gradient for each variable")
    let updates = try zip(variables, gradients).map { variable, gradient in
      let inputs = try inputs(variable, gradient)
      return try withColocation(variable.value.node) {
        try add(
          operation, inputs,
          name: "\(name)/update_\(variable.name)/\(type(of: operation).name)")
      }
    }
    return group(updates, name: name)
  }
}
