import DataflowGraph
import DataflowRuntime
import Tensors

/// A GPU, or another device that compiles kernels itself, with memory of its own.
public final class Accelerator: Device {
  public let name: DeviceName
  public let properties: AcceleratorProperties
  private let queue: AcceleratorQueue

  init(_ driver: any AcceleratorDriver, name: DeviceName) throws {
    self.name = name
    properties = driver.properties
    queue = try AcceleratorQueue(driver)
  }

  public var memory: (any DeviceMemory)? { queue }
  public var fusesProducts: Bool { true }

  /// Whether there is a kernel: state, functions and what may wait are the CPU's, and so are sizes that
  /// only a run finds out.
  public func canRun(_ node: Node) -> Bool {
    let operation = node.operation
    let types = Set(node.inputs.map(\.elementType) + node.outputSpecs.map(\.elementType))
    guard !types.contains(.resource), properties.hasDouble || !types.contains(.float64) else {
      return false
    }
    if operation is Const || operation is VariableV2 { return true }
    if operation.isAlias { return true }
    guard !operation.mayBlock, !node.outputSpecs.isEmpty, node.ownLateSymbols.isEmpty,
      operation.functions.isEmpty, operation.isStateful == !operation.mutatedInputs.isEmpty
    else { return false }
    return (try? program(node.operation, node.inputs.map(\.spec), node.outputSpecs)) != nil
  }

  public func makeKernel(at site: KernelSite) throws -> any Kernel {
    guard let program = try program(site.node.operation, site.inputs, site.outputs) else {
      throw GraphError("\(name.short) has no kernel for it")
    }
    let kernel = ProgramKernel(program, on: queue, node: site.node)
    guard let products = queue.driver.products else { return kernel }
    let type = site.inputs[0].elementType
    switch site.node.operation {
    case let product as MatMul:
      return ProductKernel(product, type, products, otherwise: kernel)
    case let fused as FusedProduct:
      let epilogue = fused.epilogueProgram(inputs: site.inputs)
      return ProductKernel(
        fused.product, type, products, otherwise: kernel,
        epilogue: epilogue.map { ProgramKernel($0, on: queue, node: site.node) })
    default: return kernel
    }
  }

  private func program(
    _ operation: any Operation, _ inputs: [TensorSpec], _ outputs: [TensorSpec]
  ) throws -> DeviceProgram? {
    guard let program = try operation.deviceProgram(inputs: inputs, outputs: outputs),
      properties.hasDouble || !program.types.contains(.float64)
    else { return nil }
    return program
  }
}
