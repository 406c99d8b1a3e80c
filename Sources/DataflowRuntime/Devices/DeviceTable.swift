import DataflowGraph

/// The names of a session's devices, and which of them a plan's nodes are on.
struct DeviceTable {
  let names: [DeviceName]
  /// Whether each has memory of its own.
  private let ownMemory: [Bool]
  private let fusingProducts: [Bool]
  private let indices: [DeviceName: Int]

  init(_ devices: [any Device]) {
    names = devices.map(\.name)
    ownMemory = devices.map { $0.memory != nil }
    fusingProducts = devices.map(\.fusesProducts)
    indices = Dictionary(zip(names, names.indices)) { first, _ in first }
  }

  func hasOwnMemory(_ index: Int) -> Bool { ownMemory[index] }

  func fusesProducts(_ index: Int) -> Bool { fusingProducts[index] }

  /// The device of a plan's node: the first one where nothing is said.
  func index(of node: Node) -> Int { node.device.isEmpty ? 0 : indices[node.device] ?? 0 }
}
