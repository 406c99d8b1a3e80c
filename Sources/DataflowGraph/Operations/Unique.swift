import Tensors

/// The elements of a vector, each once, in the order of their first appearance, and for each element of
/// the vector the place of its like. A NaN is like nothing, not even itself. TensorFlow's `Unique`.
public struct Unique: Operation {
  public static let name = "Unique"

  let indexType: ElementType

  /// - Parameter indexType: `int32` or `int64`.
  public init(indexType: ElementType = .int32) { self.indexType = indexType }

  public init(attributes: Attributes) throws {
    indexType = try attributes.type("out_idx", default: .int32)
  }

  public var attributes: Attributes { ["out_idx": .type(indexType)] }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    try expectSameType(inputs, among: .all)
    try expect(inputs[0], rank: 1, "the input")
    guard indexType == .int32 || indexType == .int64 else {
      throw GraphError("attribute out_idx = \(indexType); allowed: \(ElementType.list(.indices))")
    }
    return [
      TensorSpec(inputs[0].elementType, [.late(0)]), TensorSpec(indexType, inputs[0].shape),
    ]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    func make<T: KernelNumber>(_: T.Type) -> any Kernel { UniqueKernel<T>(indexType) }
    return make(try inputs[0].elementType.kernelNumber)
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    [outputGradients[0].map { gather($0, node[1]) }]
  }

  public static var samples: [OperationSample] {
    [
      OperationSample(Unique(), [Tensor([4, 7, 4, 1, 7] as [Int32])]) { _ in
        [Tensor([4, 7, 1] as [Int32]), Tensor([0, 1, 0, 2, 1] as [Int32])]
      },
      OperationSample(
        Unique(indexType: .int64), [Tensor([2.5, -1, 2.5])], differentiable: []
      ) { _ in [Tensor([2.5, -1]), Tensor([0, 1, 0] as [Int64])] },
      OperationSample(Unique(), [Tensor([] as [Int64])]) { _ in
        [Tensor([] as [Int64]), Tensor([] as [Int32])]
      },
    ]
  }
}

/// The elements of the vector `x`, each once, and for each element the place of its like.
///
/// - Throws: `GraphError` where `x` is no vector.
public func unique(_ x: Value, name: String? = nil) throws -> (Value, places: Value) {
  let node = try x.graph.add(Unique(), [x], name: name)
  return (node[0], node[1])
}

private final class UniqueKernel<T: KernelNumber>: LateSizeKernel {
  private let indexType: ElementType
  private var places: [T: Int] = [:]
  /// Of each element the place of its like, from `measure` for `run`.
  private var placeOfElement: [Int] = []

  init(_ indexType: ElementType) { self.indexType = indexType }

  func measure(_ context: borrowing KernelContext) -> [Int] {
    places.removeAll(keepingCapacity: true)
    placeOfElement.removeAll(keepingCapacity: true)
    let x = context.inputs[0].elements(T.self)
    var count = 0
    for index in 0..<context.inputs[0].count {
      let element = x[index]
      let known = places[element]
      placeOfElement.append(known ?? count)
      guard known == nil else { continue }
      if element == element { places[element] = count }
      count += 1
    }
    return [count]
  }

  func prepare(_ sizes: KernelSizes) throws -> Int {
    try indexType.expectHolding(sizes.outputs[0].elementCount - 1)
    return 0
  }

  func run(_ context: borrowing KernelContext) {
    let (x, output) = (context.inputs[0].elements(T.self), context.outputs[0].elements(T.self))
    // From the back, so that the first of equal ones stays: zeros differ in their sign.
    for (index, place) in placeOfElement.enumerated().reversed() {
      output[place] = x[index]
      context.outputs[1].setInteger(place, at: index, indexType)
    }
  }
}
