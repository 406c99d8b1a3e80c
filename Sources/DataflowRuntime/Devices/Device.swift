import DataflowGraph

/// Where steps of a plan run: it makes its own kernels and may have memory of its own.
public protocol Device: AnyObject, Sendable {
  /// The full name, such as `/job:localhost/replica:0/task:0/device:CPU:0`.
  var name: DeviceName { get }

  /// Whether there is a kernel for the node.
  func canRun(_ node: Node) -> Bool

  /// Where its tensors lie; nil for a device that computes in the host's memory.
  var memory: (any DeviceMemory)? { get }

  /// Whether it computes a product of matrices and functions of its elements as one step.
  var fusesProducts: Bool { get }

  /// What computes the node's outputs.
  func makeKernel(at site: KernelSite) throws -> any Kernel
}

extension Device {
  public var memory: (any DeviceMemory)? { nil }
  public var fusesProducts: Bool { false }
}

extension DeviceName {
  /// The name with everything said: of this process where it leaves that open.
  package static func local(_ type: String, _ index: Int) -> DeviceName {
    DeviceName(job: "localhost", replica: 0, task: 0, type: type, index: index)
  }

  /// `CPU:0`
  package var short: String { "\(type ?? "*"):\(index.map(String.init) ?? "*")" }
}
