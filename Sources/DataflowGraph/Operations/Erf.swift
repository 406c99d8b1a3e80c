import Tensors

/// The error function, `2/√π ∫₀ˣ exp(−t²) dt`. TensorFlow's `Erf`.
public struct Erf: UnaryOperation {
  public static let name = "Erf"
  public var expression: ScalarExpression { .unary(.erf, .x) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (x, g) = (node.inputs[0], outputGradients[0]!)
    return [g * exp(-square(x)) * (2 / Double.pi.squareRoot())]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Erf()) { Platform.erf($0) }
  }
}

/// The error function, `2/√π ∫₀ˣ exp(−t²) dt`.
public func erf(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Erf(), x, name: name)
}
