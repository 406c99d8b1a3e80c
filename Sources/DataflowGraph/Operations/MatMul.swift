import Tensors

/// The product of two matrices. TensorFlow's `MatMul`.
public struct MatMul: Operation {
  public static let name = "MatMul"

  package let transposeA: Bool
  package let transposeB: Bool

  public init(transposeA: Bool = false, transposeB: Bool = false) {
    self.transposeA = transposeA
    self.transposeB = transposeB
  }

  public init(attributes: Attributes) throws {
    self.init(
      transposeA: try attributes.bool("transpose_a", default: false),
      transposeB: try attributes.bool("transpose_b", default: false))
  }

  public var attributes: Attributes {
    ["transpose_a": .bool(transposeA), "transpose_b": .bool(transposeB)]
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 2)
    try expectSameType(inputs, among: .floats)
    try expect(inputs[0], rank: 2, "the left matrix")
    try expect(inputs[1], rank: 2, "the right matrix")
    let (left, right) = (inputs[0].shape, inputs[1].shape)
    let (innerLeft, innerRight) = (left[transposeA ? 0 : 1], right[transposeB ? 1 : 0])
    guard innerLeft.couldEqual(innerRight) else {
      throw GraphError(
        "the inner sizes differ: \(innerLeft) and \(innerRight)"
          + " (transpose_a: \(transposeA), transpose_b: \(transposeB))")
    }
    return [
      TensorSpec(inputs[0].elementType, [left[transposeA ? 1 : 0], right[transposeB ? 0 : 1]])
    ]
  }

  public func flops(inputs: [TensorSpec], outputs: [TensorSpec]) -> Dimension {
    outputs[0].shape.elementCount * inputs[0].shape[transposeA ? 0 : 1] * 2
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    try makeFloatKernel(inputs[0].elementType) {
      MatMulKernel<Float>(transposeA: transposeA, transposeB: transposeB)
    } _: {
      MatMulKernel<Double>(transposeA: transposeA, transposeB: transposeB)
    }
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (a, b, g) = (node.inputs[0], node.inputs[1], outputGradients[0]!)
    let left =
      transposeA
      ? matMul(b, g, transposeA: transposeB, transposeB: true)
      : matMul(g, b, transposeB: !transposeB)
    let right =
      transposeB
      ? matMul(g, a, transposeA: true, transposeB: transposeA)
      : matMul(a, g, transposeA: !transposeA)
    return [left, right]
  }

  public static var samples: [OperationSample] {
    let sizes = [
      (1, 1, 1), (2, 3, 4), (5, 1, 3), (7, 4, 1), (0, 3, 2), (3, 0, 2), (64, 5, 33), (3, 700, 2),
    ]
    return sizes.flatMap { rows, inner, columns in
      [(false, false), (false, true), (true, false), (true, true)].map { transposeA, transposeB in
        let left: Shape = transposeA ? [inner, rows] : [rows, inner]
        let right: Shape = transposeB ? [columns, inner] : [inner, columns]
        return OperationSample(
          MatMul(transposeA: transposeA, transposeB: transposeB),
          [.random(left, seed: 1), .random(right, seed: 2)]
        ) { inputs in
          let (a, b) = (inputs[0].doubles, inputs[1].doubles)
          var product = Array(repeating: 0.0, count: rows * columns)
          for row in 0..<rows {
            for column in 0..<columns {
              for k in 0..<inner {
                let x = a[transposeA ? k * rows + row : row * inner + k]
                let y = b[transposeB ? column * inner + k : k * columns + column]
                product[row * columns + column] += x * y
              }
            }
          }
          return [Tensor(shape: [rows, columns], scalars: product)]
        }
      }
    }
  }
}

/// The matrix product of `a` and `b`, each transposed first where asked for.
public func matMul(
  _ a: Value, _ b: Value, transposeA: Bool = false, transposeB: Bool = false, name: String? = nil
) -> Value {
  a.graph.apply(MatMul(transposeA: transposeA, transposeB: transposeB), a, b, name: name)
}
