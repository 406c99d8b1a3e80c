import Dataflow

/// Costs of large parameters (equation 16, with TensorFlow's half in the square).
public struct Regularization: Sendable, Equatable {
  /// Coefficients of Σ|w| and ½ Σ w², for weights and for biases, frozen layers included.
  public var weightsL1 = 0.0
  public var weightsL2 = 0.0
  public var biasesL1 = 0.0
  public var biasesL2 = 0.0

  public init() {}

  var isNone: Bool { self == Regularization() }

  /// The cost as a scalar, 0 where every coefficient is.
  func value(_ potential: PotentialGraph) -> Value {
    var total = potential.graph.constant(0, potential.elementType)
    for (variables, l1, l2) in [
      (potential.weights, weightsL1, weightsL2), (potential.biases, biasesL1, biasesL2),
    ] {
      for variable in variables {
        if l1 != 0 { total = total + sum(abs(variable.value)) * l1 }
        if l2 != 0 { total = total + sum(square(variable.value)) * (l2 / 2) }
      }
    }
    return total
  }
}
