import DataflowRuntime
import Tensors

/// A queue in which copies, and whatever else it takes, are done in the order of the calls. Safe to use from several
/// threads.
protocol CopyQueue: AnyObject, Sendable {
  /// Asks for a copy from the host's memory, which stays as it is until that is done.
  func upload(
    _ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, byteCount: Int) throws

  /// Asks for a copy to the host's memory.
  func download(
    _ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, byteCount: Int) throws

  /// Waits until everything is done that was asked for.
  func synchronize() throws

  /// Memory of the host's that the device reads and writes by itself, while the caller goes on.
  func makeStagingBlock(byteCount: Int) throws -> any StagingBlock
}

/// What a driver's library offers of one device: memory, kernels, and a queue of its own.
protocol AcceleratorDriver: CopyQueue {
  var properties: AcceleratorProperties { get }

  func allocate(byteCount: Int) throws -> any DeviceBlock

  func fill(_ block: any DeviceBlock, with byte: UInt8) throws

  /// Another queue, for copies beside what the device's own does.
  ///
  /// - Returns: nil where the driver has none.
  func makeSideQueue() throws -> (any SideQueue)?

  /// Has what the device's queue is asked for from now on wait for a place in a side queue.
  func wait(for mark: any QueueMark) throws

  /// Asks for a copy inside the device's memory.
  func move(
    _ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, byteCount: Int) throws

  /// What multiplies matrices, where the device has a library for it.
  var products: (any MatrixProducts)? { get }

  /// Writes down the kernels that `body` starts on this thread, instead of starting them.
  ///
  /// - Returns: nil where the driver cannot do that.
  func record(_ body: () throws -> Void) throws -> (any DeviceRecording)?

  /// Compiles kernels.
  ///
  /// - Parameters:
  ///   - source: in the dialect, without a prelude.
  ///   - isWide: whether places need 64 bits.
  /// - Throws: `AcceleratorError` with what the compiler says.
  func compile(_ source: String, isWide: Bool) throws -> any AcceleratorProgram
}

extension AcceleratorDriver {
  var products: (any MatrixProducts)? { nil }

  func makeSideQueue() throws -> (any SideQueue)? { nil }

  func record(_ body: () throws -> Void) throws -> (any DeviceRecording)? { nil }
}

/// A queue beside the device's own.
protocol SideQueue: CopyQueue {
  /// Notes what was asked for so far.
  func mark() throws -> any QueueMark
}

/// A place in a queue: everything that was asked for before.
protocol QueueMark: AnyObject {}

/// Memory of the host's, page-locked where the driver has room for that.
protocol StagingBlock: AnyObject {
  var base: UnsafeMutableRawPointer { get }
  var byteCount: Int { get }

  /// Notes what was asked for so far.
  func mark() throws

  /// Waits until what `mark` noted is done.
  func wait() throws
}

/// Compiled kernels.
protocol AcceleratorProgram: AnyObject, Sendable {
  /// A kernel for one caller.
  func makeKernel(_ name: String) throws -> any AcceleratorKernel
}

/// A kernel of one step; one thread uses it at a time.
protocol AcceleratorKernel: AnyObject {
  /// Starts groups of `DeviceDialect.groupSize` threads.
  ///
  /// - Parameter isWide: whether the program was compiled with places of 64 bits.
  func launch(groups: Int, _ arguments: [AcceleratorArgument], isWide: Bool) throws
}

/// What a kernel is called with.
enum AcceleratorArgument: Equatable {
  /// Memory: `BUFFER` in the dialect.
  case address(UnsafeMutableRawPointer)
  /// A size or place: `INDEX`.
  case index(Int)
}

/// What is known of a device.
public struct AcceleratorProperties: Sendable, Equatable {
  /// `CUDA` or `OpenCL`.
  public var interface: String
  public var name: String
  /// Whether it is a processor that also runs OpenCL's kernels.
  public var isProcessor = false
  /// Bytes.
  public var memory: Int
  /// The most bytes that one block of memory may have.
  public var largestBlock: Int
  /// `compute capability 9.0`, `OpenCL 3.0`.
  public var capability: String
  public var driverVersion: String
  /// Other libraries that are used, with their versions.
  public var libraries: [String] = []
  public var hasDouble: Bool
  public var multiprocessors: Int
}
