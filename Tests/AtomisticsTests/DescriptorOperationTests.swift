import Dataflow
import DataflowTesting
import Testing

@testable import Atomistics

/// Descriptors and forces as operations of graphs.
@Suite(.timeLimit(.minutes(10))) struct DescriptorOperationTests {
  init() throws { try AtomisticOperations.register() }

  @Test(arguments: OperationCheck.allCases) func hold(check: OperationCheck) throws {
    #expect(try check.findings(of: DescriptorValues.self) == [])
    #expect(try check.findings(of: DescriptorContraction.self) == [])
    #expect(try check.findings(of: NeighbourForces.self) == [])
  }

  @Test(arguments: NeighbourSample.all.indices) func gradientIsADifference(index: Int) throws {
    let (sample, graph) = (NeighbourSample.all[index], Graph())
    let inputs = sample.rows.map { graph.placeholder($0.elementType, SymbolicShape($0.shape)) }
    let feeds = Dictionary(uniqueKeysWithValues: zip(inputs, sample.rows))
    let values = try descriptorValues(
      sample.settings, displacements: inputs[0], species: inputs[1], starts: inputs[2])
    let weights = Tensor.random([sample.atoms, sample.settings.size], seed: 4)
    let energy = sum(values * graph.constant(weights))
    let slopes = try graph.gradient(of: energy, withRespectTo: inputs[0])
    let session = Session(graph)
    let found = try session.run([slopes], feeds: feeds)[0].scalars(as: Double.self)
    let h = 2e-6
    for element in found.indices {
      func moved(_ step: Double) throws -> Double {
        var moved = feeds
        moved[inputs[0]]!.withMutableElements(as: Double.self) { $0[element] += step }
        return try session.run([energy], feeds: moved)[0].scalar(as: Double.self)
      }
      let difference = (try moved(h) - moved(-h)) / (2 * h)
      #expect(abs(found[element] - difference) <= 1e-6 * max(1, abs(difference)))
    }
    #expect(found.isEmpty == (sample.rows[0].elementCount == 0))
  }

  /// What the operation computes has the bits of what the descriptors say of a structure.
  @Test func equalToTheDescriptors() throws {
    let parameters = BehlerParrinelloTests.parameters[0]
    for settings in [
      DescriptorSettings.behlerParrinello(parameters), NeighbourSample.all[1].settings,
    ] {
      for structure in DescriptorTests.structures(settings.species) {
        let species = try structure.speciesIndices(in: settings.species)
        let list = try NeighbourList(of: structure, cutoff: 4)
        let expected = try AtomicDescriptors(settings).values(
          Double.self, species: species, neighbours: list)
        let inputs = [
          Tensor(
            shape: [list.neighbours.count, 3],
            scalars: list.displacements.flatMap { [$0.x, $0.y, $0.z] }),
          Tensor(list.neighbours.map { species[Int($0)] }), Tensor(list.starts.map { Int32($0) }),
        ]
        let graph = Graph()
        let places = inputs.map { graph.placeholder($0.elementType, SymbolicShape($0.shape)) }
        let values = try descriptorValues(
          settings, displacements: places[0], species: places[1], starts: places[2])
        let found = try Session(graph).run(
          [values], feeds: Dictionary(uniqueKeysWithValues: zip(places, inputs)))
        #expect(found[0].scalars(as: Double.self).map(\.bitPattern) == expected.map(\.bitPattern))
      }
    }
  }

  @Test func wrongInputsAreNamed() throws {
    let sample = NeighbourSample.all[1]
    func message(_ species: [Int32], _ starts: [Int32]) -> String? {
      let graph = Graph()
      let inputs = [sample.rows[0], Tensor(species), Tensor(starts)]
      let places = inputs.map { graph.placeholder($0.elementType, SymbolicShape($0.shape)) }
      do {
        let values = try descriptorValues(
          sample.settings, displacements: places[0], species: places[1], starts: places[2],
          name: "d")
        _ = try Session(graph).run(
          [values], feeds: Dictionary(uniqueKeysWithValues: zip(places, inputs)))
        return nil
      } catch { return "\(error)" }
    }
    let (species, starts): ([Int32], [Int32]) = (
      sample.rows[1].scalars(), sample.rows[2].scalars()
    )
    #expect(message(species, starts) == nil)
    let unknown = message(Array(species.dropLast()) + [2], starts)
    #expect(unknown?.contains("the species at position 8 is outside 0..<2") == true)
    let descending = message(species, [0, 5, 4, 8, 9])
    #expect(descending?.contains("the row starts at row 1 do not ascend from 0 to 9") == true)
    #expect(message(species, [0, 5, 5, 8])?.contains("row 2 do not ascend") == true)
    #expect(message(Array(species.dropLast()), starts)?.contains("differ: 9 and 8") == true)
  }

  @Test func attributesAreTheSettings() throws {
    for sample in NeighbourSample.all {
      let operation = DescriptorValues(sample.settings)
      #expect(try DescriptorValues(attributes: operation.attributes).settings == sample.settings)
    }
    var attributes = DescriptorValues(NeighbourSample.all[0].settings).attributes
    attributes["zeta"] = .float(-1)
    #expect(throws: GraphError.self) { try DescriptorValues(attributes: attributes) }
    attributes["type"] = .string("SB")
    #expect(throws: GraphError.self) { try DescriptorValues(attributes: attributes) }
  }
}
