import Dataflow

/// Begins to copy batches to the device that is to compute them, from any thread.
public struct BatchSender: Sendable {
  private let memory: any DeviceMemory

  init(_ memory: any DeviceMemory) { self.memory = memory }

  /// The same batch, which is on its way as long as it lives.
  func send(_ batch: TrainingBatch) -> TrainingBatch {
    var batch = batch
    batch.ahead = memory.sendAhead(batch.tensors)
    return batch
  }
}
