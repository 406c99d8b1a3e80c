import Foundation
import Tensors
import TestSupport
import Testing

@testable import Atomistics

/// Diamond with displaced atoms.
func shakenDiamond(_ constant: Double, _ cells: Int, amplitude: Double, seed: UInt64) throws
  -> Structure
{
  var structure = try StartingStructures.diamond(
    "Si", latticeConstant: constant, cells: SIMD3(repeating: cells))
  var generator = PhiloxGenerator(seed: seed)
  for i in 0..<structure.count {
    for c in 0..<3 { structure.positions[i][c] += amplitude * (generator.uniform() - 0.5) }
  }
  return structure
}

@Suite struct StillingerWeberTests {
  let potential = StillingerWeber()

  @Test(arguments: [1, 2, 3]) func diamond(cells: Int) throws {
    let result = try potential.evaluate(
      shakenDiamond(5.428, cells, amplitude: 0, seed: 0))
    let perAtom = result.energy / Double(result.atomicEnergies.count)
    // At the tetrahedral angle triplets vanish: two pairs an atom, here in closed form.
    let bond = 5.428 * 3.0.squareRoot() / 4
    let pair =
      7.049556277 * 2.1683 * (0.6022245584 * pow(2.0951 / bond, 4) - 1)
      * exp(1 / (bond / 2.0951 - 1.8))
    #expect(abs(perAtom / (2 * pair) - 1) < 1e-12)
    #expect(abs(perAtom / -4.336583155453593 - 1) < 1e-9)
    #expect(result.forces.allSatisfy { length($0) < 1e-12 })
  }

  @Test(arguments: [5.0, 5.43, 6.2]) func forcesAreDifferences(constant: Double) throws {
    let structure = try shakenDiamond(constant, 1, amplitude: 0.8, seed: 7)
    let result = try potential.evaluate(structure)
    let h = 1e-5
    for i in 0..<structure.count {
      for c in 0..<3 {
        var (forward, backward) = (structure, structure)
        forward.positions[i][c] += h
        backward.positions[i][c] -= h
        let difference =
          try potential.evaluate(forward).energy - potential.evaluate(backward).energy
        #expect(abs(result.forces[i][c] + difference / (2 * h)) < 1e-7)
      }
    }
  }

  @Test func virialIsADifference() throws {
    let structure = try shakenDiamond(5.3, 1, amplitude: 0.8, seed: 8)
    let virial = try potential.evaluate(structure).virial
    let h = 1e-6
    for row in 0..<3 {
      for column in 0..<3 {
        func energy(_ sign: Double) throws -> Double {
          var strain = Matrix3.identity
          strain[row][column] += sign * h
          var strained = structure
          strained.positions = structure.positions.map { $0 * strain }
          strained.cell = try Cell(vectors: structure.cell.vectors * strain)
          return try potential.evaluate(strained).energy
        }
        let difference = -(try energy(1) - energy(-1)) / (2 * h)
        #expect(abs(virial[row][column] - difference) < 1e-7 * max(1, abs(difference)))
      }
    }
  }

  @Test func otherPowersToo() throws {
    var odd = StillingerWeber()
    (odd.p, odd.q) = (5, 1)
    for r in [1.9, 2.4, 3.1, 3.7] {
      let slope = (odd.pair(r + 1e-6).energy - odd.pair(r - 1e-6).energy) / 2e-6
      #expect(abs(odd.pair(r).slope - slope) < 1e-7 * max(1, abs(slope)))
    }
  }

  @Test func anotherSpeciesIsNamed() {
    let error = #expect(throws: AtomisticsError.self) {
      try potential.evaluate(Structure(species: ["Ge"], positions: [.zero]))
    }
    #expect(error?.found == "\"Ge\"" && error?.allowed == "Si")
  }

  @Test(.timeLimit(.minutes(10)), arguments: [1, 2, 3, 4])
  func equalBitsForAnyNumberOfThreads(threads: Int) throws {
    let structure = try shakenDiamond(5.43, 3, amplitude: 0.5, seed: 1)
    let serial = try potential.evaluate(structure)
    #expect(
      try potential.evaluate(structure, executor: ThreadedExecutor(threads: threads)) == serial)
  }

  @Test func labelsFollowTheResult() throws {
    let structure = try shakenDiamond(5.43, 1, amplitude: 0.5, seed: 1)
    let (labelled, result) = try (potential.labelled(structure), potential.evaluate(structure))
    #expect(labelled.energy == result.energy && labelled.forces == result.forces)
    #expect(labelled.virial == result.virial && labelled.perAtomQuantity == result.atomicEnergies)
  }

  /// Labels computed by another program for 400 cells from 4.888 to 5.97 angstrom.
  @Test(.enabled(if: Golden.isPresent, "reference data absent"), .timeLimit(.minutes(10)))
  func labelsOfAnotherProgram() throws {
    let folder = Golden.url("silicon/kliff_sw_varying_alat")
    let files = try FileManager.default.contentsOfDirectory(
      at: folder, includingPropertiesForKeys: nil
    ).filter { $0.pathExtension == "xyz" }
    #expect(files.count == 400)
    for (index, file) in files.enumerated() {
      let frames = try ExtendedXYZ.read(file)
      #expect(frames.count == 1)
      let result = try potential.evaluate(frames[0])
      #expect(abs(result.energy - frames[0].energy!) < 1.2e-4)
      let differences = zip(result.forces, frames[0].forces!).map { $0 - $1 }
      let square = differences.map { dot($0, $0) }.reduce(0, +) / Double(3 * differences.count)
      #expect(square.squareRoot() < 5e-4)
      let isWithin = differences.allSatisfy { max(abs($0.x), abs($0.y), abs($0.z)) < 5e-4 }
      if isWithin || index % 10 != 0 { continue }
      // The files round positions to six digits; that alone can make more. The bound
      // takes many evaluations, so it is made for every tenth file.
      for (difference, bound) in zip(differences, try forceRounding(frames[0])) {
        for c in 0..<3 { #expect(abs(difference[c]) < bound[c]) }
      }
    }
  }

  /// How much the forces can change when the positions do in the sixth digit, as many as are written
  /// in the files.
  private func forceRounding(_ structure: Structure) throws -> [SIMD3<Double>] {
    var bounds = [SIMD3<Double>](repeating: .zero, count: structure.count)
    let h = 1e-4
    for i in 0..<structure.count {
      for c in 0..<3 {
        let x = abs(structure.positions[i][c])
        let half = x == 0 ? 0 : 0.5 * pow(10, log10(x).rounded(.down) - 5)
        var (forward, backward) = (structure, structure)
        forward.positions[i][c] += h
        backward.positions[i][c] -= h
        let (f, b) = try (potential.evaluate(forward), potential.evaluate(backward))
        for k in bounds.indices {
          for axis in 0..<3 {
            bounds[k][axis] += abs(f.forces[k][axis] - b.forces[k][axis]) / (2 * h) * half
          }
        }
      }
    }
    return bounds
  }
}
