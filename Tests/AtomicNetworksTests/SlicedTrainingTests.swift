import Atomistics
import Dataflow
import Testing

@testable import AtomicNetworks

/// Trainings that take their batches slice by slice.
@Suite(.timeLimit(.minutes(20))) struct SlicedTrainingTests {
  private func trainer(
    _ objective: TrainingObjective, slice: Int?, _ type: ElementType = .float64,
    _ options: SessionOptions = SessionOptions()
  ) throws -> Trainer {
    try trainer(
      objective, slice.map { .derivatives(byteCount: $0) } ?? .whole, type, options)
  }

  private func trainer(
    _ objective: TrainingObjective, _ slicing: BatchSlicing, _ type: ElementType = .float64,
    _ options: SessionOptions = SessionOptions()
  ) throws -> Trainer {
    try Trainer(
      Fixtures.model(), objective: objective,
      schedule: TrainingSchedule(batchSize: 7, maxSteps: 5, learningRate: 0.01),
      elementType: type, options: options, slicing: slicing)
  }

  private func train(_ trainer: Trainer) throws -> (steps: [TrainingStep], state: [[Double]]) {
    let structures = try Fixtures.structures(7)
    let steps = try (0..<5).map { _ in try trainer.run(trainer.batch(of: structures)) }
    return (steps, try trainer.state().map { $0.value.inDouble })
  }

  private func objective() -> TrainingObjective {
    var objective = TrainingObjective()
    objective.energyLoss = .quadStdAtom
    objective.forceLoss = .quadAtom
    objective.forcesCost = 0.7
    return objective
  }

  private func expectEqual(_ a: [Double], _ b: [Double], _ what: String) {
    #expect(a.count == b.count)
    for (a, b) in zip(a, b) {
      #expect(abs(a - b) <= 1e-9 * max(1, abs(b)), "\(what): \(a) ≠ \(b)")
    }
  }

  /// Everything that a step tells, and the networks after some, with and without what is not sliced.
  @Test(arguments: [false, true], [1, 3000, 20000])
  func slicesTrainAsTheWhole(isRegularized: Bool, slice: Int) throws {
    var objective = objective()
    if isRegularized {
      objective.regularization.weightsL2 = 0.01
      objective.regularization.biasesL1 = 0.02
      objective.clipValue = 0.5
    }
    let sliced = try trainer(objective, slice: slice)
    let slices = try sliced.batch(of: Fixtures.structures(7)).batch.slices
    #expect(slices.count == (slice == 1 ? 7 : slices.count) && slices.count > 1)
    #expect(slices.reduce(0) { $0 + $1.structures } == 7)
    let (found, expected) = (try train(sliced), try train(trainer(objective, slice: nil)))
    for (a, b) in zip(found.steps, expected.steps) {
      expectEqual(a.energyErrors, b.energyErrors, "energies")
      expectEqual(a.squaredForceErrors!, b.squaredForceErrors!, "squared forces")
      expectEqual(a.absoluteForceErrors!, b.absoluteForceErrors!, "forces")
      expectEqual(
        [a.energyLoss, a.forceLoss!, a.regularizationLoss],
        [b.energyLoss, b.forceLoss!, b.regularizationLoss], "loss")
      for (a, b) in zip(a.atomicEnergies, b.atomicEnergies) { expectEqual(a, b, "atoms") }
    }
    for (a, b) in zip(found.state, expected.state) { expectEqual(a, b, "state") }
  }

  /// A number of slices, of about the same size; at most as many as there are structures.
  @Test(arguments: [1, 2, 3, 7, 100], [0, 0.7]) func numbersOfSlices(count: Int, cost: Double)
    throws
  {
    var objective = objective()
    objective.forcesCost = cost
    let sliced = try trainer(objective, .count(count))
    let slices = try sliced.batch(of: Fixtures.structures(7)).batch.slices
    // Two small structures beside each other may be in one.
    #expect((count < 4 ? count...count : 6...7).contains(slices.count))
    #expect(slices.reduce(0) { $0 + $1.structures } == 7)
    if count < 4 {
      let sizes = slices.map { $0.atoms.reduce(3 * $0.blocks, +) }
      #expect(sizes.max()! < 2 * sizes.min()!)
    }
    let (found, expected) = (try train(sliced), try train(trainer(objective, .whole)))
    for (a, b) in zip(found.steps, expected.steps) {
      expectEqual(a.energyErrors, b.energyErrors, "energies")
      expectEqual(a.squaredForceErrors ?? [], b.squaredForceErrors ?? [], "squared forces")
      for (a, b) in zip(a.atomicEnergies, b.atomicEnergies) { expectEqual(a, b, "atoms") }
    }
    for (a, b) in zip(found.state, expected.state) { expectEqual(a, b, "state") }
  }

  @Test func threadsMakeNoDifference() throws {
    func bits(_ intra: Int, _ inter: Int) throws -> [UInt32] {
      let trainer = try trainer(
        objective(), slice: 1, .float32,
        SessionOptions(intraOpParallelismThreads: intra, interOpParallelismThreads: inter))
      _ = try train(trainer)
      return try trainer.model().bits
    }
    let expected = try bits(1, 1)
    for (intra, inter) in [(2, 1), (3, 1), (4, 1), (1, 2), (2, 2)] {
      #expect(try bits(intra, inter) == expected)
    }
  }

  /// Losses that are no sums, and those of texts or means, take the batch as a whole.
  @Test func otherLossesAreNotSliced() throws {
    var objectives = Array(repeating: objective(), count: 4)
    objectives[0].energyLoss = .quadExpTanh
    objectives[1].forceLoss = .expQuad
    objectives[2].forceReduction = .mean
    objectives[3].forcesCost = 0
    for objective in objectives {
      let trainer = try trainer(objective, slice: 1)
      #expect(trainer.graph.slices == nil)
      #expect(try trainer.batch(of: Fixtures.structures(3)).batch.slices.count == 1)
    }
    for objective in objectives.prefix(3) {
      let error = #expect(throws: NetworkError.self) { try self.trainer(objective, .count(2)) }
      #expect(error?.description == Trainer.noSlices)
    }
  }

  @Test func thePlanShowsWhatIsDoneWithASlice() throws {
    let trainer = try trainer(objective(), slice: 1)
    let plan = try trainer.planDescription(for: trainer.batch(of: Fixtures.structures(3)))
    let lines = plan.split(separator: "\n")
    func isProduct(_ line: Substring) -> Bool {
      line.contains("MatMul") || line.contains("FusedProduct")
    }
    #expect(lines.contains { $0.contains(" SlicedCall ") })
    #expect(lines.contains { $0.hasPrefix("    ") && isProduct($0) })
    #expect(!lines.contains { !$0.hasPrefix("    ") && isProduct($0) })
  }
}
