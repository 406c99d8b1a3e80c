import Atomistics
import Dataflow
import Foundation
import TestSupport
import Testing

@testable import AtomicNetworks

@Suite(.timeLimit(.minutes(10))) struct BatchPipelineTests {
  private static func structures(_ count: Int) -> [DescribedStructure] {
    (0..<count).map { number in
      let n = 1 + number % 4
      return DescribedStructure(
        name: "s\(number)", energy: Float(number), species: (0..<n).map { Int32($0 % 2) },
        descriptorSize: 5, descriptors: (0..<5 * n).map { Float($0 + number) })
    }
  }

  private static var maker: BatchMaker {
    BatchMaker(
      descriptorSize: 5, offsets: [0, 0], rescale: 1, includesForces: false, elementType: .float32)
  }

  private func batches(
    _ source: any StructureSource, count: Int, position: Int = 0, window: Int? = nil,
    _ options: BatchPipeline.Options
  ) throws -> [TrainingBatch] {
    let pipeline = BatchPipeline(
      source, order: ShuffledOrder(count: source.count, seed: 7, window: window),
      position: position, batchSize: 4, options: options, make: Self.maker)
    return try (0..<count).map { _ in try #require(try pipeline.next()) }
  }

  private func expectEqual(_ one: [TrainingBatch], _ other: [TrainingBatch]) {
    #expect(one.count == other.count)
    for (a, b) in zip(one, other) {
      #expect(a.batch.names == b.batch.names)
      #expect(a.referenceEnergies == b.referenceEnergies)
      for (x, y) in zip(a.batch.descriptors, b.batch.descriptors) {
        #expect(x.hasSameBits(as: y))
      }
    }
  }

  /// Threads, room and a cache change nothing in the batches.
  @Test(arguments: [1, 2, 4], [nil, 16])
  func batchesDependOnTheOrderAlone(threads: Int, window: Int?) throws {
    let structures = Self.structures(23)
    let expected = try batches(
      structures, count: 30, window: window, BatchPipeline.Options(threads: 1, ahead: 1))
    var order = ShuffledOrder(count: 23, seed: 7, window: window)
    #expect(
      expected.flatMap(\.batch.names) == (0..<120).map { structures[order.index(at: $0)].name })
    for (ahead, bytes) in [(1, Int.max), (7, Int.max), (10, 1), (10, 3000)] {
      let found = try batches(
        StructureCache(structures, byteCount: 2000), count: 30, window: window,
        BatchPipeline.Options(threads: threads, ahead: ahead, byteCount: bytes))
      expectEqual(found, expected)
    }
  }

  @Test func aResumedPipelineGoesOn() throws {
    let structures = Self.structures(23)
    let all = try batches(structures, count: 20, BatchPipeline.Options())
    for step in [1, 5, 6, 13] {
      let rest = try batches(
        structures, count: 20 - step, position: 4 * step, BatchPipeline.Options(threads: 2))
      expectEqual(rest, Array(all[step...]))
    }
  }

  @Test func anErrorOfTheSourceComesInItsPlace() throws {
    struct Failure: Error {}
    let structures = Self.structures(12)
    let files = (0..<12).map { URL(fileURLWithPath: "/\($0)") }
    let source = StructuresInFiles(files) { file in
      if file.lastPathComponent == "5" { throw Failure() }
      return structures[Int(file.lastPathComponent)!]
    }
    var order = ShuffledOrder(count: 12, seed: 7)
    let place = (0..<12).first { order.index(at: $0) == 5 }!
    let pipeline = BatchPipeline(
      source, order: ShuffledOrder(count: 12, seed: 7), batchSize: 4,
      options: BatchPipeline.Options(threads: 3), make: Self.maker)
    for _ in 0..<place / 4 { #expect(try pipeline.next() != nil) }
    #expect(throws: Failure.self) { try pipeline.next() }
  }
}
