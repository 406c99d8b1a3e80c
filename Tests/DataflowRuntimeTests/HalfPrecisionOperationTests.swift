import Dataflow
import Testing

/// Tensors in half precision: stored, taken and multiplied with, never made.
@Suite struct HalfPrecisionOperationTests {
  private static let rowStarts = Tensor([0, 2, 2, 5] as [Int32])

  /// Blocks `[5, 3, width]` with numbers of all sizes, infinite ones among them where wanted.
  private func blocks(_ width: Int) -> [Float16] {
    (0..<15 * width).map { Float16(bitPattern: UInt16(truncatingIfNeeded: $0 &* 40503) & 0xBBFF) }
  }

  /// The same bits as with the same numbers in single precision, for widths with and without a rest.
  @Test(arguments: [1, 7, 8, 24, 41, 48, 91]) func productsAreThoseOfSinglePrecision(width: Int)
    throws
  {
    let halves = blocks(width)
    let graph = Graph()
    let half = graph.constant(Tensor(shape: [5, 3, width], scalars: halves))
    let single = graph.constant(Tensor(shape: [5, 3, width], scalars: halves.map { Float($0) }))
    let starts = graph.constant(Self.rowStarts)
    let x = graph.constant(
      Tensor(shape: [3, width], scalars: (0..<3 * width).map { Float($0 % 11) - 4.5 }))
    let y = graph.constant(Tensor(shape: [5, 3], scalars: (0..<15).map { Float($0) * 0.37 - 2 }))
    let results = try Session(graph).run([
      blockSparseProduct(half, x, rowStarts: starts),
      blockSparseProduct(single, x, rowStarts: starts),
      blockSparseTransposedProduct(half, y, rowStarts: starts),
      blockSparseTransposedProduct(single, y, rowStarts: starts),
      cast(half, to: .float32), single,
    ])
    for pair in stride(from: 0, to: results.count, by: 2) {
      #expect(results[pair].elementType == .float32)
      #expect(results[pair] == results[pair + 1])
    }
  }

  /// Infinite numbers stay what they are.
  @Test func infiniteNumbersShow() throws {
    let graph = Graph()
    let blocks = graph.constant(
      Tensor(shape: [1, 1, 8], scalars: [1, 2, .infinity, 4, 5, 6, 7, 8] as [Float16]))
    let x = graph.constant(Tensor(shape: [1, 8], scalars: Array(repeating: Float(1), count: 8)))
    let starts = graph.constant(Tensor([0, 1] as [Int32]))
    let y = blockSparseProduct(blocks, x, rowStarts: starts)
    #expect(try Session(graph).run([y])[0].scalar(as: Float.self) == .infinity)
  }

  /// Gradients go through the other factors and end at what is stored.
  @Test func gradientsPassBy() throws {
    let graph = Graph()
    let halves = blocks(9)
    let starts = graph.constant(Self.rowStarts)
    let x = graph.constant(Tensor(shape: [3, 9], scalars: (0..<27).map { Float($0) * 0.1 }))
    func gradient(_ blocks: Value) throws -> Value {
      let loss = sum(square(blockSparseProduct(blocks, x, rowStarts: starts)))
      return try #require(try graph.gradients(of: [loss], withRespectTo: [x])[0])
    }
    let half = graph.constant(Tensor(shape: [5, 3, 9], scalars: halves))
    let single = graph.constant(Tensor(shape: [5, 3, 9], scalars: halves.map { Float($0) }))
    let results = try Session(graph).run([gradient(half), gradient(single)])
    #expect(results[0] == results[1])
    let none = try graph.gradients(
      of: [sum(blockSparseProduct(half, x, rowStarts: starts))], withRespectTo: [half])
    #expect(none == [nil])
    #expect(
      try graph.gradients(of: [sum(cast(half, to: .float32))], withRespectTo: [half]) == [nil])
  }

  @Test func whatIsNotPossibleIsSaid() {
    let graph = Graph()
    let half = graph.constant(Tensor(shape: [1, 1, 2], scalars: [1, 2] as [Float16]))
    let double = graph.constant(Tensor(shape: [1, 2], scalars: [1.0, 2]))
    let starts = graph.constant(Tensor([0, 1] as [Int32]))
    func message(_ operation: any Operation, _ inputs: [Value]) -> String {
      let error = #expect(throws: GraphError.self) { try graph.add(operation, inputs) }
      return error.map { "\($0)" } ?? ""
    }
    #expect(
      message(BlockSparseProduct(), [half, double, starts]).contains(
        "what blocks in half precision are multiplied with"))
    #expect(message(Cast(to: .float16), [double]).contains("attribute DstT = half; allowed:"))
    #expect(message(Exp(), [half]).contains("half; allowed: float, double"))
  }

  /// As text, and as TensorFlow's graphs have them.
  @Test func constantsAreWrittenAndRead() throws {
    let tensor = Tensor(shape: [2, 2], scalars: [1.5, -0x1p-24, 65504, 0.1] as [Float16])
    let graph = Graph()
    let value = graph.constant(tensor, name: "halves")
    let wide = cast(value, to: .float32)
    let text = try Graph(text: graph.text)
    let found = try #require(text.node(named: wide.node.name))
    #expect(
      try Session(text).run([found.outputs[0]])[0].scalars(as: Float.self)
        == tensor.scalars(as: Float16.self).map { Float($0) })
  }

  /// Whatever moves elements moves these.
  @Test func halvesAreMoved() throws {
    let graph = Graph()
    let x = graph.placeholder(.float16, [3, 4])
    let rows = graph.constant(Tensor([2, 0] as [Int32]))
    let numbers = (0..<12).map { Float16($0) / 3 }
    let expected = [
      transpose(x): [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11],
      slice(x, begin: [1, 1], size: [2, 3]): [5, 6, 7, 9, 10, 11],
      gather(x, rows): [8, 9, 10, 11, 0, 1, 2, 3],
      concat([x, x], axis: 1): (0..<24).map { $0 / 8 * 4 + $0 % 4 },
      reverse(x, axes: [1]): [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8],
    ]
    let fetches = Array(expected.keys)
    let results = try Session(graph).run(
      fetches, feeds: [x: Tensor(shape: [3, 4], scalars: numbers)])
    for (value, result) in zip(fetches, results) {
      #expect(
        result.scalars(as: Float16.self) == expected[value]!.map { numbers[$0] }, "\(value.name)")
    }
  }
}
