import AtomicNetworks
import Dataflow

/// Histograms of networks' parameters for TensorBoard, by the original's tags: `S<symbol>.<i>/W<layer>` and
/// `/b<layer>`, and the names of the parameters of a text.
struct ParameterHistograms {
  private let session: Session
  private let inputs: [Value]
  private let merged: Value

  /// - Parameter networks: such ones as will be summarized.
  init(_ networks: [SpeciesNetwork]) throws {
    let graph = Graph()
    var (inputs, summaries): ([Value], [Value]) = ([], [])
    for (tag, tensor) in Self.parameters(of: networks) {
      let input = graph.placeholder(
        tensor.elementType, SymbolicShape(tensor.shape), name: "parameters_\(inputs.count)")
      inputs.append(input)
      summaries.append(histogramSummary(input, tag: tag))
    }
    self.inputs = inputs
    merged = try mergeSummary(summaries)
    session = Session(graph)
  }

  /// A summary for an event file.
  func summary(of networks: [SpeciesNetwork]) throws -> Tensor {
    let tensors = Self.parameters(of: networks).map(\.tensor)
    let feeds = Dictionary(uniqueKeysWithValues: zip(inputs, tensors))
    return try session.run([merged], feeds: feeds)[0]
  }

  private static func parameters(
    of networks: [SpeciesNetwork]
  ) -> [(tag: String, tensor: Tensor)] {
    networks.enumerated().flatMap { index, network in
      let name = "S\(network.symbol).\(index)"
      let layers = network.layers.enumerated().flatMap { number, layer in
        [("\(name)/W\(number)", layer.weights), ("\(name)/b\(number)", layer.biases)]
      }
      return layers + (network.graph?.parameters ?? []).map { ("\(name)/\($0.name)", $0.value) }
    }
  }
}
