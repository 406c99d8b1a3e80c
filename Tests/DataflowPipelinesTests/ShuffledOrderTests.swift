import Testing

@testable import DataflowPipelines

@Suite struct ShuffledOrderTests {
  @Test(arguments: [1, 2, 3, 10, 257]) func everyEpochIsAPermutation(count: Int) {
    var order = ShuffledOrder(count: count, seed: 3)
    for epoch in 0..<5 {
      let indices = (0..<count).map { order.index(at: epoch * count + $0) }
      #expect(indices.sorted() == Array(0..<count))
    }
  }

  @Test(arguments: [1, 2, 16, 17, 40, 256, 1000], [1, 5, 100, 257])
  func windowsKeepThePermutation(window: Int, count: Int) {
    var order = ShuffledOrder(count: count, seed: 3, window: window)
    var epochs: [[Int]] = []
    for epoch in 0..<3 {
      epochs.append((0..<count).map { order.index(at: epoch * count + $0) })
      #expect(epochs[epoch].sorted() == Array(0..<count))
    }
    if count > 5 && window > 1 { #expect(epochs[0] != epochs[1]) }
  }

  /// What one window reads lies in a few chunks of neighbours, and every window is in an order of its own.
  @Test func windowsReadNeighbours() {
    var order = ShuffledOrder(count: 10_000, seed: 4, window: 160)
    for window in 0..<60 {
      let indices = (0..<160).map { order.index(at: 160 * window + $0) }
      #expect(Set(indices.map { $0 / 10 }).count == 16)
      #expect(zip(indices, indices.dropFirst()).count { $1 == $0 + 1 } < 40)
    }
  }

  @Test func windowsResumeAnywhere() {
    var order = ShuffledOrder(count: 103, seed: 11, window: 32)
    let whole = (0..<400).map { order.index(at: $0) }
    for position in stride(from: 0, to: 400, by: 7) {
      var resumed = ShuffledOrder(count: 103, seed: 11, window: 32)
      #expect((position..<400).map { resumed.index(at: $0) } == Array(whole[position...]))
    }
  }

  /// From every position on, within and between epochs, a new order goes on as the first would have.
  @Test func resumesAnywhere() {
    var order = ShuffledOrder(count: 7, seed: 11)
    let whole = (0..<40).map { order.index(at: $0) }
    for position in 0..<40 {
      var resumed = ShuffledOrder(count: 7, seed: 11)
      #expect((position..<40).map { resumed.index(at: $0) } == Array(whole[position...]))
    }
  }

  @Test func positionsMayBeAskedForInAnyOrder() {
    var order = ShuffledOrder(count: 6, seed: 1)
    let whole = (0..<30).map { order.index(at: $0) }
    #expect((0..<30).reversed().map { order.index(at: $0) } == whole.reversed())
  }

  @Test func epochsAndSeedsDiffer() {
    var order = ShuffledOrder(count: 50, seed: 1)
    var other = ShuffledOrder(count: 50, seed: 2)
    let first = (0..<50).map { order.index(at: $0) }
    #expect(first != (50..<100).map { order.index(at: $0) })
    #expect(first != (0..<50).map { other.index(at: $0) })
  }

  /// Saved positions mean the same examples in later versions.
  @Test func theOrderIsFixedForEver() {
    var order = ShuffledOrder(count: 8, seed: 42)
    #expect(
      (0..<16).map { order.index(at: $0) } == [2, 6, 4, 1, 0, 7, 5, 3, 2, 6, 0, 5, 4, 7, 3, 1])
  }

  /// Each of the 24 orders of 4 examples comes about equally often: chi-squared with 23 degrees of
  /// freedom stays below its 99.9th percentile.
  @Test func ordersAreUniform() {
    var order = ShuffledOrder(count: 4, seed: 8)
    var counts: [[Int]: Int] = [:]
    for epoch in 0..<24_000 {
      counts[(0..<4).map { order.index(at: 4 * epoch + $0) }, default: 0] += 1
    }
    #expect(counts.count == 24)
    let chiSquared = counts.values.reduce(0.0) { $0 + Double(($1 - 1000) * ($1 - 1000)) / 1000 }
    #expect(chiSquared < 49.7)
  }
}
