import Tensors

/// The place of the largest element along one dimension, of equal ones the first; NaNs are passed over.
/// TensorFlow's `ArgMax` with the axis as an attribute.
public struct ArgMax: Operation {
  public static let name = "ArgMax"

  let axis: Int
  let outputType: ElementType

  /// - Parameters:
  ///   - axis: counted from the back where negative.
  ///   - outputType: `int32` or `int64`.
  public init(axis: Int, outputType: ElementType = .int64) {
    self.axis = axis
    self.outputType = outputType
  }

  public init(attributes: Attributes) throws {
    self.init(
      axis: try attributes.int("dimension"),
      outputType: try attributes.type("output_type", default: .int64))
  }

  public var attributes: Attributes { ["dimension": .int(axis), "output_type": .type(outputType)] }

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(operands: [.init("dimension", at: 1, .int, type: "Tidx")])
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try placeOutputs(for: inputs, axis, outputType)
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    let axis = try inputs[0].shape.axis(axis)
    func make<T: KernelNumber>(_: T.Type) -> any Kernel {
      PlaceKernel<T>(axis: axis, ofLargest: true, outputType)
    }
    return make(try inputs[0].elementType.kernelNumber)
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] { [nil] }

  public static var samples: [OperationSample] {
    placeSamples({ ArgMax(axis: $0, outputType: $1) }, { $0 > $1 })
  }
}

/// The place of the largest element of `x` along `axis`, of equal ones the first.
public func argMax(
  _ x: Value, axis: Int, outputType: ElementType = .int64, name: String? = nil
) -> Value {
  x.graph.apply(ArgMax(axis: axis, outputType: outputType), x, name: name)
}
