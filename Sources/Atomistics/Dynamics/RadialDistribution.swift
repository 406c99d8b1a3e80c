/// The radial distribution function, gathered over any number of structures.
///
/// The mean number of atoms at a distance from an atom, over what the mean density would give.
public struct RadialDistribution: Sendable, Equatable {
  /// Where it ends, in angstrom.
  public let maximum: Double
  /// The number of bins.
  public let bins: Int
  /// How many structures it was gathered over.
  public private(set) var frames = 0
  private var counts: [Double]
  /// The sum over structures of the number of ordered pairs over the volume.
  private var pairDensity = 0.0

  /// An empty distribution.
  ///
  /// - Precondition: both are positive.
  public init(maximum: Double, bins: Int) {
    precondition(maximum > 0 && bins > 0, "a maximum and bins above zero")
    self.maximum = maximum
    self.bins = bins
    counts = Array(repeating: 0, count: bins)
  }

  /// Checks that a structure can be added.
  ///
  /// - Throws: `AtomisticsError` for a position that is not finite, and a cell with too many atoms up to the maximum.
  public func check(_ structure: Structure) throws {
    _ = try NeighbourSearch(
      positions: structure.positions, cell: structure.cell, cutoff: maximum)
  }

  /// Adds a structure.
  ///
  /// - Precondition: it is periodic in all directions, else it has no density.
  /// - Throws: `AtomisticsError` when a position is not finite.
  public mutating func add(_ structure: Structure) throws {
    precondition(all(structure.cell.periodic), "the structure is not periodic in all directions")
    let list = try NeighbourList(of: structure, cutoff: maximum)
    let scale = Double(bins) / maximum
    for d in list.displacements { counts[min(Int(length(d) * scale), bins - 1)] += 1 }
    let n = Double(structure.count)
    pairDensity += n * n / structure.cell.volume
    frames += 1
  }

  /// The middle of every bin in angstrom.
  public var distances: [Double] {
    (0..<bins).map { (Double($0) + 0.5) * maximum / Double(bins) }
  }

  /// g(r) in every bin, zero before a structure was added.
  public var values: [Double] {
    guard pairDensity > 0 else { return counts }
    let width = maximum / Double(bins)
    return counts.enumerated().map { bin, count in
      let (inner, outer) = (Double(bin) * width, Double(bin + 1) * width)
      let shell = 4 / 3 * Double.pi * (outer * outer * outer - inner * inner * inner)
      return count / (pairDensity * shell)
    }
  }
}
