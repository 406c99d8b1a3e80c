import Atomistics
import Dataflow
import Foundation
import TestSupport
import Testing

@testable import AtomicNetworks

/// Trainings whose derivatives are kept in half precision.
@Suite struct HalfDerivativesTests {
  private func trainer(half: Bool) throws -> Trainer {
    var objective = TrainingObjective()
    objective.forcesCost = 0.7
    objective.hasHalfDerivatives = half
    return try Trainer(
      Fixtures.model(), objective: objective,
      schedule: TrainingSchedule(batchSize: 4, maxSteps: 6, learningRate: 0.01))
  }

  private func train(_ source: any StructureSource, half: Bool) throws -> (
    bits: [UInt32], loss: [Double]
  ) {
    let trainer = try trainer(half: half)
    let pipeline = BatchPipeline(
      source, order: ShuffledOrder(count: source.count, seed: 5), batchSize: 4,
      make: trainer.batchMaker)
    defer { pipeline.close() }
    var losses: [Double] = []
    for _ in 0..<6 {
      let batch = try #require(try pipeline.next())
      #expect(batch.batch.forces?.blocks.elementType == (half ? .float16 : .float32))
      losses.append(try #require(try trainer.run(batch).forceLoss))
    }
    return (try trainer.model().bits, losses)
  }

  private func pack(_ structures: [DescribedStructure], _ folder: TemporaryFolder) throws
    -> PackedStructures
  {
    let file = folder.file("half.tfrecord")
    let writer = try TFRecordWriter(file)
    for structure in structures {
      try writer.write(try structure.trainExample(derivatives: .halfBlocks).encoded())
    }
    try writer.close()
    return try PackedStructures([file], includesDerivatives: true)
  }

  /// What is stored in half precision trains to the same bits whether it is widened before or in the products, and from
  /// the file as from the cache.
  @Test func storedHalvesLoseNothing() throws {
    let folder = try TemporaryFolder()
    let packed = try pack(Fixtures.structures(9), folder)
    let expected = try train(packed, half: false)
    for source in [packed, StructureCache(packed, byteCount: .max)] as [any StructureSource] {
      let found = try train(source, half: true)
      #expect(found.bits == expected.bits)
      #expect(found.loss == expected.loss)
    }
  }

  /// Derivatives in single precision are rounded as they are when they are packed.
  @Test func otherDerivativesAreRoundedAsInFiles() throws {
    let folder = try TemporaryFolder()
    let structures = try Fixtures.structures(9)
    let rounded = try train(structures, half: true)
    #expect(rounded.bits == (try train(pack(structures, folder), half: true)).bits)
    let exact = try train(structures, half: false)
    #expect(rounded.bits != exact.bits)
    for (a, b) in zip(rounded.loss, exact.loss) { #expect(abs(a - b) < 1e-3 * abs(b)) }
  }

  @Test func doublePrecisionIsRefused() throws {
    var objective = TrainingObjective()
    objective.forcesCost = 1
    objective.hasHalfDerivatives = true
    let error = #expect(throws: GraphError.self) {
      try TrainingGraph(Fixtures.model().networks, objective: objective, elementType: .float64)
    }
    #expect(
      error?.description
        == "derivatives in half precision go with single precision, not with double")
  }
}
