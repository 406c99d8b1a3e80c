import Tensors

/// `rate · decayRate ^ (step / decaySteps)`, with the exponent rounded down where `isStaircase`.
///
/// - Parameters:
///   - rate: the initial rate.
///   - step: how many steps were taken, of any type of numbers.
public func exponentialDecay(
  _ rate: Value, step: Value, decaySteps: Double, decayRate: Double, isStaircase: Bool = false
) -> Value {
  let exponent = cast(step, to: rate.elementType) / decaySteps
  let base = rate.graph.constant(decayRate, rate.elementType)
  return rate * pow(base, isStaircase ? floor(exponent) : exponent)
}
