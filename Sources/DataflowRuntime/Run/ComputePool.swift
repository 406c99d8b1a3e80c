import Dispatch
import Tensors

/// The threads that compute for one session.
public final class ComputePool: ParallelExecutor {
  public let threads: Int

  public init(threads: Int) { self.threads = threads }

  public func run(shards: Int, _ body: (Int) -> Void) {
    for shard in 0..<shards { body(shard) }
  }
}
