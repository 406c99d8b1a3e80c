import Dataflow
import Foundation

/// How long a training goes on and how fast it learns.
public struct TrainingSchedule: Sendable, Equatable {
  /// Structures in a batch.
  public var batchSize: Int
  /// Steps in all, those before a restart included.
  public var maxSteps: Int
  /// α of equation 13 at step 0.
  public var learningRate: Double
  /// r and τ of equation 13; nil where the rate is constant.
  public var decay: Decay?

  public struct Decay: Sendable, Equatable {
    public var factor: Double
    /// In steps.
    public var steps: Double

    public init(factor: Double, steps: Double) {
      self.factor = factor
      self.steps = steps
    }
  }

  public init(batchSize: Int, maxSteps: Int, learningRate: Double, decay: Decay? = nil) {
    self.batchSize = batchSize
    self.maxSteps = maxSteps
    self.learningRate = learningRate
    self.decay = decay
  }

  /// The learning rate of the update after `step` updates (equation 13).
  public func learningRate(at step: Int) -> Double {
    guard let decay else { return learningRate }
    return learningRate * pow(decay.factor, Double(step) / decay.steps)
  }
}
