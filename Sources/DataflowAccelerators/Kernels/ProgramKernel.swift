import DataflowGraph
import DataflowRuntime
import Tensors

/// A step of a plan that a device's kernels compute.
final class ProgramKernel: DeferredKernel, RepeatableKernel {
  private struct Launch {
    let kernel: any AcceleratorKernel
    let groups: Int
    let parameters: [DeviceArgument]
    var arguments: [AcceleratorArgument]
  }

  private let program: DeviceProgram
  private let queue: AcceleratorQueue
  private let node: Node
  private var launches: [Launch] = []
  /// The kernels that were made, by name and width of places.
  private var kernels: [String: any AcceleratorKernel] = [:]
  private var isWide = false
  private var describesFault: (@Sendable (Int) -> String)?
  private var fault: FaultSite?

  /// Tensors with more elements take places of 64 bits; threads step beyond the end by less than this.
  private static let narrowLimit = 1 << 30

  init(_ program: DeviceProgram, on queue: AcceleratorQueue, node: Node) {
    (self.program, self.queue, self.node) = (program, queue, node)
    queue.expect(program.source)
  }

  func prepare(_ sizes: KernelSizes) throws -> Int {
    let schedule = try program.schedule(sizes)
    let counts = (sizes.inputs + sizes.outputs).map(\.elementCount) + [schedule.scratchBytes]
    isWide =
      counts.contains { $0 >= Self.narrowLimit }
      || schedule.launches.contains { $0.arguments.contains(where: \.isWide) }
    describesFault = schedule.fault
    if schedule.fault != nil, fault == nil { fault = try queue.makeFaultSite() }
    launches = try schedule.launches.enumerated().map { position, launch in
      Launch(
        kernel: try kernel(launch.kernel, position), groups: launch.groups,
        parameters: launch.arguments, arguments: launch.arguments.map { _ in .index(0) })
    }
    return schedule.scratchBytes
  }

  /// A kernel for each launch, since it keeps its arguments.
  private func kernel(_ name: String, _ position: Int) throws -> any AcceleratorKernel {
    let key = "\(name) \(position) \(isWide)"
    if let kernel = kernels[key] { return kernel }
    let kernel = try queue.makeKernel(name, of: program.source, isWide: isWide)
    kernels[key] = kernel
    return kernel
  }

  func run(_ context: borrowing KernelContext) throws {
    for index in launches.indices {
      for position in launches[index].parameters.indices {
        let argument: AcceleratorArgument =
          switch launches[index].parameters[position] {
          case .input(let input): .address(context.inputs[input].base)
          case .output(let output): .address(context.outputs[output].base)
          case .scratch(let offset): .address(context.workspace + offset)
          case .fault: .address(fault!.address)
          case .index(let value): .index(value)
          }
        launches[index].arguments[position] = argument
      }
      try launches[index].kernel.launch(
        groups: launches[index].groups, launches[index].arguments, isWide: isWide)
    }
  }

  func failure() -> GraphError? {
    guard let number = fault?.take(), let describesFault else { return nil }
    return node.error(describesFault(number))
  }
}

extension DeviceArgument {
  /// Whether it is a number that takes 64 bits.
  fileprivate var isWide: Bool {
    if case .index(let value) = self { Int32(exactly: value) == nil } else { false }
  }
}
