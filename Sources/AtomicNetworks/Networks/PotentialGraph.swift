import Dataflow

/// The networks of all species as one graph: from descriptors to energies and dE/dG.
///
/// Atoms are sorted by species, so that each layer of a species is one matrix product for the whole
/// batch; within a species they keep the order of the structures.
public struct PotentialGraph: Sendable {
  public let graph: Graph
  public let elementType: ElementType
  /// For each species its atoms' descriptors: `[atoms_<symbol>, g]`.
  public let descriptors: [Value]
  /// For each atom the index of its structure: `int32 [atoms]`.
  public let structureOfAtom: Value
  /// For each species and layer the variables.
  public let layers: [[Layer]]
  /// For each species the variables of its text, where it has one instead of layers.
  public let graphVariables: [[Variable]]
  /// The networks' outputs without offsets: `[atoms]`, in eV.
  public let atomicEnergies: Value
  /// Their sums: `[structures]`, in eV.
  public let energies: Value

  /// One layer's variables.
  public struct Layer: Sendable {
    public let weights: Variable
    public let biases: Variable
  }

  /// The number of structures in a batch.
  public static let structures: Dimension = "structures"

  /// Adds the networks to a graph.
  ///
  /// Variables have the original's names, `species_<symbol>_layer_<i>/weights` and `/biases`.
  ///
  /// - Parameter given: for each species its atoms' descriptors; placeholders if nil.
  public init(
    _ networks: [SpeciesNetwork], elementType: ElementType, descriptors given: [Value]? = nil,
    in graph: Graph
  ) throws {
    self.graph = graph
    self.elementType = elementType
    var descriptors: [Value] = []
    var outputs: [Value] = []
    var layers: [[Layer]] = []
    var graphVariables: [[Variable]] = []
    for (index, network) in networks.enumerated() {
      let input =
        given?[index]
        ?? graph.placeholder(
          elementType,
          [Dimension(symbol: "atoms_\(network.symbol)"), Dimension(network.featureSize)],
          name: "descriptors_\(network.symbol)")
      descriptors.append(input)
      let known = graph.variables.count
      let variables = try Self.makeVariables(network, elementType, in: graph)
      layers.append(variables)
      if let text = network.graph {
        let energies = try text.add(to: graph, input, prefix: Self.prefix(network))
        outputs.append(reshape(energies, [energies.shape[0], 1]))
        graphVariables.append(Array(graph.variables[known...]))
        continue
      }
      graphVariables.append([])
      outputs.append(
        zip(network.layers, variables).enumerated().reduce(input) { value, layer in
          graph.withNameScope(Self.layerName(network, layer.offset)) {
            layer.element.0.activation.layer(
              value, weights: layer.element.1.weights.value, biases: layer.element.1.biases.value)
          }
        })
    }
    self.graphVariables = graphVariables
    self.descriptors = descriptors
    self.layers = layers
    let column = graph.withNameScope("energies") { concat(outputs, axis: 0) }
    let atoms = column.shape[0]
    structureOfAtom = graph.placeholder(.int32, [atoms], name: "structure_of_atom")
    (atomicEnergies, energies) = graph.withNameScope("energies") { [structureOfAtom] in
      let atomicEnergies = reshape(column, [atoms])
      return (
        atomicEnergies,
        unsortedSegmentSum(atomicEnergies, structureOfAtom, segments: Self.structures)
      )
    }
  }

  /// What the names of a text's variables begin with.
  private static func prefix(_ network: SpeciesNetwork) -> String { "species_\(network.symbol)" }

  /// The original's name of a layer.
  private static func layerName(_ network: SpeciesNetwork, _ index: Int) -> String {
    "\(prefix(network))_layer_\(index)"
  }

  private static func makeVariables(
    _ network: SpeciesNetwork, _ elementType: ElementType, in graph: Graph
  ) throws -> [Layer] {
    try network.layers.enumerated().map { index, layer in
      let name = layerName(network, index)
      return Layer(
        weights: try graph.variable(
          layer.weights.converted(to: elementType), name: "\(name)/weights",
          isTrainable: layer.isTrainable),
        biases: try graph.variable(
          layer.biases.converted(to: elementType), name: "\(name)/biases",
          isTrainable: layer.isTrainable))
    }
  }

  /// The number of atoms in a batch.
  public var atoms: Dimension { atomicEnergies.shape[0] }

  /// dE/dG: `[atoms, g]`, in eV (descriptors have no unit).
  ///
  /// An atom's output depends on its own descriptor alone, so the gradient of the sum is all of them.
  public func makeDescriptorGradient() throws -> Value {
    try graph.withNameScope("descriptor_gradient") {
      let gradients = try graph.gradients(
        of: [sum(atomicEnergies)], withRespectTo: descriptors)
      return concat(
        zip(gradients, descriptors).map { $0 ?? graph.zeros(like: $1) }, axis: 0)
    }
  }

  /// Gives all variables of a session their first values: those of the networks.
  public func initialize(_ session: Session, with networks: [SpeciesNetwork]) throws {
    try session.initializeVariables()
    for (network, variables) in zip(networks, graphVariables) {
      for (parameter, variable) in zip(network.graph?.parameters ?? [], variables) {
        try session.assign(parameter.value.converted(to: elementType), to: variable)
      }
    }
  }

  /// The variables that count as weights in a cost of large parameters: matrices.
  var weights: [Variable] {
    layers.joined().map(\.weights) + graphVariables.joined().filter { $0.value.shape.rank >= 2 }
  }

  /// The variables that count as biases there.
  var biases: [Variable] {
    layers.joined().map(\.biases) + graphVariables.joined().filter { $0.value.shape.rank < 2 }
  }

  /// The networks with what a session's variables hold.
  public func networks(
    like networks: [SpeciesNetwork], from session: Session
  ) throws -> [SpeciesNetwork] {
    var result = networks
    for species in layers.indices {
      for (index, layer) in layers[species].enumerated() {
        result[species].layers[index].weights =
          try session.value(of: layer.weights).converted(to: .float32)
        result[species].layers[index].biases =
          try session.value(of: layer.biases).converted(to: .float32)
      }
      for (index, variable) in graphVariables[species].enumerated() {
        result[species].graph?.parameters[index].value =
          try session.value(of: variable).converted(to: .float32)
      }
    }
    return result
  }
}

extension Tensor {
  /// The same numbers in another floating-point type.
  func converted(to type: ElementType) -> Tensor {
    switch (elementType, type) {
    case (.float32, .float64):
      Tensor(shape: shape, scalars: scalars(as: Float.self).map { Double($0) })
    case (.float64, .float32):
      Tensor(shape: shape, scalars: scalars(as: Double.self).map { Float($0) })
    default: self
    }
  }
}
