/// How work on `count` items is cut: by its size alone, so that results have the same bits on any
/// number of threads.
public struct Sharding: Sendable {
  public let count: Int
  public let shards: Int

  /// Work below this many nanoseconds is not worth handing to another thread.
  private static let grain = 20_000.0

  /// - Parameters:
  ///   - nanoseconds: the estimated cost of one item.
  ///   - maximum: the largest number of shards.
  public init(count: Int, nanoseconds: Double, maximum: Int = 64) {
    self.count = count
    let wanted = Int(Double(count) * nanoseconds / Self.grain)
    shards = max(1, min(wanted, maximum, count))
  }

  init(count: Int, shards: Int) { (self.count, self.shards) = (count, shards) }

  /// The items of one shard; sizes differ by one at most.
  public subscript(shard: Int) -> Range<Int> {
    let (size, rest) = count.quotientAndRemainder(dividingBy: shards)
    let start = shard * size + min(shard, rest)
    return start..<start + size + (shard < rest ? 1 : 0)
  }
}
