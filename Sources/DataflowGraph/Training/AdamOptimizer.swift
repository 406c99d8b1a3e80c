import Tensors

/// Adam in TensorFlow's form: slots, powers of the betas and the node that takes a step.
public struct AdamOptimizer: Optimizer {
  public var beta1: Double
  public var beta2: Double
  public var epsilon: Double

  public init(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
  }

  /// Adds the update of `variables` along `gradients`.
  ///
  /// Variables of the optimizer's own, named as TensorFlow names them (`beta1_power`,
  /// `NAME/Adam`, `NAME/Adam_1`), join the graph's.
  ///
  /// - Parameter learningRate: a scalar of the variables' type.
  /// - Returns: a node that takes one step when it is run.
  public func apply(
    _ gradients: [Value], to variables: [Variable], learningRate: Value
  ) throws -> Node {
    let graph = learningRate.graph
    let type = learningRate.elementType
    func constant(_ value: Double) -> Value { graph.constant(value, type) }
    let beta1Power = try graph.variable(
      constant(beta1), name: "beta1_power", isTrainable: false)
    let beta2Power = try graph.variable(
      constant(beta2), name: "beta2_power", isTrainable: false)
    let (beta1, beta2, epsilon) = (constant(beta1), constant(beta2), constant(epsilon))
    let updates = try zip(variables, gradients).map { variable, gradient in
      try graph.withColocation(variable.value.node) {
        let zeros = graph.zeros(like: variable.value)
        let m = try graph.variable(zeros, name: "\(variable.name)/Adam", isTrainable: false)
        let v = try graph.variable(zeros, name: "\(variable.name)/Adam_1", isTrainable: false)
        return try graph.add(
          ApplyAdam(),
          [
            variable.value, m.value, v.value, beta1Power.value, beta2Power.value, learningRate,
            beta1, beta2, epsilon, gradient,
          ], name: "Adam/update_\(variable.name)/ApplyAdam")
      }
    }
    let powers = try graph.withControlDependencies(updates) {
      try [(beta1Power, beta1), (beta2Power, beta2)].map { power, beta in
        try graph.add(Assign(), [power.value, power.value * beta], name: "Adam/Assign")
      }
    }
    return graph.group(powers, name: "Adam")
  }
}
