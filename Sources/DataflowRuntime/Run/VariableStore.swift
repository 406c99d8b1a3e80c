import DataflowGraph
import Synchronization
import Tensors

/// The variables' buffers of one session, each on one of the devices.
final class VariableStore {
  private struct Slot {
    var block: any DeviceBlock
    /// The number of the device in whose memory the block lies.
    var device: Int
    var isInitialized = false
  }

  private var slots: [String: Slot] = [:]
  private let spaces: [(any DeviceMemory)?]
  /// Changes when a buffer comes to lie elsewhere.
  private(set) var generation = 0
  /// How many runs of plans, those inside others counted, are under way.
  let runs = Atomic<Int>(0)

  init(_ devices: [any Device]) { spaces = devices.map(\.memory) }

  /// Where a variable is; on the first device where it has no buffer yet.
  func device(of node: Node) -> Int { slots[node.name]?.device ?? 0 }

  /// The buffer of a variable on a device: made when it is first asked for, moved from another one.
  ///
  /// - Throws: `GraphError` where the device has no room, and where another run may use the buffer that
  ///   would be moved.
  func block(of node: Node, on device: Int) throws -> any DeviceBlock {
    guard var slot = slots[node.name] else {
      let block = try allocate(node, on: device)
      slots[node.name] = Slot(block: block, device: device)
      return block
    }
    if slot.device == device { return slot.block }
    guard runs.load(ordering: .relaxed) <= 1 else {
      throw node.error("is used on two devices by runs at the same time")
    }
    let bytes = byteCount(of: node)
    let copy = AlignedStorage(byteCount: bytes)
    try read(slot.block.base, on: slot.device, to: copy.base, bytes)
    slot.block = try allocate(node, on: device)
    slot.device = device
    try write(copy.base, to: slot.block.base, on: device, bytes)
    slots[node.name] = slot
    generation += 1
    return slot.block
  }

  private func allocate(_ node: Node, on device: Int) throws -> any DeviceBlock {
    let bytes = byteCount(of: node)
    guard let space = spaces[device] else { return AlignedStorage(byteCount: bytes) }
    do {
      return try space.allocate(byteCount: max(bytes, 1))
    } catch {
      throw node.error("\(error)")
    }
  }

  private func byteCount(of node: Node) -> Int {
    guard let operation = node.operation as? VariableV2 else {
      preconditionFailure("\(node.name) is no variable")
    }
    return operation.shape.elementCount * operation.elementType.size
  }

  private func read(
    _ source: UnsafeRawPointer, on device: Int, to target: UnsafeMutableRawPointer, _ bytes: Int
  ) throws {
    guard let space = spaces[device] else {
      return target.copyMemory(from: source, byteCount: bytes)
    }
    guard bytes > 0 else { return }
    try space.download(source, to: target, byteCount: bytes)
    try space.synchronize()
  }

  private func write(
    _ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, on device: Int, _ bytes: Int
  ) throws {
    guard let space = spaces[device] else {
      return target.copyMemory(from: source, byteCount: bytes)
    }
    if bytes > 0 { try space.upload(source, to: target, byteCount: bytes) }
  }

  /// Sets a variable, where it is.
  func assign(_ tensor: Tensor, to node: Node) throws {
    let device = device(of: node)
    let block = try block(of: node, on: device)
    try tensor.withBytes { bytes in
      guard let start = bytes.baseAddress, bytes.count > 0 else { return }
      try write(start, to: block.base, on: device, bytes.count)
    }
    markInitialized(node)
  }

  /// - Throws: `GraphError` for a variable that nothing has been assigned to.
  func checkInitialized(_ node: Node) throws {
    guard slots[node.name]?.isInitialized == true else {
      throw node.error("was read before it was initialized")
    }
  }

  func markInitialized(_ node: Node) { slots[node.name]?.isInitialized = true }
}
