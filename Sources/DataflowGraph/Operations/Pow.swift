import Tensors

/// `x` to the power of `y`; of whole numbers it wraps around, and a negative `y` is an error. TensorFlow's `Pow`.
public struct Pow: BinaryOperation {
  public static let name = "Pow"
  public static let types: [ElementType] = .numbers
  public var expression: ScalarExpression { .binary(.power, .x, .y) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (x, y, g) = (node.inputs[0], node.inputs[1], outputGradients[0]!)
    // The logarithm counts as 0 where the base is not positive.
    let (zero, one) = (node.graph.constant(0, x.elementType), node.graph.constant(1, x.elementType))
    let logarithm = select(x .> 0, log(select(x .> 0, x, one)), zero)
    // What is the same for all bases has no slope, even where the power below it is infinite.
    let base = select(logicalAnd(x .== 0, y .== 0), one, x)
    return [g * y * pow(base, y - 1), g * node.output * logarithm]
  }

  public static var samples: [OperationSample] {
    OperationSample.binary(Pow(), in: 0.4...2) { Platform.pow($0, $1) }
      + OperationSample.integers(Pow(), [7, -7, 2, 0, 5], [2, 3, 10, 0, 0]) {
        Int64(Platform.pow(Double($0), Double($1)))
      }
  }
}

/// `x` to the power of `y`; of whole numbers it wraps around, and a negative `y` is an error.
public func pow(_ x: Value, _ y: Value, name: String? = nil) -> Value {
  x.graph.apply(Pow(), x, y, name: name)
}
