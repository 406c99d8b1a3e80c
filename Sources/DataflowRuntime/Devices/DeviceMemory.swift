import DataflowGraph
import Tensors

/// Memory that only a device reads and writes, and the order of the work on it: whatever is asked for
/// is done in the order of the calls, some of it after they have returned.
///
/// Safe to use from several threads.
public protocol DeviceMemory: AnyObject, Sendable {
  /// - Throws: an error that says how much memory there is.
  func allocate(byteCount: Int) throws -> any DeviceBlock

  /// Copies bytes of the host to a place inside a block; they have been read when the call returns.
  func upload(
    _ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, byteCount: Int) throws

  /// Begins to copy tensors to the device beside what it does. As long as the result lives, an upload of one of
  /// them takes what has come in place of what is at the host.
  ///
  /// - Returns: nil where the device cannot do that or has no room: an upload copies as ever then.
  func sendAhead(_ tensors: [Tensor]) -> (any TensorsAhead)?

  /// Copies bytes of a block to the host, where they are after the next `synchronize`.
  func download(
    _ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, byteCount: Int) throws

  /// Fills a whole block with copies of a byte.
  func fill(_ block: any DeviceBlock, with byte: UInt8) throws

  /// Waits until everything is done that was asked for.
  func synchronize() throws

  /// Writes down what `body` asks for on this thread, instead of doing it.
  ///
  /// - Parameter body: starts kernels and does nothing else.
  /// - Returns: nil where the device cannot do that.
  func record(_ body: () throws -> Void) throws -> (any DeviceRecording)?
}

extension DeviceMemory {
  public func sendAhead(_ tensors: [Tensor]) -> (any TensorsAhead)? { nil }

  public func record(_ body: () throws -> Void) throws -> (any DeviceRecording)? { nil }
}

/// Tensors on their way to a device, or there already, before they are fed.
public protocol TensorsAhead: AnyObject, Sendable {}

/// Work on a device that was written down.
public protocol DeviceRecording: AnyObject {
  /// Asks for all of it, in the order in which it was asked for.
  func replay() throws
}

/// A block of memory that is freed with its last reference.
public protocol DeviceBlock: AnyObject {
  /// Where it begins. Places in the block are counted from here as in any memory, but where a device has
  /// memory of its own, only it can follow such an address.
  var base: UnsafeMutableRawPointer { get }
  var byteCount: Int { get }
}

extension AlignedStorage: DeviceBlock {}

/// A kernel whose work goes on after `run` has returned, and may turn out to be impossible.
public protocol DeferredKernel: Kernel {
  /// What was wrong with the runs since the last call; asked for after `synchronize`.
  func failure() -> GraphError?
}

/// A kernel whose runs ask its device for the same and do nothing else, as long as it is not prepared anew and
/// its inputs, outputs and scratch memory lie where they did.
public protocol RepeatableKernel: Kernel {}
