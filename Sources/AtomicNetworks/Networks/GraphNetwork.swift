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
    let prefix = "network"
    // Trainings compute in single precision, what uses their networks in double.
    func network(_ type: ElementType) throws -> Graph {
      let graph = Graph()
      let input = graph.placeholder(type, ["atoms", Dimension(featureSize)], name: Self.input)
      _ = try add(to: graph, input, prefix: prefix, seed: seed)
      for variable in graph.variables where variable.value.elementType != type {
        throw NetworkError(
          file: source.file,
          "the variable \(variable.name.dropFirst(prefix.count + 1)) is \(variable.value.elementType) where"
            + " real is \(type): variables are real")
      }
      return graph
    }
    let graph = try network(.float32)
    _ = try network(.float64)
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
    try checkRepeatable(energies)
    return energies
  }

  /// - Throws: `NetworkError` where the energies of the same atoms may be others in the next run.
  private func checkRepeatable(_ energies: Value) throws {
    var seen: Set<Node> = []
    var pending = [energies.node]
    while let node = pending.popLast() {
      guard seen.insert(node).inserted else { continue }
      guard node.isRepeatable else {
        throw NetworkError(
          file: source.file,
          "\(Self.output) depends on \(node.name), \(type(of: node.operation).name), which is another in each"
            + " run; operations like StatelessRandomUniform are not")
      }
      pending += node.inputs.map(\.node) + node.controlInputs
    }
  }
}
