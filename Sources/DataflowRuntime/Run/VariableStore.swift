import DataflowGraph
import Tensors

/// The variables' buffers of one session.
final class VariableStore {
  private struct Slot {
    let storage: AlignedStorage
    let operation: VariableV2
    var isInitialized = false
  }

  private var slots: [String: Slot] = [:]

  /// The buffer of a variable, made when it is first asked for.
  func storage(of node: Node) -> AlignedStorage {
    if let slot = slots[node.name] { return slot.storage }
    guard let operation = node.operation as? VariableV2 else {
      preconditionFailure("\(node.name) is no variable")
    }
    let bytes = operation.shape.elementCount * operation.elementType.size
    let slot = Slot(storage: AlignedStorage(byteCount: bytes), operation: operation)
    slots[node.name] = slot
    return slot.storage
  }

  func isInitialized(_ node: Node) -> Bool { slots[node.name]?.isInitialized ?? false }

  func markInitialized(_ node: Node) {
    _ = storage(of: node)
    slots[node.name]!.isInitialized = true
  }
}
