import Atomistics
import Dataflow
import Synchronization

/// Reads structures and puts them together for steps of a training, on any number of threads.
public final class BatchMaker: Sendable {
  private let descriptorSize: Int
  private let offsets: [Double]
  private let rescale: Double
  private let includesForces: Bool
  private let hasHalfBlocks: Bool
  private let slicing: BatchSlicing
  private let elementType: ElementType
  /// The largest batch of each species so far, for which room is made at once.
  private let largest: Mutex<[(atoms: Int, blockBytes: Int)]>

  init(
    descriptorSize: Int, offsets: [Double], rescale: Double, includesForces: Bool,
    hasHalfBlocks: Bool = false, slicing: BatchSlicing = .whole, elementType: ElementType
  ) {
    self.descriptorSize = descriptorSize
    self.offsets = offsets
    self.rescale = rescale
    self.includesForces = includesForces
    self.hasHalfBlocks = hasHalfBlocks
    self.slicing = slicing
    self.elementType = elementType
    largest = Mutex(offsets.map { _ in (0, 0) })
  }

  /// The batch of some structures.
  ///
  /// - Parameter isWhole: whether it is one slice, for what is no step of a training.
  /// - Throws: what the source throws; `DataError` that names a structure the networks cannot be used for.
  public func batch(
    of indices: some Sequence<Int>, in source: any StructureSource, isWhole: Bool = false
  ) throws -> TrainingBatch {
    var assembler = BatchAssembler(
      speciesCount: offsets.count, descriptorSize: descriptorSize, includesForces: includesForces,
      rescale: rescale, hasHalfBlocks: hasHalfBlocks,
      slicing: isWhole ? .whole : slicing)
    assembler.reserve(largest.withLock { $0 })
    var referenceEnergies: [Float] = []
    for index in indices {
      // An error leaves no batch behind.
      try source.withStreamedStructure(at: index) { structure in
        try assembler.add(structure)
        referenceEnergies.append(structure.referenceEnergy(offsets: offsets, rescale: rescale))
      }
    }
    let sizes = assembler.sizes
    largest.withLock { largest in
      largest = zip(largest, sizes).map {
        (max($0.atoms, $1.atoms), max($0.blockBytes, $1.blockBytes))
      }
    }
    return TrainingBatch(
      batch: assembler.batch(elementType), referenceEnergies: referenceEnergies)
  }
}
