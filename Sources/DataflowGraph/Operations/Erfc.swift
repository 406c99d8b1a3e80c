import Tensors

/// The complement of the error function, `1 − erf(x)`. TensorFlow's `Erfc`.
public struct Erfc: UnaryOperation {
  public static let name = "Erfc"
  public var expression: ScalarExpression { .unary(.erfc, .x) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (x, g) = (node.inputs[0], outputGradients[0]!)
    return [g * exp(-square(x)) * (-2 / Double.pi.squareRoot())]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Erfc()) { Platform.erfc($0) }
  }
}

/// The complement of the error function, `1 − erf(x)`.
public func erfc(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Erfc(), x, name: name)
}
