import Dataflow
import Foundation
import TestSupport
import Testing

/// Graphs of single operations that TensorFlow exported, with its values and its gradients.
@Suite(.enabled(if: Golden.isPresent, "reference data absent"))
struct OperationCaseTests {
  private static let tolerance = 1e-5

  private func compare(
    _ tensors: [String], _ files: [String], of graph: Graph, _ test: OperationCase
  ) throws {
    let values = try tensors.map { try graph.value(named: $0) }
    let results = try Session(graph).run(values, feeds: try test.feeds(graph))
    for (result, file) in zip(results, files) {
      let expected = try test.tensor(file)
      let distance = result.distance(to: expected)
      #expect(distance <= Self.tolerance, "\(file): \(result), expected \(expected)")
    }
  }

  @Test(arguments: OperationCase.names) func valuesAreTensorFlows(name: String) throws {
    let test = try OperationCase.read(name)
    let graph = try Graph(importing: try test.graphDef())
    try compare(test.outputNames, test.outputNames, of: graph, test)
  }

  /// TensorFlow's own nodes for the gradient.
  @Test(arguments: OperationCase.names) func gradientGraphsRun(name: String) throws {
    let test = try OperationCase.read(name)
    let gradients = test.gradientNames
    let graph = try Graph(
      importing: try test.graphDef(), options: ImportOptions(outputs: gradients.map(\.tensor)))
    try compare(gradients.map(\.tensor), gradients.map(\.file), of: graph, test)
  }

  /// This engine's gradient of TensorFlow's forward part.
  @Test(arguments: OperationCase.names) func gradientsAreTensorFlows(name: String) throws {
    let test = try OperationCase.read(name)
    let gradients = test.gradientNames
    guard !gradients.isEmpty else { return }
    let graph = try Graph(
      importing: try test.graphDef(), options: ImportOptions(outputs: test.outputNames))
    let outputs = try test.outputNames.map { try graph.value(named: $0) }
      .filter(\.elementType.isFloatingPoint)
    let seeds = try outputs.map { output in
      graph.constant(Tensor.seed(like: try test.tensor(output.name)))
    }
    let sources = try test.gradInputs.map { try graph.value(named: "in\($0)") }
    let found = try graph.gradients(
      of: outputs, withRespectTo: sources, outputGradients: seeds)
    let values = zip(found, sources).map { $0 ?? graph.zeros(like: $1) }
    let results = try Session(graph).run(values, feeds: try test.feeds(graph))
    for (result, index) in zip(results, test.gradInputs) {
      let expected = try test.tensor("grad_in\(index)")
      let distance = result.distance(to: expected)
      #expect(distance <= Self.tolerance, "input \(index): \(result), expected \(expected)")
    }
  }

  /// What is exported and imported again computes the same, in both forms.
  @Test(arguments: OperationCase.names) func exportsReturn(name: String) throws {
    let test = try OperationCase.read(name)
    let graph = try Graph(importing: try test.graphDef())
    let exported = try GraphDef(exporting: graph)
    let returned = try Graph(importing: try GraphDef(text: exported.text))
    let names = test.outputNames + test.gradientNames.map(\.tensor)
    let first = try Session(graph).run(
      try names.map { try graph.value(named: $0) }, feeds: try test.feeds(graph))
    let second = try Session(returned).run(
      try names.map { try returned.value(named: $0) }, feeds: try test.feeds(returned))
    for (index, name) in names.enumerated() {
      #expect(second[index].distance(to: first[index]) == 0, "\(name)")
    }
  }
}
