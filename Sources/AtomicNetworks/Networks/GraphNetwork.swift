import Dataflow

/// The network of one species as a text in the graph language: from `descriptors`, `[atoms, components]`,
/// to `energies`, `[atoms]`, in eV.
///
/// Its parameters may be `real`, the type of all numbers, `components`, the descriptors' size, and `seed`.
public struct GraphNetwork: Sendable, Equatable {
  /// A variable's name, within the network, and its elements in single precision.
  public struct Parameter: Sendable, Equatable {
    public let name: String
    public var value: Tensor

    public init(name: String, value: Tensor) {
      self.name = name
      self.value = value
    }
  }

  public let source: GraphSource
  /// The size of the descriptor.
  public let featureSize: Int
  /// In the order of the text.
  public var parameters: [Parameter]

  static let input = "descriptors"
  static let output = "energies"

  public init(source: GraphSource, featureSize: Int, parameters: [Parameter]) {
    self.source = source
    self.featureSize = featureSize
    self.parameters = parameters
  }

  /// A network before training, its parameters as the text begins them.
  ///
  /// - Throws: `GraphTextError` or `NetworkError` for a text that is no network.
  public init(source: GraphSource, featureSize: Int, seed: UInt64) throws {
    self.init(source: source, featureSize: featureSize, parameters: [])
    let graph = Graph()
    let input = graph.placeholder(.float32, ["atoms", Dimension(featureSize)], name: Self.input)
    let prefix = "network"
    _ = try add(to: graph, input, prefix: prefix, seed: seed)
    let session = Session(graph)
    try session.initializeVariables()
    parameters = try graph.variables.map { variable in
      Parameter(
        name: String(variable.name.dropFirst(prefix.count + 1)),
        value: try session.value(of: variable))
    }
  }

  /// Adds the network to a graph.
  ///
  /// - Returns: the energies of the input's atoms, `[atoms]`.
  func add(to graph: Graph, _ input: Value, prefix: String, seed: UInt64 = 0) throws -> Value {
    let energies = try source.add(
      to: graph, prefix: prefix, placeholders: [Self.input: input], result: Self.output,
      parameters: ["components": "\(featureSize)", "seed": "\(seed & 0xFFFF_FFFF)"])
    let expected = TensorSpec(input.elementType, [input.shape[0]])
    guard energies.spec == expected else {
      throw NetworkError(
        file: source.file, "\(Self.output) is \(energies.spec), expected \(expected)")
    }
    return energies
  }
}
