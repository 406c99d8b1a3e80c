import Tensors

/// The quotient of two values; of whole numbers it is truncated. TensorFlow's `Div`.
public struct Div: BinaryOperation {
  public static let name = "Div"
  public static let types: [ElementType] = .numbers
  public var expression: ScalarExpression { .binary(.divide, .x, .y) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let quotient = outputGradients[0]! / node.inputs[1]
    return [quotient, -quotient * node.output]
  }

  public static var samples: [OperationSample] {
    OperationSample.binary(Div(), in: 0.5...2) { $0 / $1 }
      + OperationSample.integers(Div(), [7, -7, 7, -7, .min], [2, 2, -2, -2, -1]) {
        $0.dividedReportingOverflow(by: $1).partialValue
      }
  }
}
