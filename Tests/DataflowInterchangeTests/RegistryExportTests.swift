import Dataflow
import Testing

/// Every operation of the registry, exported and imported again.
@Suite struct RegistryExportTests {
  static let names = OperationRegistry.builtIn.filter { $0.tensorFlowForm.isKnownToTensorFlow }
    .map { $0.name }

  /// Graphs of the operation's samples alone; those with many elements are left out.
  static func samples(of name: String) throws -> [ExportSample] {
    guard let operation = OperationRegistry.operation(named: name) else { return [] }
    let small = operation.samples.filter { $0.inputs.allSatisfy { $0.elementCount < 5000 } }
    return try small.enumerated().map { index, sample in
      let graph = Graph()
      let inputs = sample.inputs.enumerated().map { position, tensor in
        graph.placeholder(
          tensor.elementType, SymbolicShape(tensor.shape), name: "input_\(position)")
      }
      let node = try graph.add(sample.operation, inputs, name: "result")
      var export = ExportSample("\(name)_\(index)", graph)
      export.feeds = Dictionary(uniqueKeysWithValues: zip(inputs, sample.inputs))
      export.fetches = node.outputs
      return export
    }
  }

  @Test(arguments: names) func samplesReturn(name: String) throws {
    for sample in try Self.samples(of: name) {
      let def = try GraphDef(exporting: sample.graph)
      let returned = try Graph(importing: try GraphDef(text: def.text))
      let node = try #require(returned.node(named: "result"))
      let original = try #require(sample.graph.node(named: "result"))
      #expect(node.outputSpecs == original.outputSpecs, "\(sample.name)")
      if original.operation.isStateful { continue }
      for (found, expected) in zip(try sample.results(in: returned), try sample.results()) {
        // TensorFlow's attributes are numbers of single precision.
        #expect(found.distance(to: expected) <= 1e-7, "\(sample.name)")
      }
    }
  }
}
