import DataflowGraph
import DataflowRuntime
import Tensors

/// A product of matrices by the device's library, where there is something to multiply; functions of its
/// elements by a kernel after it, where that is worth it.
final class ProductKernel: RepeatableKernel {
  private let operation: MatMul
  private let type: ElementType
  private let products: any MatrixProducts
  private let otherwise: ProgramKernel
  private let epilogue: ProgramKernel?
  private var product: MatrixProductShape?

  /// - Parameters:
  ///   - otherwise: what computes all of it, used where the library is not.
  ///   - epilogue: what computes functions of the product's elements in place, nil where there are none.
  init(
    _ operation: MatMul, _ type: ElementType, _ products: any MatrixProducts,
    otherwise: ProgramKernel, epilogue: ProgramKernel? = nil
  ) {
    (self.operation, self.type, self.products) = (operation, type, products)
    (self.otherwise, self.epilogue) = (otherwise, epilogue)
  }

  func prepare(_ sizes: KernelSizes) throws -> Int {
    let (transposeA, transposeB) = (operation.transposeA, operation.transposeB)
    let inner = sizes.inputs[0][transposeA ? 0 : 1]
    let shape = sizes.outputs[0]
    product = nil
    guard inner > 0, shape.elementCount > 0, inner == sizes.inputs[1][transposeB ? 1 : 0],
      max(inner, shape[0], shape[1]) <= Int(Int32.max)
    else { return try otherwise.prepare(sizes) }
    let product = MatrixProductShape(
      rows: shape[0], inner: inner, columns: shape[1], transposeA: transposeA,
      transposeB: transposeB)
    if epilogue != nil, !product.isWorthTwoKernels { return try otherwise.prepare(sizes) }
    self.product = product
    return try epilogue?.prepare(sizes) ?? 0
  }

  func run(_ context: borrowing KernelContext) throws {
    guard let product else { return try otherwise.run(context) }
    try products.multiply(
      product, type,
      MatrixOperands(
        left: context.inputs[0].base, right: context.inputs[1].base,
        target: context.outputs[0].base))
    try epilogue?.run(context)
  }
}

extension MatrixProductShape {
  /// Whether a library's product and a second kernel for functions of its elements are faster than one
  /// kernel of ours for both.
  ///
  /// The second kernel costs a launch and moves each element twice more, some microseconds and then as much
  /// time as a large device takes for thirty multiplications; the library may do those three times as
  /// fast. So it is worth it where there are many for each element, and many in all.
  var isWorthTwoKernels: Bool {
    inner > 64 && Double(rows) * Double(columns) * Double(inner) > Double(1 << 25)
  }
}
