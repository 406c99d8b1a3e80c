import Dataflow

/// Random numbers that depend on their place alone, so that any program can make the same inputs:
/// element i of a stream is splitmix64 of both.
struct CounterStream: Sendable {
  private let base: UInt64

  init(_ stream: Int) { base = UInt64(stream) &* 0x9E37_79B9_7F4A_7C15 }

  /// Uniform in 0..<1, a multiple of 2⁻²⁴.
  @inline(__always)
  subscript(index: Int) -> Float {
    var z = base &+ (UInt64(index) &+ 1) &* 0xBF58_476D_1CE4_E5B9
    z ^= z >> 30
    z = z &* 0xBF58_476D_1CE4_E5B9
    z ^= z >> 27
    z = z &* 0x94D0_49BB_1331_11EB
    z ^= z >> 31
    return Float(z >> 40) * 0x1p-24
  }

  /// Uniform in -1..<1.
  @inline(__always)
  func signed(_ index: Int) -> Float { 2 * self[index] - 1 }

  /// Weights and biases of a layer; the biases' stream follows that of the weights.
  static func layer(_ stream: Int, _ inputs: Int, _ outputs: Int) -> (
    weights: Tensor, biases: Tensor
  ) {
    let (weights, biases) = (CounterStream(stream), CounterStream(stream + 1))
    let limit = Float((3 / Double(inputs)).squareRoot())
    return (
      Tensor(
        shape: [inputs, outputs],
        scalars: (0..<inputs * outputs).map { weights.signed($0) * limit }),
      Tensor((0..<outputs).map { biases.signed($0) * 0.1 })
    )
  }
}

extension Tensor {
  /// Single-precision numbers, each a function of its place, made side by side.
  static func filled(
    _ shape: Shape, on pool: ComputePool, _ number: (Int) -> Float
  ) -> Tensor {
    var tensor = Tensor(zeros: shape, elementType: .float32)
    let count = shape.elementCount
    let size = 1 << 16
    tensor.withMutableElements(as: Float.self) { elements in
      let start = elements.baseAddress!
      pool.run(shards: (count + size - 1) / size) { shard in
        for index in shard * size..<min(count, (shard + 1) * size) { start[index] = number(index) }
      }
    }
    return tensor
  }

  /// The elements of a single-precision tensor.
  var doubles: [Double] { scalars(as: Float.self).map { Double($0) } }
}
