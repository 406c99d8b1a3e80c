import Dataflow
import Testing

@testable import AtomicNetworks

@Suite struct AtomNetworkTests {
  private func network(_ activation: Activation) -> SpeciesNetwork {
    var generator = PhiloxGenerator(seed: 5)
    let sizes = [7, 6, 5, 1]
    return SpeciesNetwork(
      symbol: "H",
      layers: (0..<3).map { index in
        var layer = SpeciesNetwork.Layer(
          random: sizes[index], to: sizes[index + 1],
          activation: index == 2 ? .linear : activation, initialization: .he, using: &generator)
        layer.biases = Tensor((0..<sizes[index + 1]).map { _ in Float(generator.uniform() - 0.5) })
        return layer
      }, offset: 0)
  }

  /// The same as a graph, for many atoms at once.
  private func graphValues(
    _ network: SpeciesNetwork, _ components: [Double]
  ) throws -> (energy: Double, gradient: [Double]) {
    let graph = Graph()
    let potential = try PotentialGraph([network], elementType: .float64, in: graph)
    let gradient = try potential.makeDescriptorGradient()
    let session = Session(graph)
    try potential.initialize(session, with: [network])
    let results = try session.run(
      [potential.atomicEnergies, gradient],
      feeds: [potential.descriptors[0]: Tensor(shape: [1, 7], scalars: components)])
    return (results[0].scalars(as: Double.self)[0], results[1].scalars(as: Double.self))
  }

  @Test(arguments: [Activation.linear, .gaussian, .relu, .tanh])
  func equalsTheGraph(activation: Activation) throws {
    let network = network(activation)
    let parameters = try #require(AtomNetwork.Parameters(network))
    let atom = AtomNetwork(parameters, scale: 2)
    for seed in 0..<5 {
      let components = (0..<7).map { Double(($0 * 5 + seed * 3) % 11) * 0.2 - 0.9 }
      let expected = try graphValues(network, components)
      let (energy, gradient) = atom.evaluate(components)
      #expect(abs(energy - 2 * expected.energy) < 1e-13)
      for place in 0..<7 { #expect(abs(gradient[place] - 2 * expected.gradient[place]) < 1e-13) }
    }
  }

  @Test func otherNetworksAreLeftToTheGraph() {
    #expect(AtomNetwork.Parameters(network(.radialBasis)) == nil)
  }
}
