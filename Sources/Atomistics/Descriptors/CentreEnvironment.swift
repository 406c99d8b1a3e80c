import Tensors

/// What the descriptors of all atoms are computed from, as plain pointers for the inner loops.
struct DescriptorInput {
  let species: UnsafePointer<Int32>
  let starts: UnsafePointer<Int>
  /// The atom that the list's first row is of.
  var firstAtom = 0
  let neighbours: UnsafePointer<Int32>
  let displacements: UnsafePointer<SIMD3<Double>>
  let atomCount: Int
}

/// The surroundings of one atom: distances, directions and cutoff functions of its neighbours.
///
/// Neighbours keep the order of the list; those within the angular cutoff stand once more sorted by
/// species, so that the sums over a pair of species run over neighbouring memory. Made once for many
/// atoms, it allocates only to grow; nothing looks for conflicting accesses.
final class CentreEnvironment {
  typealias Four = SIMD4<Double>
  typealias Column = UnsafeMutablePointer<Double>

  /// The numbers of one group of neighbours, each a column.
  struct Columns {
    var r, inverse, x, y, z, cutoff, slope: Column

    static let count = 7

    init(_ base: Column, _ capacity: Int) {
      r = base
      inverse = base + capacity
      x = base + 2 * capacity
      y = base + 3 * capacity
      z = base + 4 * capacity
      cutoff = base + 5 * capacity
      slope = base + 6 * capacity
    }

    /// Takes over neighbour `m` of other columns as neighbour `a`, all but the cutoff function.
    @inline(__always)
    func copy(_ m: Int, of other: Columns, to a: Int) {
      r[a] = other.r[m]
      inverse[a] = other.inverse[m]
      x[a] = other.x[m]
      y[a] = other.y[m]
      z[a] = other.z[m]
    }
  }

  private let species: Int
  private let radialCutoff: Double
  private let angularCutoff: Double
  @exclusivity(unchecked) private(set) var capacity = 0
  @exclusivity(unchecked) private var storage = AlignedStorage(byteCount: 0)
  @exclusivity(unchecked) private var places = AlignedStorage(byteCount: 0)

  /// The neighbours within the larger cutoff, with the radial cutoff function.
  @exclusivity(unchecked) private(set) var count = 0
  @exclusivity(unchecked) private(set) var all: Columns
  /// The atom of each, its place in the neighbour list and among the angular ones, or -1.
  @exclusivity(unchecked) private(set) var atoms: UnsafeMutablePointer<Int>
  @exclusivity(unchecked) private(set) var entries: UnsafeMutablePointer<Int>
  @exclusivity(unchecked) private(set) var angularPlaces: UnsafeMutablePointer<Int>

  /// The neighbours within the angular cutoff by species, with the angular cutoff function.
  @exclusivity(unchecked) private(set) var angularCount = 0
  @exclusivity(unchecked) private(set) var angular: Columns
  /// Where each species begins among them, and the end of the last.
  let groupStarts: UnsafeMutablePointer<Int>
  private let groupStorage: AlignedStorage

  /// Cutoffs in angstrom.
  init(species: Int, radialCutoff: Double, angularCutoff: Double) {
    self.species = species
    self.radialCutoff = radialCutoff
    self.angularCutoff = angularCutoff
    groupStorage = AlignedStorage(byteCount: 8 * (species + 2))
    groupStarts = groupStorage.base.assumingMemoryBound(to: Int.self)
    let base = storage.base.assumingMemoryBound(to: Double.self)
    (all, angular) = (Columns(base, 0), Columns(base, 0))
    let numbers = places.base.assumingMemoryBound(to: Int.self)
    (atoms, entries, angularPlaces) = (numbers, numbers, numbers)
  }

  private func reserve(_ neighbours: Int) {
    guard neighbours + 4 > capacity else { return }
    capacity = (2 * neighbours + 16).roundedUp(toMultipleOf: 8)
    storage = AlignedStorage(byteCount: 2 * Columns.count * capacity * 8)
    let base = storage.base.assumingMemoryBound(to: Double.self)
    all = Columns(base, capacity)
    angular = Columns(base + Columns.count * capacity, capacity)
    places = AlignedStorage(byteCount: 3 * capacity * 8)
    atoms = places.base.assumingMemoryBound(to: Int.self)
    entries = atoms + capacity
    angularPlaces = atoms + 2 * capacity
  }

  /// Looks around one atom.
  func gather(_ centre: Int, _ input: DescriptorInput) {
    let place = centre - input.firstAtom
    let row = input.starts[place]..<input.starts[place + 1]
    reserve(row.count)
    let cutoff = max(radialCutoff, angularCutoff)
    let (atoms, entries, all) = (atoms, entries, all)
    var m = 0
    for e in row {
      let d = input.displacements[e]
      let squared = dot(d, d)
      // Atoms in one place have no direction; the list may reach beyond the cutoff.
      guard squared < cutoff * cutoff, squared > 1e-16 else { continue }
      atoms[m] = Int(input.neighbours[e])
      entries[m] = e
      all.x[m] = d.x
      all.y[m] = d.y
      all.z[m] = d.z
      all.r[m] = squared
      m += 1
    }
    count = m
    for padding in m..<m.roundedUp(toMultipleOf: 4) {
      all.r[padding] = cutoff * cutoff
      all.x[padding] = 0
      all.y[padding] = 0
      all.z[padding] = 0
    }
    normalize()
    sortBySpecies(input)
  }

  private func normalize() {
    let all = all
    for group in stride(from: 0, to: count, by: 4) {
      let squared = Self.load(all.r, group)
      let inverse = VectorMath.inverseSquareRoot(squared)
      Self.store(squared * inverse, all.r, group)
      Self.store(inverse, all.inverse, group)
      Self.store(Self.load(all.x, group) * inverse, all.x, group)
      Self.store(Self.load(all.y, group) * inverse, all.y, group)
      Self.store(Self.load(all.z, group) * inverse, all.z, group)
    }
    fillCutoff(all, count, radialCutoff)
  }

  private func sortBySpecies(_ input: DescriptorInput) {
    let (species, cutoff) = (species, angularCutoff)
    for s in 0...(species + 1) { groupStarts[s] = 0 }
    for m in 0..<count where all.r[m] < cutoff {
      groupStarts[Int(input.species[atoms[m]]) + 2] += 1
    }
    for s in 0...species { groupStarts[s + 1] += groupStarts[s] }
    for m in 0..<count {
      guard all.r[m] < cutoff else {
        angularPlaces[m] = -1
        continue
      }
      // Each start moves to its group's end, which is the next group's start.
      let a = groupStarts[Int(input.species[atoms[m]]) + 1]
      groupStarts[Int(input.species[atoms[m]]) + 1] += 1
      angularPlaces[m] = a
      angular.copy(m, of: all, to: a)
    }
    angularCount = groupStarts[species]
    for padding in angularCount..<angularCount.roundedUp(toMultipleOf: 4) {
      angular.r[padding] = cutoff
    }
    fillCutoff(angular, angularCount, cutoff)
  }

  /// The cutoff function `(1 + cos(pi r / Rc)) / 2` and its derivative by r.
  private func fillCutoff(_ columns: Columns, _ count: Int, _ cutoff: Double) {
    for group in stride(from: 0, to: count, by: 4) {
      let t = Self.load(columns.r, group) / cutoff
      let outside = t .>= 1
      let (cosine, sine) = VectorMath.cosSinPi(t.replacing(with: 1, where: outside))
      let value = 0.5 + 0.5 * cosine
      let slope = sine * (-0.5 * Double.pi / cutoff)
      Self.store(value.replacing(with: 0, where: outside), columns.cutoff, group)
      Self.store(slope.replacing(with: 0, where: outside), columns.slope, group)
    }
  }

  @inline(__always)
  static func load(_ column: Column, _ start: Int) -> Four {
    UnsafeRawPointer(column + start).loadUnaligned(as: Four.self)
  }

  @inline(__always)
  static func store(_ value: Four, _ column: Column, _ start: Int) {
    UnsafeMutableRawPointer(column + start).storeBytes(of: value, as: Four.self)
  }

  @inline(__always)
  static func add(_ value: Four, _ column: Column, _ start: Int) {
    store(load(column, start) + value, column, start)
  }
}
