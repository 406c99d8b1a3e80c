import Tensors

/// What a kernel that multiplies matrices makes of each element of the product before it is written.
struct ProductEpilogue: Sendable {
  private let type: ElementType
  /// The inputs behind the factors.
  private let others: [TensorSpec]
  private let body: DeviceExpression

  /// - Returns: nil where only the CPU has one of its functions.
  init?(_ expression: ScalarExpression, type: ElementType, others: [TensorSpec]) {
    let names = ["value"] + others.indices.map { "v\($0)" }
    guard let body = DeviceExpression(expression, type: type, inputs: names) else { return nil }
    (self.type, self.others, self.body) = (type, others, body)
  }

  private func name(_ index: Int) -> String { DeviceDialect.name(of: others[index].elementType) }

  /// The other inputs, and how far apart their elements are along rows and columns.
  var parameters: String {
    others.indices.map {
      ", BUFFER(\(name($0)), o\($0)), INDEX down\($0), INDEX along\($0)"
    }.joined()
  }

  var openings: String {
    others.indices.map { "  OPEN(\(name($0)), o\($0))\n" }.joined()
  }

  /// Statements that replace `value`, the product's element in row `r` and column `c`.
  var statements: String {
    let values = others.indices.map { index in
      let element = "o\(index)[r * down\(index) + c * along\(index)]"
      let isBool = others[index].elementType == .bool
      return "const \(DeviceDialect.name(of: type)) v\(index) = \(element)\(isBool ? " != 0" : "");"
    }
    return (values + body.statements + ["value = \(body.result);"]).joined(separator: " ")
  }

  /// What `parameters` are for some sizes.
  ///
  /// - Throws: `GraphError` where an input does not broadcast.
  func arguments(_ sizes: KernelSizes) throws -> [DeviceArgument] {
    let output = sizes.outputs[0]
    return try others.indices.flatMap { index -> [DeviceArgument] in
      let shape = sizes.inputs[index + 2]
      try shape.checkBroadcasts(to: output)
      // From behind: a vector is along the columns.
      let (rows, columns) = (
        shape.rank > 1 ? shape[0] : 1, shape.rank > 0 ? shape[shape.rank - 1] : 1
      )
      return [
        .input(index + 2), .index(rows == 1 ? 0 : columns), .index(columns == 1 ? 0 : 1),
      ]
    }
  }
}
