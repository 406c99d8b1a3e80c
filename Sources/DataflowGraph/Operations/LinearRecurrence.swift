import Tensors

/// y[i] = a[i]·y[i-1] + b[i] along one dimension, from y = 0 before the first element; or, in reverse,
/// y[i] = a[i]·y[i+1] + b[i] from y = 0 behind the last one.
///
/// Running products without their division: their gradients are such recurrences, and so are those of
/// the recurrence itself. Not in TensorFlow.
public struct LinearRecurrence: Operation {
  public static let name = "LinearRecurrence"
  public static var tensorFlowForm: TensorFlowForm { .none }

  let axis: Int
  let reverse: Bool

  /// - Parameters:
  ///   - axis: counted from the back where negative.
  ///   - reverse: whether to go from the last element to the first.
  public init(axis: Int, reverse: Bool = false) {
    self.axis = axis
    self.reverse = reverse
  }

  public init(attributes: Attributes) throws {
    self.init(
      axis: try attributes.int("axis"), reverse: try attributes.bool("reverse", default: false))
  }

  public var attributes: Attributes { ["axis": .int(axis), "reverse": .bool(reverse)] }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 2)
    try expectSameType(inputs, among: .floats)
    _ = try inputs[0].shape.axis(axis)
    guard inputs[0].shape.couldEqual(inputs[1].shape) else {
      throw GraphError("the factors \(inputs[0].shape) do not fit the summands \(inputs[1].shape)")
    }
    return [inputs[1]]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    let axis = try inputs[0].shape.axis(axis)
    return try makeFloatKernel(inputs[0].elementType) {
      LinearRecurrenceKernel<Float>(axis: axis, reverse: reverse)
    } _: {
      LinearRecurrenceKernel<Double>(axis: axis, reverse: reverse)
    }
  }

  public func deviceProgram(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> DeviceProgram? {
    .lines(
      .linear, inputs[0].elementType, axis: try inputs[0].shape.axis(axis), reverse: reverse)
  }

  /// What y[i] changes goes on to its successor by the successor's factor.
  public func gradients(of node: Node, outputGradients: [Value?]) throws -> [Value?] {
    let (a, y, g) = (node.inputs[0], node.output, outputGradients[0]!)
    let axis = try a.shape.axis(axis)
    let total = linearRecurrence(
      shifted(a, by: reverse ? 1 : -1, axis: axis), g, axis: axis, reverse: !reverse)
    return [total * shifted(y, by: reverse ? -1 : 1, axis: axis), total]
  }

  public static var samples: [OperationSample] {
    let cases: [(Shape, Int)] = [
      ([5], 0), ([3, 4], 0), ([3, 4], -1), ([2, 3, 2], 1), ([0, 2], 0),
    ]
    return cases.flatMap { shape, axis in
      [false, true].map { reverse in
        OperationSample(
          LinearRecurrence(axis: axis, reverse: reverse), [.random(shape), .random(shape, seed: 2)]
        ) { inputs in
          let (a, b) = (inputs[0].doubles, inputs[1].doubles)
          let axis = axis < 0 ? axis + shape.rank : axis
          let (stride, length) = (shape.strides[axis], shape[axis])
          var y = b
          for index in reverse ? Array(b.indices.reversed()) : Array(b.indices) {
            let position = index / stride % length
            if position == (reverse ? length - 1 : 0) { continue }
            y[index] += a[index] * y[index + (reverse ? stride : -stride)]
          }
          return [Tensor(shape: shape, scalars: y)]
        }
      }
    }
  }
}

/// y[i] = a[i]·y[i-1] + b[i] along `axis`, in `reverse` y[i] = a[i]·y[i+1] + b[i]; outside y is 0.
///
/// - Precondition: `a` and `b` have the same shape and type, `Float` or `Double`.
public func linearRecurrence(
  _ a: Value, _ b: Value, axis: Int, reverse: Bool = false, name: String? = nil
) -> Value {
  a.graph.apply(LinearRecurrence(axis: axis, reverse: reverse), a, b, name: name)
}

/// The elements one place further along a dimension, or one place back, with a zero where none comes from.
///
/// - Parameter step: 1 or -1.
func shifted(_ x: Value, by step: Int, axis: Int) -> Value {
  let none = Array(repeating: Dimension(0), count: x.shape.rank)
  var one = none
  one[axis] = 1
  let padded = pad(x, before: step > 0 ? one : none, after: step > 0 ? none : one)
  return slice(padded, begin: step > 0 ? none : one, size: x.shape.dimensions)
}

private final class LinearRecurrenceKernel<T: KernelFloat>: Kernel {
  private let axis: Int
  private let reverse: Bool
  private var length = 0
  private var inner = 0
  private var sharding = Sharding(count: 0, nanoseconds: 0)

  init(axis: Int, reverse: Bool) {
    self.axis = axis
    self.reverse = reverse
  }

  func prepare(_ sizes: KernelSizes) throws -> Int {
    let shape = sizes.outputs[0]
    guard sizes.inputs[0] == shape else {
      throw GraphError("the factors \(sizes.inputs[0]) do not fit the summands \(shape)")
    }
    length = shape[axis]
    inner = shape.dimensions.dropFirst(axis + 1).reduce(1, *)
    let outer = shape.dimensions.prefix(axis).reduce(1, *)
    sharding = Sharding(count: outer, nanoseconds: 2 * Double(length * inner))
    return 0
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  func run(_ context: borrowing KernelContext) {
    let a = UnsafePointer(context.inputs[0].elements(T.self))
    let b = UnsafePointer(context.inputs[1].elements(T.self))
    let y = context.outputs[0].elements(T.self)
    context.forEachShard(sharding) { _, range in
      for outer in range {
        for step in 0..<length {
          let row = (outer * length + (reverse ? length - 1 - step : step)) * inner
          let before = reverse ? row + inner : row - inner
          for index in 0..<inner {
            y[row + index] = b[row + index]
            if step > 0 { y[row + index] += a[row + index] * y[before + index] }
          }
        }
      }
    }
  }
}
