import Tensors

/// Adagrad; a slot `NAME/Adagrad`.
public struct AdagradOptimizer: Optimizer {
  public var initialAccumulator: Double

  public init(initialAccumulator: Double = 0.1) {
    self.initialAccumulator = initialAccumulator
  }

  public func apply(
    _ gradients: [Value], to variables: [Variable], learningRate: Value
  ) throws -> Node {
    let graph = learningRate.graph
    return try graph.updates("Adagrad", gradients, variables, ApplyAdagrad()) {
      variable, gradient in
      let sum = try graph.slot("Adagrad", of: variable, initialAccumulator)
      return [variable.value, sum, learningRate, gradient]
    }
  }
}
