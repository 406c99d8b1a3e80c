import Atomistics
import Dataflow

/// Structures put together for one run of a graph, in one slice or several: atoms of a slice sorted by
/// species, species by species.
///
/// Within a species atoms keep the order of the structures; where there are many, those come together
/// whose descriptors lack the same blocks, since products of matrices leave out blocks of zeros.
/// Neighbours, row starts and numbers of structures are counted from the beginning of their slice.
public struct Batch: Sendable {
  public let names: [String]
  /// Atoms of each structure.
  public let atomCounts: [Int]
  /// For each structure where its atoms are in the sorted order of all slices.
  public let places: [[Int]]
  public let slices: [Slice]
  /// For each species its atoms' descriptors `[atoms, g]`.
  public let descriptors: [Tensor]
  /// For each sorted atom its structure within the slice.
  public let structureOfAtom: Tensor
  /// Total energies as stored, in eV.
  public let energies: [Float]
  public let forces: ForceTensors?

  /// How many there are in a part of the batch that is computed by itself.
  public struct Slice: Sendable, Equatable {
    public var structures = 0
    /// Of each species.
    public var atoms: [Int]
    /// Parts of descriptors, of all atoms: rows of derivatives.
    public var rows = 0
    /// Of derivatives.
    public var blocks = 0
  }

  /// What training on forces needs, in sorted order; derivatives are of descriptors in as many parts as those of the
  /// first structure.
  public struct ForceTensors: Sendable {
    public let blocks: Tensor
    public let rowStarts: Tensor
    public let neighbours: Tensor
    /// Times what the batch was told to multiply forces with.
    public let referenceForces: Tensor
    /// What each atom's blocks are to be multiplied with, where they are in half precision: `[atoms, 1]`.
    public let blockScales: Tensor?
  }

  /// Puts structures together.
  ///
  /// - Parameters:
  ///   - speciesCount: how many species there are networks for.
  ///   - includesForces: whether derivatives and forces are taken along.
  ///   - rescale: what reference forces are multiplied with.
  /// - Throws: `DataError` that names a structure without derivatives or forces, of another
  ///   descriptor size or of a species without a network.
  public init(
    _ structures: [DescribedStructure], speciesCount: Int, descriptorSize: Int,
    includesForces: Bool, rescale: Double = 1, elementType: ElementType
  ) throws {
    var assembler = BatchAssembler(
      speciesCount: speciesCount, descriptorSize: descriptorSize, includesForces: includesForces,
      rescale: rescale)
    assembler.reserve(for: structures)
    for structure in structures { try assembler.add(structure.view) }
    self = assembler.batch(elementType)
  }

  init(
    names: [String], atomCounts: [Int], places: [[Int]], slices: [Slice], descriptors: [Tensor],
    structureOfAtom: Tensor, energies: [Float], forces: ForceTensors?
  ) {
    self.names = names
    self.atomCounts = atomCounts
    self.places = places
    self.slices = slices
    self.descriptors = descriptors
    self.structureOfAtom = structureOfAtom
    self.energies = energies
    self.forces = forces
  }
}

extension Batch {
  /// Where each slice's rows begin in tensors with so many rows: `int64 [tensors, slices + 1]`.
  func sliceStarts(of rows: [Dimension], in potential: PotentialGraph) throws -> Tensor {
    var starts = rows.map { _ in [Int64(0)] }
    for slice in slices {
      var sizes = [
        "\(PotentialGraph.structures)": slice.structures, "\(ForceGraph.blocks)": slice.blocks,
        "\(ForceGraph.rowBounds)": slice.rows + 1,
      ]
      for (descriptors, atoms) in zip(potential.descriptors, slice.atoms) {
        sizes["\(descriptors.shape[0])"] = atoms
      }
      for (index, rows) in rows.enumerated() {
        starts[index].append(starts[index].last! + Int64(try rows.evaluated(with: sizes)))
      }
    }
    return Tensor(shape: [rows.count, slices.count + 1], scalars: starts.flatMap { $0 })
  }
}

/// Something in the data that training or evaluation cannot use.
public struct DataError: Error, CustomStringConvertible, Sendable, Equatable {
  public let structure: String
  public let message: String

  public init(structure: String, _ message: String) {
    self.structure = structure
    self.message = message
  }

  public var description: String { "structure \(structure): \(message)" }
}
