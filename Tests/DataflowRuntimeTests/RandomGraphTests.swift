import Dataflow
import TestSupport
import Testing

/// Graphs drawn at random give the same bits however they are run.
@Suite(.timeLimit(.minutes(30))) struct RandomGraphTests {
  private static let seeds = Array(UInt64(0)..<2000)

  private func options(inter: Int = 1, intra: Int = 1, isOptimized: Bool = true) -> SessionOptions {
    var options = SessionOptions(
      intraOpParallelismThreads: intra, interOpParallelismThreads: inter)
    options.isOptimized = isOptimized
    return options
  }

  private func expectEqual(_ random: RandomGraph, _ options: SessionOptions, _ seed: UInt64) throws
  {
    let plain = try Session(checking: random.graph, executor: SerialExecutor())
      .run(random.fetches, feeds: random.feeds)
    let session = Session(random.graph, options: options)
    for _ in 0..<2 {
      let results = try session.run(random.fetches, feeds: random.feeds)
      #expect(zip(plain, results).allSatisfy { $0.hasSameBits(as: $1) }, "seed \(seed)")
    }
  }

  @Test func optimizedEqualsPlain() throws {
    for seed in Self.seeds {
      let random = RandomGraph(
        seed: seed, operations: 5 + Int(seed % 40), namesSizes: seed % 2 == 0)
      try expectEqual(random, options(), seed)
    }
  }

  @Test(arguments: [(2, 1), (2, 2), (4, 1), (1, 4), (3, 2)])
  func parallelEqualsSerial(inter: Int, intra: Int) throws {
    for seed in Self.seeds where seed % 5 == 0 {
      let random = RandomGraph(
        seed: seed, operations: 10 + Int(seed % 60), namesSizes: seed % 3 == 0)
      try expectEqual(
        random, options(inter: inter, intra: intra, isOptimized: seed % 2 == 0), seed)
    }
  }

  @Test func plannedMemoryEqualsUnplanned() throws {
    // Every value fetched: none shares its memory with another.
    for seed in Self.seeds where seed % 2 == 0 {
      let random = RandomGraph(seed: seed, operations: 20)
      let session = Session(random.graph, options: options(isOptimized: false))
      let all = random.graph.nodes.flatMap(\.outputs).filter { $0.elementType == .float64 }
      let unplanned = try session.run(all, feeds: random.feeds)
      let planned = try session.run(random.fetches, feeds: random.feeds)
      for (fetch, result) in zip(random.fetches, planned) {
        #expect(unplanned[all.firstIndex(of: fetch)!].hasSameBits(as: result), "seed \(seed)")
      }
    }
  }
}
