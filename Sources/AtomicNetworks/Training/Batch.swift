import Atomistics
import Dataflow

/// Structures put together for one run of a graph: atoms sorted by species, species by species.
///
/// Within a species atoms keep the order of the structures; where there are many, those come together
/// whose descriptors lack the same blocks, since products of matrices leave out blocks of zeros.
public struct Batch: Sendable {
  public let names: [String]
  /// Atoms of each structure.
  public let atomCounts: [Int]
  /// For each structure where its atoms are in the sorted order.
  public let places: [[Int]]
  /// For each species its atoms' descriptors `[atoms, g]`.
  public let descriptors: [Tensor]
  /// For each sorted atom its structure.
  public let structureOfAtom: Tensor
  /// Total energies as stored, in eV.
  public let energies: [Float]
  public let forces: ForceTensors?

  /// What training on forces needs, in sorted order.
  public struct ForceTensors: Sendable {
    public let blocks: Tensor
    public let rowStarts: Tensor
    public let neighbours: Tensor
    /// Times what the batch was told to multiply forces with.
    public let referenceForces: Tensor
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
    for structure in structures {
      try structure.check(
        speciesCount: speciesCount, descriptorSize: descriptorSize, includesForces: includesForces)
    }
    names = structures.map(\.name)
    atomCounts = structures.map(\.atomCount)
    energies = structures.map(\.energy)
    let order = AtomOrder(structures, speciesCount: speciesCount)
    places = order.places
    structureOfAtom = Tensor(order.atoms.map { Int32($0.structure) })
    descriptors = order.descriptors(of: structures, size: descriptorSize, elementType)
    forces =
      includesForces
      ? order.forceTensors(
        of: structures, size: descriptorSize, rescale: Float(rescale), elementType) : nil
  }
}

extension DescribedStructure {
  /// - Throws: `DataError` for what networks cannot be used for.
  func check(speciesCount: Int, descriptorSize: Int, includesForces: Bool) throws {
    guard self.descriptorSize == descriptorSize else {
      throw DataError(
        structure: name,
        "descriptors have \(self.descriptorSize) components, the networks take \(descriptorSize)")
    }
    if let index = species.first(where: { $0 < 0 || $0 >= speciesCount }) {
      throw DataError(
        structure: name, "species index \(index), but there are \(speciesCount) networks")
    }
    if includesForces && (derivatives == nil || forces == nil) {
      let missing = derivatives == nil ? "derivatives" : "forces"
      throw DataError(structure: name, "has no \(missing), which training on forces needs")
    }
  }
}

extension DescribedStructure {
  /// A bit for each block of some components that are not all zero.
  fileprivate func nonZeroBlocks(ofAtom atom: Int) -> UInt64 {
    let width = max(32, (descriptorSize + 63) / 64)
    return descriptors.withUnsafeBufferPointer { all in
      let own = all[atom * descriptorSize..<(atom + 1) * descriptorSize]
      var (pattern, bit) = (UInt64(0), UInt64(1))
      for start in stride(from: own.startIndex, to: own.endIndex, by: width) {
        let block = own[start..<min(start + width, own.endIndex)]
        if block.contains(where: { $0 != 0 }) { pattern |= bit }
        bit <<= 1
      }
      return pattern
    }
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

/// The order of atoms in a batch.
private struct AtomOrder {
  struct Atom {
    let structure: Int
    let index: Int
  }

  private(set) var atoms: [Atom] = []
  /// Atoms of each species.
  private(set) var counts: [Int] = []
  private(set) var places: [[Int]]

  init(_ structures: [DescribedStructure], speciesCount: Int) {
    places = structures.map { Array(repeating: 0, count: $0.atomCount) }
    for species in 0..<speciesCount {
      var own: [Atom] = []
      for (structure, described) in structures.enumerated() {
        for (index, kind) in described.species.enumerated() where Int(kind) == species {
          own.append(Atom(structure: structure, index: index))
        }
      }
      if speciesCount > 1 && own.count >= Self.many { own = Self.sortedByZeros(own, structures) }
      for (place, atom) in own.enumerated() {
        places[atom.structure][atom.index] = atoms.count + place
      }
      atoms += own
      counts.append(own.count)
    }
  }

  /// Fewer atoms gain nothing from an order.
  private static let many = 256

  private static func sortedByZeros(
    _ atoms: [Atom], _ structures: [DescribedStructure]
  ) -> [Atom] {
    let patterns = atoms.map { structures[$0.structure].nonZeroBlocks(ofAtom: $0.index) }
    return atoms.indices.sorted { (patterns[$0], $0) < (patterns[$1], $1) }.map { atoms[$0] }
  }

  func descriptors(
    of structures: [DescribedStructure], size: Int, _ type: ElementType
  ) -> [Tensor] {
    var start = 0
    return counts.map { count in
      defer { start += count }
      return gather([count, size], type, start..<start + count) { atom in
        structures[atom.structure].descriptors[atom.index * size..<(atom.index + 1) * size]
      }
    }
  }

  func forceTensors(
    of structures: [DescribedStructure], size: Int, rescale: Float, _ type: ElementType
  ) -> Batch.ForceTensors {
    var starts: [Int32] = [0]
    var neighbours: [Int32] = []
    for atom in atoms {
      let derivatives = structures[atom.structure].derivatives!
      for block in derivatives.blocks(ofRow: atom.index) {
        neighbours.append(Int32(places[atom.structure][Int(derivatives.neighbours[block])]))
      }
      starts.append(Int32(neighbours.count))
    }
    let blocks = gather([neighbours.count, 3, size], type, atoms.indices) { atom in
      let derivatives = structures[atom.structure].derivatives!
      let range = derivatives.blocks(ofRow: atom.index)
      return derivatives.values[range.lowerBound * 3 * size..<range.upperBound * 3 * size]
    }
    let forces = gather([atoms.count, 3], type, atoms.indices) { atom in
      let own = structures[atom.structure].forces![3 * atom.index..<3 * atom.index + 3]
      return rescale == 1 ? own : ArraySlice(own.map { $0 * rescale })
    }
    return Batch.ForceTensors(
      blocks: blocks, rowStarts: Tensor(starts), neighbours: Tensor(neighbours),
      referenceForces: forces)
  }

  /// Puts each atom's numbers one after the other.
  private func gather(
    _ shape: Shape, _ type: ElementType, _ range: Range<Int>, _ part: (Atom) -> ArraySlice<Float>
  ) -> Tensor {
    var result = Tensor(zeros: shape, elementType: .float32)
    result.withMutableElements(as: Float.self) { elements in
      var position = 0
      for atom in atoms[range] {
        part(atom).withUnsafeBufferPointer { source in
          guard let start = source.baseAddress else { return }
          (elements.baseAddress! + position).update(from: start, count: source.count)
          position += source.count
        }
      }
    }
    return result.converted(to: type)
  }
}
