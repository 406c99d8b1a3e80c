import Tensors

/// Turns the elements of a vector of whole numbers into sizes, so that shapes can depend on data.
///
/// The output holds nothing; the sizes are those of its shape, one for each element and a 0. They have
/// names of their own, or those that are given. Not in TensorFlow, where shapes are tensors throughout.
public struct BindSizes: Operation {
  public static let name = "BindSizes"
  public static var tensorFlowForm: TensorFlowForm { .none }
  public static var samples: [OperationSample] { [] }

  /// What the sizes are called; empty for names that only this node's sizes have.
  let names: [String]

  /// - Parameter names: one for each element, which no other node may fix; what is fed may have them, in which case
  ///   runs check that they are the same.
  public init(names: [String] = []) { self.names = names }

  public init(attributes: Attributes) throws {
    names = try attributes.strings("names", default: [])
  }

  public var attributes: Attributes { names.isEmpty ? [:] : ["names": .strings(names)] }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    try expectSameType(inputs, among: [.int32, .int64])
    guard inputs[0].shape.rank <= 1, let count = inputs[0].shape.elementCount.known else {
      throw GraphError(
        "the sizes have the shape \(inputs[0].shape), expected a scalar or a vector of known length"
      )
    }
    guard names.isEmpty || names.count == count else {
      throw GraphError("attribute names = \(names), expected \(count) names")
    }
    let sizes = names.isEmpty ? (0..<count).map { .late($0) } : names.map(Dimension.init(symbol:))
    return [TensorSpec(.uint8, SymbolicShape(sizes + [0]))]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) -> any Kernel {
    BindSizesKernel(isWide: inputs[0].elementType == .int64)
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] { [nil] }
}

/// The elements of `x`, a scalar or vector of whole numbers, as sizes.
///
/// - Throws: `GraphError` where the number of elements is not known.
public func sizes(of x: Value, name: String? = nil) throws -> [Dimension] {
  try x.graph.add(BindSizes(), [x], name: name).output.shape.dimensions.dropLast()
}

private final class BindSizesKernel: LateSizeKernel {
  private let isWide: Bool

  init(isWide: Bool) { self.isWide = isWide }

  func measure(_ context: borrowing KernelContext) throws -> [Int] {
    let input = context.inputs[0]
    let sizes = (0..<input.count).map {
      isWide ? Int(input.elements(Int64.self)[$0]) : Int(input.elements(Int32.self)[$0])
    }
    for (index, size) in sizes.enumerated() where size < 0 {
      throw GraphError("element \(index) is \(size), which is no size")
    }
    return sizes
  }

  func prepare(_ sizes: KernelSizes) -> Int { 0 }
  func run(_ context: borrowing KernelContext) {}
}
