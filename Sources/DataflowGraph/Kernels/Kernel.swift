import Tensors

/// What computes one node on a CPU; made once for each step of a plan.
public protocol Kernel: AnyObject {
  /// Learns the sizes of the runs to come, before the first one and whenever they change.
  ///
  /// - Returns: how many bytes of scratch memory `run` wants.
  /// - Throws: `GraphError` where the sizes do not fit together.
  func prepare(_ sizes: KernelSizes) throws -> Int

  /// Writes every element of the outputs.
  func run(_ context: borrowing KernelContext) throws
}

/// A kernel that finds out sizes of its outputs while it runs: those that the operation's
/// `outputs(for:)` called `Dimension.late(0)`, `late(1)`, …
public protocol LateSizeKernel: Kernel {
  /// The late sizes, in order, from the inputs' elements; comes before `prepare` in every run.
  ///
  /// - Parameter context: without outputs and scratch memory.
  func measure(_ context: borrowing KernelContext) throws -> [Int]
}

/// The concrete shapes of a step's inputs and outputs.
public struct KernelSizes: Sendable {
  public package(set) var inputs: [Shape]
  public package(set) var outputs: [Shape]
  package var symbols: [String: Int]

  package init(inputs: [Shape], outputs: [Shape], symbols: [String: Int]) {
    self.inputs = inputs
    self.outputs = outputs
    self.symbols = symbols
  }

  /// What a named size is in the runs to come.
  ///
  /// - Throws: `GraphError` for a name that no feed fixes, and for a negative size.
  public func evaluate(_ dimension: Dimension) throws -> Int {
    try dimension.evaluated(with: symbols)
  }

  /// What a polynomial in named sizes is in the runs to come; it may be negative.
  ///
  /// - Throws: `GraphError` for a name that no feed fixes.
  func value(_ dimension: Dimension) throws -> Int { try dimension.value(with: symbols) }
}

/// What a kernel works on: valid during one call.
public struct KernelContext: ~Copyable {
  /// The inputs, in order; one that the operation may overwrite can lie where an output does.
  public let inputs: UnsafePointer<TensorView>
  /// Where to write.
  public let outputs: UnsafePointer<TensorView>
  /// The scratch memory that `prepare` asked for, on a cache line.
  public let workspace: UnsafeMutableRawPointer
  package unowned(unsafe) let executor: any ParallelExecutor
  /// The run that this call is part of.
  package unowned(unsafe) let state: RunState

  package init(
    inputs: UnsafePointer<TensorView>, outputs: UnsafePointer<TensorView>,
    workspace: UnsafeMutableRawPointer, executor: any ParallelExecutor, state: RunState
  ) {
    self.inputs = inputs
    self.outputs = outputs
    self.workspace = workspace
    self.executor = executor
    self.state = state
  }

  /// Runs `body` for every shard's number and range of items, on the threads there are.
  public func forEachShard(_ sharding: Sharding, _ body: (Int, Range<Int>) -> Void) {
    if sharding.shards == 1 { return body(0, 0..<sharding.count) }
    executor.run(shards: sharding.shards) { body($0, sharding[$0]) }
  }
}

/// A kernel that is one function.
final class FunctionKernel: Kernel {
  private let function: (borrowing KernelContext) throws -> Void
  private let check: (KernelSizes) throws -> Void

  /// - Parameter check: throws where the sizes of the runs to come do not fit together.
  init(
    _ function: @escaping (borrowing KernelContext) throws -> Void,
    check: @escaping (KernelSizes) throws -> Void = { _ in }
  ) {
    self.function = function
    self.check = check
  }

  func prepare(_ sizes: KernelSizes) throws -> Int {
    try check(sizes)
    return 0
  }

  func run(_ context: borrowing KernelContext) throws { try function(context) }
}
