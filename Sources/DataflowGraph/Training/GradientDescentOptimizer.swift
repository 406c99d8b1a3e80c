import Tensors

/// Gradient descent: `variable −= rate · gradient`.
public struct GradientDescentOptimizer: Optimizer {

  public init() {}

  public func apply(
    _ gradients: [Value], to variables: [Variable], learningRate: Value
  ) throws -> Node {
    let graph = learningRate.graph
    return try graph.updates("GradientDescent", gradients, variables, ApplyGradientDescent()) {
      [$0.value, learningRate, $1]
    }
  }
}
