import Atomistics
import Dataflow

/// Puts structures together for a batch, one after the other, each number copied once.
///
///     var assembler = BatchAssembler(speciesCount: 2, descriptorSize: 48, includesForces: true, rescale: 1)
///     for index in indices { try source.withStructure(at: index) { try assembler.add($0) } }
///     let batch = assembler.batch(.float32)
struct BatchAssembler {
  private let descriptorSize: Int
  private let includesForces: Bool
  private let rescale: Float
  /// What blocks of derivatives are kept in; half or single precision.
  private let blockType: ElementType
  /// How many parts descriptors are cut into in the first structure's derivatives, and so in all.
  private var partCount = 1
  /// Of each structure, what its blocks in half precision are to be multiplied with.
  private var blockScales: [Float] = []
  private var species: [SpeciesRows]
  private let slicing: BatchSlicing
  /// What each structure would be as a slice of its own.
  private var structures: [Batch.Slice] = []
  private var names: [String] = []
  private var atomCounts: [Int] = []
  private var energies: [Float] = []
  /// Of each structure, times `rescale`.
  private var forces: [[Float]] = []

  /// - Parameters:
  ///   - speciesCount: how many species there are networks for.
  ///   - rescale: what reference forces are multiplied with.
  ///   - hasHalfBlocks: whether derivatives are kept in half precision.
  init(
    speciesCount: Int, descriptorSize: Int, includesForces: Bool, rescale: Double,
    hasHalfBlocks: Bool = false, slicing: BatchSlicing = .whole
  ) {
    self.descriptorSize = descriptorSize
    self.includesForces = includesForces
    self.rescale = Float(rescale)
    let blockType: ElementType = hasHalfBlocks ? .float16 : .float32
    self.blockType = blockType
    self.slicing = slicing
    species = (0..<speciesCount).map { _ in SpeciesRows(blockType, knowsZeros: speciesCount > 1) }
  }

  /// How many atoms of each species there are, and what their derivatives take.
  var sizes: [(atoms: Int, blockBytes: Int)] {
    species.map { ($0.atoms.count, $0.blocks.count) }
  }

  /// The components of a part.
  private var width: Int { descriptorSize / partCount }

  /// Makes room for so many atoms of each species and their derivatives, so that it need not grow.
  func reserve(_ sizes: [(atoms: Int, blockBytes: Int)]) {
    for (rows, size) in zip(species, sizes) { rows.reserve(size, descriptorSize) }
  }

  /// Makes room for some structures.
  func reserve(for structures: [DescribedStructure]) {
    var sizes = Array(repeating: (atoms: 0, blockBytes: 0), count: species.count)
    for structure in structures {
      for (atom, kind) in structure.species.enumerated() where species.indices.contains(Int(kind)) {
        sizes[Int(kind)].atoms += 1
        if includesForces, let derivatives = structure.derivatives {
          let blockBytes = 3 * descriptorSize / derivatives.parts * blockType.size
          sizes[Int(kind)].blockBytes += derivatives.blocks(ofAtom: atom).count * blockBytes
        }
      }
    }
    reserve(sizes)
  }

  /// Takes a structure in.
  ///
  /// - Throws: `DataError` that names a structure without derivatives or forces, of another
  ///   descriptor size or of a species without a network.
  mutating func add(_ structure: StructureView) throws {
    try structure.check(
      speciesCount: species.count, descriptorSize: descriptorSize, includesForces: includesForces)
    let number = names.count
    names.append(structure.name)
    atomCounts.append(structure.species.count)
    energies.append(structure.energy)
    if includesForces, let own = structure.forces?.array {
      forces.append(rescale == 1 ? own : own.map { $0 * rescale })
    }
    let runs = Self.runs(structure.species)
    for run in runs { species[run.kind].add(run.atoms, of: structure, number: number) }
    guard includesForces, var derivatives = structure.derivatives else {
      return count(structure, runs, blocks: 0)
    }
    if number == 0 { partCount = derivatives.parts }
    if derivatives.parts != partCount {
      derivatives = derivatives.cut(into: partCount, descriptorSize: descriptorSize)
    }
    count(structure, runs, blocks: derivatives.neighbours.count)
    if blockType == .float16 {
      derivatives.values.withHalves { halves, inverseScale in
        blockScales.append(inverseScale)
        for run in runs {
          species[run.kind].addBlocks(run.atoms, of: derivatives, width) { range, target in
            target.copyMemory(
              from: halves.baseAddress! + 2 * range.lowerBound, byteCount: 2 * range.count)
          }
        }
      }
    } else {
      for run in runs {
        species[run.kind].addBlocks(run.atoms, of: derivatives, width) { range, target in
          derivatives.values.copy(
            range, to: target.bindMemory(to: Float.self, capacity: range.count))
        }
      }
    }
  }

  private mutating func count(
    _ structure: StructureView, _ runs: [(kind: Int, atoms: Range<Int>)], blocks: Int
  ) {
    var size = Batch.Slice(
      structures: 1, atoms: species.map { _ in 0 }, rows: structure.species.count * partCount,
      blocks: blocks)
    for run in runs { size.atoms[run.kind] += run.atoms.count }
    structures.append(size)
  }

  private var slices: [Batch.Slice] {
    slicing.slices(of: structures, width: width)
  }

  /// Neighbouring atoms of one species, which are copied at once.
  private static func runs(_ species: [Int32]) -> [(kind: Int, atoms: Range<Int>)] {
    var (result, start) = ([(kind: Int, atoms: Range<Int>)](), 0)
    while start < species.count {
      let end = species[start...].firstIndex { $0 != species[start] } ?? species.count
      result.append((Int(species[start]), start..<end))
      start = end
    }
    return result
  }

  // MARK: The batch

  /// The batch of what was taken in; nothing more can be.
  func batch(_ elementType: ElementType) -> Batch {
    let slices = slices
    for (kind, rows) in species.enumerated() {
      rows.sortByZeros(descriptorSize, slices: slices.map { $0.atoms[kind] })
    }
    var places = atomCounts.map { Array(repeating: 0, count: $0) }
    var structureOfAtom: [Int32] = []
    var firstStructure = 0
    for (slice, parts) in parts {
      for atom in parts.lazy.flatMap({ $0.rows.atoms[$0.range] }) {
        places[atom.structure][atom.index] = structureOfAtom.count
        structureOfAtom.append(Int32(atom.structure - firstStructure))
      }
      firstStructure += slice.structures
    }
    return Batch(
      names: names, atomCounts: atomCounts, places: places, slices: slices,
      descriptors: species.map {
        $0.descriptors.tensor([$0.atoms.count, descriptorSize], .float32).converted(to: elementType)
      },
      structureOfAtom: Tensor(structureOfAtom), energies: energies,
      forces: includesForces ? forceTensors(places, elementType) : nil)
  }

  /// Of each slice, its rows of each species.
  private var parts: [(slice: Batch.Slice, parts: [(rows: SpeciesRows, range: Range<Int>)])] {
    var starts = species.map { _ in 0 }
    return slices.map { slice in
      let parts = zip(species, zip(starts, slice.atoms)).map { ($0, $1.0..<$1.0 + $1.1) }
      starts = zip(starts, slice.atoms).map(+)
      return (slice, parts)
    }
  }

  private func forceTensors(_ places: [[Int]], _ type: ElementType) -> Batch.ForceTensors {
    var (starts, neighbours) = ([Int32](), [Int32]())
    var (reference, scales) = ([Float](), [Float]())
    neighbours.reserveCapacity(species.reduce(0) { $0 + $1.neighbours.count })
    var firstPlace = 0
    for (slice, parts) in parts {
      let firstBlock = neighbours.count
      starts.append(0)
      for (rows, range) in parts {
        for (atom, blocks) in zip(rows.atoms[range], rows.blockRanges[range]) {
          let (places, first) = (places[atom.structure], firstPlace)
          for end in rows.rowEnds[blocks.rows] {
            starts.append(Int32(neighbours.count + end - firstBlock))
          }
          neighbours.append(
            contentsOf: rows.neighbours[blocks.range].lazy.map { Int32(places[Int($0)] - first) })
          reference += forces[atom.structure][3 * atom.index..<3 * atom.index + 3]
          if blockType == .float16 { scales.append(blockScales[atom.structure]) }
        }
      }
      firstPlace += slice.atoms.reduce(0, +)
    }
    let atoms = reference.count / 3
    return Batch.ForceTensors(
      blocks: blocks(count: neighbours.count).converted(to: type), rowStarts: Tensor(starts),
      neighbours: Tensor(neighbours),
      referenceForces: Tensor(shape: [atoms, 3], scalars: reference).converted(to: type),
      blockScales: blockType == .float16
        ? Tensor(shape: [atoms, 1], scalars: scales).converted(to: type) : nil)
  }

  /// The blocks of all slices, one species after the other in each.
  private func blocks(count: Int) -> Tensor {
    let shape: Shape = [count, 3, width]
    let used = species.filter { !$0.neighbours.isEmpty }
    if used.count == 1, used[0].areBlocksInOrder {
      return used[0].blocks.tensor(shape, blockType)
    }
    let blockSize = 3 * width * blockType.size
    let storage = AlignedStorage(uninitialized: count * blockSize)
    var position = 0
    for (rows, atoms) in parts.lazy.flatMap(\.parts) {
      for range in rows.blockRanges[atoms].lazy.map(\.range) where !range.isEmpty {
        (storage.base + position).copyMemory(
          from: rows.blocks.base + range.lowerBound * blockSize,
          byteCount: range.count * blockSize)
        position += range.count * blockSize
      }
    }
    precondition(position == count * blockSize, "\(position) bytes do not fill the shape \(shape)")
    return Tensor(storage: storage, shape: shape, elementType: blockType)
  }
}

extension StructureView {
  /// - Throws: `DataError` for what networks cannot be used for.
  func check(speciesCount: Int, descriptorSize: Int, includesForces: Bool) throws {
    func error(_ message: String) -> DataError { DataError(structure: name, message) }
    guard self.descriptorSize == descriptorSize else {
      throw error(
        "descriptors have \(self.descriptorSize) components, the networks take \(descriptorSize)")
    }
    if let index = species.first(where: { $0 < 0 || $0 >= speciesCount }) {
      throw error("species index \(index), but there are \(speciesCount) networks")
    }
    if includesForces && (derivatives == nil || forces == nil) {
      let missing = derivatives == nil ? "derivatives" : "forces"
      throw error("has no \(missing), which forces need")
    }
  }
}

/// The atoms of one species in a batch that is being put together.
private final class SpeciesRows {
  struct Atom {
    let structure: Int
    let index: Int
  }

  var atoms: [Atom] = []
  let descriptors = GrowingBytes()
  let blocks = GrowingBytes()
  private let blockType: ElementType
  /// For each block the atom of its structure.
  var neighbours: [Int32] = []
  /// For each atom its blocks, and the rows of its descriptor's parts.
  var blockRanges: [(range: Range<Int>, rows: Range<Int>)] = []
  /// Where the blocks of each row end, counted from the atom's first.
  private(set) var rowEnds: [Int] = []
  /// Whether each atom's blocks follow those of the one before.
  private(set) var areBlocksInOrder = true
  /// For each atom which blocks of its descriptor are not zero, if that is known.
  private var patterns: [UInt64] = []
  private let knowsZeros: Bool

  init(_ blockType: ElementType, knowsZeros: Bool) {
    self.blockType = blockType
    self.knowsZeros = knowsZeros
  }

  func reserve(_ size: (atoms: Int, blockBytes: Int), _ descriptorSize: Int) {
    descriptors.reserve(4 * size.atoms * descriptorSize)
    blocks.reserve(size.blockBytes)
  }

  func add(_ range: Range<Int>, of structure: StructureView, number: Int) {
    for index in range { atoms.append(Atom(structure: number, index: index)) }
    let size = structure.descriptorSize
    descriptors.append(4 * range.count * size) { target in
      let rows = target.bindMemory(to: Float.self, capacity: range.count * size)
      structure.descriptors.copy(range.lowerBound * size..<range.upperBound * size, to: rows)
      // Now, while they are in the processor's cache.
      guard knowsZeros else { return }
      for row in 0..<range.count { patterns.append(nonZeroBlocks(rows + row * size, count: size)) }
    }
  }

  /// - Parameter write: writes some of the blocks' numbers.
  func addBlocks(
    _ range: Range<Int>, of derivatives: StructureView.Derivatives, _ width: Int,
    _ write: (Range<Int>, UnsafeMutableRawPointer) -> Void
  ) {
    let (starts, parts) = (derivatives.rowStarts, derivatives.parts)
    for index in range {
      let (start, firstRow) = (blockRanges.last?.range.upperBound ?? 0, rowEnds.count)
      let first = starts[index * parts]
      for row in index * parts..<(index + 1) * parts {
        rowEnds.append(Int(starts[row + 1] - first))
      }
      blockRanges.append((start..<start + rowEnds.last!, firstRow..<rowEnds.count))
    }
    let own = Int(starts[range.lowerBound * parts])..<Int(starts[range.upperBound * parts])
    neighbours += derivatives.neighbours[own]
    guard !own.isEmpty else { return }
    blocks.append(blockType.size * own.count * 3 * width) {
      write(own.lowerBound * 3 * width..<own.upperBound * 3 * width, $0)
    }
  }

  /// Fewer atoms gain nothing from an order.
  private static let many = 256

  /// Brings atoms of a slice together whose descriptors lack the same blocks.
  ///
  /// - Parameter slices: how many atoms belong to each.
  func sortByZeros(_ size: Int, slices: [Int]) {
    guard knowsZeros, atoms.count >= Self.many,
      patterns.contains(where: { $0 != patterns[0] })
    else { return }
    var order: [Int] = []
    for count in slices {
      order += (order.count..<order.count + count).sorted {
        (patterns[$0], $0) < (patterns[$1], $1)
      }
    }
    atoms = order.map { atoms[$0] }
    descriptors.reorder(order, byteCount: 4 * size)
    if !blockRanges.isEmpty { blockRanges = order.map { blockRanges[$0] } }
    areBlocksInOrder = false
  }
}

/// A bit for each block of some components that are not all zero.
private func nonZeroBlocks(_ components: UnsafePointer<Float>, count: Int) -> UInt64 {
  let width = max(32, (count + 63) / 64)
  var (pattern, bit) = (UInt64(0), UInt64(1))
  for start in stride(from: 0, to: count, by: width) {
    for place in start..<min(start + width, count) where components[place] != 0 {
      pattern |= bit
      break
    }
    bit <<= 1
  }
  return pattern
}

/// Bytes to which more are appended, and which become a tensor without a copy.
private final class GrowingBytes {
  private var storage = AlignedStorage(uninitialized: 0)
  private(set) var count = 0

  var base: UnsafeMutableRawPointer { storage.base }

  func reserve(_ capacity: Int) {
    guard capacity > storage.byteCount else { return }
    let larger = AlignedStorage(uninitialized: capacity)
    larger.base.copyMemory(from: base, byteCount: count)
    storage = larger
  }

  /// - Parameter write: writes all of the new bytes.
  func append(_ added: Int, _ write: (UnsafeMutableRawPointer) -> Void) {
    if count + added > storage.byteCount { reserve(max(count + added, count + count / 2)) }
    write(base + count)
    count += added
  }

  /// Puts rows of so many bytes into another order.
  func reorder(_ order: [Int], byteCount: Int) {
    let other = AlignedStorage(uninitialized: storage.byteCount)
    for (place, row) in order.enumerated() {
      (other.base + place * byteCount).copyMemory(
        from: base + row * byteCount, byteCount: byteCount)
    }
    storage = other
  }

  func tensor(_ shape: Shape, _ type: ElementType) -> Tensor {
    precondition(
      count == shape.elementCount * type.size, "\(count) bytes do not fill the shape \(shape)")
    return Tensor(storage: storage, shape: shape, elementType: type)
  }
}
