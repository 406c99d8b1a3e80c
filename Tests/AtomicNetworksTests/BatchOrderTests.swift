import Atomistics
import Dataflow
import Testing

@testable import AtomicNetworks

/// Where atoms go in batches that are large enough for an order by blocks of zeros.
@Suite struct BatchOrderTests {
  private static let size = 128

  /// Structures of two species; which of the four blocks of 32 are zero differs from atom to atom.
  private func structures(_ count: Int) -> [DescribedStructure] {
    (0..<count).map { structure in
      let descriptors = (0..<4 * Self.size).map { place -> Float in
        let (atom, component) = place.quotientAndRemainder(dividingBy: Self.size)
        let isZero = (structure * 7 + atom * 3) >> (component / 32) & 1 == 1
        return isZero ? 0 : Float(structure * 1000 + place)
      }
      // Atom i has i + 1 neighbours, the last one none.
      let neighbours: [Int32] = [0, 0, 1, 0, 1, 2]
      let values = (0..<neighbours.count * 3 * Self.size).map { Float(structure * 10000 + $0) }
      return DescribedStructure(
        name: "s\(structure)", energy: 0, species: [0, 1, 0, 0], descriptorSize: Self.size,
        descriptors: descriptors,
        derivatives: DerivativeBlocks(
          rowStarts: [0, 1, 3, 6, 6], neighbours: neighbours, values: values),
        forces: (0..<12).map { Float(structure * 100 + $0) })
    }
  }

  private func batch(
    _ structures: [DescribedStructure], includesForces: Bool = false
  ) throws -> Batch {
    try Batch(
      structures, speciesCount: 2, descriptorSize: Self.size, includesForces: includesForces,
      elementType: .float32)
  }

  @Test(arguments: [1, 200]) func everyBlockGoesWithItsAtom(count: Int) throws {
    let structures = structures(count)
    let batch = try batch(structures, includesForces: true)
    let tensors = try #require(batch.forces)
    let starts = tensors.rowStarts.scalars(as: Int32.self).map(Int.init)
    let neighbours = tensors.neighbours.scalars(as: Int32.self)
    let blocks = tensors.blocks.scalars(as: Float.self)
    let forces = tensors.referenceForces.scalars(as: Float.self)
    #expect(starts.count == 4 * count + 1 && starts.last == 6 * count)
    for (index, structure) in structures.enumerated() {
      let derivatives = structure.derivatives!
      for atom in 0..<4 {
        let place = batch.places[index][atom]
        let (own, stored) = (starts[place]..<starts[place + 1], derivatives.blocks(ofRow: atom))
        #expect(
          neighbours[own].map(Int.init)
            == derivatives.neighbours[stored].map { batch.places[index][Int($0)] })
        let size = 3 * Self.size
        #expect(
          blocks[own.lowerBound * size..<own.upperBound * size]
            == derivatives.values[stored.lowerBound * size..<stored.upperBound * size])
        #expect(
          forces[3 * place..<3 * place + 3] == structure.forces![3 * atom..<3 * atom + 3])
      }
    }
  }

  @Test(arguments: [3, 200]) func everyAtomIsWhereItsPlaceSays(count: Int) throws {
    let structures = structures(count)
    let batch = try batch(structures)
    let rows = batch.descriptors.flatMap { $0.scalars(as: Float.self) }
    let owners = batch.structureOfAtom.scalars(as: Int32.self)
    #expect(Set(batch.places.joined()) == Set(0..<4 * count))
    for (index, structure) in structures.enumerated() {
      for atom in 0..<4 {
        let place = batch.places[index][atom]
        #expect(Int(owners[place]) == index)
        #expect(
          rows[place * Self.size..<(place + 1) * Self.size]
            == structure.descriptors[atom * Self.size..<(atom + 1) * Self.size])
      }
    }
  }

  @Test func atomsWithTheSameZerosStandTogether() throws {
    let rows = try batch(structures(200)).descriptors[0].scalars(as: Float.self)
    let patterns = (0..<600).map { row in
      (0..<4).map { rows[row * Self.size + $0 * 32 + 1] != 0 }
    }
    let changes = zip(patterns, patterns.dropFirst()).count { $0 != $1 }
    #expect(changes == Set(patterns).count - 1)
  }
}
