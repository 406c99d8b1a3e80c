import Tensors

/// Running sums or products along one dimension.
final class CumulativeKernel<T: KernelNumber>: Kernel {
  let function: BinaryFunction
  let axis: Int
  let exclusive: Bool
  let reverse: Bool
  private var length = 0
  private var inner = 0
  private var sharding = Sharding(count: 0, nanoseconds: 0)

  init(_ function: BinaryFunction, axis: Int, exclusive: Bool, reverse: Bool) {
    self.function = function
    self.axis = axis
    self.exclusive = exclusive
    self.reverse = reverse
  }

  func prepare(_ sizes: KernelSizes) -> Int {
    let shape = sizes.inputs[0]
    length = shape[axis]
    inner = shape.dimensions.dropFirst(axis + 1).reduce(1, *)
    let outer = shape.dimensions.prefix(axis).reduce(1, *)
    sharding = Sharding(count: outer, nanoseconds: Double(length * inner))
    return 0
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  @specialized(where T == Int32)
  @specialized(where T == Int64)
  func run(_ context: borrowing KernelContext) {
    let source = UnsafePointer(context.inputs[0].elements(T.self))
    let target = context.outputs[0].elements(T.self)
    context.forEachShard(sharding) { _, range in
      for outer in range {
        let start = outer * length * inner
        accumulate(source + start, target + start)
      }
    }
  }

  private func accumulate(_ source: UnsafePointer<T>, _ target: UnsafeMutablePointer<T>) {
    var previous: Int?
    for index in 0..<length {
      let row = (reverse ? length - 1 - index : index) * inner
      // Exclusive: what was there one step ago; inclusive: what is here now.
      let element = exclusive ? previous : row
      if let previous, let element {
        function.apply(target + previous, source + element, target + row, inner)
      } else if exclusive {
        (target + row).update(repeating: function.identity(), count: inner)
      } else {
        (target + row).update(from: source + row, count: inner)
      }
      previous = row
    }
  }
}

/// A running sum or product along one dimension, with TensorFlow's axis as an attribute.
public protocol CumulativeOperation: Operation {
  /// The function that combines two elements.
  static var function: BinaryFunction { get }
  /// The dimension, counted from the back where negative.
  var axis: Int { get }
  /// Whether an element itself is left out of its result.
  var exclusive: Bool { get }
  /// Whether to go from the last element to the first.
  var reverse: Bool { get }
  init(axis: Int, exclusive: Bool, reverse: Bool)
}

extension CumulativeOperation {
  public init(attributes: Attributes) throws {
    self.init(
      axis: try attributes.int("axis"),
      exclusive: try attributes.bool("exclusive", default: false),
      reverse: try attributes.bool("reverse", default: false))
  }

  public var attributes: Attributes {
    ["axis": .int(axis), "exclusive": .bool(exclusive), "reverse": .bool(reverse)]
  }

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(operands: [.init("axis", at: 1, .int, type: "Tidx")])
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    try expectSameType(inputs, among: .numbers)
    _ = try inputs[0].shape.axis(axis)
    return [TensorSpec(inputs[0].elementType, inputs[0].shape)]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    let axis = try inputs[0].shape.axis(axis)
    func make<T: KernelNumber>(_: T.Type) -> any Kernel {
      CumulativeKernel<T>(Self.function, axis: axis, exclusive: exclusive, reverse: reverse)
    }
    return make(try inputs[0].elementType.kernelNumber)
  }
}

extension OperationSample {
  /// Samples along every axis, exclusive or not, forwards and backwards.
  static func cumulative<C: CumulativeOperation>(
    _: C.Type, start: Double, _ function: @escaping @Sendable (Double, Double) -> Double
  ) -> [OperationSample] {
    let cases: [(Shape, Int)] = [
      ([5], 0), ([3, 4], 0), ([3, 4], -1), ([2, 3, 2], 1), ([0, 2], 0),
    ]
    return cases.flatMap { shape, axis in
      (0..<4).map { mode in
        let (exclusive, reverse) = (mode & 1 == 1, mode & 2 == 2)
        return OperationSample(
          C(axis: axis, exclusive: exclusive, reverse: reverse), [.random(shape, in: 0.5...1.5)]
        ) { inputs in
          let (x, strides) = (inputs[0].doubles, shape.strides)
          let axis = axis < 0 ? axis + shape.rank : axis
          let results = x.indices.map { index in
            let position = index / strides[axis] % shape[axis]
            let others = reverse ? Array(position..<shape[axis]) : Array(0...position)
            return others.filter { !exclusive || $0 != position }.reduce(start) {
              function($0, x[index + ($1 - position) * strides[axis]])
            }
          }
          return [Tensor(shape: shape, scalars: results)]
        }
      }
    }
  }
}
