import Tensors

/// The elements of the first vector that are not in the second, in their order, and their places.
/// TensorFlow's `ListDiff`.
public struct ListDiff: Operation {
  public static let name = "ListDiff"

  let indexType: ElementType

  /// - Parameter indexType: `int32` or `int64`.
  public init(indexType: ElementType = .int32) { self.indexType = indexType }

  public init(attributes: Attributes) throws {
    indexType = try attributes.type("out_idx", default: .int32)
  }

  public var attributes: Attributes { ["out_idx": .type(indexType)] }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 2)
    try expectSameType(inputs, among: .all)
    try expect(inputs[0], rank: 1, "the first input")
    try expect(inputs[1], rank: 1, "the second input")
    guard indexType == .int32 || indexType == .int64 else {
      throw GraphError("attribute out_idx = \(indexType); allowed: \(ElementType.list(.indices))")
    }
    return [TensorSpec(inputs[0].elementType, [.late(0)]), TensorSpec(indexType, [.late(0)])]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    func make<T: KernelNumber>(_: T.Type) -> any Kernel { ListDiffKernel<T>(indexType) }
    return make(try inputs[0].elementType.kernelNumber)
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let x = node.inputs[0]
    let sums = outputGradients[0].map { unsortedSegmentSum($0, node[1], segments: x.shape[0]) }
    return [sums, nil]
  }

  public static var samples: [OperationSample] {
    [
      OperationSample(
        ListDiff(), [Tensor([1, 2, 3, 2, 5] as [Int32]), Tensor([3, 1] as [Int32])]
      ) { _ in [Tensor([2, 2, 5] as [Int32]), Tensor([1, 3, 4] as [Int32])] },
      OperationSample(
        ListDiff(indexType: .int64), [Tensor([0.5, 1.5]), Tensor([1.5])], differentiable: []
      ) { _ in [Tensor([0.5]), Tensor([0] as [Int64])] },
    ]
  }
}

/// The elements of the vector `x` that are not in `y`, in their order, and their places.
///
/// - Throws: `GraphError` where one of them is no vector.
public func listDifference(
  _ x: Value, _ y: Value, name: String? = nil
) throws -> (Value, places: Value) {
  let node = try x.graph.add(ListDiff(), [x, y], name: name)
  return (node[0], node[1])
}

private final class ListDiffKernel<T: KernelNumber>: LateSizeKernel {
  private let indexType: ElementType
  private var excluded: Set<T> = []

  init(_ indexType: ElementType) { self.indexType = indexType }

  func measure(_ context: borrowing KernelContext) -> [Int] {
    excluded.removeAll(keepingCapacity: true)
    let (x, y) = (context.inputs[0].elements(T.self), context.inputs[1].elements(T.self))
    for index in 0..<context.inputs[1].count { excluded.insert(y[index]) }
    var count = 0
    for index in 0..<context.inputs[0].count where !excluded.contains(x[index]) { count += 1 }
    return [count]
  }

  func prepare(_ sizes: KernelSizes) throws -> Int {
    try indexType.expectHolding(sizes.inputs[0].elementCount - 1)
    return 0
  }

  func run(_ context: borrowing KernelContext) {
    let (x, output) = (context.inputs[0].elements(T.self), context.outputs[0].elements(T.self))
    var count = 0
    for index in 0..<context.inputs[0].count where !excluded.contains(x[index]) {
      output[count] = x[index]
      context.outputs[1].setInteger(index, at: count, indexType)
      count += 1
    }
  }
}
