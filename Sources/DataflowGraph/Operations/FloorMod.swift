import Tensors

/// The remainder of the quotient rounded down: it has the sign of `y`. TensorFlow's `FloorMod`.
public struct FloorMod: BinaryOperation {
  public static let name = "FloorMod"
  public static let types: [ElementType] = .numbers
  public var expression: ScalarExpression { .binary(.flooredRemainder, .x, .y) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (x, y, g) = (node.inputs[0], node.inputs[1], outputGradients[0]!)
    return [g, -g * floorDiv(x, y)]
  }

  public static var samples: [OperationSample] {
    OperationSample.binary(FloorMod(), in: 0.3...4) { $0 - $1 * ($0 / $1).rounded(.down) }
      + OperationSample.integers(FloorMod(), [7, -7, 7, -7, 6], [2, 2, -2, -2, -3]) {
        $0 - $1 * Int64((Double($0) / Double($1)).rounded(.down))
      }
  }
}

/// The remainder of the quotient rounded down: it has the sign of `y`.
public func floorMod(_ x: Value, _ y: Value, name: String? = nil) -> Value {
  x.graph.apply(FloorMod(), x, y, name: name)
}
