import DataflowGraph
import Tensors

/// A tensor on its way from one device to another. Only plans make it.
struct CopyToDevice: Operation {
  static let name = "CopyToDevice"
  static var samples: [OperationSample] { [] }

  init() {}
  init(attributes: Attributes) {}

  func outputs(for inputs: [TensorSpec]) -> [TensorSpec] {
    [TensorSpec(inputs[0].elementType, inputs[0].shape)]
  }

  func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) -> any Kernel {
    CopyKernel(elementSize: inputs[0].elementType.size)
  }
}

private final class CopyKernel: Kernel {
  private let elementSize: Int

  init(elementSize: Int) { self.elementSize = elementSize }

  func prepare(_ sizes: KernelSizes) -> Int { 0 }

  func run(_ context: borrowing KernelContext) {
    let source = context.inputs[0]
    context.outputs[0].fill(
      from: UnsafeRawBufferPointer(start: source.base, count: source.count * elementSize))
  }
}
