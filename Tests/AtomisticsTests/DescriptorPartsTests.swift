import Dataflow
import Foundation
import TestSupport
import Testing

@testable import Atomistics

/// Derivatives of descriptors that are cut into parts, beside those of whole ones.
@Suite struct DescriptorPartsTests {
  private static func modified(
    _ species: [String], radial: Int, angular: Int, angles: Int, angularCutoff: Double = 3.2
  ) -> DescriptorSettings {
    .modified(
      DescriptorParameters(
        species: species, radialEta: 4, radialCutoff: 4, radialStart: 0.5, radialCount: radial,
        angularEta: 2, angularCutoff: angularCutoff, angularStart: 0.5, angularCount: angular,
        zeta: 8,
        angleCount: angles))
  }

  /// With the number of parts: of the size of the blocks or half of it, across their borders, whole, and of angles that
  /// reach further than distances.
  static let cases: [(settings: DescriptorSettings, parts: Int)] = [
    (modified(["A", "B"], radial: 8, angular: 2, angles: 4), 5),
    (modified(["A", "B", "C", "D"], radial: 16, angular: 4, angles: 8), 12),
    (modified(["A", "B", "C", "D"], radial: 32, angular: 8, angles: 8), 24),
    (modified(["A", "B", "C", "D"], radial: 4, angular: 3, angles: 4), 17),
    (modified(["A", "B", "C"], radial: 8, angular: 8, angles: 5, angularCutoff: 4.5), 11),
    (modified(["A", "B"], radial: 4, angular: 8, angles: 13, angularCutoff: 3.5), 10),
    (modified(["A"], radial: 16, angular: 4, angles: 8), 1),
    (modified(["A", "B"], radial: 5, angular: 3, angles: 3), 1),
    (
      .behlerParrinello(
        BehlerParrinelloParameters(
          species: ["A", "B"], radialEtas: [4, 0.7], radialCutoff: 3, radialStart: 0.4,
          radialCount: 4, angularEtas: [0.05, 0.4], angularCutoff: 3.4, zetas: [1, 8])), 5
    ),
    (
      .behlerParrinello(
        BehlerParrinelloParameters(
          species: ["A", "B", "C"], radialEtas: [4, 0.7], radialCutoff: 3, radialStart: 0.4,
          radialCount: 4, angularEtas: [0.05], angularCutoff: 3.4, zetas: [1, 8])), 6
    ),
  ]

  private func structures(_ species: [String]) -> [Structure] {
    // The first of these has another species than its neighbours only beyond the angular cutoff.
    DescriptorTests.structures(species) + [
      Structure(
        species: [species[0], species[0], species.last!],
        positions: [.zero, SIMD3(1.1, 0, 0), SIMD3(-3.5, 0, 0.2)]),
      // Exactly at a cutoff of angles, and one alone of its species.
      Structure(
        species: [species[0], species[0], species[0], species.last!],
        positions: [.zero, SIMD3(1, 0, 0), SIMD3(0, 3.2, 0), SIMD3(0, 0, 3.4)]),
      Structure(species: [], positions: []),
    ]
  }

  /// What the parts hold is what whole descriptors have, bit for bit, and where there is no block there are zeros.
  @Test(arguments: cases.indices) func partsHoldAllThatIsNotZero(index: Int) throws {
    let (settings, parts) = Self.cases[index]
    let (descriptors, g) = (try AtomicDescriptors(settings), settings.size)
    for structure in structures(settings.species) {
      let described = try descriptors.describe(structure, includeDerivatives: true)
      let found = try #require(described.derivatives)
      #expect(found.parts == parts && settings.derivativeParts == parts)
      let precise = descriptors.preciseValuesAndDerivatives(
        species: described.species,
        neighbours: try NeighbourList(of: structure, cutoff: descriptors.cutoff))
      let whole = DerivativeBlocks(
        rowStarts: precise.rowStarts, neighbours: precise.neighbours,
        values: precise.blocks.map { Float($0) })
      let dense = whole.dense(descriptorSize: g)
      #expect(found.dense(descriptorSize: g) == dense)
      #expect(found.values.count <= whole.values.count)
      for threads in 1...3 {
        let executor = ThreadedExecutor(threads: threads)
        let again = try descriptors.describe(
          structure, includeDerivatives: true, executor: executor)
        #expect(again == described)
      }
      // Other numbers of parts, and back.
      for parts in [1, parts, 2] where g.isMultiple(of: parts) {
        let cut = found.cut(into: parts, descriptorSize: g)
        #expect(cut.parts == parts && cut.dense(descriptorSize: g) == dense)
        #expect(cut.cut(into: 1, descriptorSize: g).dense(descriptorSize: g) == dense)
      }
    }
  }

  /// A molecule's blocks are far fewer numbers than whole ones.
  @Test func aMoleculeTakesLessMemory() throws {
    let settings = Self.cases[2].settings
    let structure = randomStructure(
      3, atoms: 16, species: ["A", "A", "B", "D"], cell: .none, minimum: 0.8)
    let described = try AtomicDescriptors(settings).describe(structure, includeDerivatives: true)
    let whole = described.cut(into: 1)
    #expect(whole.derivatives!.parts == 1)
    #expect(2 * described.derivatives!.values.count < whole.derivatives!.values.count)
  }

  /// No block is of zeros: a pair of two of one species takes two.
  @Test func blocksOfZerosAreLeftOut() throws {
    let settings = Self.cases[0].settings
    let water = Structure(
      species: ["B", "A", "A"], positions: [.zero, SIMD3(0.9, 0.3, 0), SIMD3(-0.3, 0.9, 0.1)])
    let described = try AtomicDescriptors(settings).describe(water, includeDerivatives: true)
    #expect(described == described.cut(into: 1).cut(into: 5))
    let pairs = [described.derivatives!.blocks(ofRow: 1), described.derivatives!.blocks(ofRow: 4)]
    // Row 1 is of distances from the first atom to those of its own species, of which there is none; row 4 of
    // angles between two of them.
    #expect(pairs.map(\.count) == [0, 0])
  }

  /// Records hold parts as they are, the original's forms what they are of.
  @Test(arguments: cases.indices) func partsReturnFromFiles(index: Int) throws {
    let settings = Self.cases[index].settings
    let descriptors = try AtomicDescriptors(settings)
    for var structure in structures(settings.species) where structure.count > 0 {
      structure.forces = structure.positions
      structure.energy = 1
      let described = try descriptors.describe(structure, includeDerivatives: true)
      func read(_ storage: DescribedStructure.DerivativeStorage) throws -> DescribedStructure {
        let bytes = try described.trainExample(derivatives: storage).encoded()
        return try DescribedStructure(TrainExample(encoded: bytes), fallbackName: "none")
      }
      #expect(try read(.blocks) == described)
      let half = try read(.halfBlocks).derivatives!
      #expect(half.parts == described.derivatives!.parts)
      #expect(half.rowStarts == described.derivatives!.rowStarts)
      #expect(half.neighbours == described.derivatives!.neighbours)
      let dense = described.derivatives!.dense(descriptorSize: settings.size)
      for storage in [DescribedStructure.DerivativeStorage.dense, .sparse] {
        let found = try read(storage).derivatives!
        #expect(found.parts == 1 && found.dense(descriptorSize: settings.size) == dense)
      }
      for layout in [DescriptorFile.DerivativeLayout.dense, .sparse] {
        let file = try DescriptorFile.encode(described, derivatives: layout)
        let found = try DescriptorFile.decode(file, name: described.name).derivatives!
        #expect(found.dense(descriptorSize: settings.size) == dense)
      }
    }
  }

  /// Row starts that are of no number of parts.
  @Test func wrongPartsAreNamed() throws {
    let structure = try AtomicDescriptors(Self.cases[0].settings).describe(
      randomStructure(1, atoms: 4, species: ["A", "B"], cell: .none), includeDerivatives: true)
    let example = try structure.trainExample(derivatives: .blocks)
    for rows in [0, 3, 12, 19, 21, 24] {
      var wrong = example
      let blocks = Int64(structure.derivatives!.blockCount)
      wrong.features["dgvect_row_starts"] = .integers(
        Array(repeating: 0, count: rows) + [blocks])
      let error = #expect(throws: AtomisticsError.self) {
        try DescribedStructure(TrainExample(encoded: wrong.encoded()), fallbackName: "none")
      }
      // Three parts of 40 components are none; 24 rows are six of four atoms.
      #expect(error?.key == "dgvect_row_starts")
    }
  }
}
