import Tensors

/// A product of two matrices and functions of its elements as one: a layer with its bias and activation, or a
/// gradient on its way back through one. Only plans make it.
package struct FusedProduct: Operation {
  package static let name = "FusedProduct"
  package static var samples: [OperationSample] { [] }

  /// Of the first two inputs.
  package let product: MatMul
  /// Of the product's element, the first, and of those of the inputs behind the factors, which broadcast.
  let expression: ScalarExpression
  /// A second output, of the first one's elements alone: an activation where what it is of is wanted too, as
  /// gradients want it.
  let activation: ScalarExpression?
  let output: TensorSpec
  let names: [String]

  /// - Parameters:
  ///   - output: of the product's type and shape.
  ///   - names: the fused operations', for messages.
  package init(
    _ product: MatMul, then expression: ScalarExpression, activation: ScalarExpression? = nil,
    output: TensorSpec, names: [String]
  ) {
    self.product = product
    self.expression = expression
    self.activation = activation
    self.output = output
    self.names = names
  }

  package init(attributes: Attributes) throws {
    throw GraphError("is made by plans only")
  }

  package var attributes: Attributes { ["operations": .strings(names)] }

  package func outputs(for inputs: [TensorSpec]) -> [TensorSpec] {
    activation == nil ? [output] : [output, output]
  }

  package func flops(inputs: [TensorSpec], outputs: [TensorSpec]) -> Dimension {
    let functions = expression.functionCount + (activation?.functionCount ?? 0)
    return product.flops(inputs: inputs, outputs: outputs)
      + outputs[0].shape.elementCount * Dimension(functions)
  }

  package func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    let types = [output.elementType] + inputs.dropFirst(2).map(\.elementType)
    return try makeFloatKernel(output.elementType) {
      FusedProductKernel<Float>(product, expression, activation, types)
    } _: {
      FusedProductKernel<Double>(product, expression, activation, types)
    }
  }

  package func deviceProgram(inputs: [TensorSpec], outputs: [TensorSpec]) -> DeviceProgram? {
    activation == nil ? .fusedProduct(product, expression, inputs, output) : nil
  }

  /// What a device computes that has a library for the product: the functions, in place, of what is in
  /// the output already.
  package func epilogueProgram(inputs: [TensorSpec]) -> DeviceProgram? {
    .epilogue(product, expression, inputs, output)
  }
}
