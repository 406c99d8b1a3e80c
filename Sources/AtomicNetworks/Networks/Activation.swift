import Dataflow

/// What a layer does to the sums of its weighted inputs; the raw value is PANNA's code in files.
public enum Activation: Int, Sendable, CaseIterable {
  case linear = 0
  case gaussian = 1
  case radialBasis = 2
  case relu = 3
  case tanh = 4

  /// The spellings that input files may use, in any case.
  public var spellings: [String] {
    switch self {
    case .linear: ["linear", "l", "0"]
    case .gaussian: ["gaussian", "gauss", "g", "1"]
    case .radialBasis: ["rbf", "2"]
    case .relu: ["relu", "rl", "3"]
    case .tanh: ["tanh", "th", "4"]
    }
  }

  /// The activation of that name, nil where there is none.
  public init?(spelling: String) {
    let lower = spelling.lowercased()
    guard let match = Self.allCases.first(where: { $0.spellings.contains(lower) }) else {
      return nil
    }
    self = match
  }

  /// The output of a layer (equation 1; for radial basis functions the form of section 2.2, in which
  /// the biases take no part).
  ///
  /// - Parameters:
  ///   - input: `[atoms, in]`.
  ///   - weights: `[in, out]`.
  ///   - biases: `[out]`.
  func layer(_ input: Value, weights: Value, biases: Value) -> Value {
    if self == .radialBasis { return radialBasis(input, centres: weights) }
    let sums = biasAdd(matMul(input, weights), biases)
    switch self {
    case .linear, .radialBasis: return sums
    case .gaussian: return exp(-square(sums))
    case .relu: return DataflowGraph.relu(sums)
    case .tanh: return DataflowGraph.tanh(sums)
    }
  }

  /// exp(-|x - w|²) with the square written out, so that one matrix product does the work.
  private func radialBasis(_ input: Value, centres: Value) -> Value {
    let inputs = sum(square(input), axes: [1], keepDims: true)
    let squares = sum(square(centres), axes: [0])
    return exp(matMul(input, centres) * 2 - inputs - squares)
  }
}
