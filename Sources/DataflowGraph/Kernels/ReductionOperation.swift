import Tensors

/// An operation that combines the elements along some dimensions.
///
/// TensorFlow's form has the axes as an input.
public protocol ReductionOperation: Operation {
  /// The types that the input may have.
  static var types: [ElementType] { get }
  /// The function that combines two elements.
  static var function: BinaryFunction { get }
  /// The dimensions to combine, counted from the back where negative.
  var axes: [Int] { get }
  /// Whether they stay, with size 1.
  var keepDims: Bool { get }
  init(axes: [Int], keepDims: Bool)
}

extension ReductionOperation {
  public static var types: [ElementType] { .numbers }

  public init(attributes: Attributes) throws {
    self.init(
      axes: try attributes.ints("axes"), keepDims: try attributes.bool("keep_dims", default: false))
  }

  public var attributes: Attributes { ["axes": .ints(axes), "keep_dims": .bool(keepDims)] }

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(
      operands: [.init("axes", at: 1, .ints, type: "Tidx")],
      types: types == [.bool] ? [:] : ["T": .input(0)])
  }

  public func flops(inputs: [TensorSpec], outputs: [TensorSpec]) -> Dimension {
    inputs[0].shape.elementCount
  }

  func reducedAxes(of shape: SymbolicShape) throws -> Set<Int> {
    let resolved = try axes.map { try shape.axis($0) }
    guard Set(resolved).count == axes.count else { throw GraphError("axes \(axes) repeat") }
    return Set(resolved)
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    try expectSameType(inputs, among: Self.types)
    let reduced = try reducedAxes(of: inputs[0].shape)
    let sizes = inputs[0].shape.dimensions.enumerated().compactMap { axis, size -> Dimension? in
      reduced.contains(axis) ? (keepDims ? 1 : nil) : size
    }
    return [TensorSpec(inputs[0].elementType, SymbolicShape(sizes))]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    let reduced = try reducedAxes(of: inputs[0].shape)
    func make<T: KernelNumber>(_: T.Type) -> any Kernel {
      ReductionKernel<T>(Self.function, reduced: reduced)
    }
    return make(try inputs[0].elementType.kernelNumber)
  }

  /// The input's shape with size 1 along the reduced dimensions.
  func keptShape(of input: Value) throws -> SymbolicShape {
    let reduced = try reducedAxes(of: input.shape)
    return SymbolicShape(input.shape.dimensions.enumerated().map { reduced.contains($0) ? 1 : $1 })
  }

  /// A value of the output's shape, repeated along the reduced dimensions of the input.
  func spread(_ value: Value, over input: Value) throws -> Value {
    broadcast(reshape(value, try keptShape(of: input)), to: input.shape)
  }

  /// The gradient of a maximum or minimum: equal ones share it.
  func gradientOfExtreme(of node: Node, _ gradient: Value) throws -> Value {
    let (x, kept) = (node.inputs[0], try keptShape(of: node.inputs[0]))
    let isExtreme = cast(x .== reshape(node.output, kept), to: x.elementType)
    let count = sum(isExtreme, axes: axes, keepDims: true)
    return isExtreme / count * reshape(gradient, kept)
  }
}

extension OperationSample {
  /// Samples of a reduction over all kinds of groups of dimensions.
  static func reduction<R: ReductionOperation>(
    _: R.Type, in range: ClosedRange<Double> = -1.5...1.5,
    _ function: @escaping @Sendable ([Double]) -> Double
  ) -> [OperationSample] {
    let cases: [(Shape, [Int])] = [
      ([], []), ([5], [0]), ([2, 3], [0]), ([2, 3], [1]), ([2, 3], [0, 1]), ([2, 3], [-1]),
      ([2, 3, 4], [1]), ([2, 3, 4], [0, 2]), ([2, 3, 4], []), ([0, 3], [0]), ([3, 0], [1]),
      ([2, 3, 2, 3], [0, 2]), ([2, 3, 2, 3], [1, 3]), ([600, 9], [0]), ([9, 600], [1]),
      ([1, 3000], [0, 1]),
    ]
    return cases.flatMap { shape, axes in
      [false, true].map { keepDims in
        let operation = R(axes: axes, keepDims: keepDims)
        return OperationSample(operation, [.random(shape, in: range)]) { inputs in
          [plainReduction(inputs[0], axes: axes, keepDims: keepDims, function)]
        }
      }
    }
  }

  private static func plainReduction(
    _ input: Tensor, axes: [Int], keepDims: Bool, _ function: ([Double]) -> Double
  ) -> Tensor {
    let reduced = Set(axes.map { $0 < 0 ? $0 + input.shape.rank : $0 })
    let kept = input.shape.dimensions.enumerated().map { reduced.contains($0) ? 1 : $1 }
    var groups = Array(repeating: [Double](), count: kept.reduce(1, *))
    for (index, element) in input.doubles.enumerated() {
      var (rest, target, stride) = (index, 0, 1)
      for axis in kept.indices.reversed() {
        if kept[axis] != 1 { target += rest % input.shape[axis] * stride }
        rest /= input.shape[axis]
        stride *= kept[axis]
      }
      groups[target].append(element)
    }
    let shape = keepDims ? kept : kept.indices.filter { !reduced.contains($0) }.map { kept[$0] }
    return Tensor(shape: Shape(shape), scalars: groups.map(function))
  }

  /// A sample of a reduction of whole numbers along the rows of a matrix.
  static func integerReduction<R: ReductionOperation>(
    _: R.Type, _ function: @escaping @Sendable ([Int64]) -> Int64
  ) -> [OperationSample] {
    let rows: [[Int64]] = [[3, -5, 1 << 40], [-1, 2, 4]]
    let input = Tensor(shape: [2, 3], scalars: rows.flatMap { $0 })
    return [
      OperationSample(R(axes: [1], keepDims: false), [input]) { _ in [Tensor(rows.map(function))] }
    ]
  }

  /// Samples of a reduction of booleans along the rows of a matrix, and of nothing.
  static func booleanReduction<R: ReductionOperation>(
    _: R.Type, _ function: @escaping @Sendable ([Bool]) -> Bool
  ) -> [OperationSample] {
    let rows = [[true, true, true], [false, true, false], [false, false, false]]
    let input = Tensor(shape: [3, 3], scalars: rows.flatMap { $0 })
    return [
      OperationSample(R(axes: [1], keepDims: false), [input]) { _ in [Tensor(rows.map(function))] },
      OperationSample(R(axes: [0, 1], keepDims: true), [input]) { _ in
        [Tensor(shape: [1, 1], scalars: [function(rows.flatMap { $0 })])]
      },
      OperationSample(R(axes: [0], keepDims: false), [Tensor(zeros: [0, 2], elementType: .bool)]) {
        _ in [Tensor([function([]), function([])])]
      },
    ]
  }
}
