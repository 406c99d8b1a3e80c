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
    fileprivate func room(_ batch: TrainingBatch) -> Int {
      byteCount / max(1, batch.byteCount) - 1 - threads
    }
  }

  private let queue: PrefetchQueue<TrainingBatch>

  /// - Parameters:
  ///   - order: the structures' order, over all epochs.
  ///   - position: the first place in the order, from which a resumed training goes on.
  ///   - make: puts structures together, on any thread.
  public init(
    _ structures: any StructureSource, order: ShuffledOrder, position: Int = 0, batchSize: Int,
    options: Options = Options(),
    make: BatchMaker
  ) {
    let places = Mutex((order: order, position: position))
    queue = PrefetchQueue(
      capacity: max(1, options.ahead), threads: options.threads, room: { options.room($0) },
      next: {
        places.withLock { places in
          defer { places.position += batchSize }
          return (0..<batchSize).map { places.order.index(at: places.position + $0) }
        }
      },
      make: { try make.batch(of: $0, in: structures) })
  }

  /// The next batch.
  ///
  /// - Throws: what reading or putting together threw.
  public func next() throws -> TrainingBatch? { try queue.next() }

  /// How the training has waited for batches so far.
  public var statistics: PrefetchStatistics { queue.statistics }

  /// Ends the threads after what they are doing.
  public func close() { queue.close() }
}

extension TrainingBatch {
  /// The memory of its numbers, in bytes.
  public var byteCount: Int {
    var tensors = batch.descriptors + [batch.structureOfAtom]
    if let forces = batch.forces {
      tensors += [forces.blocks, forces.rowStarts, forces.neighbours, forces.referenceForces]
      tensors += [forces.blockScales].compactMap { $0 }
    }
    return tensors.reduce(0) { $0 + $1.shape.elementCount * $1.elementType.size }
  }
}
