import Dataflow

/// The network of one species for one atom at a time, in double precision: its output and the derivative
/// by every component.
///
/// What one atom needs stays in the nearest cache between its descriptor and its forces; graphs serve
/// many atoms at once.
final class AtomNetwork {
  typealias Column = UnsafeMutablePointer<Double>

  /// The parameters of all layers, shared by those who compute.
  struct Parameters: Sendable {
    fileprivate struct Layer: Sendable {
      let inputs: Int
      let outputs: Int
      /// `[in][out]` and `[out][in]`.
      let weights: [Double]
      let transposed: [Double]
      let biases: [Double]
      let activation: Activation
    }

    fileprivate let layers: [Layer]

    /// Nil for networks that are texts, and for radial basis functions, which are no sums of inputs.
    init?(_ network: SpeciesNetwork) {
      guard network.graph == nil,
        network.layers.allSatisfy({ $0.activation != .radialBasis })
      else { return nil }
      layers = network.layers.map { layer in
        let (inputs, outputs) = (layer.inputSize, layer.outputSize)
        let weights = layer.weights.inDouble
        return Layer(
          inputs: inputs, outputs: outputs, weights: weights,
          transposed: (0..<outputs * inputs).map { weights[$0 % inputs * outputs + $0 / inputs] },
          biases: layer.biases.inDouble, activation: layer.activation)
      }
    }
  }

  private let layers: [Parameters.Layer]
  private let storage: UnsafeMutablePointer<Double>
  /// For each layer its sums and its outputs; then two gradients.
  private let sums: [Column]
  private let values: [Column]
  private let gradients: (Column, Column)

  private let scale: Double

  /// - Parameter scale: what the output is multiplied with.
  init(_ parameters: Parameters, scale: Double) {
    self.scale = scale
    layers = parameters.layers
    let widest = layers.reduce(layers[0].inputs) { max($0, $1.outputs) }
    storage = .allocate(capacity: widest * (2 * layers.count + 2))
    storage.initialize(repeating: 0, count: widest * (2 * layers.count + 2))
    let base = storage
    sums = layers.indices.map { base + 2 * $0 * widest }
    values = layers.indices.map { base + (2 * $0 + 1) * widest }
    gradients = (base + 2 * layers.count * widest, base + (2 * layers.count + 1) * widest)
  }

  deinit { storage.deallocate() }

  /// - Returns: the scaled output, and where its derivatives by the components are until the next call.
  func evaluate(_ components: UnsafePointer<Double>) -> (Double, UnsafePointer<Double>) {
    var input = components
    for (index, layer) in layers.enumerated() {
      layer.forward(input, sums[index], values[index])
      input = UnsafePointer(values[index])
    }
    var (own, next) = gradients
    own[0] = scale
    for (index, layer) in layers.enumerated().reversed() {
      layer.multiplyBySlopes(own, sums[index], values[index])
      layer.backward(UnsafePointer(own), next)
      swap(&own, &next)
    }
    return (values[layers.count - 1][0] * scale, UnsafePointer(own))
  }
}

extension AtomNetwork.Parameters.Layer {
  fileprivate typealias Column = UnsafeMutablePointer<Double>

  fileprivate func forward(_ input: UnsafePointer<Double>, _ sums: Column, _ values: Column) {
    biases.withUnsafeBufferPointer { sums.update(from: $0.baseAddress!, count: outputs) }
    weights.withUnsafeBufferPointer { weights in
      Self.addRows(weights.baseAddress!, input, inputs, outputs, to: sums)
    }
    switch activation {
    case .linear, .radialBasis: values.update(from: sums, count: outputs)
    case .gaussian: VectorMath.gaussian(sums, values, outputs)
    case .relu: for place in 0..<outputs { values[place] = max(0, sums[place]) }
    case .tanh: VectorMath.tanh(sums, values, outputs)
    }
  }

  /// From the derivative by the outputs to that by the sums.
  fileprivate func multiplyBySlopes(_ gradient: Column, _ sums: Column, _ values: Column) {
    switch activation {
    case .linear, .radialBasis: break
    case .gaussian:
      for place in 0..<outputs { gradient[place] *= -2 * sums[place] * values[place] }
    case .relu: for place in 0..<outputs where sums[place] <= 0 { gradient[place] = 0 }
    case .tanh:
      for place in 0..<outputs { gradient[place] *= 1 - values[place] * values[place] }
    }
  }

  fileprivate func backward(_ gradient: UnsafePointer<Double>, _ result: Column) {
    result.update(repeating: 0, count: inputs)
    transposed.withUnsafeBufferPointer { transposed in
      Self.addRows(transposed.baseAddress!, gradient, outputs, inputs, to: result)
    }
  }

  /// target[c] += Σ_r factors[r] · rows[r][c], four rows at a time so that targets are read less often.
  private static func addRows(
    _ rows: UnsafePointer<Double>, _ factors: UnsafePointer<Double>, _ count: Int, _ length: Int,
    to target: Column
  ) {
    var row = 0
    while row &+ 4 <= count {
      let one = rows + row &* length
      let (two, three, four) = (one + length, one + 2 &* length, one + 3 &* length)
      let (a, b, c, d) = (factors[row], factors[row &+ 1], factors[row &+ 2], factors[row &+ 3])
      for place in 0..<length {
        target[place] +=
          (a * one[place] + b * two[place]) + (c * three[place] + d * four[place])
      }
      row &+= 4
    }
    while row < count {
      let (one, a) = (rows + row &* length, factors[row])
      for place in 0..<length { target[place] += a * one[place] }
      row &+= 1
    }
  }
}
