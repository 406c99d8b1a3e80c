import Atomistics
import Dataflow
import Synchronization

/// The batches of a training, made ahead of their use on threads of their own.
///
///     let batches = BatchPipeline(structures, order: order, batchSize: 64, make: trainer.batchMaker)
///     while let batch = try batches.next() { try trainer.run(batch) }
///
/// Batches and their order depend on the structures, the order and the batch size alone.
public final class BatchPipeline {
  /// How far ahead, and with what.
  public struct Options: Sendable {
    /// Batches that are read and put together at a time.
    public var threads: Int
    /// Batches that are made before they are used, at most.
    public var ahead: Int
    /// Memory for batches: those ahead, those being made with their structures, and the one in use.
    public var byteCount: Int

    public init(threads: Int = 1, ahead: Int = 10, byteCount: Int = .max) {
      self.threads = threads
      self.ahead = ahead
      self.byteCount = byteCount
    }

    /// How many batches there may be in the queue.
    ///
    /// - Parameter others: how many there are behind it.
    fileprivate func room(_ batch: TrainingBatch, others: Int) -> Int {
      byteCount / max(1, batch.byteCount) - others - threads
    }
  }

  private let queue: PrefetchQueue<TrainingBatch>
  /// Behind that, those on their way to a device: one while another is used.
  private let sent: PrefetchQueue<TrainingBatch>?

  /// - Parameters:
  ///   - order: the structures' order, over all epochs.
  ///   - position: the first place in the order, from which a resumed training goes on.
  ///   - make: puts structures together, on any thread.
  ///   - sender: sends each batch to a device while the one before is used; nil where batches stay at the host.
  public init(
    _ structures: any StructureSource, order: ShuffledOrder, position: Int = 0, batchSize: Int,
    options: Options = Options(),
    make: BatchMaker, sender: BatchSender? = nil
  ) {
    let places = Mutex((order: order, position: position))
    let others = sender == nil ? 1 : 2
    let queue = PrefetchQueue(
      capacity: max(1, options.ahead), threads: options.threads,
      room: { options.room($0, others: others) },
      next: {
        places.withLock { places in
          defer { places.position += batchSize }
          return (0..<batchSize).map { places.order.index(at: places.position + $0) }
        }
      },
      make: { try make.batch(of: $0, in: structures) })
    self.queue = queue
    sent = sender.map { sender in
      PrefetchQueue(capacity: 1, next: { try queue.next() }, make: { sender.send($0) })
    }
  }

  deinit { close() }

  /// The next batch.
  ///
  /// - Throws: what reading or putting together threw.
  public func next() throws -> TrainingBatch? { try (sent ?? queue).next() }

  /// How the training has waited for batches so far.
  public var statistics: PrefetchStatistics { (sent ?? queue).statistics }

  /// Ends the threads after what they are doing.
  public func close() {
    // The thread behind waits for the queue before.
    queue.close()
    sent?.close()
  }
}

extension TrainingBatch {
  /// The memory of its numbers, in bytes.
  public var byteCount: Int { tensors.reduce(0) { $0 + $1.byteCount } }

  /// What a step is fed with as it is.
  var tensors: [Tensor] {
    let tensors = batch.descriptors + [batch.structureOfAtom]
    guard let forces = batch.forces else { return tensors }
    return tensors
      + [forces.blocks, forces.rowStarts, forces.neighbours, forces.referenceForces]
      + [forces.blockScales].compactMap { $0 }
  }
}
