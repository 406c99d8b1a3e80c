import Tensors

/// RMSProp; slots `NAME/RMSProp`, which starts with ones, and `NAME/RMSProp_1`.
public struct RMSPropOptimizer: Optimizer {
  public var decay: Double
  public var momentum: Double
  public var epsilon: Double

  public init(decay: Double = 0.9, momentum: Double = 0, epsilon: Double = 1e-10) {
    self.decay = decay
    self.momentum = momentum
    self.epsilon = epsilon
  }

  public func apply(
    _ gradients: [Value], to variables: [Variable], learningRate: Value
  ) throws -> Node {
    let graph = learningRate.graph
    let scalars = [decay, momentum, epsilon].map { graph.constant($0, learningRate.elementType) }
    return try graph.updates("RMSProp", gradients, variables, ApplyRMSProp()) {
      variable, gradient in
      let squares = try graph.slot("RMSProp", of: variable, 1)
      let sum = try graph.slot("RMSProp_1", of: variable, 0)
      return [variable.value, squares, sum, learningRate] + scalars + [gradient]
    }
  }
}
