import AtomicNetworks
import Dataflow
import Foundation

/// A Gaussian network with a linear last layer as plain loops in double precision.
struct ReferenceNetwork {
  private struct Layer {
    let inputs: Int
    let outputs: Int
    let weights: [Double]
    let biases: [Double]
  }

  private let layers: [Layer]

  init(_ network: SpeciesNetwork) {
    layers = network.layers.map {
      Layer(
        inputs: $0.inputSize, outputs: $0.outputSize, weights: $0.weights.doubles,
        biases: $0.biases.doubles)
    }
  }

  /// The output for one descriptor, and its derivative by every component.
  func evaluate(
    _ descriptor: some Sequence<Float>, withGradient: Bool
  ) -> (energy: Double, gradient: [Double]) {
    var values = descriptor.map { Double($0) }
    var sums: [[Double]] = []
    for (index, layer) in layers.enumerated() {
      var sum = layer.biases
      for (row, value) in values.enumerated() {
        for column in 0..<layer.outputs {
          sum[column] += value * layer.weights[row * layer.outputs + column]
        }
      }
      sums.append(sum)
      values = index + 1 < layers.count ? sum.map { exp(-$0 * $0) } : sum
    }
    return (values[0], withGradient ? gradient(sums) : [])
  }

  private func gradient(_ sums: [[Double]]) -> [Double] {
    var gradient = [1.0]
    for (index, layer) in layers.enumerated().reversed() {
      if index + 1 < layers.count {
        gradient = zip(gradient, sums[index]).map { $0 * -2 * $1 * exp(-$1 * $1) }
      }
      gradient = (0..<layer.inputs).map { row in
        (0..<layer.outputs).reduce(0) {
          $0 + layer.weights[row * layer.outputs + $1] * gradient[$1]
        }
      }
    }
    return gradient
  }
}
