/// Atoms in space and what is known of them, in eV, angstrom, femtoseconds.
public struct Structure: Sendable, Equatable {
  /// The name the structure goes by, such as its file's name up to the first dot.
  public var name: String
  /// The element of every atom, such as `Si`.
  public var species: [String]
  /// Where every atom is, in angstrom; atoms may lie outside the cell.
  public var positions: [SIMD3<Double>]
  /// The box and its periodicity.
  public var cell: Cell
  /// The total energy in eV.
  public var energy: Double?
  /// The force on every atom in eV/angstrom.
  public var forces: [SIMD3<Double>]?
  /// The velocity of every atom in angstrom/fs.
  public var velocities: [SIMD3<Double>]?
  /// The mass of every atom in u, where it is not its element's.
  public var masses: [Double]?
  /// The virial, the sum over pairs of force times distance, in eV; positive under compression.
  public var virial: Matrix3?
  /// One more number per atom, such as a share of the energy in eV or a charge.
  public var perAtomQuantity: [Double]?

  /// Atoms of the given species at the given positions.
  ///
  /// - Precondition: as many species as positions, forces, velocities and masses where there are any.
  public init(
    name: String = "", species: [String], positions: [SIMD3<Double>], cell: Cell = .none,
    energy: Double? = nil, forces: [SIMD3<Double>]? = nil, velocities: [SIMD3<Double>]? = nil,
    masses: [Double]? = nil, virial: Matrix3? = nil, perAtomQuantity: [Double]? = nil
  ) {
    precondition(species.count == positions.count, "one species for each position")
    precondition(forces.map { $0.count == positions.count } ?? true, "one force for each atom")
    precondition(velocities.map { $0.count == positions.count } ?? true, "a velocity for each atom")
    precondition(masses.map { $0.count == positions.count } ?? true, "a mass for each atom")
    precondition(perAtomQuantity.map { $0.count == positions.count } ?? true, "one for each atom")
    self.name = name
    self.species = species
    self.positions = positions
    self.cell = cell
    self.energy = energy
    self.forces = forces
    self.velocities = velocities
    self.masses = masses
    self.virial = virial
    self.perAtomQuantity = perAtomQuantity
  }

  /// The number of atoms.
  public var count: Int { positions.count }

  /// Minus the virial over the volume in eV/angstrom³, positive under tension; nil without virial and
  /// where the structure is not periodic in all directions.
  public var stress: Matrix3? {
    guard let virial, all(cell.periodic) else { return nil }
    return virial * (-1 / cell.volume)
  }

  /// The structure, but without periodicity along the vectors that `directions` switches off.
  public func limited(to directions: Periodicity) -> Structure {
    var copy = self
    copy.cell = cell.limited(to: directions)
    return copy
  }

  /// The structure repeated along the three vectors, name, species, velocities and masses kept, results
  /// dropped.
  ///
  /// - Throws: `AtomisticsError` for more than once along a vector that the cell does not have.
  public func repeated(_ times: SIMD3<Int>) throws -> Structure {
    var copy = Structure(name: name, species: [], positions: [])
    let rows = cell.vectors
    for k in 0..<3 where times[k] > 1 && rows[k] == .zero {
      throw AtomisticsError(
        key: "repeat", found: "\(times[k])", allowed: "1, since the cell has no vector \(k + 1)")
    }
    copy.cell = try Cell(
      vectors: Matrix3(
        rows.a * Double(times.x), rows.b * Double(times.y), rows.c * Double(times.z)),
      periodic: cell.periodic)
    for i in 0..<times.x {
      for j in 0..<times.y {
        for k in 0..<times.z {
          let shift = SIMD3(Double(i), Double(j), Double(k)) * cell.completed
          copy.species += species
          copy.positions += positions.map { $0 + shift }
        }
      }
    }
    let count = times.x * times.y * times.z
    copy.velocities = velocities.map { Array(repeatElement($0, count: count).joined()) }
    copy.masses = masses.map { Array(repeatElement($0, count: count).joined()) }
    return copy
  }

  /// The place of every atom's species in `list`.
  ///
  /// - Throws: `AtomisticsError` for the first species that is not in the list.
  public func speciesIndices(in list: [String]) throws -> [Int32] {
    // Few species are found faster one by one than by their hashes.
    let places =
      list.count > 8
      ? Dictionary(
        list.enumerated().map { ($1, Int32($0)) }, uniquingKeysWith: { first, _ in first }) : nil
    func place(_ symbol: String) -> Int32? {
      places.map { $0[symbol] } ?? list.firstIndex(of: symbol).map { Int32($0) }
    }
    return try species.enumerated().map { atom, symbol in
      guard let place = place(symbol) else {
        throw AtomisticsError(
          key: "species of atom \(atom + 1)\(name.isEmpty ? "" : " of \(name)")",
          found: "\"\(symbol)\"", allowed: list.joined(separator: ", "))
      }
      return place
    }
  }
}
