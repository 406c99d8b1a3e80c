import Tensors

/// A case of an operation: inputs in `Double` and a naive reference.
///
/// The tests run it on every device in `Float` and `Double`, compare it with the reference, and
/// compare its gradient and the gradient of its gradient with differences.
public struct OperationSample: Sendable {
  public let operation: any Operation
  public let inputs: [Tensor]
  /// The inputs, by index, with respect to which the operation is differentiated.
  public let differentiable: [Int]
  /// Whether some size of the inputs must be known when the graph is built.
  public let needsKnownSizes: Bool
  /// The outputs, computed in the plainest way.
  public let reference: @Sendable ([Tensor]) -> [Tensor]

  /// - Parameter differentiable: every floating-point input if nil.
  public init(
    _ operation: any Operation, _ inputs: [Tensor], differentiable: [Int]? = nil,
    needsKnownSizes: Bool = false,
    reference: @escaping @Sendable ([Tensor]) -> [Tensor]
  ) {
    self.operation = operation
    self.inputs = inputs
    self.needsKnownSizes = needsKnownSizes
    self.reference = reference
    self.differentiable =
      differentiable ?? inputs.indices.filter { inputs[$0].elementType.isFloatingPoint }
  }
}

extension Tensor {
  /// Reproducible numbers in `range`, for samples and tests.
  public static func random(
    _ shape: Shape, in range: ClosedRange<Double> = -1.5...1.5, seed: UInt64 = 1
  ) -> Tensor {
    var generator = PhiloxGenerator(seed: seed)
    let width = range.upperBound - range.lowerBound
    return Tensor(
      shape: shape,
      scalars: (0..<shape.elementCount).map { _ in
        range.lowerBound + width * generator.uniform()
      })
  }

  /// A sample's elements as `Double`s.
  var doubles: [Double] { scalars(as: Double.self) }
}

extension OperationSample {
  /// Samples of an elementwise operation with one input.
  public static func unary(
    _ operation: any Operation, in range: ClosedRange<Double> = -1.5...1.5,
    _ function: @escaping @Sendable (Double) -> Double
  ) -> [OperationSample] {
    let shapes: [Shape] = [[], [1], [5], [3, 7], [2, 1, 3], [0, 4], [2, 700]]
    return shapes.enumerated().map { index, shape in
      OperationSample(operation, [.random(shape, in: range, seed: UInt64(index))]) { inputs in
        [Tensor(shape: shape, scalars: inputs[0].doubles.map(function))]
      }
    }
  }

  /// Samples of an elementwise operation with two inputs that broadcast in all ways.
  public static func binary(
    _ operation: any Operation, in range: ClosedRange<Double> = -1.5...1.5,
    isDifferentiable: Bool = true, _ function: @escaping @Sendable (Double, Double) -> Double
  ) -> [OperationSample] {
    broadcastCases.enumerated().map { index, shapes in
      let seed = UInt64(2 * index)
      let inputs: [Tensor] = [
        .random(shapes.0, in: range, seed: seed), .random(shapes.1, in: range, seed: seed + 1),
      ]
      return OperationSample(operation, inputs, differentiable: isDifferentiable ? nil : []) {
        inputs in
        let left = repeated(inputs[0], to: shapes.2).doubles
        let right = repeated(inputs[1], to: shapes.2).doubles
        return [Tensor(shape: shapes.2, scalars: zip(left, right).map(function))]
      }
    }
  }

  /// Samples of a comparison, with equal elements among the inputs.
  public static func comparison(
    _ operation: any Operation, _ function: @escaping @Sendable (Double, Double) -> Bool
  ) -> [OperationSample] {
    let left = Tensor([-1.0, 0, 0.5, 2, 3, .infinity, .nan, 1])
    let right = Tensor([1.0, 0, 0.5, -2, .nan, .infinity, .nan, 0.5])
    return [
      OperationSample(operation, [left, right], differentiable: []) { inputs in
        [Tensor(zip(inputs[0].doubles, inputs[1].doubles).map(function))]
      },
      OperationSample(operation, [left, Tensor(0.5)], differentiable: []) { inputs in
        [Tensor(inputs[0].doubles.map { function($0, 0.5) })]
      },
    ]
  }

  /// Samples with whole numbers of every type, which lose the bits that do not fit.
  static func integers(
    _ operation: any Operation, _ left: [Int64], _ right: [Int64],
    _ function: @escaping @Sendable (Int64, Int64) -> Int64
  ) -> [OperationSample] {
    func sample<T: KernelInteger>(_: T.Type) -> OperationSample {
      let (a, b) = (left.map { T(truncatingIfNeeded: $0) }, right.map { T(truncatingIfNeeded: $0) })
      return OperationSample(operation, [Tensor(a), Tensor(b)]) { _ in
        [Tensor(zip(a, b).map { T(truncatingIfNeeded: function(Int64($0), Int64($1))) })]
      }
    }
    return [sample(Int32.self), sample(Int64.self), sample(UInt8.self)]
  }

  /// The same for one input.
  static func integers(
    _ operation: any Operation, _ elements: [Int64],
    _ function: @escaping @Sendable (Int64) -> Int64
  ) -> [OperationSample] {
    func sample<T: KernelInteger>(_: T.Type) -> OperationSample {
      let inputs = elements.map { T(truncatingIfNeeded: $0) }
      return OperationSample(operation, [Tensor(inputs)]) { _ in
        [Tensor(inputs.map { T(truncatingIfNeeded: function(Int64($0))) })]
      }
    }
    return [sample(Int32.self), sample(Int64.self), sample(UInt8.self)]
  }

  /// Samples of a comparison of whole numbers that differ only in bits which a `Double` has not.
  static func integerComparison(
    _ operation: any Operation, _ function: @escaping @Sendable (Int64, Int64) -> Bool
  ) -> [OperationSample] {
    let (left, right) = ([1 << 60, 5, -3, 1 << 60], [1 << 60, 7, -4, (1 << 60) + 1])
    return [
      OperationSample(operation, [Tensor(left.map(Int64.init)), Tensor(right.map(Int64.init))]) {
        _ in [Tensor(zip(left, right).map { function(Int64($0), Int64($1)) })]
      }
    ]
  }

  /// Two inputs' shapes and the result's.
  static let broadcastCases: [(Shape, Shape, Shape)] = [
    ([], [], []), ([4], [4], [4]), ([2, 3], [], [2, 3]), ([], [2, 3], [2, 3]),
    ([2, 3], [3], [2, 3]), ([3], [2, 3], [2, 3]), ([2, 3], [2, 1], [2, 3]),
    ([2, 1], [1, 3], [2, 3]), ([2, 3, 4], [3, 1], [2, 3, 4]), ([2, 1, 4], [3, 1], [2, 3, 4]),
    ([0, 3], [3], [0, 3]), ([2, 3, 2, 2], [2, 1, 2, 1], [2, 3, 2, 2]),
    ([3, 400], [400], [3, 400]),
  ]

  /// A tensor repeated to a shape that it broadcasts to.
  static func repeated(_ tensor: Tensor, to shape: Shape) -> Tensor {
    let elements = tensor.doubles
    return Tensor(
      shape: shape,
      scalars: (0..<shape.elementCount).map {
        elements[broadcastIndex($0, from: shape, to: tensor.shape)]
      })
  }

  /// Where an output element comes from in an input that broadcasts.
  private static func broadcastIndex(_ index: Int, from output: Shape, to input: Shape) -> Int {
    var (rest, result, stride) = (index, 0, 1)
    for axis in output.dimensions.indices.reversed() {
      let (quotient, position) = rest.quotientAndRemainder(dividingBy: output[axis])
      rest = quotient
      let inputAxis = axis - (output.rank - input.rank)
      guard inputAxis >= 0 else { continue }
      if input[inputAxis] != 1 { result += position * stride }
      stride *= input[inputAxis]
    }
    return result
  }
}
