import Dataflow
import Foundation

/// A training's state as a checkpoint: variables, step, and the networks' metadata, so that the file
/// alone tells what the networks are.
public enum TrainingCheckpoint {
  static let (metadata, step) = ("networks_metadata", "step")

  /// - Parameter notes: further texts, such as the seed.
  public static func make(
    _ trainer: Trainer, notes: [String: String] = [:]
  ) throws -> Checkpoint {
    var checkpoint = Checkpoint(texts: notes)
    for (name, value) in try trainer.state() { checkpoint.tensors[name] = value }
    checkpoint.texts[step] = String(trainer.step)
    checkpoint.texts[metadata] = String(decoding: try trainer.model().metadata(), as: UTF8.self)
    return checkpoint
  }

  /// Goes on where a checkpoint was made.
  ///
  /// - Throws: `NetworkError` or `GraphError` where the networks are others.
  public static func restore(_ trainer: Trainer, from checkpoint: Checkpoint) throws {
    guard let step = checkpoint.texts[step].flatMap(Int.init) else {
      throw NetworkError("the checkpoint does not say its step")
    }
    try trainer.restore(checkpoint.tensors, step: step)
  }

  /// The networks in a checkpoint.
  ///
  /// - Throws: `NetworkError` that names the file.
  public static func model(in checkpoint: Checkpoint, file: String) throws -> NetworkModel {
    guard let text = checkpoint.texts[metadata] else {
      throw NetworkError(file: file, "the checkpoint has no networks")
    }
    return try NetworkModel(metadata: Data(text.utf8), file: file) { _, parameter, shape in
      guard let tensor = checkpoint.tensors[parameter.variableName], tensor.shape == shape else {
        throw NetworkError("the checkpoint has no \(parameter.variableName) of shape \(shape)")
      }
      return tensor.converted(to: .float32)
    }
  }
}
