import Foundation
import TestSupport
import Testing

@testable import Atomistics

/// Parameters that the reference files were made with.
enum GoldenParameters {
  static let molecules = DescriptorParameters(
    species: ["H", "C", "N", "O"], radialEta: 16, radialCutoff: 4.6, radialStart: 0.5,
    radialCount: 16, angularEta: 6, angularCutoff: 3.1, angularStart: 0.5, angularCount: 4,
    zeta: 50, angleCount: 8)

  static let bohr = DescriptorParameters(
    species: ["H", "C", "N", "O"], radialEta: 2, radialCutoff: 7, radialStart: 1, radialCount: 6,
    angularEta: 1.5, angularCutoff: 6, angularStart: 1, angularCount: 3, zeta: 12, angleCount: 4,
    unit: .bohr)

  /// The unit test of the original: equal widths of both parts.
  static var unitTest: DescriptorParameters {
    var parameters = molecules
    parameters.angularEta = 16
    return parameters
  }

  static let behlerParrinello = BehlerParrinelloParameters(
    species: ["H", "C", "N", "O"], radialEtas: [4, 9], radialCutoff: 4.6, radialStart: 0.5,
    radialCount: 5, angularEtas: [0.01, 0.1], angularCutoff: 4, zetas: [1, 4, 8])

  static let silicon = DescriptorParameters(
    species: ["Si"], radialEta: 16, radialCutoff: 4.6, radialStart: 0.5, radialCount: 16,
    angularEta: 6, angularCutoff: 4.6, angularStart: 1.5, angularCount: 4, zeta: 50, angleCount: 8)
}

@Suite(.enabled(if: Golden.isPresent, "reference data absent")) struct DescriptorGoldenTests {
  private func expectEqual(
    example: String, bin: String, _ descriptors: AtomicDescriptors,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let structure = try ExampleFile.read(Golden.url("panna/\(example).example"))
    let golden = try DescriptorFile.read(Golden.url("panna/\(bin).bin"))
    let made = try descriptors.describe(
      structure, includeDerivatives: golden.derivatives != nil)
    #expect(made.name == golden.name && made.species == golden.species)
    #expect(abs(made.energy - golden.energy) <= abs(golden.energy) * 1.2e-7)
    let worst = zip(made.descriptors, golden.descriptors).map { abs($0 - $1) }.max()!
    #expect(worst < 1e-6, "values off by \(worst)", sourceLocation: sourceLocation)
    guard let expected = golden.derivatives, let derivatives = made.derivatives else { return }
    let g = made.descriptorSize
    let difference = zip(
      derivatives.dense(descriptorSize: g), expected.dense(descriptorSize: g)
    ).map { abs($0 - $1) }.max()!
    #expect(difference < 1e-6, "derivatives off by \(difference)", sourceLocation: sourceLocation)
    #expect(zip(made.forces!, golden.forces!).allSatisfy { abs($0 - $1) <= 1e-6 * abs($1) })
  }

  @Test(arguments: ["1", "2", "3"]) func molecules(name: String) throws {
    let folder = "tests/gvector_calculator"
    try expectEqual(
      example: "\(folder)/examples/\(name)", bin: "\(folder)/bin_references/\(name)",
      AtomicDescriptors(GoldenParameters.unitTest))
    for golden in ["mbp_mol", "mbp_mol_sparse"] {
      try expectEqual(
        example: "\(folder)/examples/\(name)", bin: "golden/\(golden)/\(name)",
        AtomicDescriptors(GoldenParameters.molecules))
    }
    try expectEqual(
      example: "\(folder)/examples/\(name)", bin: "golden/bp_mol/\(name)",
      AtomicDescriptors(GoldenParameters.behlerParrinello))
  }

  @Test(arguments: [
    "periodic_small_cell_3", "periodic_small_cell_3_crystal_bohr", "periodic_triclinic_8",
    "periodic_triclinic_8_crystal_bohr", "slab_2d",
  ]) func periodicStructuresInBohr(name: String) throws {
    try expectEqual(
      example: "golden/ex_pbc/\(name)", bin: "golden/mbp_bohr_pbc_deriv/\(name)",
      AtomicDescriptors(GoldenParameters.bohr))
  }
}
