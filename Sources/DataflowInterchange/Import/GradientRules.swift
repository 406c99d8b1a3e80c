import DataflowFormats
import DataflowGraph
import Tensors

extension ImportRule {
  /// TensorFlow's own gradient operations, written in ordinary ones.
  ///
  /// Most take the function's value y and the gradient dy with respect to it; those of the rectifiers,
  /// `SoftplusGrad` and `SoftsignGrad` take dy first and then the function's argument x.
  static let gradients: [String: ImportRule] = [
    "TanhGrad": .ofValue { y, dy, _ in dy * (1 - y * y) },
    "SigmoidGrad": .ofValue { y, dy, _ in dy * y * (1 - y) },
    "EluGrad": .ofGradient { dy, y, node in
      try node.choice("Less", y, 0, dy * (y + 1), dy)
    },
    "SeluGrad": .ofGradient { dy, y, node in
      try node.choice("Less", y, 0, dy * (y + seluScale * seluAlpha), dy * seluScale)
    },
    "ReluGrad": .ofGradient { dy, x, node in
      try node.choice("Greater", x, 0, dy, node.graph.zeros(like: dy))
    },
    "Relu6Grad": .ofGradient { dy, x, node in
      let below = try node.choice("Less", x, 6, dy, node.graph.zeros(like: dy))
      return try node.choice("Greater", x, 0, below, node.graph.zeros(like: dy))
    },
    "LeakyReluGrad": .ofGradient { dy, x, node in
      var slope = 0.2
      if case .float(let alpha)? = node.def.attributes["alpha"] { slope = Double(alpha) }
      return try node.choice("Greater", x, 0, dy, dy * slope)
    },
    "SoftplusGrad": .ofGradient { dy, x, node in dy * (try node.operation("Sigmoid", x)) },
    "SoftsignGrad": .ofGradient { dy, x, node in
      let denominator = try node.operation("Abs", x) + 1
      return dy / (denominator * denominator)
    },
    "BiasAddGrad": .rewrite { node in
      try node.require(BiasAdd.tensorFlowForm.allowed)
      let dy = try node.alike(0)
      guard dy.shape.rank > 0 else { throw GraphError("the gradient of a scalar has no channels") }
      return sum(dy, axes: Array(0..<dy.shape.rank - 1))
    },
    "MirrorPadGrad": .rewrite { node in
      let dy = try node.alike(0)
      var operands = OperandImport(node, node.inputs, attributes: node.def.importedAttributes)
      try operands.take(MirrorPad.tensorFlowForm.operands, of: "MirrorPadGrad")
      let pad = try MirrorPad(attributes: operands.attributes)
      let pivots = try node.region.pivots(of: operands.droppedConditions)
      return try node.graph.withControlDependencies(pivots) { try pad.gradient(dy) }
    },
  ]

  private static let seluScale = 1.0507009873554805
  private static let seluAlpha = 1.6732632423543772

  private static func ofValue(
    _ body: @escaping @Sendable (_ y: Value, _ dy: Value, NodeImport) throws -> Value
  ) -> ImportRule {
    .rewrite { try body(try $0.alike(0), try $0.alike(1), $0) }
  }

  private static func ofGradient(
    _ body: @escaping @Sendable (_ dy: Value, _ x: Value, NodeImport) throws -> Value
  ) -> ImportRule {
    .rewrite { try body(try $0.alike(0), try $0.alike(1), $0) }
  }
}

extension NodeImport {
  /// `a` where a comparison of `x` with a number holds, else `b`.
  fileprivate func choice(
    _ comparison: String, _ x: Value, _ number: Double, _ a: Value, _ b: Value
  ) throws -> Value {
    let condition = try operation(comparison, x, graph.constant(number, x.elementType))
    return try operation("SelectV2", condition, a, b)
  }

  /// An input of floating point, of the first one's type and shape.
  fileprivate func alike(_ index: Int) throws -> Value {
    let (first, value) = (try self.value(0).spec, try self.value(index))
    guard value.elementType.isFloatingPoint, value.elementType == first.elementType,
      value.shape.couldEqual(first.shape)
    else {
      throw GraphError(
        "input \(index) is \(value.spec), input 0 is \(first); expected floating point, alike")
    }
    return value
  }
}
