import Tensors

/// The `k` largest elements along the last dimension, in descending order, and their places (`int32`);
/// of equal ones the first come first, and NaN is larger than all numbers. TensorFlow's `TopKV2` with `k` as an attribute,
/// of which what XLA compiles has NaN so, and other kernels as it comes.
public struct TopKV2: Operation {
  public static let name = "TopKV2"

  let k: Dimension

  public init(k: Dimension) { self.k = k }
  public init(attributes: Attributes) throws { k = try attributes.dimension("k") }

  public var attributes: Attributes { ["k": .shape([k])] }

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(operands: [.init("k", at: 1, .size)])
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    try expectSameType(inputs, among: .numbers)
    var shape = inputs[0].shape
    guard let length = shape.dimensions.last else { throw GraphError("a scalar has no rows") }
    if let rest = (length - k).known, rest < 0 {
      throw GraphError("attribute k = \(k); there are \(length) elements")
    }
    shape.dimensions[shape.rank - 1] = k
    return [TensorSpec(inputs[0].elementType, shape), TensorSpec(.int32, shape)]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    func make<T: KernelNumber>(_: T.Type) -> any Kernel { TopKernel<T>() }
    return make(try inputs[0].elementType.kernelNumber)
  }

  public func gradients(of node: Node, outputGradients: [Value?]) throws -> [Value?] {
    guard let g = outputGradients[0] else { return [nil] }
    let (x, places) = (node.inputs[0], node[1])
    let rows = x.shape.dimensions.dropLast().reduce(1, *)
    let pair: SymbolicShape = [rows, k]
    let numbers = broadcast(reshape(node.graph.range(to: rows), [rows, 1]), to: pair)
    let indices = try stack([numbers, reshape(places, pair)], axis: -1)
    let sums = scatterNd(
      indices, reshape(g, pair), shape: [rows, x.shape.dimensions.last!])
    return [reshape(sums, x.shape)]
  }

  public static var samples: [OperationSample] {
    let cases: [(Shape, Int)] = [
      ([5], 2), ([3, 6], 3), ([2, 2, 4], 4), ([3, 4], 0), ([0, 3], 2),
    ]
    return cases.map { shape, k in
      OperationSample(TopKV2(k: Dimension(k)), [.random(shape)]) { inputs in
        let (x, length) = (inputs[0].doubles, shape.dimensions.last!)
        let order = stride(from: 0, to: x.count, by: length).map { start in
          (0..<length).sorted { (-x[start + $0], $0) < (-x[start + $1], $1) }.prefix(k)
        }
        let values = order.enumerated().flatMap { row, places in
          places.map { x[row * length + $0] }
        }
        let sizes = Shape(shape.dimensions.dropLast() + [k])
        return [
          Tensor(shape: sizes, scalars: values),
          Tensor(shape: sizes, scalars: order.joined().map { Int32($0) }),
        ]
      }
    }
  }
}

/// The `k` largest elements of `x` along its last dimension, in descending order, and their places.
public func topK(_ x: Value, k: Dimension, name: String? = nil) throws -> (Value, places: Value) {
  let node = try x.graph.add(TopKV2(k: k), [x], name: name)
  return (node[0], node[1])
}

private final class TopKernel<T: KernelNumber>: Kernel {
  private var (length, k) = (0, 0)
  private var sharding = Sharding(count: 0, nanoseconds: 0)

  func prepare(_ sizes: KernelSizes) throws -> Int {
    (length, k) = (sizes.inputs[0].dimensions.last!, sizes.outputs[0].dimensions.last!)
    guard k <= length else { throw GraphError("attribute k = \(k); there are \(length) elements") }
    try ElementType.int32.expectHolding(length - 1)
    let rows = sizes.inputs[0].dimensions.dropLast().reduce(1, *)
    sharding = Sharding(count: rows, nanoseconds: 2 * Double(length))
    return 0
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  func run(_ context: borrowing KernelContext) {
    let x = UnsafePointer(context.inputs[0].elements(T.self))
    let (values, places) = (
      context.outputs[0].elements(T.self), context.outputs[1].elements(Int32.self)
    )
    context.forEachShard(sharding) { _, range in
      for row in range { select(x + row * length, values + row * k, places + row * k) }
    }
  }

  /// Keeps the best of the elements so far in order.
  private func select(
    _ x: UnsafePointer<T>, _ values: UnsafeMutablePointer<T>, _ places: UnsafeMutablePointer<Int32>
  ) {
    var count = 0
    for index in 0..<length {
      guard k > 0, count < k || isLarger(x[index], values[k - 1]) else { continue }
      var place = min(count, k - 1)
      while place > 0 && isLarger(x[index], values[place - 1]) {
        values[place] = values[place - 1]
        places[place] = places[place - 1]
        place -= 1
      }
      values[place] = x[index]
      places[place] = Int32(index)
      count = min(count + 1, k)
    }
  }

  /// NaN alone is unlike itself.
  private func isLarger(_ element: T, _ other: T) -> Bool {
    element > other || element != element && other == other
  }
}
