import Tensors

/// Whole numbers at regular distances: `start`, `start + delta`, … before `limit`. TensorFlow's `Range`
/// with the three as attributes.
public struct RangeOf: Operation {
  public static let name = "Range"

  let start: Dimension
  let limit: Dimension
  let delta: Int
  let elementType: ElementType

  /// - Parameters:
  ///   - limit: is not reached; where it depends on sizes, `delta` must be 1 or -1.
  ///   - elementType: any type of numbers.
  public init(
    start: Dimension = 0, limit: Dimension, delta: Int = 1, elementType: ElementType = .int32
  ) {
    self.start = start
    self.limit = limit
    self.delta = delta
    self.elementType = elementType
  }

  public init(attributes: Attributes) throws {
    self.init(
      start: try attributes.dimension("start", default: 0),
      limit: try attributes.dimension("limit"), delta: try attributes.int("delta", default: 1),
      elementType: try attributes.type("Tidx", default: .int32))
  }

  public var attributes: Attributes {
    [
      "start": .shape([start]), "limit": .shape([limit]), "delta": .int(delta),
      "Tidx": .type(elementType),
    ]
  }

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(
      operands: [
        .init("start", at: 0, .size, type: "Tidx"), .init("limit", at: 1, .size, type: "Tidx"),
        .init("delta", at: 2, .int, type: "Tidx"),
      ], types: [:])
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 0)
    guard [ElementType].numbers.contains(elementType) else {
      throw GraphError("attribute Tidx = \(elementType); allowed: \(ElementType.list(.numbers))")
    }
    let length = limit - start
    if let known = length.known, delta != 0 {
      return [TensorSpec(elementType, [Dimension(steps(from: 0, to: known, by: delta))])]
    }
    guard delta.magnitude == 1 else {
      throw GraphError(
        "attribute delta = \(delta); allowed: not 0, and 1 or -1 for the length \(length)")
    }
    return [TensorSpec(elementType, [length * Dimension(delta)])]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    func make<T: KernelNumber>(_: T.Type) -> any Kernel {
      RangeKernel<T>(start: start, delta: delta)
    }
    return make(try elementType.kernelNumber)
  }

  public func deviceProgram(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> DeviceProgram? {
    .range(elementType, start: start, delta: delta)
  }

  public static var samples: [OperationSample] {
    let cases: [(Int, Int, Int)] = [(0, 5, 1), (3, 18, 4), (3, 15, 4), (4, -3, -3), (2, 2, 1)]
    return cases.map { start, limit, delta in
      let operation = RangeOf(start: Dimension(start), limit: Dimension(limit), delta: delta)
      return OperationSample(operation, []) { _ in
        [Tensor(stride(from: start, to: limit, by: delta).map { Int32($0) })]
      }
    } + [
      OperationSample(RangeOf(limit: 3, elementType: .float64), []) { _ in [Tensor([0.0, 1, 2])] }
    ]
  }
}

/// How many numbers there are from `start` on, before `limit`, `stride` apart, of any magnitude.
func steps(from start: Int, to limit: Int, by stride: Int) -> Int {
  guard stride > 0 ? start < limit : limit < start else { return 0 }
  let (first, last) = (min(start, limit), max(start, limit))
  let length = UInt(bitPattern: last &- first)
  return Int(clamping: (length - 1) / stride.magnitude + 1)
}

extension ElementType {
  /// - Throws: `GraphError` where the first or the last of some numbers is none that the type holds.
  func expectHolding(_ count: Int, numbersFrom first: Int, by delta: Int) throws {
    guard count > 0 else { return }
    try expectHolding(first)
    try expectHolding(first &+ (count - 1) &* delta)
  }
}

private final class RangeKernel<T: KernelNumber>: Kernel {
  private let start: Dimension
  private let delta: Int
  private var first = 0

  init(start: Dimension, delta: Int) {
    self.start = start
    self.delta = delta
  }

  func prepare(_ sizes: KernelSizes) throws -> Int {
    first = try sizes.value(start)
    try T.elementType.expectHolding(
      sizes.outputs[0].elementCount, numbersFrom: first, by: delta)
    return 0
  }

  @specialized(where T == Int32)
  @specialized(where T == Int64)
  func run(_ context: borrowing KernelContext) {
    let output = context.outputs[0].elements(T.self)
    for index in 0..<context.outputs[0].count {
      output[index] = T(truncating: first &+ index &* delta)
    }
  }
}

extension Graph {
  /// The whole numbers from `start` on, before `limit`, `delta` apart.
  public func range(
    from start: Dimension = 0, to limit: Dimension, by delta: Int = 1,
    _ elementType: ElementType = .int32, name: String? = nil
  ) -> Value {
    apply(RangeOf(start: start, limit: limit, delta: delta, elementType: elementType), name: name)
  }
}
