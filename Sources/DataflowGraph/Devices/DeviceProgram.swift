import Tensors

/// How a device that compiles kernels itself computes an operation: their text, in the dialect that
/// `DeviceDialect` describes, and how they are launched for given sizes.
public struct DeviceProgram: Sendable {
  /// Kernels in the dialect, without a prelude.
  public let source: String
  /// The types of elements that the kernels compute in.
  public let types: Set<ElementType>
  /// The launches for given sizes.
  ///
  /// - Throws: `GraphError` where the sizes do not fit together.
  public let schedule: @Sendable (KernelSizes) throws -> DeviceSchedule

  public init(
    source: String, types: Set<ElementType>,
    schedule: @escaping @Sendable (KernelSizes) throws -> DeviceSchedule
  ) {
    self.source = source
    self.types = types
    self.schedule = schedule
  }
}

/// What is launched to compute an operation once, in order.
public struct DeviceSchedule: Sendable {
  public var launches: [DeviceLaunch]
  /// Bytes of memory that the launches share.
  public var scratchBytes: Int
  /// What is wrong where a kernel has reported a fault, by the lowest number that it gave.
  public var fault: (@Sendable (Int) -> String)?

  public init(
    _ launches: [DeviceLaunch], scratchBytes: Int = 0, fault: (@Sendable (Int) -> String)? = nil
  ) {
    self.launches = launches
    self.scratchBytes = scratchBytes
    self.fault = fault
  }
}

/// One launch of a kernel, by groups of `DeviceDialect.groupSize` threads.
public struct DeviceLaunch: Sendable {
  public let kernel: String
  public let groups: Int
  public let arguments: [DeviceArgument]

  public init(_ kernel: String, groups: Int, _ arguments: [DeviceArgument]) {
    self.kernel = kernel
    self.groups = groups
    self.arguments = arguments
  }

  /// Enough groups for one thread an item; where there are very many items, threads take several.
  public init(_ kernel: String, items: Int, _ arguments: [DeviceArgument]) {
    let size = DeviceDialect.groupSize
    self.init(kernel, groups: min((items + size - 1) / size, DeviceDialect.mostGroups), arguments)
  }
}

/// What a kernel is called with.
public enum DeviceArgument: Sendable, Equatable {
  /// An input's elements: `BUFFER`.
  case input(Int)
  /// An output's elements: `BUFFER`.
  case output(Int)
  /// Scratch memory from some byte on: `BUFFER`.
  case scratch(Int)
  /// Where faults are reported: `BUFFER(int, fault)`.
  case fault
  /// A whole number: `INDEX`.
  case index(Int)
}
