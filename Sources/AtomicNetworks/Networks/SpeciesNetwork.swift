import Dataflow

/// The fully connected network of one species.
public struct SpeciesNetwork: Sendable, Equatable {
  /// One layer: `[in, out]` weights and `[out]` biases, in single precision.
  public struct Layer: Sendable, Equatable {
    public var weights: Tensor
    public var biases: Tensor
    public var activation: Activation
    public var isTrainable: Bool

    public init(weights: Tensor, biases: Tensor, activation: Activation, isTrainable: Bool = true) {
      precondition(weights.shape.rank == 2 && biases.shape == [weights.shape[1]])
      self.weights = weights
      self.biases = biases
      self.activation = activation
      self.isTrainable = isTrainable
    }

    public var inputSize: Int { weights.shape[0] }
    public var outputSize: Int { weights.shape[1] }
  }

  /// A layer of more is a slip of the pen, and its weights would not fit into memory.
  package static let largestSize = 100_000

  /// The species' symbol, as in the descriptors' species list.
  public var symbol: String
  public var layers: [Layer]
  /// What the network is instead of layers; nil as a rule.
  public var graph: GraphNetwork?
  /// What is added to each atom's output, in eV.
  public var offset: Double

  /// - Precondition: each layer takes what the one before it gives; the last gives one number.
  public init(symbol: String, layers: [Layer], offset: Double) {
    precondition(layers.last?.outputSize == 1, "\(symbol): the last layer must have one output")
    for (layer, next) in zip(layers, layers.dropFirst()) {
      precondition(layer.outputSize == next.inputSize, "\(symbol): layers do not fit")
    }
    self.symbol = symbol
    self.layers = layers
    self.offset = offset
  }

  /// A network that a text defines.
  public init(symbol: String, graph: GraphNetwork, offset: Double) {
    self.symbol = symbol
    self.layers = []
    self.graph = graph
    self.offset = offset
  }

  /// The size of the descriptor.
  public var featureSize: Int { graph?.featureSize ?? layers[0].inputSize }

  public var parameterCount: Int {
    layers.reduce(0) { $0 + $1.weights.elementCount + $1.biases.elementCount }
      + (graph?.parameters ?? []).reduce(0) { $0 + $1.value.elementCount }
  }
}

/// How far from zero the weights of a layer begin; they are uniform within ±limit.
public enum WeightInitialization: String, Sendable, CaseIterable {
  /// 1/out, as in the original.
  case original
  /// √(6 / (in + out)), of Glorot and Bengio.
  case glorot
  /// √(6 / in), of He and others.
  case he

  func limit(_ inputSize: Int, _ outputSize: Int) -> Double {
    switch self {
    case .original: 1 / Double(outputSize)
    case .glorot: (6 / Double(inputSize + outputSize)).squareRoot()
    case .he: (6 / Double(inputSize)).squareRoot()
    }
  }
}

extension SpeciesNetwork.Layer {
  /// A layer before training: random weights, biases zero.
  public init(
    random inputSize: Int, to outputSize: Int, activation: Activation, isTrainable: Bool = true,
    initialization: WeightInitialization = .original, using generator: inout PhiloxGenerator
  ) {
    let scale = initialization.limit(inputSize, outputSize)
    let weights = (0..<inputSize * outputSize).map { _ in
      Float((2 * generator.uniform() - 1) * scale)
    }
    self.init(
      weights: Tensor(shape: [inputSize, outputSize], scalars: weights),
      biases: Tensor(zeros: [outputSize], elementType: .float32), activation: activation,
      isTrainable: isTrainable)
  }
}
