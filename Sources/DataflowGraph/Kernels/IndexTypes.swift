import Tensors

/// The types of whole numbers that sizes, places and indices are given in.
protocol IndexElement: KernelInteger {}

extension Int32: IndexElement {}
extension Int64: IndexElement {}

extension ElementType {
  /// The numbers that the type holds; all for those that hold others too.
  private var wholeNumbers: ClosedRange<Int> {
    switch self {
    case .int32: Int(Int32.min)...Int(Int32.max)
    case .uint8: Int(UInt8.min)...Int(UInt8.max)
    default: Int.min...Int.max
    }
  }

  func holds(_ number: Int) -> Bool { wholeNumbers.contains(number) }

  /// - Throws: `GraphError` for a number that the type does not hold.
  func expectHolding(_ number: Int) throws {
    guard !holds(number) else { return }
    let (least, most) = (wholeNumbers.lowerBound, wholeNumbers.upperBound)
    throw GraphError("\(number) is no \(self); allowed: \(least) to \(most)")
  }
}

extension TensorView {
  /// Writes a whole number of the type `int32` or `int64`, which holds it.
  func setInteger(_ value: Int, at index: Int, _ type: ElementType) {
    if type == .int32 {
      elements(Int32.self)[index] = Int32(truncatingIfNeeded: value)
    } else {
      elements(Int64.self)[index] = Int64(value)
    }
  }

  /// A whole number of the type `int32` or `int64`.
  func integer(at index: Int, _ type: ElementType) -> Int {
    type == .int32 ? Int(elements(Int32.self)[index]) : Int(elements(Int64.self)[index])
  }
}

/// - Parameter allowsNegative: whether negative indices, which stand for nothing, pass.
/// - Throws: `GraphError` with the first index that is not in `0..<bound`.
func checkIndices(
  _ indices: TensorView, _ type: ElementType, below bound: Int, allowsNegative: Bool = false
) throws {
  let least = allowsNegative ? Int.min : 0
  if type == .int32 {
    try checkIndices(indices.elements(Int32.self), indices.count, from: least, below: bound)
  } else {
    try checkIndices(indices.elements(Int64.self), indices.count, from: least, below: bound)
  }
}

private func checkIndices<I: IndexElement>(
  _ indices: UnsafePointer<I>, _ count: Int, from least: Int, below bound: Int
) throws {
  var (lowest, highest) = (I.max, I.min)
  for position in 0..<count {
    lowest = min(lowest, indices[position])
    highest = max(highest, indices[position])
  }
  guard count > 0, Int(lowest) < least || Int(highest) >= bound else { return }
  let position = (0..<count).first { Int(indices[$0]) < least || Int(indices[$0]) >= bound }!
  throw GraphError("index \(indices[position]) at position \(position) is outside 0..<\(bound)")
}

/// A kernel that looks at its inputs before another one computes.
final class CheckedKernel: Kernel {
  private let kernel: any Kernel
  private let check: (borrowing KernelContext) throws -> Void

  init(_ kernel: any Kernel, _ check: @escaping (borrowing KernelContext) throws -> Void) {
    self.kernel = kernel
    self.check = check
  }

  func prepare(_ sizes: KernelSizes) throws -> Int { try kernel.prepare(sizes) }

  func run(_ context: borrowing KernelContext) throws {
    try check(context)
    try kernel.run(context)
  }
}

/// What operations say that give sizes as tensors.
struct SizeType {
  let type: ElementType

  init(_ type: ElementType) { self.type = type }

  /// - Throws: `GraphError` for what is not a type of indices.
  init(attributes: Attributes) throws {
    type = try attributes.type("out_type", default: .int32)
    guard type == .int32 || type == .int64 else {
      throw GraphError("attribute out_type = \(type); allowed: \(ElementType.list(.indices))")
    }
  }

  var attributes: Attributes { ["out_type": .type(type)] }
}
