import DataflowGraph
import Tensors

// What a run has to do with memory that only devices read and write.
extension PlanRunner {
  /// What copies to or from a device with memory of its own, where the step does.
  func transfer(of step: Plan.Step) -> TransferKernel? {
    guard step.node.operation is CopyToDevice else { return nil }
    let (devices, input) = (environment.placement.devices, plan.values[step.inputs[0]])
    let (source, target) = (plan.buffers[input.buffer], devices[step.device].memory)
    let sourceMemory = devices[source.device].memory
    if sourceMemory == nil && target == nil { return nil }
    var keepsCopy = false
    if case .feedCopy = plan.buffers[plan.values[step.outputs[0]].buffer].home { keepsCopy = true }
    return TransferKernel(
      elementSize: input.spec.elementType.size, from: sourceMemory, to: target,
      keepsCopy: keepsCopy)
  }

  /// Constants and variables stay where they are.
  func pointAtStored() throws {
    for (index, value) in viewValues.enumerated() {
      let number = plan.values[value].buffer
      let buffer = plan.buffers[number]
      switch buffer.home {
      case .constant(let tensor):
        views[index].base = try place(tensor, number, on: buffer.device)
      case .variable(let node):
        views[index].base = try environment.variables.block(of: node, on: buffer.device).base
      case .arena, .feed, .feedCopy: break
      }
    }
    seenGeneration = environment.variables.generation
  }

  /// Where a constant is; copied where its device has memory of its own.
  private func place(
    _ tensor: Tensor, _ buffer: Int, on device: Int
  ) throws -> UnsafeMutableRawPointer {
    // The plan keeps the tensor alive, and kernels only read it.
    let source = tensor.withBytes { UnsafeMutableRawPointer(mutating: $0.baseAddress!) }
    guard let space = environment.placement.devices[device].memory else { return source }
    if let block = constants[buffer] { return block.base }
    let bytes = tensor.byteCount
    let block = try space.allocate(byteCount: max(bytes, 1))
    if bytes > 0 { try space.upload(source, to: block.base, byteCount: bytes) }
    constants[buffer] = block
    return block.base
  }

  /// Where the feeds are that stay as they are as long as the runner keeps them.
  func lasting(
    _ feeds: [Tensor], _ pointers: [UnsafeMutableRawPointer]
  ) -> [UnsafeMutableRawPointer] {
    zip(feeds, pointers).compactMap { $0.isBorrowed ? nil : $1 }
  }

  func forgetFeeds(unlessAmong sources: [UnsafeMutableRawPointer]) {
    for copy in feedCopies.values { copy.forget(unlessAmong: sources) }
  }

  /// Waits for everything that devices have been asked to do, whatever one of them says.
  ///
  /// - Throws: what a device could not do.
  func awaitDevices() throws {
    defer { results = [] }
    var problem: (any Error)?
    for space in spaces {
      do { try space.synchronize() } catch { problem = problem ?? error }
    }
    let failures = deferredKernels.compactMap { $0.failure() }
    if let problem = problem ?? failures.first { throw problem }
  }

  /// Ends a run that has failed: what is under way reads the feeds, which are the caller's again after this,
  /// and of what was copied nothing is known.
  func abandonDevices() {
    forgetFeeds(unlessAmong: [])
    try? awaitDevices()
  }
}
