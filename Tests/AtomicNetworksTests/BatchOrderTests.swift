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
      return DescribedStructure(
        name: "s\(structure)", energy: 0, species: [0, 1, 0, 0], descriptorSize: Self.size,
        descriptors: descriptors)
    }
  }

  private func batch(_ structures: [DescribedStructure]) throws -> Batch {
    try Batch(
      structures, speciesCount: 2, descriptorSize: Self.size, includesForces: false,
      elementType: .float32)
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
