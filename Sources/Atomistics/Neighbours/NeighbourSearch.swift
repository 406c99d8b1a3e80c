/// Atoms sorted into bins of about half the cutoff along the cell's vectors.
///
/// The bins are parallelepipeds; `reach` bins on either side hold every neighbour. Where the cell is
/// shorter than the cutoff, the reach passes through several of its images.
struct NeighbourSearch {
  /// The neighbours of some atoms, one after the other.
  struct Found {
    var counts: [Int] = []
    var neighbours: [Int32] = []
    var images: [SIMD3<Int32>] = []
    var displacements: [SIMD3<Double>] = []
  }

  private struct Candidate {
    var neighbour: Int32
    var image: SIMD3<Int32>
    var displacement: SIMD3<Double>
  }

  let positions: [SIMD3<Double>]
  let cell: Cell
  let cutoff: Double
  /// The number of bins along each vector.
  private var bins: SIMD3<Int>
  /// Whether atoms are in bins; else every one is compared with every other.
  private let isSorted: Bool
  /// How many bins away a neighbour can be.
  private var reach: SIMD3<Int>
  /// The cells each atom lies away from the box.
  private var home: [SIMD3<Int32>] = []
  /// The bin of each atom, and the atoms in the order of their bins.
  private var binOfAtom: [SIMD3<Int>] = []
  private var sortedAtoms: [Int32] = []
  /// The positions inside the box in that order.
  private var sortedPositions: [SIMD3<Double>] = []
  private var binStarts: [Int] = []

  /// Atoms further away than this, in cells, are refused.
  private static let farthest = 1e8

  /// So many atoms are compared with each other faster than sorted into bins.
  private static let fewAtoms = 32

  /// Atoms have fewer neighbours than this: a thousand times as many as in any matter within usual cutoffs.
  private static let mostNeighbours = 250_000.0

  /// - Throws: `AtomisticsError` for a position that is not finite or too far away, and for a cell that is too small
  ///   for the cutoff.
  init(positions: [SIMD3<Double>], cell: Cell, cutoff: Double) throws {
    self.positions = positions
    self.cell = cell
    self.cutoff = cutoff
    bins = SIMD3(repeating: 1)
    reach = SIMD3(repeating: 0)
    isSorted = positions.count > Self.fewAtoms || cell.isPeriodic
    guard isSorted else {
      try checkRange()
      return
    }
    let inside = try wrap()
    var low = SIMD3<Double>.zero
    var extent = SIMD3<Double>.one
    for k in 0..<3 where !cell.periodic[k] && !positions.isEmpty {
      low[k] = inside.lazy.map { $0[k] }.min()!
      extent[k] = inside.lazy.map { $0[k] }.max()! - low[k]
    }
    try layBins(extent)
    sort(inside, low, extent)
  }

  /// The neighbours without periodic images, every atom compared with every other.
  private func compared(_ atoms: Range<Int>) -> Found {
    var found = Found()
    let most = atoms.count * max(0, positions.count - 1)
    found.counts.reserveCapacity(atoms.count)
    found.neighbours.reserveCapacity(most)
    found.displacements.reserveCapacity(most)
    for i in atoms {
      let before = found.neighbours.count
      for j in positions.indices where j != i {
        let displacement = positions[j] - positions[i]
        guard dot(displacement, displacement) < cutoff * cutoff else { continue }
        found.neighbours.append(Int32(j))
        found.displacements.append(displacement)
      }
      found.counts.append(found.neighbours.count - before)
    }
    found.images = Array(repeating: .zero, count: found.neighbours.count)
    return found
  }

  private func checkRange() throws {
    for (atom, position) in positions.enumerated() {
      let s = cell.fractional(position)
      guard abs(s.x) < Self.farthest, abs(s.y) < Self.farthest, abs(s.z) < Self.farthest else {
        throw AtomisticsError(
          key: "position of atom \(atom + 1)", found: "\(position.x) \(position.y) \(position.z)",
          allowed: "finite numbers of at most \(Self.farthest) cells")
      }
    }
  }

  /// The fractional coordinates inside the box.
  private mutating func wrap() throws -> [SIMD3<Double>] {
    try checkRange()
    home.reserveCapacity(positions.count)
    return positions.map { position in
      let cells = cell.cellsAway(position)
      home.append(cells)
      return cell.fractional(position) - SIMD3(Double(cells.x), Double(cells.y), Double(cells.z))
    }
  }

  private mutating func layBins(_ extent: SIMD3<Double>) throws {
    let lengths = cell.heights * extent
    var width = cutoff / 2
    repeat {
      for k in 0..<3 { bins[k] = max(1, Int(min(lengths[k] / width, 1e6))) }
      width *= 1.25
    } while bins.x * bins.y * bins.z > 4 * positions.count + 64
    // How many bins are within the cutoff on either side.
    let near = cutoff * SIMD3<Double>(bins) / lengths
    try checkCount(near)
    for k in 0..<3 {
      // A little more than the cutoff, for atoms that rounding put into the next bin.
      let needed = (near[k] * (1 + 1e-9)).rounded(.up)
      reach[k] = cell.periodic[k] ? Int(needed) : Int(min(needed, Double(bins[k] - 1)))
    }
  }

  /// Whether a sphere of so many bins on either side holds what memory and time are enough for: lengths in another
  /// unit make a cell that has any number of images within the cutoff.
  private func checkCount(_ near: SIMD3<Double>) throws {
    guard cell.isPeriodic else { return }
    var count = Double(positions.count) * .pi / 6
    for k in 0..<3 {
      let size = Double(bins[k])
      count *= (cell.periodic[k] ? 2 * near[k] : min(2 * near[k], size)) / size
    }
    guard !(count <= Self.mostNeighbours) else { return }
    throw AtomisticsError(
      key: "cell", found: "some \(Float(count)) atoms about each within \(cutoff) angstrom",
      allowed: "at most \(Int(Self.mostNeighbours)); lengths are in angstrom")
  }

  private mutating func sort(
    _ inside: [SIMD3<Double>], _ low: SIMD3<Double>, _ extent: SIMD3<Double>
  ) {
    binOfAtom = inside.map { s in
      var bin = SIMD3<Int>.zero
      for k in 0..<3 where bins[k] > 1 {
        let place = (s[k] - low[k]) / extent[k] * Double(bins[k])
        bin[k] = min(max(Int(place), 0), bins[k] - 1)
      }
      return bin
    }
    binStarts = Array(repeating: 0, count: bins.x * bins.y * bins.z + 1)
    for bin in binOfAtom { binStarts[number(bin) + 1] += 1 }
    for bin in 1..<binStarts.count { binStarts[bin] += binStarts[bin - 1] }
    var next = binStarts
    sortedAtoms = Array(repeating: 0, count: positions.count)
    sortedPositions = Array(repeating: .zero, count: positions.count)
    for atom in positions.indices {
      let bin = number(binOfAtom[atom])
      sortedAtoms[next[bin]] = Int32(atom)
      sortedPositions[next[bin]] = positions[atom] - cell.translation(home[atom])
      next[bin] += 1
    }
  }

  private func number(_ bin: SIMD3<Int>) -> Int { (bin.x * bins.y + bin.y) * bins.z + bin.z }

  /// All neighbours of the given atoms.
  func found(for atoms: Range<Int>) -> Found {
    guard isSorted else { return compared(atoms) }
    var found = Found()
    var candidates: [Candidate] = []
    var order: [UInt64] = []
    for atom in atoms {
      candidates.removeAll(keepingCapacity: true)
      collect(atom, &candidates)
      order.removeAll(keepingCapacity: true)
      for (place, candidate) in candidates.enumerated() {
        order.append(UInt64(candidate.neighbour) << 32 | UInt64(place))
      }
      order.sort { a, b in
        guard a >> 32 == b >> 32 else { return a < b }
        return precedes(candidates[Int(a & 0xffff_ffff)], candidates[Int(b & 0xffff_ffff)])
      }
      found.counts.append(order.count)
      for key in order {
        let candidate = candidates[Int(key & 0xffff_ffff)]
        found.neighbours.append(candidate.neighbour)
        found.images.append(candidate.image)
        found.displacements.append(candidate.displacement)
      }
    }
    return found
  }

  private func precedes(_ a: Candidate, _ b: Candidate) -> Bool {
    if a.image.x != b.image.x { return a.image.x < b.image.x }
    if a.image.y != b.image.y { return a.image.y < b.image.y }
    return a.image.z < b.image.z
  }

  /// Visits every row of bins within reach; along the third vector bins follow each other.
  private func collect(_ atom: Int, _ candidates: inout [Candidate]) {
    let bin = binOfAtom[atom]
    for x in (bin.x - reach.x)...(bin.x + reach.x) {
      guard let (bx, ix) = place(x, 0) else { continue }
      for y in (bin.y - reach.y)...(bin.y + reach.y) {
        guard let (by, iy) = place(y, 1) else { continue }
        var z = bin.z - reach.z
        while z <= bin.z + reach.z {
          guard let (bz, iz) = place(z, 2) else {
            z += 1
            continue
          }
          let run = min(bins.z - bz, bin.z + reach.z - z + 1)
          let first = number([bx, by, bz])
          collect(
            atom, binStarts[first]..<binStarts[first + run], SIMD3(ix, iy, iz), &candidates)
          z += run
        }
      }
    }
  }

  /// The bin inside the box and the image for a bin counted without end; nil outside the box where
  /// that is not periodic.
  @inline(__always)
  private func place(_ bin: Int, _ k: Int) -> (bin: Int, image: Int32)? {
    if bin >= 0 && bin < bins[k] { return (bin, 0) }
    guard cell.periodic[k] else { return nil }
    let image = bin >= 0 ? bin / bins[k] : -((bins[k] - 1 - bin) / bins[k])
    return (bin - image * bins[k], Int32(image))
  }

  private func collect(
    _ atom: Int, _ run: Range<Int>, _ image: SIMD3<Int32>, _ candidates: inout [Candidate]
  ) {
    let position = positions[atom]
    let origin = position - cell.translation(home[atom]) - cell.translation(image)
    // The last digits depend on the box an atom was put in; the list must not.
    let loose = (cutoff + 1e-6) * (cutoff + 1e-6)
    let squaredCutoff = cutoff * cutoff
    for place in run {
      let near = sortedPositions[place] - origin
      guard dot(near, near) < loose else { continue }
      let other = Int(sortedAtoms[place])
      let cells = image &+ home[atom] &- home[other]
      let displacement = (positions[other] - position) + cell.translation(cells)
      guard dot(displacement, displacement) < squaredCutoff else { continue }
      if other == atom && cells == .zero { continue }
      candidates.append(
        Candidate(neighbour: Int32(other), image: cells, displacement: displacement))
    }
  }
}
