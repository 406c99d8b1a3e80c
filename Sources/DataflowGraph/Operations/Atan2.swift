import Tensors

/// The angle of the point with the ordinate `y` and the abscissa `x`, in radians. TensorFlow's `Atan2`.
public struct Atan2: BinaryOperation {
  public static let name = "Atan2"
  public var expression: ScalarExpression { .binary(.atan2, .x, .y) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (y, x, g) = (node.inputs[0], node.inputs[1], outputGradients[0]!)
    let scale = g / (square(x) + square(y))
    return [x * scale, -y * scale]
  }

  public static var samples: [OperationSample] {
    OperationSample.binary(Atan2(), in: 0.3...2) { Platform.atan2($0, $1) }
  }
}

/// The angle of the point with the ordinate `y` and the abscissa `x`, in radians.
public func atan2(_ y: Value, _ x: Value, name: String? = nil) -> Value {
  y.graph.apply(Atan2(), y, x, name: name)
}
