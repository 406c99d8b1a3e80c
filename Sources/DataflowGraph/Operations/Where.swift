import Tensors

/// The places of the elements that are true or not 0, one in each row, in row-major order (`int64`).
/// TensorFlow's `Where`.
public struct Where: PlainOperation {
  public static let name = "Where"

  public init() {}

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    try expectSameType(inputs, among: .all)
    return [TensorSpec(.int64, [.late(0), Dimension(inputs[0].shape.rank)])]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    func make<T: KernelNumber>(_: T.Type) -> any Kernel { WhereKernel<T>() }
    return make(try inputs[0].elementType.kernelNumber)
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] { [nil] }

  public static var samples: [OperationSample] {
    let mask = Tensor(shape: [2, 3], scalars: [true, false, true, false, false, true])
    return [
      OperationSample(Where(), [mask]) { _ in
        [Tensor(shape: [3, 2], scalars: [0, 0, 0, 2, 1, 2] as [Int64])]
      },
      OperationSample(Where(), [Tensor([0.0, 3, 0])], differentiable: []) { _ in
        [Tensor(shape: [1, 1], scalars: [1] as [Int64])]
      },
      OperationSample(Where(), [Tensor([0, 0] as [Int32])]) { _ in
        [Tensor(zeros: [0, 1], elementType: .int64)]
      },
    ]
  }
}

/// The places of the elements of `condition` that are true or not 0, one in each row (`int64`).
public func places(where condition: Value, name: String? = nil) -> Value {
  condition.graph.apply(Where(), condition, name: name)
}

private final class WhereKernel<T: KernelNumber>: LateSizeKernel {
  func measure(_ context: borrowing KernelContext) -> [Int] {
    let x = context.inputs[0].elements(T.self)
    var count = 0
    for index in 0..<context.inputs[0].count where x[index] != 0 { count += 1 }
    return [count]
  }

  func prepare(_ sizes: KernelSizes) -> Int { 0 }

  func run(_ context: borrowing KernelContext) {
    let (input, output) = (context.inputs[0], context.outputs[0].elements(Int64.self))
    let x = input.elements(T.self)
    var row = 0
    for index in 0..<input.count where x[index] != 0 {
      var rest = index
      for axis in stride(from: input.rank - 1, through: 0, by: -1) {
        let (quotient, place) = rest.quotientAndRemainder(dividingBy: input.dimensions[axis])
        output[row * input.rank + axis] = Int64(place)
        rest = quotient
      }
      row += 1
    }
  }
}
