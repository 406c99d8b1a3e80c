import Tensors

/// Structures to begin a simulation with.
public enum StartingStructures {
  /// Diamond: cubic cells of eight atoms, repeated along the three axes.
  ///
  /// - Parameters:
  ///   - latticeConstant: the cubic cell's edge in angstrom.
  ///   - cells: how many cells along each axis.
  /// - Precondition: all are positive.
  public static func diamond(
    _ species: String, latticeConstant: Double, cells: SIMD3<Int> = .one
  ) throws -> Structure {
    precondition(latticeConstant > 0 && all(cells .> 0), "a lattice constant and cells above zero")
    let faces: [SIMD3<Double>] = [.zero, [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]
    let cell = Structure(
      name: "diamond", species: Array(repeating: species, count: 8),
      positions: (faces + faces.map { $0 + 0.25 }).map { $0 * latticeConstant },
      cell: Cell(cubic: latticeConstant))
    return try cell.repeated(cells)
  }

  /// Atoms at random in a box, none nearer to another, or to its own image, than `minimumDistance`:
  /// where a liquid can start.
  ///
  /// - Throws: `AtomisticsError` when so many atoms do not find room by chance.
  public static func random(
    _ species: [String], in cell: Cell, minimumDistance: Double, seed: UInt64
  ) throws -> Structure {
    precondition(minimumDistance > 0, "the minimum distance \(minimumDistance) is not positive")
    var generator = PhiloxGenerator(seed: seed)
    var placed = Structure(
      name: "random", species: species, positions: cell.positions(species.count, &generator),
      cell: cell)
    // Whoever is too near to one that came before is thrown again.
    for _ in 0..<2000 {
      let list = try NeighbourList(of: placed, cutoff: minimumDistance)
      let crowded = placed.positions.indices.filter { i in
        list.row(i).contains { Int(list.neighbours[$0]) <= i }
      }
      if crowded.isEmpty { return placed }
      for (i, position) in zip(crowded, cell.positions(crowded.count, &generator)) {
        placed.positions[i] = position
      }
    }
    throw AtomisticsError(
      key: "minimum distance", found: "\(minimumDistance) angstrom for \(species.count) atoms",
      allowed: "a distance at which they find room in \(cell.volume) cubic angstrom")
  }
}

extension Cell {
  fileprivate func positions(
    _ count: Int, _ generator: inout PhiloxGenerator
  ) -> [SIMD3<Double>] {
    (0..<count).map { _ in
      cartesian(SIMD3(generator.uniform(), generator.uniform(), generator.uniform()))
    }
  }
}
