import Atomistics
import Dataflow
import Foundation
import TestSupport
import Testing

@testable import AtomicNetworks

/// Writes potentials and what this program says of some structures for `Tests/openkim.sh`, which lets
/// OpenKIM's driver evaluate them.
@Suite(
  .enabled(
    if: ProcessInfo.processInfo.environment["OPENKIM_EXPORTS"] != nil, "only for Tests/openkim.sh"))
struct OpenKIMExportTests {
  private var folder: URL {
    URL(fileURLWithPath: ProcessInfo.processInfo.environment["OPENKIM_EXPORTS"]!)
  }

  /// A folder that is a model: the potential, the names of its files and the structures.
  private func write(_ model: NetworkModel, _ name: String, _ structures: [Structure]) throws {
    let folder = folder.appendingPathComponent(name)
    try LAMMPSPotential.write(model, to: folder, for: .openKIM)
    let files = ["panna.in"] + model.networks.map { "weights_\($0.symbol).dat" }
    func save(_ text: String, _ name: String) throws {
      try Data(text.utf8).write(to: folder.appendingPathComponent(name))
    }
    try save(files.map { "\"\($0)\"" }.joined(separator: " "), "files")
    let potential = try NetworkPotential(LAMMPSPotential.read(folder))
    try save(try structures.map { try text($0, potential) }.joined(), "structures")
  }

  private func text(_ structure: Structure, _ potential: NetworkPotential) throws -> String {
    let result = try potential.evaluate(structure)
    func line(_ v: SIMD3<Double>) -> String { "\(v.x) \(v.y) \(v.z)" }
    var text = "\(structure.count) \(result.energy)\n"
    for k in 0..<3 {
      text += line(structure.cell.periodic[k] ? structure.cell.vectors[k] : .zero) + "\n"
    }
    for i in 0..<structure.count {
      text += "\(structure.species[i]) \(line(structure.positions[i])) \(line(result.forces[i]))\n"
    }
    return text
  }

  @Test func clustersAreWritten() throws {
    var generator = PhiloxGenerator(seed: 12)
    let clusters = (3...8).map { atoms in
      Structure(
        species: (0..<atoms).map { $0 % 3 == 1 ? "O" : "H" },
        positions: (0..<atoms).map { index in
          SIMD3(Double(index), 0, 0)
            + SIMD3(generator.uniform(), generator.uniform(), generator.uniform()) * 1.5
        })
    }
    for (name, activation) in [
      ("clusters_gaussian", Activation.gaussian), ("clusters_relu", .relu),
    ] {
      try write(Fixtures.model(activation), name, clusters)
    }
  }

  @Test func siliconIsWritten() throws {
    let descriptors = DescriptorParameters(
      species: ["Si"], radialEta: 8, radialCutoff: 4.6, radialStart: 0.5, radialCount: 8,
      angularEta: 6, angularCutoff: 4.6, angularStart: 1.5, angularCount: 4, zeta: 16, angleCount: 4
    )
    var generator = PhiloxGenerator(seed: 7)
    let network = SpeciesNetwork(
      symbol: "Si",
      layers: [
        .init(random: 24, to: 6, activation: .gaussian, using: &generator),
        .init(random: 6, to: 1, activation: .linear, using: &generator),
      ], offset: -4)
    var structure = try StartingStructures.diamond("Si", latticeConstant: 5.43)
    for i in 0..<structure.count {
      structure.positions[i] +=
        SIMD3(generator.uniform(), generator.uniform(), generator.uniform()) * 0.3
    }
    try write(
      NetworkModel(networks: [network], descriptors: .modified(descriptors)), "silicon", [structure]
    )
  }

  /// The original's example network and the structures of its reference energies.
  @Test(.enabled(if: Golden.isPresent, "reference data absent")) func exampleIsWritten() throws {
    let structures = try ["1", "2", "3"].map {
      try ExampleFile.read(Golden.url("panna/tests/gvector_calculator/examples/\($0).example"))
    }
    try write(
      LAMMPSPotential.read(Golden.url("panna/lammps-example/network")), "example", structures)
  }
}
