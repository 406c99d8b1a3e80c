import Atomistics
import Dataflow
import TestSupport
import Testing

@testable import AtomicNetworks

/// Trainings and evaluations on derivatives of descriptors in parts, beside those of whole ones.
@Suite(.timeLimit(.minutes(20))) struct DerivativePartsTests {
  static let descriptors = DescriptorParameters(
    species: ["H", "O"], radialEta: 4, radialCutoff: 3.5, radialStart: 0.5, radialCount: 8,
    angularEta: 2, angularCutoff: 2.5, angularStart: 0.5, angularCount: 2, zeta: 4, angleCount: 4)

  private func structures(_ count: Int = 7) throws -> [DescribedStructure] {
    let structures = try Fixtures.structures(count, descriptors: Self.descriptors)
    #expect(structures.allSatisfy { $0.derivatives!.parts == 5 })
    return structures
  }

  private var objective: TrainingObjective {
    var objective = TrainingObjective()
    objective.energyLoss = .quadStdAtom
    objective.forceLoss = .quadAtom
    objective.forcesCost = 0.7
    return objective
  }

  private func train(
    _ structures: [DescribedStructure], _ objective: TrainingObjective,
    _ slicing: BatchSlicing = .whole, _ type: ElementType = .float64,
    _ options: SessionOptions = SessionOptions()
  ) throws -> [Double] {
    let trainer = try Trainer(
      Fixtures.model(descriptors: Self.descriptors), objective: objective,
      schedule: TrainingSchedule(batchSize: 7, maxSteps: 5, learningRate: 0.01),
      elementType: type, options: options, slicing: slicing)
    let steps = try (0..<5).map { _ in try trainer.run(trainer.batch(of: structures)) }
    return steps.flatMap { $0.energyErrors + $0.squaredForceErrors! + $0.absoluteForceErrors! }
      + (try trainer.state().flatMap { $0.value.inDouble })
  }

  private func expectEqual(_ a: [Double], _ b: [Double], _ what: String, _ tolerance: Double = 1e-9)
  {
    #expect(a.count == b.count)
    for (a, b) in zip(a, b) {
      #expect(abs(a - b) <= tolerance * max(1, abs(b)), "\(what): \(a) ≠ \(b)")
    }
  }

  /// As a whole, in slices of some bytes and in a number of them; with one isolated atom among them.
  @Test(arguments: [
    BatchSlicing.whole, .derivatives(byteCount: 1), .derivatives(byteCount: 4000), .count(3),
  ])
  func partsTrainAsWholeDescriptors(slicing: BatchSlicing) throws {
    var parts = try structures()
    parts[3] = DescribedStructure(
      name: "lonely", energy: -2, species: [1], descriptorSize: 40,
      descriptors: Array(repeating: 0, count: 40),
      derivatives: DerivativeBlocks(emptyRows: 1, parts: 5), forces: [0.1, 0, 0])
    let whole = parts.map { $0.cut(into: 1) }
    let expected = try train(whole, objective)
    expectEqual(try train(parts, objective, slicing), expected, "parts")
    // Others are cut as the first one is.
    let mixed = zip(parts, whole).enumerated().map { $0 % 2 == 0 ? $1.0 : $1.1 }
    expectEqual(try train(mixed, objective, slicing), expected, "mixed")
    let other = zip(parts, whole).enumerated().map { $0 % 2 == 1 ? $1.0 : $1.1 }
    expectEqual(try train(other, objective, slicing), expected, "mixed, whole first")
  }

  /// The same bits on any number of threads.
  @Test func threadsDoNotMatter() throws {
    let parts = try structures()
    func result(_ threads: Int) throws -> [Double] {
      try train(
        parts, objective, .derivatives(byteCount: 4000), .float32,
        SessionOptions(intraOpParallelismThreads: threads, interOpParallelismThreads: threads))
    }
    let expected = try result(1)
    #expect(try result(2) == expected && result(3) == expected)
  }

  /// Half precision is as far from the exact numbers as with whole descriptors.
  @Test func partsInHalfPrecision() throws {
    var objective = objective
    let parts = try structures()
    let exact = try train(parts, objective, .whole, .float32)
    objective.hasHalfDerivatives = true
    let half = try train(parts, objective, .whole, .float32)
    #expect(half != exact)
    expectEqual(half, exact, "half", 5e-3)
    expectEqual(
      half, try train(parts.map { $0.cut(into: 1) }, objective, .whole, .float32), "whole", 1e-3)
  }

  /// Forces of an evaluation.
  @Test func partsAreEvaluatedAsWholeDescriptors() throws {
    let parts = try structures()
    let evaluator = try Evaluator(
      Fixtures.model(descriptors: Self.descriptors), computesForces: true)
    let whole = try evaluator.evaluate(parts.map { $0.cut(into: 1) })
    for (a, b) in zip(try evaluator.evaluate(parts), whole) {
      expectEqual([a.energy] + a.forces!, [b.energy] + b.forces!, a.name, 1e-12)
    }
    // One evaluator takes either.
    let alone = try evaluator.evaluate([parts[0]])
    expectEqual(alone[0].forces!, whole[0].forces!, "alone", 1e-12)
  }
}
