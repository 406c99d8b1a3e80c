import Atomistics
import Dataflow

@testable import AtomicNetworks

/// Small structures and networks that the tests make themselves.
enum Fixtures {
  static let descriptors = DescriptorParameters(
    species: ["H", "O"], radialEta: 4, radialCutoff: 3.5, radialStart: 0.5, radialCount: 3,
    angularEta: 2, angularCutoff: 3, angularStart: 0.5, angularCount: 2, zeta: 4, angleCount: 2)

  /// Random clusters of two species with random energies and forces.
  static func structures(
    _ count: Int, seed: UInt64 = 1, descriptors: DescriptorParameters = Self.descriptors
  ) throws -> [DescribedStructure] {
    let calculator = try AtomicDescriptors(descriptors)
    var generator = PhiloxGenerator(seed: seed)
    return try (0..<count).map { index in
      let atoms = 3 + index % 4
      func random() -> SIMD3<Double> {
        SIMD3(generator.uniform(), generator.uniform(), generator.uniform())
      }
      let structure = Structure(
        name: "cluster\(index)", species: (0..<atoms).map { $0 % 3 == 1 ? "O" : "H" },
        positions: (0..<atoms).map { SIMD3(Double($0), 0, 0) + random() * 1.5 },
        energy: Double(atoms) * -3 + generator.uniform(),
        forces: (0..<atoms).map { _ in random() - 0.5 })
      return try calculator.describe(structure, includeDerivatives: true)
    }
  }

  static func model(
    _ activation: Activation = .gaussian, sizes: [Int] = [5, 4, 1], seed: UInt64 = 3,
    descriptors: DescriptorParameters = Self.descriptors
  ) -> NetworkModel {
    var generator = PhiloxGenerator(seed: seed)
    let networks = descriptors.species.enumerated().map { index, symbol in
      var input = descriptors.size
      let layers = sizes.enumerated().map { layer, size in
        defer { input = size }
        var result = SpeciesNetwork.Layer(
          random: input, to: size, activation: layer == sizes.count - 1 ? .linear : activation,
          using: &generator)
        result.biases = Tensor((0..<size).map { _ in Float(generator.uniform() - 0.5) })
        return result
      }
      return SpeciesNetwork(symbol: symbol, layers: layers, offset: index == 0 ? -2.5 : -3.5)
    }
    return NetworkModel(networks: networks, descriptors: .modified(descriptors))
  }
}

extension NetworkModel {
  /// All parameters' bits, one after the other.
  var bits: [UInt32] {
    networks.flatMap { network in
      network.layers.flatMap { layer in
        (layer.weights.scalars(as: Float.self) + layer.biases.scalars(as: Float.self))
          .map(\.bitPattern)
      }
    }
  }
}
