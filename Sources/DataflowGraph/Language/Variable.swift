import Tensors

/// State that outlives a run, with the node that sets its initial value.
public struct Variable: Sendable {
  /// The variable's own buffer, as a value.
  public let value: Value
  /// Runs once before the first use.
  public let initializer: Node
  /// Whether optimizers update it.
  public let isTrainable: Bool

  public var name: String { value.name }

  package init(value: Value, initializer: Node, isTrainable: Bool) {
    self.value = value
    self.initializer = initializer
    self.isTrainable = isTrainable
  }
}

extension Graph {
  /// Adds a variable and the assignment that initialises it.
  ///
  /// - Parameter initial: gives type and shape; every size must be known.
  public func variable(
    _ initial: Value, name: String, isTrainable: Bool = true
  ) throws -> Variable {
    guard let shape = initial.shape.known else {
      throw GraphError("variable \(name): the initial value's shape \(initial.shape) is not known")
    }
    let operation = VariableV2(elementType: initial.elementType, shape: shape)
    let value = try add(operation, name: name).output
    let initializer = try add(Assign(), [value, initial], name: "\(name)/Assign")
    let variable = Variable(value: value, initializer: initializer, isTrainable: isTrainable)
    register(variable)
    return variable
  }

  /// Adds a variable that starts with the given elements.
  public func variable(
    _ initial: Tensor, name: String, isTrainable: Bool = true
  ) throws -> Variable {
    let value = try add(Const(initial), name: "\(name)/initial_value").output
    return try variable(value, name: name, isTrainable: isTrainable)
  }
}
