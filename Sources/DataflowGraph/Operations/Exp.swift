import Tensors

/// `eˣ`. TensorFlow's `Exp`.
public struct Exp: UnaryOperation {
  public static let name = "Exp"
  public var expression: ScalarExpression { .unary(.exp, .x) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    [outputGradients[0]! * node.output]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Exp()) { Platform.exp($0) }
  }
}

/// `eˣ`.
public func exp(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Exp(), x, name: name)
}
