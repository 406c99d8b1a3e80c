import DataflowGraph

/// The processor. There may be several, which is of use only to try placement and copies.
public final class CPUDevice: Device {
  public let name: DeviceName

  public init(index: Int = 0) { name = .local("CPU", index) }

  public var fusesProducts: Bool { true }

  public func canRun(_ node: Node) -> Bool { true }

  public func makeKernel(at site: KernelSite) throws -> any Kernel {
    try site.node.operation.makeKernel(at: site)
  }
}
