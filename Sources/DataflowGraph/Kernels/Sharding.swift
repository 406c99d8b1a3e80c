/// How work on `count` items is cut: by its size alone, so that results have the same bits on any
/// number of threads.
package struct Sharding: Sendable {
  package let count: Int
  package let shards: Int

  /// Work below this many nanoseconds is not worth handing to another thread.
  private static let grain = 20_000.0
  private static let maximum = 64

  /// - Parameter nanoseconds: the estimated cost of one item.
  package init(count: Int, nanoseconds: Double, maximum: Int = Self.maximum) {
    self.count = count
    let wanted = Int(Double(count) * nanoseconds / Self.grain)
    shards = max(1, min(wanted, maximum, count))
  }

  /// The items of one shard; sizes differ by one at most.
  package subscript(shard: Int) -> Range<Int> {
    let (size, rest) = count.quotientAndRemainder(dividingBy: shards)
    let start = shard * size + min(shard, rest)
    return start..<start + size + (shard < rest ? 1 : 0)
  }
}
