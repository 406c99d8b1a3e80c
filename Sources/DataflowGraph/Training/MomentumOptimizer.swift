import Tensors

/// Gradient descent with momentum, by Nesterov's form where asked for; a slot `NAME/Momentum`.
public struct MomentumOptimizer: Optimizer {
  public var momentum: Double
  public var usesNesterov: Bool

  public init(momentum: Double = 0.9, usesNesterov: Bool = false) {
    self.momentum = momentum
    self.usesNesterov = usesNesterov
  }

  public func apply(
    _ gradients: [Value], to variables: [Variable], learningRate: Value
  ) throws -> Node {
    let graph = learningRate.graph
    let factor = graph.constant(momentum, learningRate.elementType)
    let operation = ApplyMomentum(usesNesterov: usesNesterov)
    return try graph.updates("Momentum", gradients, variables, operation) { variable, gradient in
      let sum = try graph.slot("Momentum", of: variable, 0)
      return [variable.value, sum, learningRate, gradient, factor]
    }
  }
}
