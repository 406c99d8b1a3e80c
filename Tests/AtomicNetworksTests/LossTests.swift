import Dataflow
import Foundation
import Testing

@testable import AtomicNetworks

@Suite struct LossTests {
  private let errors = [0.3, -0.2, 0.05]
  private let counts = [2.0, 3.0, 5.0]

  private func evaluate(_ make: (Value, Value) -> Value, _ x: [Double]) throws -> Double {
    let graph = Graph()
    let values = graph.constant(Tensor(x))
    let atoms = graph.constant(Tensor(counts))
    return try Session(graph).run([make(values, atoms)])[0].scalar(as: Double.self)
  }

  /// The formulas once more, written out.
  @Test(arguments: EnergyLoss.allCases) func energyLossesAreTheirFormulas(_ loss: EnergyLoss) throws
  {
    let s = zip(errors, counts).reduce(0) { $0 + $1.0 * $1.0 }
    let a = zip(errors, counts).reduce(0) { $0 + $1.0 * $1.0 / $1.1 }
    let aa = zip(errors, counts).reduce(0) { $0 + $1.0 * $1.0 / ($1.1 * $1.1) }
    let expected =
      switch loss {
      case .quad: s
      case .expQuad: 0.5 * Foundation.exp(2 * s)
      case .quadAtom: aa
      case .quadStdAtom: a
      case .expQuadAtom: 0.5 * Foundation.exp(2 * aa)
      case .expQuadStdAtom: 0.5 * Foundation.exp(2 * a)
      case .quadExpTanhAtom: s + Foundation.exp(5 * Foundation.tanh(aa / 5))
      case .quadExpTanhStdAtom: s + Foundation.exp(5 * Foundation.tanh(a / 5))
      case .quadExpTanh: s + Foundation.exp(5 * Foundation.tanh(s / 5))
      }
    let found = try evaluate({ loss.value(errors: $0, atomCounts: $1) }, errors)
    #expect(Swift.abs(found - expected) < 1e-14 * expected)
  }

  @Test func theCapIsAParameter() throws {
    let s = errors.reduce(0) { $0 + $1 * $1 }
    let found = try evaluate(
      { EnergyLoss.quadExpTanh.value(errors: $0, atomCounts: $1, cap: 2) }, errors)
    #expect(Swift.abs(found - s - Foundation.exp(2 * Foundation.tanh(s / 2))) < 1e-14)
  }

  @Test func meansAreSumsOverTheirNumber() throws {
    for loss in [EnergyLoss.quad, .quadAtom, .quadStdAtom] {
      let sum = try evaluate({ loss.value(errors: $0, atomCounts: $1) }, errors)
      let mean = try evaluate(
        { loss.value(errors: $0, atomCounts: $1, reduction: .mean) }, errors)
      #expect(Swift.abs(sum - 3 * mean) < 1e-15)
    }
    let mean = try evaluate(
      { ForceLoss.expQuad.value(squaredErrors: $0, atomCounts: $1, reduction: .mean) }, [1, 2, 3])
    #expect(Swift.abs(mean - 0.5 * Foundation.exp(4)) < 1e-13)
  }

  @Test(arguments: ForceLoss.allCases) func forceLossesAreTheirFormulas(_ loss: ForceLoss) throws {
    let squares = errors.map { $0 * $0 }
    let s = squares.reduce(0, +)
    let aa = zip(squares, counts).reduce(0) { $0 + $1.0 / ($1.1 * $1.1) }
    let expected =
      switch loss {
      case .quad: s
      case .expQuad: 0.5 * Foundation.exp(2 * s)
      case .quadAtom: aa
      case .expQuadAtom: 0.5 * Foundation.exp(2 * aa)
      }
    let found = try evaluate({ loss.value(squaredErrors: $0, atomCounts: $1) }, squares)
    #expect(Swift.abs(found - expected) < 1e-14 * expected)
  }

  @Test func learningRateDecays() {
    let schedule = TrainingSchedule(
      batchSize: 1, maxSteps: 1, learningRate: 0.01,
      decay: TrainingSchedule.Decay(factor: 0.5, steps: 100))
    #expect(schedule.learningRate(at: 0) == 0.01)
    #expect(Swift.abs(schedule.learningRate(at: 100) - 0.005) < 1e-15)
    #expect(Swift.abs(schedule.learningRate(at: 50) - 0.01 * 0.5.squareRoot()) < 1e-15)
  }
}
