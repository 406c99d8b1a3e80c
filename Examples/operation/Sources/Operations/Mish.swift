import Dataflow

/// `x tanh(log(1 + exp(x)))` (Misra, arXiv:1908.08681): an activation.
///
/// An elementwise operation is one expression: its kernels, its part in fused kernels and its cost come
/// from that. The gradient is a graph.
public struct Mish: UnaryOperation {
  public static let name = "Mish"

  public var expression: ScalarExpression {
    // log(1 + exp(x)) without overflow.
    let soft =
      .binary(.maximum, .x, 0)
      + .unary(.log1p, .unary(.exp, .unary(.negate, .unary(.absolute, .x))))
    return .x * .unary(.tanh, soft)
  }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let x = node.inputs[0]
    let slope = tanh(softplus(x))
    return [outputGradients[0]! * (slope + x * (1 - square(slope)) * sigmoid(x))]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Mish(), in: -4...4) { x in x * tanhOfSoftplus(x) }
  }

  // tanh(log(1 + e)) with e = exp(x), by another way than the kernel's.
  private static func tanhOfSoftplus(_ x: Double) -> Double {
    let e = exponential(x)
    return ((1 + e) * (1 + e) - 1) / ((1 + e) * (1 + e) + 1)
  }

  private static func exponential(_ x: Double) -> Double {
    // A power series of a small part of x, squared up again.
    let (part, sum) = (x / 1024, 1.0)
    let series = (1...12).reversed().reduce(sum) { 1 + part / Double($1) * $0 }
    return (0..<10).reduce(series) { value, _ in value * value }
  }
}

/// `x tanh(log(1 + exp(x)))`.
public func mish(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Mish(), x, name: name)
}
