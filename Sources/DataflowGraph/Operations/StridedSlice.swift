import Tensors

/// Every so many elements of a tensor along its dimensions. TensorFlow's `StridedSlice` with begin, end
/// and strides as attributes.
///
/// The masks have a bit for each entry of the three: to begin or end where the dimension does, to stand
/// for the dimensions that are left (ellipsis), to be a new dimension, or one that goes.
public struct StridedSlice: Operation {
  public static let name = "StridedSlice"

  let ranges: StridedSliceRanges

  /// - Parameters:
  ///   - begin: counted from the back where negative.
  ///   - end: is not reached; counted from the back where negative.
  ///   - strides: 1 if nil; negative ones go backwards.
  public init(
    begin: [Dimension], end: [Dimension], strides: [Int]? = nil, beginMask: Int = 0,
    endMask: Int = 0, ellipsisMask: Int = 0, newAxisMask: Int = 0, shrinkAxisMask: Int = 0
  ) {
    ranges = StridedSliceRanges(
      begin: begin, end: end, strides: strides,
      masks: [beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask])
  }

  init(_ ranges: StridedSliceRanges) { self.ranges = ranges }
  public init(attributes: Attributes) throws {
    ranges = try StridedSliceRanges(attributes: attributes)
  }

  public var attributes: Attributes { ranges.attributes }

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(operands: [
      .init("begin", at: 1, .places, type: "Index"), .init("end", at: 2, .places, type: "Index"),
      .init("strides", at: 3, .ints, type: "Index"),
    ])
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    return [TensorSpec(inputs[0].elementType, try ranges.output(of: inputs[0].shape))]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) -> any Kernel {
    StridedSliceKernel(ranges, inputs[0], isTransposed: false)
  }

  public func gradients(of node: Node, outputGradients: [Value?]) throws -> [Value?] {
    let transpose = StridedSliceGrad(shape: node.inputs[0].shape, ranges)
    return [try node.graph.add(transpose, [outputGradients[0]!]).output]
  }

  static let cases: [(Shape, StridedSlice, Shape, @Sendable ([Int]) -> [Int])] = [
    ([5], StridedSlice(begin: [1], end: [4]), [3], { [$0[0] + 1] }),
    ([7], StridedSlice(begin: [1], end: [100], strides: [2]), [3], { [1 + 2 * $0[0]] }),
    ([5], StridedSlice(begin: [-1], end: [0], strides: [-2], endMask: 1), [3], { [4 - 2 * $0[0]] }),
    ([5], StridedSlice(begin: [-2], end: [0], endMask: 1), [2], { [3 + $0[0]] }),
    ([5], StridedSlice(begin: [0], end: [-2]), [3], { $0 }),
    ([5], StridedSlice(begin: [4], end: [2]), [0], { $0 }),
    (
      [3, 4], StridedSlice(begin: [1, 0], end: [0, 0], endMask: 2, shrinkAxisMask: 1), [4],
      { [1, $0[0]] }
    ),
    ([3, 4], StridedSlice(begin: [-1], end: [0], shrinkAxisMask: 1), [4], { [2, $0[0]] }),
    (
      [2, 3, 4], StridedSlice(begin: [0, 1], end: [0, 3], ellipsisMask: 1), [2, 3, 2],
      { [$0[0], $0[1], $0[2] + 1] }
    ),
    (
      [3, 4], StridedSlice(begin: [0, 1], end: [0, 3], newAxisMask: 1), [1, 2, 4],
      { [$0[1] + 1, $0[2]] }
    ),
    ([3, 4], StridedSlice(begin: [], end: []), [3, 4], { $0 }),
  ]

  public static var samples: [OperationSample] {
    cases.map { .moving($1, .random($0), to: $2, $3) }
  }
}

/// The part of `x` from `begin` to before `end`, every `strides` elements; more is said by the masks of
/// `StridedSlice`.
///
/// - Throws: `GraphError` where these do not fit the shape.
public func stridedSlice(
  _ x: Value, begin: [Dimension], end: [Dimension], strides: [Int]? = nil, name: String? = nil
) throws -> Value {
  try x.graph.add(StridedSlice(begin: begin, end: end, strides: strides), [x], name: name).output
}
