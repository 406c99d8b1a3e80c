import DataflowGraph

/// A device that computes nothing: what runs there costs nothing but its place in the plan, and the
/// results are whatever was in memory. For measuring, and for trying placement without hardware.
public final class NullDevice: Device {
  public let name: DeviceName

  public init(index: Int = 0) { name = .local("NULL", index) }

  /// Everything but what others wait for: state, and sizes that depend on data.
  public func canRun(_ node: Node) -> Bool {
    !node.operation.isStateful && !node.operation.mayBlock && node.ownLateSymbols.isEmpty
      && !node.outputSpecs.contains(where: \.isReference)
  }

  public func makeKernel(at site: KernelSite) -> any Kernel { NullKernel() }
}

private final class NullKernel: Kernel {
  func prepare(_ sizes: KernelSizes) -> Int { 0 }
  func run(_ context: borrowing KernelContext) {}
}
