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
    return try NetworkModel(
      metadata: Self.metadata(metadata), file: metadata.path
    ) { _, parameter, shape in
      let tensor = try checkpoint.tensor(parameter.variableName)
      guard tensor.elementType.isFloatingPoint, tensor.shape == shape else {
        throw NetworkError(
          "\(parameter.variableName) is \(tensor.elementType)\(tensor.shape), expected \(shape)")
      }
      return tensor.converted(to: .float32)
    }
  }

  private static func metadata(_ file: URL) throws -> Data {
    guard let data = FileManager.default.contents(atPath: file.path) else {
      throw NetworkError(
        file: file.path, "cannot be read; it says what the networks of a checkpoint are")
    }
    return data
  }

  // MARK: Trainings

  private static let globalStep = "global_step"
  /// Texts as JSON in UTF-8; TensorFlow restores what it knows and leaves it alone.
  private static let notes = "panna/notes"

  /// Writes a checkpoint that TensorFlow restores, with the original's names, Adam's slots and
  /// `global_step`, and the metadata beside it; removes the oldest beyond `keeping`.
  ///
  /// - Parameter notes: further texts, for this program.
  /// - Throws: `NonFiniteError` where a variable is no finite number.
  public static func writeTensorFlowCheckpoint(
    _ trainer: Trainer, notes: [String: String] = [:], to folder: URL, keeping: Int
  ) throws {
    var tensors = Dictionary(uniqueKeysWithValues: try trainer.state().map { ($0.name, $0.value) })
    tensors[globalStep] = Tensor(Int64(trainer.step))
    if !notes.isEmpty {
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      tensors[Self.notes] = Tensor([UInt8](try encoder.encode(notes)))
    }
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

  /// The newest checkpoint that is whole, this program's where there are both of a step; nil where there is none.
  ///
  /// - Parameter onDamage: is told of those before it that are not.
  public func newest(
    onDamage: (any Error) -> Void
  ) -> (checkpoint: Checkpoint, model: NetworkModel, file: String)? {
    let (owns, others) = (own.steps, Self.tensorFlowSteps(folder))
    for step in Set(owns + others).sorted(by: >) {
      for isOwn in [true, false] where (isOwn ? owns : others).contains(step) {
        let file = isOwn ? own.file(step: step) : Self.tensorFlowCheckpoint(in: folder, step: step)
        do {
          let checkpoint = try isOwn ? Checkpoint(file) : checkpoint(tensorFlowStep: step)
          let model = try TrainingCheckpoint.model(in: checkpoint, file: file.path)
          return (checkpoint, model, file.path)
        } catch {
          onDamage(error)
        }
      }
    }
    return nil
  }

  /// What TensorFlow's checkpoint of a step and the metadata beside it say, as one of this program's, which has notes
  /// where this program wrote it.
  private func checkpoint(tensorFlowStep step: Int) throws -> Checkpoint {
    let prefix = Self.tensorFlowCheckpoint(in: folder, step: step)
    let stored = try TensorFlowCheckpoint(prefix)
    let metadata = try Self.metadata(folder.appendingPathComponent(NetworkModel.metadataName))
    var checkpoint = Checkpoint()
    for name in stored.variables.map(\.name) where name != Self.globalStep {
      checkpoint.tensors[name] = try stored.tensor(name)
    }
    if let notes = checkpoint.tensors.removeValue(forKey: Self.notes) {
      let texts = try? JSONDecoder().decode(
        [String: String].self, from: Data(notes.withBytes { Array($0) }))
      guard let texts else { throw FormatError(file: prefix.path, "\(Self.notes) are no texts") }
      checkpoint.texts = texts
    }
    checkpoint.texts[TrainingCheckpoint.step] = String(step)
    checkpoint.texts[TrainingCheckpoint.metadata] = String(decoding: metadata, as: UTF8.self)
    return checkpoint
  }

  /// Goes on from TensorFlow's checkpoint of a step, beside which the metadata are: parameters, and Adam's slots where it
  /// has them.
  ///
  /// - Throws: `FormatError` or `NetworkError` where variables are missing or do not fit.
  public func restore(_ trainer: Trainer, tensorFlowStep step: Int) throws {
    try TrainingCheckpoint.restore(trainer, from: checkpoint(tensorFlowStep: step))
  }
}
