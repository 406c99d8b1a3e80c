import DataflowGraph

/// Where steps of a plan run: it has memory of its own and makes its own kernels.
public protocol Device: AnyObject, Sendable {
  /// The full name, such as `/job:localhost/replica:0/task:0/device:CPU:0`.
  var name: DeviceName { get }

  /// Whether there is a kernel for the node.
  func canRun(_ node: Node) -> Bool

  /// What computes the node's outputs.
  func makeKernel(at site: KernelSite) throws -> any Kernel
}

extension DeviceName {
  /// The name with everything said: of this process where it leaves that open.
  static func local(_ type: String, _ index: Int) -> DeviceName {
    DeviceName(job: "localhost", replica: 0, task: 0, type: type, index: index)
  }

  /// `CPU:0`
  var short: String { "\(type ?? "*"):\(index.map(String.init) ?? "*")" }
}
