import Dataflow
import Foundation

/// The networks of a training at its checkpoints: those of this program, `checkpoint-<step>.panna`, and
/// those of TensorFlow, `model.ckpt-<step>.index` beside `networks_metadata.json`.
public struct TrainedNetworks {
  public let folder: URL
  /// In ascending order.
  public let steps: [Int]

  private let own: CheckpointFolder

  /// Looks which checkpoints a folder holds.
  public init(_ folder: URL) {
    self.folder = folder
    own = CheckpointFolder(folder)
    steps = Set(own.steps + Self.tensorFlowSteps(folder)).sorted()
  }

  /// The steps of TensorFlow's checkpoints in a folder, in ascending order.
  public static func tensorFlowSteps(_ folder: URL) -> [Int] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.compactMap { name in
      guard name.hasPrefix(prefix), name.hasSuffix(".index") else { return nil }
      return Int(name.dropFirst(prefix.count).dropLast(".index".count))
    }.sorted()
  }

  private static let prefix = "model.ckpt-"

  /// The common name of the files of TensorFlow's checkpoint of a step.
  public static func tensorFlowCheckpoint(in folder: URL, step: Int) -> URL {
    folder.appendingPathComponent("\(prefix)\(step)")
  }

  /// The file of a step: this program's checkpoint, TensorFlow's index where there is none.
  public func file(step: Int) -> URL {
    let file = own.file(step: step)
    return FileManager.default.fileExists(atPath: file.path)
      ? file : Self.tensorFlowCheckpoint(in: folder, step: step).appendingPathExtension("index")
  }

  /// The networks at a step, from this program's checkpoint where there are both.
  ///
  /// - Throws: `FormatError` or `NetworkError` that names the file.
  public func model(step: Int) throws -> NetworkModel {
    let file = own.file(step: step)
    if FileManager.default.fileExists(atPath: file.path) {
      return try TrainingCheckpoint.model(in: Checkpoint(file), file: file.path)
    }
    return try Self.model(
      in: TensorFlowCheckpoint(Self.tensorFlowCheckpoint(in: folder, step: step)),
      metadata: folder.appendingPathComponent(NetworkModel.metadataName))
  }

  /// The networks that a checkpoint of TensorFlow's has by the original's names
  /// (`species_<symbol>_layer_<i>/weights`); the metadata say what they are.
  static func model(in checkpoint: TensorFlowCheckpoint, metadata: URL) throws -> NetworkModel {
    guard let data = FileManager.default.contents(atPath: metadata.path) else {
      throw NetworkError(
        file: metadata.path, "cannot be read; it says what the networks of a checkpoint are")
    }
    return try NetworkModel(metadata: data, file: metadata.path) { _, parameter, shape in
      let tensor = try checkpoint.tensor(parameter.variableName)
      guard tensor.elementType.isFloatingPoint, tensor.shape == shape else {
        throw NetworkError(
          "\(parameter.variableName) is \(tensor.elementType)\(tensor.shape), expected \(shape)")
      }
      return tensor.converted(to: .float32)
    }
  }

  /// Writes a checkpoint that TensorFlow restores, with the original's names, Adam's slots and
  /// `global_step`, and the metadata beside it; removes the oldest beyond `keeping`.
  ///
  /// - Throws: `NonFiniteError` where a variable is no finite number.
  public static func writeTensorFlowCheckpoint(
    _ trainer: Trainer, to folder: URL, keeping: Int
  ) throws {
    var tensors = Dictionary(uniqueKeysWithValues: try trainer.state().map { ($0.name, $0.value) })
    tensors["global_step"] = Tensor(Int64(trainer.step))
    try AtomicFile.write(
      try trainer.model().metadata(), to: folder.appendingPathComponent(NetworkModel.metadataName))
    let prefix = tensorFlowCheckpoint(in: folder, step: trainer.step)
    try TensorFlowCheckpoint.write(tensors, to: prefix)
    let list = "model_checkpoint_path: \"\(prefix.lastPathComponent)\"\n"
    try AtomicFile.write(Array(list.utf8), to: folder.appendingPathComponent("checkpoint"))
    for step in tensorFlowSteps(folder).dropLast(max(1, keeping)) where step != trainer.step {
      for ending in ["index", "data-00000-of-00001"] {
        let old = tensorFlowCheckpoint(in: folder, step: step).appendingPathExtension(ending)
        try? FileManager.default.removeItem(at: old)
      }
    }
  }

  /// Goes on from TensorFlow's checkpoint of a step: parameters, and Adam's slots where it has them.
  ///
  /// - Throws: `FormatError` or `NetworkError` where variables are missing or do not fit.
  public func restore(_ trainer: Trainer, tensorFlowStep step: Int) throws {
    let checkpoint = try TensorFlowCheckpoint(
      Self.tensorFlowCheckpoint(in: folder, step: step))
    var state: [String: Tensor] = [:]
    for name in checkpoint.variables.map(\.name) where name != "global_step" {
      state[name] = try checkpoint.tensor(name)
    }
    try trainer.restore(state, step: step)
  }
}
