/// Something that runs independent shards of one piece of work, on one thread or on several.
///
/// How work is cut into shards depends on its size alone, never on `threads`: sums that are put
/// together shard by shard have the same bits on any executor.
public protocol ParallelExecutor: AnyObject, Sendable {
  /// How many threads take part at most, the caller's included.
  var threads: Int { get }

  /// Calls `body` once for each shard in `0..<shards`, in any order, and returns when all are done.
  func run(shards: Int, _ body: (Int) -> Void)
}

/// Runs every shard on the calling thread.
public final class SerialExecutor: ParallelExecutor {
  public init() {}

  public var threads: Int { 1 }

  public func run(shards: Int, _ body: (Int) -> Void) {
    for shard in 0..<shards { body(shard) }
  }
}
