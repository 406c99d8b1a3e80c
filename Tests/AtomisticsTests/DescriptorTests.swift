import Foundation
import Tensors
import Testing

@testable import Atomistics

/// The formulas one by one: every neighbour, every unordered pair, every component.
func naiveDescriptors(_ structure: Structure, _ p: DescriptorParameters) throws -> [Double] {
  let species = try structure.speciesIndices(in: p.species).map(Int.init)
  let list = try NeighbourList(of: structure, cutoff: p.cutoff)
  var values = [Double](repeating: 0, count: structure.count * p.size)
  func cut(_ r: Double, _ rc: Double) -> Double { r < rc ? (1 + cos(.pi * r / rc)) / 2 : 0 }
  for i in 0..<structure.count {
    let base = i * p.size
    for e in list.row(i) {
      let (r, s) = (length(list.displacements[e]), species[Int(list.neighbours[e])])
      for (c, centre) in p.radialCentres.enumerated() {
        values[base + p.radialOffset(s) + c] +=
          exp(-p.radialEtas[c] * (r - centre) * (r - centre)) * cut(r, p.radialCutoff)
      }
      for f in list.row(i) where f < e {
        let (u, v) = (list.displacements[e], list.displacements[f])
        let (ru, rv) = (length(u), length(v))
        let cosine = p.cosineScale * max(-1, min(1, dot(u, v) / (ru * rv)))
        let cuts = cut(ru, p.angularCutoff) * cut(rv, p.angularCutoff)
        let offset = base + p.angularOffset(s, species[Int(list.neighbours[f])])
        for (c, centre) in p.angularCentres.enumerated() {
          let gauss = exp(-p.angularEtas[c] * pow((ru + rv) / 2 - centre, 2))
          for (a, theta) in p.angles.enumerated() {
            let smooth = p.epsilon * sin(theta) * sin(theta)
            let root = (1 - cosine * cosine + smooth).squareRoot()
            let norm = pow((1 + (1 + smooth).squareRoot()) / 2, p.zetas[a])
            let peak = pow((1 + cosine * cos(theta) + root * sin(theta)) / 2, p.zetas[a])
            values[offset + c * p.angleCount + a] += 2 * peak / norm * gauss * cuts
          }
        }
      }
    }
  }
  return values
}

func randomStructure(
  _ seed: UInt64, atoms: Int, species: [String], cell: Cell, minimum: Double = 0.9
) -> Structure {
  var generator = PhiloxGenerator(seed: seed)
  var structure = Structure(species: [], positions: [], cell: cell)
  while structure.count < atoms {
    let s = SIMD3(generator.uniform(), generator.uniform(), generator.uniform())
    let position = cell.cartesian(cell.isPeriodic ? s : s * 3)
    let trial = Structure(
      species: structure.species + [species[structure.count % species.count]],
      positions: structure.positions + [position], cell: cell)
    guard let list = try? NeighbourList(of: trial, cutoff: minimum), list.neighbours.isEmpty
    else { continue }
    structure = trial
  }
  return structure
}

@Suite struct DescriptorTests {
  /// Shapes that exercise every way of filling vectors up: odd and even numbers of angles, centres
  /// in no multiple of four, whole and real exponents, with and without epsilon.
  static let shapes: [DescriptorParameters] =
    [
      (["A"], 1, 1, 1, 1.0, 0.01), (["A"], 3, 2, 2, 2.0, 0.01), (["A", "B"], 5, 3, 3, 7.5, 0.001),
      (["A"], 4, 4, 4, 12.0, 0.01), (["A", "B", "C"], 6, 3, 5, 3.3, 0.05),
      (["A"], 16, 4, 8, 50.0, 0.01), (["B", "A"], 7, 5, 9, 32.0, 0.001),
      (["A", "B"], 2, 1, 13, 1.5, 0.01), (["A"], 9, 6, 16, 64.0, 0.01),
      (["A"], 3, 9, 17, 8.0, 0.02),
    ].map { species, radial, angular, angles, zeta, epsilon in
      DescriptorParameters(
        species: species, radialEta: 4, radialCutoff: 4, radialStart: 0.5, radialCount: radial,
        angularEta: 2, angularCutoff: 3.2, angularStart: 0.5, angularCount: angular, zeta: zeta,
        angleCount: angles, epsilon: epsilon)
    } + listed

  /// Angles that do not mirror each other, exponents and widths of their own, a scaled cosine.
  static let listed: [DescriptorParameters] = {
    var parameters = DescriptorParameters(
      species: ["A", "B"], radialEta: 4, radialCutoff: 4, radialStart: 0.5, radialCount: 5,
      angularEta: 2, angularCutoff: 3.2, angularStart: 0.5, angularCount: 2, zeta: 8,
      angleCount: 6)
    parameters.lists.radialCentres = [0.7, 1.1, 1.2, 2.9, 3.5]
    parameters.lists.angularCentres = [1.1, 2.6]
    parameters.lists.angles = [0.1, 0.5, 0.9, 1.4, 2.2, 3.0]
    var other = parameters
    other.lists.radialEtas = [4, 3, 2, 1, 0.5]
    other.lists.angularEtas = [2, 0.7]
    other.lists.zetas = [2, 4, 7.5, 8, 16, 3]
    var mirrored = other
    mirrored.lists.angles = nil
    mirrored.cosineScale = 0.95
    return [parameters, other, mirrored]
  }()

  static func structures(_ species: [String]) -> [Structure] {
    var generator = PhiloxGenerator(seed: 21)
    let small = randomCell(&generator, size: 2.5...3, periodic: periodicity(7))
    let slab = randomCell(&generator, size: 4...5, periodic: periodicity(3))
    return [
      randomStructure(1, atoms: 7, species: species, cell: .none),
      randomStructure(2, atoms: 3, species: species, cell: small),
      randomStructure(3, atoms: 12, species: species, cell: slab),
      randomStructure(4, atoms: 1, species: species, cell: .none),
      randomStructure(5, atoms: 2, species: species, cell: Cell(cubic: 2.2)),
    ]
  }

  private func precise(
    _ structure: Structure, _ parameters: DescriptorParameters
  ) throws -> (values: [Double], rowStarts: [Int32], neighbours: [Int32], blocks: [Double]) {
    let descriptors = try AtomicDescriptors(parameters)
    return descriptors.preciseValuesAndDerivatives(
      species: try structure.speciesIndices(in: parameters.species),
      neighbours: try NeighbourList(of: structure, cutoff: parameters.cutoff))
  }

  private func values(_ structure: Structure, _ parameters: DescriptorParameters) throws -> [Double]
  {
    let descriptors = try AtomicDescriptors(parameters)
    return descriptors.values(
      Double.self, species: try structure.speciesIndices(in: parameters.species),
      neighbours: try NeighbourList(of: structure, cutoff: parameters.cutoff + 0.7))
  }

  @Test(arguments: shapes) func valuesAreTheFormulas(parameters: DescriptorParameters) throws {
    for structure in Self.structures(parameters.species) {
      let expected = try naiveDescriptors(structure, parameters)
      let alone = try values(structure, parameters)
      for k in expected.indices {
        #expect(abs(alone[k] - expected[k]) <= 1e-12 * (1 + abs(expected[k])))
      }
      #expect(try precise(structure, parameters).values == alone)
    }
  }

  /// Gaussians on a grid follow from each other unless they leave the range of numbers on the way.
  @Test(arguments: [
    (16.0, 32, 0.9), (24, 40, 0), (29, 12, 0.5), (1000, 20, 0.5), (0.01, 9, 0), (20, 6, 4.4),
    (3, 1, 0),
  ]) func radialGaussiansAreTheFormulas(eta: Double, count: Int, start: Double) throws {
    let parameters = DescriptorParameters(
      species: ["A", "B"], radialEta: eta, radialCutoff: 4.5, radialStart: start,
      radialCount: count, angularEta: 2, angularCutoff: 2, angularStart: 0.5, angularCount: 1,
      zeta: 2, angleCount: 1)
    for structure in Self.structures(parameters.species) {
      let expected = try naiveDescriptors(structure, parameters)
      let found = try values(structure, parameters)
      for k in expected.indices {
        #expect(abs(found[k] - expected[k]) <= 1e-12 * (1 + abs(expected[k])))
      }
    }
  }

  @Test(.timeLimit(.minutes(10)), arguments: shapes)
  func derivativesAreDifferences(parameters: DescriptorParameters) throws {
    let (g, h) = (parameters.size, 1e-5)
    for structure in Self.structures(parameters.species) {
      let n = structure.count
      let result = try precise(structure, parameters)
      var dense = [Double](repeating: 0, count: n * n * 3 * g)
      for i in 0..<n {
        for p in Int(result.rowStarts[i])..<Int(result.rowStarts[i + 1]) {
          let start = (i * n + Int(result.neighbours[p])) * 3 * g
          for v in 0..<(3 * g) { dense[start + v] = result.blocks[p * 3 * g + v] }
        }
      }
      for k in 0..<n {
        for c in 0..<3 {
          var (forward, backward) = (structure, structure)
          forward.positions[k][c] += h
          backward.positions[k][c] -= h
          let (f, b) = try (values(forward, parameters), values(backward, parameters))
          for i in 0..<n {
            for component in 0..<g {
              let difference = (f[i * g + component] - b[i * g + component]) / (2 * h)
              let derivative = dense[((i * n + k) * 3 + c) * g + component]
              #expect(abs(derivative - difference) < 1e-6 * (1 + abs(difference)))
            }
          }
        }
      }
    }
  }

  @Test(arguments: shapes) func contractionIsTheSumOverBlocks(parameters: DescriptorParameters)
    throws
  {
    let g = parameters.size
    var generator = PhiloxGenerator(seed: 31)
    for structure in Self.structures(parameters.species) {
      let n = structure.count
      let gradient = (0..<(n * g)).map { _ in generator.uniform() - 0.5 }
      let result = try precise(structure, parameters)
      var expected = [SIMD3<Double>](repeating: .zero, count: n)
      for i in 0..<n {
        for p in Int(result.rowStarts[i])..<Int(result.rowStarts[i + 1]) {
          for c in 0..<3 {
            for component in 0..<g {
              expected[Int(result.neighbours[p])][c] -=
                gradient[i * g + component] * result.blocks[(p * 3 + c) * g + component]
            }
          }
        }
      }
      let (forces, virial) = try AtomicDescriptors(parameters).contract(
        energyGradient: gradient, species: try structure.speciesIndices(in: parameters.species),
        neighbours: try NeighbourList(of: structure, cutoff: parameters.cutoff + 0.3))
      let scale = 1 + expected.map { length($0) }.max()!
      for i in 0..<n { #expect(length(forces[i] - expected[i]) < 1e-12 * scale) }
      // The virial is minus the derivative of the energy by a strain.
      let h = 1e-6
      for row in 0..<3 {
        var energies: [Double] = []
        for sign in [1.0, -1.0] {
          var strain = Matrix3.identity
          strain[row][(row + 1) % 3] += sign * h
          let cell =
            structure.cell.isPeriodic
            ? try Cell(
              vectors: structure.cell.vectors * strain, periodic: structure.cell.periodic)
            : .none
          let strained = Structure(
            species: structure.species, positions: structure.positions.map { $0 * strain },
            cell: cell)
          energies.append(
            zip(try values(strained, parameters), gradient).map { $0 * $1 }.reduce(0, +))
        }
        let difference = -(energies[0] - energies[1]) / (2 * h)
        #expect(abs(virial[row][(row + 1) % 3] - difference) < 1e-6 * (1 + abs(difference)) * scale)
      }
    }
  }

  @Test func translationRotationAndPermutationChangeNothing() throws {
    let parameters = Self.shapes[2]
    for structure in Self.structures(parameters.species) where structure.count > 2 {
      let expected = try values(structure, parameters)
      let rotation = Matrix3([0.36, 0.48, -0.8], [-0.8, 0.6, 0], [0.48, 0.64, 0.6])
      let cell =
        structure.cell.isPeriodic
        ? try Cell(vectors: structure.cell.vectors * rotation, periodic: structure.cell.periodic)
        : Cell.none
      let order = Array((0..<structure.count).reversed())
      let moved = Structure(
        species: order.map { structure.species[$0] },
        positions: order.map { (structure.positions[$0] + [11, -7, 3.3]) * rotation }, cell: cell)
      let got = try values(moved, parameters)
      let g = parameters.size
      for (place, atom) in order.enumerated() {
        for component in 0..<g {
          #expect(abs(got[place * g + component] - expected[atom * g + component]) < 1e-11)
        }
      }
    }
  }

  @Test func aCellAndItsCopiesAgree() throws {
    let parameters = Self.shapes[2]
    let g = parameters.size
    for structure in Self.structures(parameters.species) where structure.cell.isPeriodic {
      let times = SIMD3(2, 2, structure.cell.periodic[2] ? 2 : 1)
      let large = try structure.repeated(times)
      let (one, many) = try (values(structure, parameters), values(large, parameters))
      for i in 0..<large.count {
        for component in 0..<g {
          let expected = one[i % structure.count * g + component]
          #expect(abs(many[i * g + component] - expected) < 1e-12 * (1 + expected))
        }
      }
    }
  }

  /// Values and derivatives have no jump where three atoms are in line.
  @Test(arguments: [0.001, 0.01]) func atomsInLineAreNothingSpecial(epsilon: Double) throws {
    var parameters = GoldenParameters.silicon
    parameters.epsilon = epsilon
    for sign in [1.0, -1.0] {
      func described(_ angle: Double) throws -> (values: [Double], blocks: [Double]) {
        let far = SIMD3(cos(angle), sin(angle), 0) * 2.6 * sign
        let structure = Structure(
          species: ["Si", "Si", "Si"], positions: [.zero, [2.1, 0, 0], far])
        let result = try precise(structure, parameters)
        return (result.values, result.blocks)
      }
      func change(_ a: Double, _ b: Double) throws -> Double {
        let (x, y) = try (described(a), described(b))
        return zip(x.values + x.blocks, y.values + y.blocks).map { abs($0 - $1) }.max()!
      }
      // A jump would not become a hundred times smaller with the step.
      for start in [-1.0, -0.3, 0] {
        let coarse = try change(start * 1e-4, (start + 1) * 1e-4)
        #expect(try change(start * 1e-6, (start + 1) * 1e-6) < 0.012 * coarse)
        #expect(coarse > 1e-9)
      }
      #expect(try described(0).blocks.allSatisfy { $0.isFinite })
    }
  }

  /// Without epsilon the derivative has a kink in line, but no infinity.
  @Test func withoutEpsilonNothingIsInfinite() throws {
    var parameters = GoldenParameters.silicon
    parameters.epsilon = 0
    for zeta in [50.0, 7.3, 1] {
      parameters.zeta = zeta
      let line = Structure(
        species: ["Si", "Si", "Si"], positions: [.zero, [2.1, 0, 0], [-2.6, 0, 0]])
      let result = try precise(line, parameters)
      #expect((result.values + result.blocks).allSatisfy { $0.isFinite })
    }
  }

  @Test(.timeLimit(.minutes(10)), arguments: [1, 2, 3, 4])
  func equalBitsForAnyNumberOfThreads(threads: Int) throws {
    let structure = randomStructure(
      9, atoms: 90, species: ["Si"], cell: Cell(cubic: 12), minimum: 1.5)
    let descriptors = try AtomicDescriptors(GoldenParameters.silicon)
    let executor = ThreadedExecutor(threads: threads)
    let serial = try descriptors.describe(structure, includeDerivatives: true)
    #expect(
      try descriptors.describe(structure, includeDerivatives: true, executor: executor) == serial)
    let list = try NeighbourList(of: structure, cutoff: 4.6)
    let gradient = serial.descriptors.map { $0 - 1 }
    let one = descriptors.contract(
      energyGradient: gradient, species: serial.species, neighbours: list)
    let many = descriptors.contract(
      energyGradient: gradient, species: serial.species, neighbours: list, executor: executor)
    #expect(one.forces == many.forces && one.virial == many.virial)
  }

  /// Values alone of many atoms are computed beside the search for neighbours, a few atoms at a time.
  @Test(.timeLimit(.minutes(10)), arguments: [63, 64, 65, 96, 130], [true, false])
  func valuesAloneAreThoseOfAWholeList(atoms: Int, isPeriodic: Bool) throws {
    let cell = Cell(cubic: 14)
    var structure = randomStructure(
      UInt64(atoms), atoms: atoms, species: ["H", "C"], cell: cell, minimum: 1)
    if !isPeriodic { structure.cell = .none }
    let parameters = DescriptorParameters(
      species: ["C", "H"], radialEta: 16, radialCutoff: 4.6, radialStart: 0.5, radialCount: 9,
      angularEta: 10, angularCutoff: 3.5, angularStart: 0.5, angularCount: 3, zeta: 50,
      angleCount: 4)
    let descriptors = try AtomicDescriptors(parameters)
    let species = try structure.speciesIndices(in: descriptors.species)
    let list = try NeighbourList(of: structure, cutoff: descriptors.cutoff)
    let expected: [Float] = descriptors.values(species: species, neighbours: list)
    #expect(expected.contains { $0 > 0 })
    for threads in 1...3 {
      let executor = ThreadedExecutor(threads: threads)
      #expect(try descriptors.describe(structure, executor: executor).descriptors == expected)
    }
  }

  @Test func emptyAndLonely() throws {
    let descriptors = try AtomicDescriptors(GoldenParameters.silicon)
    let empty = try descriptors.describe(
      Structure(species: [], positions: []), includeDerivatives: true)
    #expect(empty.descriptors.isEmpty && empty.derivatives == DerivativeBlocks(emptyRows: 0))
    let lonely = try descriptors.describe(
      Structure(species: ["Si"], positions: [.zero]), includeDerivatives: true)
    #expect(lonely.descriptors == [Float](repeating: 0, count: 48))
    #expect(lonely.derivatives == DerivativeBlocks(emptyRows: 1))
  }

  /// An atom that is listed with its image across the border of the cell.
  @Test func atomsAtOnePlaceAreNamed() throws {
    let structure = Structure(
      name: "twins", species: ["Si", "Si", "Si"], positions: [[0, 1, 1], [2, 1, 1], [5, 1, 1]],
      cell: Cell(cubic: 5))
    let descriptors = try AtomicDescriptors(GoldenParameters.silicon)
    let error = #expect(throws: AtomisticsError.self) { try descriptors.describe(structure) }
    #expect(
      error?.description
        == "position of atom 1 of twins: found the place of atom 3; allowed: a place of its own")
    var molecule = structure
    molecule.cell = .none
    #expect(try descriptors.describe(molecule).descriptors.contains { $0 > 0 })
  }

  /// However many atoms there are, and on any number of threads, it is the first of them.
  @Test(arguments: [20, 100], [1, 2, 3])
  func theFirstAtomAtAPlaceOfAnotherIsNamed(atoms: Int, threads: Int) throws {
    var structure = randomStructure(
      3, atoms: atoms, species: ["Si"], cell: Cell(cubic: 14), minimum: 1.5)
    structure.positions[atoms - 1] = structure.positions[atoms - 4]
    structure.positions[atoms - 2] = structure.positions[7]
    let descriptors = try AtomicDescriptors(GoldenParameters.silicon)
    for includeDerivatives in [true, false] {
      let error = #expect(throws: AtomisticsError.self) {
        try descriptors.describe(
          structure, includeDerivatives: includeDerivatives,
          executor: ThreadedExecutor(threads: threads))
      }
      #expect(error?.key == "position of atom 8")
      #expect(error?.found == "the place of atom \(atoms - 1)")
    }
  }

  @Test func wrongParametersAreNamed() {
    func key(_ change: (inout DescriptorParameters) -> Void) -> String? {
      var parameters = GoldenParameters.silicon
      change(&parameters)
      return #expect(throws: AtomisticsError.self) {
        try AtomicDescriptors(parameters)
      }?.key
    }
    #expect(key { $0.species = [] } == "species")
    #expect(key { $0.species = ["H", "H"] } == "species")
    #expect(key { $0.radialCutoff = -1 } == "Rc_rad")
    #expect(key { $0.angularCutoff = .nan } == "Rc_ang")
    #expect(key { $0.zeta = 0 } == "zeta")
    #expect(key { $0.radialEta = -2 } == "eta_rad")
    #expect(key { $0.angularEta = .infinity } == "eta_ang")
    #expect(key { $0.epsilon = -0.1 } == "epsilon")
    #expect(key { $0.radialCount = 0 } == "RsN_rad")
    #expect(key { $0.angularCount = -1 } == "RsN_ang")
    #expect(key { $0.angleCount = 0 } == "ThetasN")
    #expect(key { $0.radialStart = 4.6 } == "Rs0_rad")
    #expect(key { $0.angularStart = 5 } == "Rs0_ang")
    #expect(key { $0.lists.radialCentres = [1] } == "Rs_rad_list")
    #expect(key { $0.lists.angularCentres = [1, 2, 3, -4] } == "Rs_ang_list")
    #expect(key { $0.lists.angles = [0, 1, 2, 3, 3.1, 3.2, 1, 1] } == "Thetas_list")
    #expect(key { $0.lists.zetas = Array(repeating: 0, count: 8) } == "zeta")
    #expect(key { $0.lists.radialEtas = [1, 2] } == "eta_rad")
    #expect(key { $0.lists.angularEtas = [1, 2] } == "eta_ang")
  }

  /// Lists of the grid's centres and of one number again and again leave nothing behind, others their first numbers.
  @Test func listsThatSayNothingNewAreTakenBack() throws {
    for grid in [GoldenParameters.silicon, GoldenParameters.molecules] {
      var listed = grid
      listed.lists.radialCentres = grid.radialCentres.map { Double(Float($0)) }
      listed.lists.angularCentres = grid.angularCentres
      listed.lists.angles = grid.angles.map { $0 * 180 / .pi * (.pi / 180) }
      listed.lists.radialEtas = grid.radialEtas
      listed.lists.angularEtas = grid.angularEtas
      listed.lists.zetas = grid.zetas
      // Without meaning beside lists.
      listed.radialStart = 0
      listed.angularStart = 7
      (listed.radialEta, listed.zeta) = (1, 1)
      listed.simplify()
      #expect(abs(listed.radialStart - grid.radialStart) < 1e-6)
      listed.radialStart = grid.radialStart
      #expect(listed == grid)
    }
    var other = GoldenParameters.silicon
    other.lists.angularCentres = [4.9, 1, 2, 3]
    other.lists.zetas = [8, 8, 8, 8, 8, 8, 8, 8.001]
    let lists = other.lists
    other.simplify()
    #expect(other.lists == lists && other.zeta == 8)
    _ = try AtomicDescriptors(other)
    other.radialCount = 1
    other.lists.radialCentres = [5]
    other.simplify()
    #expect(other.lists.radialCentres == [5])
  }

  @Test func sizesAndOffsets() {
    #expect(GoldenParameters.silicon.size == 48)
    #expect(GoldenParameters.molecules.size == 384)
    let offsets = (0..<4).flatMap { a in
      (a..<4).map { GoldenParameters.molecules.angularOffset($0, a) }
    }
    #expect(offsets == (0..<10).map { 64 + 32 * $0 })
  }
}

@Suite struct DescriptorMathTests {
  @Test func functionsAreAccurate() {
    var generator = PhiloxGenerator(seed: 2)
    for _ in 0..<2000 {
      let positive = SIMD4<Double>.random(in: 1e-9...3, using: &generator)
      let t = SIMD4<Double>.random(in: 0...1, using: &generator)
      let inverse = VectorMath.inverseSquareRoot(positive)
      let (cosine, sine) = VectorMath.cosSinPi(t)
      for k in 0..<4 {
        #expect(abs(inverse[k] * positive[k].squareRoot() - 1) < 1e-15)
        #expect(abs(cosine[k] - cos(.pi * t[k])) < 1e-15)
        #expect(abs(sine[k] - sin(.pi * t[k])) < 1e-15)
      }
    }
  }
}
