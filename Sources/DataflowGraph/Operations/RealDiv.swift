import Tensors

/// The quotient of two values. TensorFlow's `RealDiv`.
public struct RealDiv: BinaryOperation {
  public static let name = "RealDiv"
  public var expression: ScalarExpression { .binary(.divide, .x, .y) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let quotient = outputGradients[0]! / node.inputs[1]
    return [quotient, -quotient * node.output]
  }

  public static var samples: [OperationSample] {
    OperationSample.binary(RealDiv(), in: 0.5...2) { $0 / $1 }
  }
}

extension Value {
  public static func / (left: Value, right: Value) -> Value {
    left.graph.apply(RealDiv(), left, right)
  }

  public static func / (left: Value, right: Double) -> Value {
    left / left.graph.constant(right, left.elementType)
  }

  public static func / (left: Double, right: Value) -> Value {
    right.graph.constant(left, right.elementType) / right
  }
}
