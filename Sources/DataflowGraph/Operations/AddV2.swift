import Tensors

/// The sum of two values. TensorFlow's `AddV2`.
public struct AddV2: ElementwiseOperation {
  public static let name = "AddV2"
  public static let inputCount = 2
  public static let expression = ScalarExpression.binary(.add, .input(0), .input(1))

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    [outputGradients[0], outputGradients[0]]
  }

  public static var samples: [OperationSample] {
    OperationSample.binary(AddV2()) { $0 + $1 }
  }
}

extension Value {
  public static func + (left: Value, right: Value) -> Value {
    left.graph.apply(AddV2(), left, right)
  }

  public static func + (left: Value, right: Double) -> Value {
    left + left.graph.constant(right, left.elementType)
  }

  public static func + (left: Double, right: Value) -> Value {
    right.graph.constant(left, right.elementType) + right
  }
}
