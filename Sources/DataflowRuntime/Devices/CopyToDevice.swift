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

/// Copies a tensor between the host's memory and a device's, or between two devices'.
final class TransferKernel: Kernel {
  private let elementSize: Int
  private let source: (any DeviceMemory)?
  private let target: (any DeviceMemory)?
  private var staging = AlignedStorage(byteCount: 0)
  /// Whether the target is a block of the kernel's own, in which the copy stays.
  private let keepsCopy: Bool
  private(set) var block: (any DeviceBlock)?
  /// What the copy is of.
  private var lastSource: UnsafeMutableRawPointer?

  /// - Parameters:
  ///   - source: the memory that the input lies in, nil for the host's.
  ///   - target: the memory that the output lies in, nil for the host's.
  ///   - keepsCopy: whether the copy stays between runs. Who runs the kernel then sees to it that equal
  ///     addresses in two runs that follow each other mean the same elements.
  init(
    elementSize: Int, from source: (any DeviceMemory)?, to target: (any DeviceMemory)?,
    keepsCopy: Bool = false
  ) {
    self.elementSize = elementSize
    self.source = source
    self.target = target
    self.keepsCopy = keepsCopy
  }

  func prepare(_ sizes: KernelSizes) throws -> Int {
    let bytes = sizes.inputs[0].elementCount * elementSize
    lastSource = nil
    if keepsCopy, let target, bytes > block?.byteCount ?? -1 {
      let spare = block == nil ? 0 : bytes / 4
      block = nil
      block =
        try (spare > 0 ? try? target.allocate(byteCount: bytes + spare) : nil)
        ?? target.allocate(byteCount: max(bytes, 1))
    }
    if source != nil, target != nil, bytes > staging.byteCount {
      staging = AlignedStorage(byteCount: bytes)
    }
    return 0
  }

  /// Forgets what the copy is of, where that is none of these.
  func forget(unlessAmong sources: [UnsafeMutableRawPointer]) {
    if let source = lastSource, !sources.contains(source) { lastSource = nil }
  }

  func run(_ context: borrowing KernelContext) throws {
    let (from, to) = (context.inputs[0].base, context.outputs[0].base)
    let bytes = context.inputs[0].count * elementSize
    guard bytes > 0 else { return }
    guard let source else {
      if keepsCopy, from == lastSource { return }
      lastSource = nil
      try target!.upload(from, to: to, byteCount: bytes)
      lastSource = from
      return
    }
    try source.download(from, to: target == nil ? to : staging.base, byteCount: bytes)
    try source.synchronize()
    try target?.upload(staging.base, to: to, byteCount: bytes)
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
