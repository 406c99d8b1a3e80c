import Tensors

/// Finds the place of the largest or the smallest element along one dimension; NaNs are passed over.
final class PlaceKernel<T: KernelNumber>: Kernel {
  let axis: Int
  let ofLargest: Bool
  let outputType: ElementType
  private var length = 0
  private var inner = 0
  private var sharding = Sharding(count: 0, nanoseconds: 0)

  init(axis: Int, ofLargest: Bool, _ outputType: ElementType) {
    self.axis = axis
    self.ofLargest = ofLargest
    self.outputType = outputType
  }

  func prepare(_ sizes: KernelSizes) throws -> Int {
    let shape = sizes.inputs[0]
    length = shape[axis]
    inner = shape.dimensions.dropFirst(axis + 1).reduce(1, *)
    guard length > 0 || sizes.outputs[0].elementCount == 0 else {
      throw GraphError("there is no element along axis \(axis) of \(shape)")
    }
    try outputType.expectHolding(length - 1)
    sharding = Sharding(count: sizes.outputs[0].elementCount, nanoseconds: Double(length))
    return 0
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  @specialized(where T == Int32)
  @specialized(where T == Int64)
  func run(_ context: borrowing KernelContext) {
    let (x, output) = (context.inputs[0].elements(T.self), context.outputs[0])
    context.forEachShard(sharding) { _, range in
      for index in range {
        let (outer, column) = index.quotientAndRemainder(dividingBy: inner)
        let place = best(UnsafePointer(x) + outer * length * inner + column)
        output.setInteger(place, at: index, outputType)
      }
    }
  }

  private func best(_ x: UnsafePointer<T>) -> Int {
    var place = 0
    for index in 1..<max(1, length) {
      let (element, known) = (x[index * inner], x[place * inner])
      let isFirst = known != known && element == element
      if isFirst || (ofLargest ? element > known : element < known) { place = index }
    }
    return place
  }
}

extension Operation {
  func placeOutputs(
    for inputs: [TensorSpec], _ axis: Int, _ type: ElementType
  ) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    try expectSameType(inputs, among: .numbers)
    guard type == .int32 || type == .int64 else {
      throw GraphError("attribute output_type = \(type); allowed: \(ElementType.list(.indices))")
    }
    var shape = inputs[0].shape
    shape.dimensions.remove(at: try shape.axis(axis))
    return [TensorSpec(type, shape)]
  }

  static func placeSamples(
    _ make: (Int, ElementType) -> any Operation,
    _ isBetter: @escaping @Sendable (Double, Double) -> Bool
  ) -> [OperationSample] {
    let cases: [(Shape, Int)] = [
      ([5], 0), ([3, 4], 0), ([3, 4], 1), ([2, 3, 2], -2), ([0, 3], 1),
    ]
    return cases.flatMap { shape, axis in
      [ElementType.int32, .int64].map { type in
        let resolved = axis < 0 ? axis + shape.rank : axis
        var result = shape.dimensions
        result.remove(at: resolved)
        let sizes = Shape(result)
        return OperationSample(
          make(axis, type), [.random(shape)], differentiable: []
        ) { inputs in
          let x = inputs[0].doubles
          let places = sizes.positions.map { position in
            (0..<shape[resolved]).reduce(0) { best, index in
              func element(_ index: Int) -> Double {
                var place = position
                place.insert(index, at: resolved)
                return x[zip(place, shape.strides).reduce(0) { $0 + $1.0 * $1.1 }]
              }
              return isBetter(element(index), element(best)) ? index : best
            }
          }
          return [
            type == .int32
              ? Tensor(shape: sizes, scalars: places.map { Int32($0) })
              : Tensor(shape: sizes, scalars: places.map { Int64($0) })
          ]
        }
      }
    }
  }
}
