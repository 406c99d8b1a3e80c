import Tensors

/// Copies the elements of a strided slice out of a tensor, or back into zeros.
final class StridedSliceKernel: LateSizeKernel {
  let ranges: StridedSliceRanges
  let input: TensorSpec
  let isTransposed: Bool
  private let elementSize: Int
  private var copy: StridedCopy?

  init(_ ranges: StridedSliceRanges, _ input: TensorSpec, isTransposed: Bool) {
    self.ranges = ranges
    self.input = input
    self.isTransposed = isTransposed
    elementSize = input.elementType.size
  }

  func measure(_ context: borrowing KernelContext) throws -> [Int] {
    let symbols = context.state.symbols
    let shape = context.inputs[0].shape
    let sizes = try ranges.layout(in: shape) { try $0.value(with: symbols) }.sizes
    let output = try ranges.output(of: input.shape)
    return zip(sizes, output.dimensions).compactMap { size, dimension in
      dimension.soleSymbol?.hasPrefix("?") == true ? size : nil
    }
  }

  func prepare(_ sizes: KernelSizes) throws -> Int {
    copy = try Self.copy(ranges, sizes, isTransposed: isTransposed)
    return 0
  }

  static func copy(
    _ ranges: StridedSliceRanges, _ sizes: KernelSizes, isTransposed: Bool
  ) throws -> StridedCopy {
    let (whole, part) =
      isTransposed ? (sizes.outputs[0], sizes.inputs[0]) : (sizes.inputs[0], sizes.outputs[0])
    let (layout, lengths) = try ranges.layout(in: whole, sizes.value)
    guard lengths == part.dimensions else {
      throw GraphError("the slice of \(whole) has the shape \(lengths), not \(part)")
    }
    return isTransposed
      ? StridedCopy(sizes: lengths, from: part.layout, to: layout)
      : StridedCopy(sizes: lengths, from: layout, to: part.layout)
  }

  func run(_ context: borrowing KernelContext) {
    guard let copy else { return }
    let output = context.outputs[0]
    if isTransposed {
      output.base.initializeMemory(as: UInt8.self, repeating: 0, count: output.count * elementSize)
    }
    copy.run(
      0..<copy.rows, from: context.inputs[0].base, to: output.base, elementSize: elementSize)
  }
}
