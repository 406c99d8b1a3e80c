import Tensors

/// Rows put to the places that their indices name: inputs are tensors of indices (`int32`), then as many
/// tensors of rows. Of rows with one place the last stays; places without a row are zeros.
/// TensorFlow's `DynamicStitch`.
public struct DynamicStitch: PlainOperation {
  public static let name = "DynamicStitch"

  public init() {}

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(types: ["T": .input(-1)], count: "N")
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    guard inputs.count >= 2, inputs.count.isMultiple(of: 2) else {
      throw GraphError("takes as many tensors of indices as of rows, got \(inputs.count) inputs")
    }
    let count = inputs.count / 2
    let inner = inputs[count].shape.dimensions.dropFirst(inputs[0].shape.rank)
    try expectSameType(Array(inputs[count...]))
    for (number, (indices, data)) in zip(inputs, inputs[count...]).enumerated() {
      try expect(indices, type: .int32, "input \(number)")
      let expected = SymbolicShape(indices.shape.dimensions + inner)
      guard data.shape.couldEqual(expected) else {
        throw GraphError("the rows \(data.shape) do not fit the indices: expected \(expected)")
      }
    }
    return [TensorSpec(inputs[count].elementType, SymbolicShape([.late(0)] + inner))]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) -> any Kernel {
    DynamicStitchKernel(inputs.count / 2, elementSize: outputs[0].elementType.size)
  }

  /// Each row's gradient is that of its place, or zero where a later row took the place.
  public func gradients(of node: Node, outputGradients: [Value?]) throws -> [Value?] {
    let indices = Array(node.inputs.prefix(node.inputs.count / 2))
    var gradients = indices.map { gather(outputGradients[0]!, $0) }
    if !Self.areDistinct(indices) {
      for (number, stays) in try Self.stays(indices).enumerated() {
        let inner = gradients[number].shape.rank - stays.shape.rank
        let ones = Array(repeating: Dimension(1), count: inner)
        let zero = node.graph.constant(0, gradients[number].elementType)
        gradients[number] = select(
          reshape(stays, SymbolicShape(stays.shape.dimensions + ones)), gradients[number], zero)
      }
    }
    return indices.map { _ in nil } + gradients
  }

  /// Of each row whether it is the last one of its place: its number is there when the rows' numbers are stitched.
  private static func stays(_ indices: [Value]) throws -> [Value] {
    let graph = indices[0].graph
    var start: Dimension = 0
    let numbers = try indices.map { places -> Value in
      let end = start + places.shape.elementCount
      defer { start = end }
      return reshape(
        try graph.add(RangeOf(start: start, limit: end), []).output, places.shape)
    }
    let last = try dynamicStitch(indices, numbers)
    return zip(indices, numbers).map { gather(last, $0) .== $1 }
  }

  /// Whether surely no place is named twice: places that are constants, or different numbers that a `DynamicPartition`
  /// sorted.
  private static func areDistinct(_ indices: [Value]) -> Bool {
    let node = indices[0].node
    if node.operation is DynamicPartition, Set(indices).count == indices.count,
      indices.allSatisfy({ $0.node == node })
    {
      var source = node.inputs[0].node
      while source.operation is Reshape || source.operation is Identity {
        source = source.inputs[0].node
      }
      return source.operation is RangeOf || areDistinct([source.output])
    }
    let constants = indices.compactMap { ($0.node.operation as? Const)?.value }
    let places = constants.flatMap { $0.scalars(as: Int32.self) }
    return constants.count == indices.count && Set(places).count == places.count
  }

  public static var samples: [OperationSample] {
    let inner: [(Shape, Int)] = [([], 1), ([2], 2)]
    return inner.map { rest, length in
      let places = [[3, 0], [1, 2, 4]]
      let indices = places.map { Tensor($0.map { Int32($0) }) }
      let data = places.enumerated().map { number, rows in
        Tensor.random(Shape([rows.count] + rest.dimensions), seed: UInt64(number))
      }
      return OperationSample(DynamicStitch(), indices + data) { inputs in
        var elements = Array(repeating: 0.0, count: 5 * length)
        for (rows, part) in zip(places, inputs[2...]) {
          for (row, place) in rows.enumerated() {
            for column in 0..<length {
              elements[place * length + column] = part.doubles[row * length + column]
            }
          }
        }
        return [Tensor(shape: Shape([5] + rest.dimensions), scalars: elements)]
      }
    }
  }
}

/// The rows of `data` at the places that `indices` (`int32`) name.
///
/// - Throws: `GraphError` where these do not fit.
public func dynamicStitch(_ indices: [Value], _ data: [Value], name: String? = nil) throws -> Value
{
  guard let first = data.first else { throw GraphError("nothing to stitch") }
  return try first.graph.add(DynamicStitch(), indices + data, name: name).output
}

private final class DynamicStitchKernel: LateSizeKernel {
  private let count: Int
  private let elementSize: Int

  init(_ count: Int, elementSize: Int) {
    self.count = count
    self.elementSize = elementSize
  }

  func measure(_ context: borrowing KernelContext) throws -> [Int] {
    var length = 0
    for number in 0..<count {
      let indices = context.inputs[number]
      try checkIndices(indices, .int32, below: Int(Int32.max))
      for row in 0..<indices.count { length = max(length, indices.integer(at: row, .int32) + 1) }
    }
    return [length]
  }

  func prepare(_ sizes: KernelSizes) -> Int { 0 }

  func run(_ context: borrowing KernelContext) {
    let output = context.outputs[0]
    output.base.initializeMemory(as: UInt8.self, repeating: 0, count: output.count * elementSize)
    let bytes = output.count(from: 1) * elementSize
    for number in 0..<count {
      let (indices, data) = (context.inputs[number], context.inputs[count + number])
      for row in 0..<indices.count {
        (output.base + indices.integer(at: row, .int32) * bytes).copyMemory(
          from: data.base + row * bytes, byteCount: bytes)
      }
    }
  }
}
