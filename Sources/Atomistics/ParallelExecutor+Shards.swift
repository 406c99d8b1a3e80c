import Tensors

extension ParallelExecutor {
  /// The results of `shards` independent pieces of work, in order.
  func map<T>(shards: Int, _ body: (Int) -> T) -> [T] {
    Array(unsafeUninitializedCapacity: shards) { buffer, count in
      let start = buffer.baseAddress
      run(shards: shards) { shard in (start! + shard).initialize(to: body(shard)) }
      count = shards
    }
  }

  /// The results of `body` for ranges of at most `size` that cover `0..<count`, in order.
  func map<T>(over count: Int, inRangesOf size: Int, _ body: (Range<Int>) -> T) -> [T] {
    map(shards: (count + size - 1) / size) { shard in
      body((shard * size)..<min(count, (shard + 1) * size))
    }
  }

  /// Runs `body` for such ranges.
  func run(over count: Int, inRangesOf size: Int, _ body: (Range<Int>) -> Void) {
    run(shards: (count + size - 1) / size) { shard in
      body((shard * size)..<min(count, (shard + 1) * size))
    }
  }
}
