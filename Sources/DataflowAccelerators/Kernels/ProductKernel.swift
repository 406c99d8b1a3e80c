import DataflowGraph
import Tensors

/// A product of matrices by the device's library, where there is something to multiply.
final class ProductKernel: Kernel {
  private let operation: MatMul
  private let type: ElementType
  private let products: any MatrixProducts
  private let otherwise: ProgramKernel
  private var product: MatrixProductShape?

  init(
    _ operation: MatMul, _ type: ElementType, _ products: any MatrixProducts,
    otherwise: ProgramKernel
  ) {
    (self.operation, self.type, self.products) = (operation, type, products)
    self.otherwise = otherwise
  }

  func prepare(_ sizes: KernelSizes) throws -> Int {
    let (transposeA, transposeB) = (operation.transposeA, operation.transposeB)
    let inner = sizes.inputs[0][transposeA ? 0 : 1]
    let shape = sizes.outputs[0]
    product = nil
    guard inner > 0, shape.elementCount > 0, inner == sizes.inputs[1][transposeB ? 1 : 0],
      max(inner, shape[0], shape[1]) <= Int(Int32.max)
    else { return try otherwise.prepare(sizes) }
    product = MatrixProductShape(
      rows: shape[0], inner: inner, columns: shape[1], transposeA: transposeA,
      transposeB: transposeB)
    return 0
  }

  func run(_ context: borrowing KernelContext) throws {
    guard let product else { return try otherwise.run(context) }
    try products.multiply(
      product, type,
      MatrixOperands(
        left: context.inputs[0].base, right: context.inputs[1].base,
        target: context.outputs[0].base))
  }
}
