import Tensors

/// `(x − y)²`. TensorFlow's `SquaredDifference`.
public struct SquaredDifference: BinaryOperation {
  public static let name = "SquaredDifference"
  public static let types: [ElementType] = .numbers
  public var expression: ScalarExpression { .unary(.square, .x - .y) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let gradient = outputGradients[0]! * (node.inputs[0] - node.inputs[1]) * 2
    return [gradient, -gradient]
  }

  public static var samples: [OperationSample] {
    OperationSample.binary(SquaredDifference()) { ($0 - $1) * ($0 - $1) }
      + OperationSample.integers(SquaredDifference(), [7, -7, 3], [2, 2, 3]) {
        ($0 - $1) * ($0 - $1)
      }
  }
}

/// `(x − y)²`.
public func squaredDifference(_ x: Value, _ y: Value, name: String? = nil) -> Value {
  x.graph.apply(SquaredDifference(), x, y, name: name)
}
