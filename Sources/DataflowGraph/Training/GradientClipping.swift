import Tensors

/// Each component of a gradient limited to `-limit...limit`, as the paper's `clip_value` does.
public func clipByValue(_ gradient: Value, limit: Double) -> Value {
  let limit = gradient.graph.constant(limit, gradient.elementType)
  return minimum(maximum(gradient, -limit), limit)
}

/// A gradient scaled down to the length `norm` where it is longer.
public func clipByNorm(_ gradient: Value, _ norm: Double) -> Value {
  let (squares, limit) = (
    sum(square(gradient)), gradient.graph.constant(norm, gradient.elementType)
  )
  // The root's derivative at 0 is infinite: there the gradient is left as it is.
  let isPositive = squares .> 0
  let length = select(
    isPositive, sqrt(select(isPositive, squares, gradient.graph.ones(like: squares))), squares)
  return gradient * limit / maximum(length, limit)
}

/// The length of several gradients taken together.
///
/// - Throws: `GraphError` where there are none, or types differ.
public func globalNorm(_ gradients: [Value]) throws -> Value {
  guard let first = gradients.first else { throw GraphError("the norm of nothing") }
  return sqrt(try first.graph.add(AddN(), gradients.map { l2Loss($0) }).output * 2)
}

/// Gradients scaled down together to the common length `norm` where they are longer.
///
/// - Throws: `GraphError` where there are none, or types differ.
public func clipByGlobalNorm(_ gradients: [Value], _ norm: Double) throws -> [Value] {
  let length = try globalNorm(gradients)
  let limit = length.graph.constant(norm, length.elementType)
  let factor = limit * minimum(1 / length, 1 / limit)
  return gradients.map { $0 * factor }
}
