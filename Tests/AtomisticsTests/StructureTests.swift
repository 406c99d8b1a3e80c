import Atomistics
import Tensors
import Testing

@Suite struct CellTests {
  @Test func volumeHeightsAndInverse() throws {
    let cell = try Cell(vectors: Matrix3([3, 0, 0], [1, 4, 0], [0.5, -0.7, 5]))
    #expect(abs(cell.volume - 60) < 1e-12)
    let unity = cell.completed * cell.inverse
    for row in 0..<3 {
      #expect(length(unity[row] - Matrix3.identity[row]) < 1e-14)
      // Each height is the volume over the area of the face it stands on.
      let face = cross(cell.vectors[(row + 1) % 3], cell.vectors[(row + 2) % 3])
      #expect(abs(cell.heights[row] - 60 / length(face)) < 1e-12)
    }
  }

  @Test(arguments: 0..<8) func missingVectorsAreCompleted(missing: Int) throws {
    var rows = Matrix3([3, 0.2, 0], [1, 4, 0.3], [0.5, -0.7, 5])
    for k in 0..<3 where missing >> k & 1 == 1 { rows[k] = [0, 1e-7, 0] }
    let cell = try Cell(vectors: rows)
    for k in 0..<3 {
      let isMissing = missing >> k & 1 == 1
      #expect(cell.periodic[k] == !isMissing)
      guard isMissing else { continue }
      #expect(abs(length(cell.completed[k]) - 1) < 1e-14)
      for other in 0..<3 where other != k {
        #expect(abs(dot(cell.completed[k], cell.completed[other])) < 1e-14)
      }
    }
  }

  @Test func vectorsInAPlaneAreRefused() {
    #expect(throws: AtomisticsError.self) {
      try Cell(vectors: Matrix3([1, 0, 0], [0, 1, 0], [1, 1, 0]))
    }
    #expect(throws: AtomisticsError.self) {
      try Cell(vectors: Matrix3([.nan, 0, 0], [0, 1, 0], [1, 1, 1]))
    }
  }

  @Test func wrappingKeepsThePointUpToWholeCells() throws {
    let cell = try Cell(
      vectors: Matrix3([3, 0, 0], [1, 4, 0], [0.5, -0.7, 5]), periodic: [true, false, true])
    var generator = PhiloxGenerator(seed: 3)
    for _ in 0..<200 {
      let s = SIMD3(generator.uniform(), generator.uniform(), generator.uniform()) * 9 - 4
      let inside = cell.fractional(cell.wrapped(cell.cartesian(s)))
      for k in 0..<3 {
        let difference = s[k] - inside[k]
        if cell.periodic[k] {
          #expect(inside[k] > -1e-12 && inside[k] < 1 + 1e-12)
          #expect(abs(difference - difference.rounded()) < 1e-12)
        } else {
          #expect(abs(difference) < 1e-12)
        }
      }
    }
  }
}

@Suite struct StructureTests {
  @Test func speciesAreLookedUp() throws {
    let water = Structure(
      name: "water", species: ["H", "O", "H"], positions: [.zero, .one, -.one])
    #expect(try water.speciesIndices(in: ["O", "H"]) == [1, 0, 1])
    let error = #expect(throws: AtomisticsError.self) { try water.speciesIndices(in: ["H"]) }
    #expect(error?.description == "species of atom 2 of water: found \"O\"; allowed: H")
  }

  @Test func repeatingMultipliesAtomsAndVolume() throws {
    let one = Structure(species: ["Si"], positions: [[0.1, 0.2, 0.3]], cell: Cell(cubic: 2))
    let many = try one.repeated([2, 1, 3])
    #expect(many.count == 6)
    #expect(abs(many.cell.volume - 48) < 1e-12)
    #expect(many.positions.contains([2.1, 0.2, 4.3]) && many.velocities == nil)
    let moving = Structure(
      species: ["Si", "O"], positions: [.zero, .one], cell: Cell(cubic: 3),
      velocities: [[0.1, 0, 0], [0, 0.2, 0]])
    let all = try moving.repeated([1, 2, 1])
    #expect(all.species == ["Si", "O", "Si", "O"])
    #expect(all.velocities == [[0.1, 0, 0], [0, 0.2, 0], [0.1, 0, 0], [0, 0.2, 0]])
  }

  /// The unit vectors that stand in for missing ones are no distance to the next copy.
  @Test func nothingIsRepeatedAlongAMissingVector() throws {
    let cell = try Cell(vectors: Matrix3([3, 0, 0], [0, 3, 0], .zero))
    let slab = Structure(species: ["Si"], positions: [.zero], cell: cell)
    #expect(try slab.repeated([2, 2, 1]).count == 4)
    let error = #expect(throws: AtomisticsError.self) { try slab.repeated([2, 2, 3]) }
    #expect(error?.description == "repeat: found 3; allowed: 1, since the cell has no vector 3")
  }

  @Test func periodicityIsLimited() throws {
    var bulk = Structure(species: ["Si"], positions: [[5, 5, 5]], cell: Cell(cubic: 3))
    let slab = bulk.limited(to: [true, true, false])
    #expect(slab.cell.periodic == [true, true, false] && slab.cell.vectors == bulk.cell.vectors)
    #expect(slab.limited(to: [false, true, true]).cell.periodic == [false, true, false])
    bulk.cell = slab.cell
    #expect(bulk == slab)
  }

  @Test func unitsAndMasses() {
    #expect(abs(Units.boltzmann - 8.617333262e-5) < 1e-14)
    #expect(abs(Units.naturalTime - 10.180505) < 1e-6)
    #expect(abs(Units.hartree - 27.2113961318) < 2e-6)
    #expect(Elements.symbols.count == 118)
    #expect(Elements.number(of: "Si") == 14)
    #expect(Elements.mass(of: "Si") == 28.085)
    #expect(Elements.mass(of: "Au") == 196.97)
    #expect(Elements.mass(of: "Og") == 294)
    #expect(Elements.mass(of: "Xx") == nil)
  }
}
