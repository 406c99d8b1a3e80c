/// Which parts of every atom's descriptor depend on which atoms, and so where the blocks of their derivatives go.
struct BlockLayout: Sendable {
  let parts: DescriptorParts
  /// Where the atoms begin that an atom's descriptor depends on, and the end of the last.
  private(set) var starts: [Int] = [0]
  /// Ascending for each atom, itself among them when there are others.
  private(set) var atoms: [Int32] = []
  /// For each of them a bit for each part that depends on it.
  private(set) var masks: [UInt64] = []
  /// As `DerivativeBlocks.rowStarts`.
  private(set) var rowStarts: [Int32] = [0]

  /// The number of blocks.
  var blockCount: Int { Int(rowStarts.last!) }

  /// - Parameters:
  ///   - cutoff: beyond which neighbours count nothing, in angstrom.
  ///   - angularCutoff: beyond which they are in no angle.
  init(
    _ list: NeighbourList, species: [Int32], parts: DescriptorParts, cutoff: Double,
    angularCutoff: Double
  ) {
    self.parts = parts
    let squaredCutoff = cutoff * cutoff
    // Rather too many than too few: rounded distances decide.
    let squaredAngular = angularCutoff * angularCutoff * (1 + 1e-12)
    var present: [Int] = []
    var angularCounts = [Int](repeating: 0, count: parts.speciesCount)
    var counts = [Int32](repeating: 0, count: parts.count)
    rowStarts.reserveCapacity(list.atomCount * parts.count + 1)
    for i in 0..<list.atomCount {
      let (first, row) = (atoms.count, list.row(i))
      if parts.count > 1 {
        for one in present { angularCounts[one] = 0 }
        present.removeAll(keepingCapacity: true)
        for e in row where dot(list.displacements[e], list.displacements[e]) <= squaredAngular {
          let one = Int(species[Int(list.neighbours[e])])
          if angularCounts[one] == 0 { present.append(one) }
          angularCounts[one] += 1
        }
      }
      var (own, ownMask): (Int?, UInt64) = (nil, 0)
      for e in row {
        let (k, d) = (list.neighbours[e], list.displacements[e])
        let squared = dot(d, d)
        guard squared < squaredCutoff, squared > 1e-16 else { continue }
        if own == nil, k >= Int32(i) {
          own = atoms.count
          append(Int32(i), 0)
        }
        let mask =
          parts.count == 1
          ? 1
          : parts.mask(
            of: Int(species[Int(k)]), isAngular: squared <= squaredAngular, beside: present,
            counts: angularCounts)
        ownMask |= mask
        if atoms.count > first, atoms.last == k {
          masks[masks.count - 1] |= mask
        } else {
          append(k, mask)
        }
      }
      if atoms.count > first {
        if own == nil { append(Int32(i), 0) }
        // The own derivative is minus the sum of the others.
        masks[own ?? atoms.count - 1] = ownMask
      }
      starts.append(atoms.count)
      appendRowStarts(first..<atoms.count, &counts)
    }
  }

  private mutating func append(_ atom: Int32, _ mask: UInt64) {
    atoms.append(atom)
    masks.append(mask)
  }

  /// - Parameter counts: zeros, one for each part, and again when this returns.
  private mutating func appendRowStarts(_ own: Range<Int>, _ counts: inout [Int32]) {
    for place in own { DescriptorParts.forEach(of: masks[place]) { counts[$0] &+= 1 } }
    var end = rowStarts.last!
    for part in counts.indices {
      end += counts[part]
      rowStarts.append(end)
      counts[part] = 0
    }
  }
}
