/// Whether a structure repeats along each of the three vectors of its cell.
public typealias Periodicity = SIMDMask<SIMD3<Int8>>

/// The box of a structure: three vectors in angstrom and whether the structure repeats along each.
///
/// A vector shorter than 1e-6 is missing: the structure does not repeat along it, and a unit vector
/// perpendicular to the others stands in for it, so that fractional coordinates always exist.
public struct Cell: Sendable, Equatable {
  /// The vectors a1, a2, a3 as given, missing ones zero.
  public let vectors: Matrix3
  /// Whether the structure repeats along each vector.
  public let periodic: Periodicity
  /// The vectors with the missing ones completed.
  public let completed: Matrix3
  /// The inverse of `completed`: cartesian row vector times this gives fractional coordinates.
  public let inverse: Matrix3

  /// Lengths below this, in angstrom, count as a missing vector.
  public static let missingLength = 1e-6

  /// No box at all: a molecule.
  public static let none = Cell(.zero, .identity, periodic: .init(repeating: false))

  private init(_ vectors: Matrix3, _ completed: Matrix3, periodic: Periodicity) {
    self.vectors = vectors
    self.completed = completed
    self.periodic = periodic
    inverse = completed.inverse
  }

  /// The cell with these vectors as rows.
  ///
  /// - Parameter periodic: switches periodicity off per direction; a missing vector has none.
  /// - Throws: `AtomisticsError` when the vectors lie in a plane or are not finite.
  public init(vectors: Matrix3, periodic: Periodicity = .init(repeating: true)) throws {
    var given = vectors
    var flags = periodic
    for k in 0..<3 where length(given[k]) < Self.missingLength {
      given[k] = .zero
      flags[k] = false
    }
    let completed = Self.complete(given)
    let size = length(completed.a) * length(completed.b) * length(completed.c)
    guard size.isFinite, abs(completed.determinant) > 1e-9 * size else {
      throw AtomisticsError(
        key: "lattice vectors", found: "\(vectors.a), \(vectors.b), \(vectors.c)",
        allowed: "three finite vectors that do not lie in one plane")
    }
    self.init(given, completed, periodic: flags)
  }

  /// A periodic box with right angles and these edges in angstrom.
  ///
  /// - Precondition: the edges are positive.
  public init(orthorhombic edges: SIMD3<Double>) {
    precondition(all(edges .> Self.missingLength), "the edges \(edges) are not positive")
    let vectors = Matrix3([edges.x, 0, 0], [0, edges.y, 0], [0, 0, edges.z])
    self.init(vectors, vectors, periodic: .init(repeating: true))
  }

  /// A periodic cube with this edge in angstrom.
  public init(cubic edge: Double) { self.init(orthorhombic: SIMD3(repeating: edge)) }

  /// The same cell, but without periodicity along the vectors that `directions` switches off.
  public func limited(to directions: Periodicity) -> Cell {
    Cell(vectors, completed, periodic: periodic .& directions)
  }

  private static func complete(_ given: Matrix3) -> Matrix3 {
    var rows = given
    for k in 0..<3 where rows[k] == .zero {
      let (u, v) = (rows[(k + 1) % 3], rows[(k + 2) % 3])
      rows[k] = normalPerpendicular(to: u, v)
    }
    return rows
  }

  /// A unit vector perpendicular to the non-zero ones of `u` and `v`.
  private static func normalPerpendicular(to u: SIMD3<Double>, _ v: SIMD3<Double>) -> SIMD3<Double>
  {
    if u != .zero && v != .zero { return unit(cross(u, v)) }
    let one = u == .zero ? v : u
    if one == .zero { return [1, 0, 0] }
    let size = SIMD3(abs(one.x), abs(one.y), abs(one.z))
    let axis: SIMD3<Double> =
      size.x <= size.y && size.x <= size.z ? [1, 0, 0] : size.y <= size.z ? [0, 1, 0] : [0, 0, 1]
    return unit(cross(one, axis))
  }

  private static func unit(_ v: SIMD3<Double>) -> SIMD3<Double> { v / length(v) }

  /// Whether the structure repeats along any vector.
  public var isPeriodic: Bool { any(periodic) }

  /// The volume of the completed cell in cubic angstrom: an area times 1 angstrom for a slab
  /// without third vector, 1 for a molecule without any.
  public var volume: Double { abs(completed.determinant) }

  /// The distance between the two faces that each vector connects, in angstrom.
  public var heights: SIMD3<Double> {
    let columns = inverse.transposed
    return SIMD3(1 / length(columns.a), 1 / length(columns.b), 1 / length(columns.c))
  }

  /// The reciprocal vectors without the factor 2 pi, as rows.
  public var reciprocal: Matrix3 { inverse.transposed }

  /// The coordinates of a point in units of the completed vectors.
  public func fractional(_ cartesian: SIMD3<Double>) -> SIMD3<Double> { cartesian * inverse }

  /// The point in angstrom with these fractional coordinates.
  public func cartesian(_ fractional: SIMD3<Double>) -> SIMD3<Double> { fractional * completed }

  /// The whole cells that separate a point from its image inside the box, zero where not periodic.
  public func cellsAway(_ point: SIMD3<Double>) -> SIMD3<Int32> {
    let s = fractional(point)
    var cells = SIMD3<Int32>()
    for k in 0..<3 where periodic[k] { cells[k] = Int32(s[k].rounded(.down)) }
    return cells
  }

  /// The image of a point with fractional coordinates in 0..<1 along the periodic vectors.
  public func wrapped(_ point: SIMD3<Double>) -> SIMD3<Double> {
    point - translation(cellsAway(point))
  }

  /// The translation by whole cells, in angstrom.
  @inline(__always)
  public func translation(_ cells: SIMD3<Int32>) -> SIMD3<Double> {
    SIMD3(Double(cells.x), Double(cells.y), Double(cells.z)) * completed
  }
}
