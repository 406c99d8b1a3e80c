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

  /// Structures with derivatives, more than what is read from a file piece by piece.
  private static func large(_ count: Int, species: Int) -> [DescribedStructure] {
    (0..<count).map { number in
      let n = 30 + number % 3
      var (neighbours, starts): ([Int32], [Int32]) = ([], [0])
      for atom in 0..<n {
        for neighbour in max(0, atom - 2)...atom { neighbours.append(Int32(neighbour)) }
        starts.append(Int32(neighbours.count))
      }
      let values: [Float] = (0..<neighbours.count * 450).map { Float($0 * 7 - number) }
      let descriptors: [Float] = (0..<150 * n).map { Float($0 + number) }
      let kinds: [Int32] = (0..<n).map { Int32($0 / 2 % species) }
      return DescribedStructure(
        name: "l\(number)", energy: Float(number), species: kinds, descriptorSize: 150,
        descriptors: descriptors,
        derivatives: DerivativeBlocks(rowStarts: starts, neighbours: neighbours, values: values),
        forces: (0..<3 * n).map { Float($0 - number) })
    }
  }

  /// Batches that wait and are held, made from files and from memory, on one thread and on several.
  @Test(arguments: [1, 2], [false, true]) func batchesFromFilesAreThoseFromMemory(
    species: Int, hasHalfBlocks: Bool
  ) throws {
    let structures = Self.large(12, species: species)
    let folder = try TemporaryFolder()
    let files = [folder.file("a.tfrecord"), folder.file("b.tfrecord")]
    for (index, file) in files.enumerated() {
      let writer = try TFRecordWriter(file)
      for structure in structures[6 * index..<6 * index + 6] {
        try writer.write(structure.trainExample(derivatives: .blocks).encoded())
      }
      try writer.close()
    }
    let packed = try PackedStructures(files, includesDerivatives: true)
    func batches(_ source: any StructureSource, threads: Int) throws -> [TrainingBatch] {
      let make = BatchMaker(
        descriptorSize: 150, offsets: Array(repeating: 0, count: species), rescale: 2,
        includesForces: true, hasHalfBlocks: hasHalfBlocks,
        slicing: .derivatives(byteCount: 1 << 19),
        elementType: .float32)
      let pipeline = BatchPipeline(
        source, order: ShuffledOrder(count: 12, seed: 7), batchSize: 8,
        options: BatchPipeline.Options(threads: threads), make: make)
      // Some are used and let go, so that their memory is used again.
      for _ in 0..<3 { _ = try pipeline.next() }
      return try (0..<9).map { _ in try #require(try pipeline.next()) }
    }
    let expected = try batches(structures, threads: 1)
    let sources: [any StructureSource] = [packed, StructureCache(packed, byteCount: 4 << 20)]
    for source in sources {
      for threads in [1, 3] {
        let found = try batches(source, threads: threads)
        expectEqual(found, expected)
        for (a, b) in zip(found, expected) {
          let (a, b) = (try #require(a.batch.forces), try #require(b.batch.forces))
          #expect(a.blocks.hasSameBits(as: b.blocks))
          #expect(a.rowStarts == b.rowStarts && a.neighbours == b.neighbours)
          #expect(a.referenceForces.hasSameBits(as: b.referenceForces))
          #expect(a.blockScales == b.blockScales)
        }
      }
    }
  }

  @Test func damageEndsThePipelineInItsPlace() throws {
    let structures = Self.large(8, species: 1)
    let folder = try TemporaryFolder()
    let file = folder.file("a.tfrecord")
    let writer = try TFRecordWriter(file)
    for structure in structures {
      try writer.write(structure.trainExample(derivatives: .blocks).encoded())
    }
    try writer.close()
    var order = ShuffledOrder(count: 8, seed: 7)
    // The record of the third batch's first structure.
    let record = order.index(at: 4)
    let start = try (0..<record).reduce(0) {
      $0 + 16 + (try TFRecordFile(file).byteCount(ofRecord: $1))
    }
    var bytes = [UInt8](try Data(contentsOf: file))
    bytes[start + 90_000] ^= 4
    try Data(bytes).write(to: file)
    let make = BatchMaker(
      descriptorSize: 150, offsets: [0], rescale: 1, includesForces: true, elementType: .float32)
    let pipeline = BatchPipeline(
      try PackedStructures([file], includesDerivatives: true),
      order: ShuffledOrder(count: 8, seed: 7), batchSize: 2,
      options: BatchPipeline.Options(threads: 2), make: make)
    for _ in 0..<2 { #expect(try pipeline.next() != nil) }
    let error = #expect(throws: FormatError.self) { try pipeline.next() }
    #expect(error?.record == record && error?.damage == .contentChecksum)
    #expect(error?.offset == start && error?.file == file.path)
  }
}
