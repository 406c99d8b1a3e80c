import DataflowFormats
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Atomistics

@Suite struct BehlerParrinelloTests {
  static let parameters: [BehlerParrinelloParameters] = [false, true].map { cuts in
    BehlerParrinelloParameters(
      species: ["A", "B"], radialEtas: [4, 0.7], radialCutoff: 3, radialStart: 0.4, radialCount: 3,
      angularEtas: [0.05, 0.4], angularCutoff: 3.4, zetas: [1, 2.5, 8], cutsThirdDistance: cuts)
  }

  private func precise(
    _ structure: Structure, _ parameters: BehlerParrinelloParameters
  ) throws -> (values: [Double], rowStarts: [Int32], neighbours: [Int32], blocks: [Double]) {
    try AtomicDescriptors(parameters).preciseValuesAndDerivatives(
      species: try structure.speciesIndices(in: parameters.species),
      neighbours: try NeighbourList(of: structure, cutoff: parameters.cutoff))
  }

  /// Equations 3 and 4 one by one.
  private func naive(_ structure: Structure, _ p: BehlerParrinelloParameters) throws -> [Double] {
    let species = try structure.speciesIndices(in: p.species).map(Int.init)
    let list = try NeighbourList(of: structure, cutoff: p.cutoff)
    var values = [Double](repeating: 0, count: structure.count * p.size)
    func wave(_ r: Double, _ rc: Double) -> Double { (1 + cos(.pi * r / rc)) / 2 }
    for i in 0..<structure.count {
      for e in list.row(i) {
        let (u, a) = (list.displacements[e], species[Int(list.neighbours[e])])
        let ru = length(u)
        var place = i * p.size + a * p.radialBlock
        for eta in p.radialEtas {
          for centre in p.radialCentres {
            if ru < p.radialCutoff {
              values[place] +=
                exp(-eta * (ru - centre) * (ru - centre)) * wave(ru, p.radialCutoff)
            }
            place += 1
          }
        }
        for f in list.row(i) where f < e {
          let (v, b) = (list.displacements[f], species[Int(list.neighbours[f])])
          let (rv, rw) = (length(v), length(u - v))
          guard ru < p.angularCutoff, rv < p.angularCutoff else { continue }
          if p.cutsThirdDistance && rw >= p.angularCutoff { continue }
          var place = i * p.size + p.angularOffset(a, b)
          for eta in p.angularEtas {
            for zeta in p.zetas {
              for sign in [1.0, -1] {
                values[place] +=
                  pow(2, 1 - zeta) * pow(max(0, 1 + sign * dot(u, v) / (ru * rv)), zeta)
                  * exp(-eta * (ru * ru + rv * rv + rw * rw))
                  * [ru, rv, rw].reduce(1) { $0 * wave($1, p.angularCutoff) }
                place += 1
              }
            }
          }
        }
      }
    }
    return values
  }

  @Test(arguments: parameters) func valuesAreTheFormulas(p: BehlerParrinelloParameters) throws {
    for structure in DescriptorTests.structures(p.species) {
      let expected = try naive(structure, p)
      let alone = try AtomicDescriptors(p).values(
        Double.self, species: try structure.speciesIndices(in: p.species),
        neighbours: try NeighbourList(of: structure, cutoff: p.cutoff + 0.7))
      let together = try precise(structure, p).values
      for k in expected.indices {
        #expect(abs(alone[k] - expected[k]) <= 1e-12 * (1 + abs(expected[k])))
        #expect(abs(together[k] - expected[k]) <= 1e-12 * (1 + abs(expected[k])))
      }
    }
  }

  @Test(arguments: parameters) func derivativesAreDifferences(p: BehlerParrinelloParameters) throws
  {
    let (g, h) = (p.size, 1e-5)
    for structure in DescriptorTests.structures(p.species) {
      let n = structure.count
      let dense = dense(try precise(structure, p), n, g)
      for k in 0..<n {
        for c in 0..<3 {
          var (forward, backward) = (structure, structure)
          forward.positions[k][c] += h
          backward.positions[k][c] -= h
          let (f, b) = (try naive(forward, p), try naive(backward, p))
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

  /// All blocks, zeros too: `[i][k][xyz][component]`.
  private func dense(
    _ result: (values: [Double], rowStarts: [Int32], neighbours: [Int32], blocks: [Double]),
    _ n: Int, _ g: Int
  ) -> [Double] {
    var dense = [Double](repeating: 0, count: n * n * 3 * g)
    for i in 0..<n {
      for p in Int(result.rowStarts[i])..<Int(result.rowStarts[i + 1]) {
        let start = (i * n + Int(result.neighbours[p])) * 3 * g
        for v in 0..<(3 * g) { dense[start + v] = result.blocks[p * 3 * g + v] }
      }
    }
    return dense
  }

  @Test(arguments: parameters) func contractionIsTheSumOverBlocks(
    p: BehlerParrinelloParameters
  ) throws {
    var generator = PhiloxGenerator(seed: 8)
    let g = p.size
    for structure in DescriptorTests.structures(p.species) {
      let n = structure.count
      let gradient = (0..<(n * g)).map { _ in generator.uniform() - 0.5 }
      let dense = dense(try precise(structure, p), n, g)
      let forces = try AtomicDescriptors(p).contract(
        energyGradient: gradient, species: try structure.speciesIndices(in: p.species),
        neighbours: try NeighbourList(of: structure, cutoff: p.cutoff + 0.3)
      ).forces
      for k in 0..<n {
        for c in 0..<3 {
          var expected = 0.0
          for i in 0..<n {
            for component in 0..<g {
              expected -= gradient[i * g + component] * dense[((i * n + k) * 3 + c) * g + component]
            }
          }
          #expect(abs(forces[k][c] - expected) < 1e-11 * (1 + abs(expected)))
        }
      }
    }
  }

  @Test func wrongParametersAreNamed() {
    func key(_ change: (inout BehlerParrinelloParameters) -> Void) -> String? {
      var parameters = GoldenParameters.behlerParrinello
      change(&parameters)
      return #expect(throws: AtomisticsError.self) { try AtomicDescriptors(parameters) }?.key
    }
    #expect(key { $0.species = ["H", "H"] } == "species")
    #expect(key { $0.radialCutoff = 0 } == "Rc_rad")
    #expect(key { $0.angularCutoff = .infinity } == "Rc_ang")
    #expect(key { $0.radialEtas = [] } == "eta_rad")
    #expect(key { $0.angularEtas = [1, -1] } == "eta_ang")
    #expect(key { $0.zetas = [0] } == "zeta")
    #expect(key { $0.radialCentres = [] } == "RsN_rad")
    #expect(key { $0.radialCentres = [5] } == "Rs0_rad")
  }
}

/// Numbers of other programs.
@Suite(.enabled(if: Golden.isPresent, "reference data absent"))
struct IndependentDescriptorTests {
  private func array(_ path: String) throws -> [Double] {
    let tensor = try NumPyFile.read(Golden.url(path))
    return tensor.elementType == .float64
      ? tensor.scalars(as: Double.self) : tensor.scalars(as: Float.self).map { Double($0) }
  }

  private func points(_ numbers: [Double]) -> [SIMD3<Double>] {
    stride(from: 0, to: numbers.count, by: 3).map {
      SIMD3(numbers[$0], numbers[$0 + 1], numbers[$0 + 2])
    }
  }

  /// DScribe's columns: for each species G1 and four G2, for each pair four G4.
  @Test(arguments: [("h2o_mol", 6.0, ["H", "O"], 1e-10), ("si8_periodic", 4.6, ["Si"], 1e-10)])
  func dscribe(name: String, cutoff: Double, species: [String], tolerance: Double) throws {
    let folder = "symmetry-functions/dscribe/\(name)"
    var parameters = BehlerParrinelloParameters(
      species: species, radialEtas: [0, 0.05, 1, 4, 16], radialCutoff: cutoff, radialStart: 0,
      radialCount: 1, angularEtas: [0.01, 0.1], angularCutoff: cutoff, zetas: [1, 2, 4, 16],
      cutsThirdDistance: true)
    parameters.radialCentres = [0, 1, 1.5, 2]
    let numbers = try NumPyFile.read(Golden.url("\(folder)/numbers.npy")).scalars(as: UInt8.self)
    let vectors = points(try array("\(folder)/cell.npy"))
    let isPeriodic = length(vectors[0]) > 0
    let structure = Structure(
      species: numbers.map { $0 == 1 ? "H" : $0 == 8 ? "O" : "Si" },
      positions: points(try array("\(folder)/positions.npy")),
      cell: isPeriodic ? Cell(cubic: vectors[0].x) : .none)
    let result = try AtomicDescriptors(parameters).preciseValuesAndDerivatives(
      species: try structure.speciesIndices(in: species),
      neighbours: try NeighbourList(of: structure, cutoff: cutoff))
    // (eta, Rs) and (eta, zeta, lambda) as places in our blocks.
    let radial = [0, 4, 9, 14, 19]
    let angular = [0, 5, 8 + 2, 8 + 7]
    let pairs = species.count * (species.count + 1) / 2
    var columns: [Int] = []
    for s in species.indices { columns += radial.map { s * 20 + $0 } }
    for pair in 0..<pairs { columns += angular.map { species.count * 20 + pair * 16 + $0 } }
    let expected = try array("\(folder)/acsf.npy")
    let g = parameters.size
    #expect(expected.count == structure.count * columns.count)
    for i in 0..<structure.count {
      for (k, column) in columns.enumerated() {
        let found = result.values[i * g + column]
        #expect(abs(found - expected[i * columns.count + k]) < tolerance, "atom \(i), \(k)")
      }
    }
    guard !isPeriodic else { return }
    // Numerical ones.
    let derivatives = try array("\(folder)/derivatives.npy")
    let n = structure.count
    for i in 0..<n {
      for p in Int(result.rowStarts[i])..<Int(result.rowStarts[i + 1]) {
        for c in 0..<3 {
          for (k, column) in columns.enumerated() {
            let place = ((i * n + Int(result.neighbours[p])) * 3 + c) * columns.count + k
            #expect(
              abs(result.blocks[(p * 3 + c) * g + column] - derivatives[place]) < 1e-5)
          }
        }
      }
    }
  }

  private struct KLIFF: Decodable {
    let values: [[Double]]
    let derivatives: [[[Double]]]

    enum CodingKeys: String, CodingKey {
      case values = "zeta"
      case derivatives = "dzeta_dr_atom0"
    }
  }

  /// KLIFF's two G2 and two G4, with derivatives.
  @Test func kliff() throws {
    let folder = "symmetry-functions/kliff"
    let golden = try JSONDecoder().decode(
      KLIFF.self, from: Data(contentsOf: Golden.url("\(folder)/kliff_symfunc_golden.json")))
    let structure = try ExtendedXYZ.read(Golden.url("\(folder)/Si.xyz"))[0]
    var parameters = BehlerParrinelloParameters(
      species: ["Si"], radialEtas: [0, 0.0009, 0.01], radialCutoff: 4.5, radialStart: 0,
      radialCount: 1, angularEtas: [0.0001, 0.003], angularCutoff: 4.5, zetas: [1, 2],
      cutsThirdDistance: true)
    parameters.radialCentres = [0]
    let result = try AtomicDescriptors(parameters).preciseValuesAndDerivatives(
      species: Array(repeating: 0, count: structure.count),
      neighbours: try NeighbourList(of: structure, cutoff: 4.5))
    // Ours and KLIFF's columns.
    let columns = [(0, 0), (1, 1), (2, 2), (3 + 1, 5), (3 + 6, 6)]
    let g = parameters.size
    for i in 0..<structure.count {
      for (ours, theirs) in columns {
        #expect(abs(result.values[i * g + ours] - golden.values[i][theirs]) < 1e-8)
      }
    }
    for p in Int(result.rowStarts[0])..<Int(result.rowStarts[1]) {
      for c in 0..<3 {
        for (ours, theirs) in columns {
          let expected = golden.derivatives[theirs][Int(result.neighbours[p])][c]
          #expect(abs(result.blocks[(p * 3 + c) * g + ours] - expected) < 1e-8)
        }
      }
    }
  }

  /// NeuroChem's radial part has a factor of 1/4, its angles are arccos(0.95 cos).
  @Test func neuroChem() throws {
    let folder = "ani/neurochem_ani1x"
    var parameters = DescriptorParameters(
      species: ["H", "C", "N", "O"], radialEta: 16, radialCutoff: 5.2, radialStart: 0.9,
      radialCount: 16, angularEta: 8, angularCutoff: 3.5, angularStart: 0.9, angularCount: 4,
      zeta: 32, angleCount: 8, epsilon: 0)
    parameters.cosineScale = 0.95
    let descriptors = try AtomicDescriptors(parameters)
    let numbers = try NumPyFile.read(Golden.url("\(folder)/atomic_numbers.npy"))
      .scalars(as: UInt8.self)
    let offsets = try NumPyFile.read(Golden.url("\(folder)/conformation_atom_offsets.npy"))
      .scalars(as: Int64.self).map(Int.init)
    let positions = points(try array("\(folder)/coordinates.npy"))
    let radial = try array("\(folder)/aev_radial.npy")
    let angular = try array("\(folder)/aev_angular.npy")
    let index: [UInt8: Int32] = [1: 0, 6: 1, 7: 2, 8: 3]
    var worst = 0.0
    for (start, end) in zip(offsets, offsets.dropFirst()) {
      let species = numbers[start..<end].map { index[$0]! }
      let structure = Structure(
        species: species.map { parameters.species[Int($0)] },
        positions: Array(positions[start..<end]))
      let values = descriptors.preciseValues(
        species: species, neighbours: try NeighbourList(of: structure, cutoff: 5.2),
        executor: SerialExecutor())
      for atom in 0..<species.count {
        for k in 0..<64 {
          let difference = 0.25 * values[atom * 384 + k] - radial[(start + atom) * 64 + k]
          worst = max(worst, abs(difference))
        }
        for k in 0..<320 {
          let difference = values[atom * 384 + 64 + k] - angular[(start + atom) * 320 + k]
          worst = max(worst, abs(difference))
        }
      }
    }
    #expect(offsets.count > 100 && worst < 5e-6)
  }
}
