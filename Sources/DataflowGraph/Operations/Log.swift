import Tensors

/// The natural logarithm. TensorFlow's `Log`.
public struct Log: UnaryOperation {
  public static let name = "Log"
  public var expression: ScalarExpression { .unary(.log, .x) }

  public init() {}

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    [outputGradients[0]! / node.inputs[0]]
  }

  public static var samples: [OperationSample] {
    OperationSample.unary(Log(), in: 0.3...2) { Platform.log($0) }
  }
}

/// The natural logarithm.
public func log(_ x: Value, name: String? = nil) -> Value {
  x.graph.apply(Log(), x, name: name)
}
