import Dataflow
import Testing

/// Sizes with names that an operation takes for equal: a run in which they are not is an error, whatever the kernel
/// would have made of it.
@Suite struct SizeEqualityTests {
  struct Case: CustomTestStringConvertible, Sendable {
    /// The operation, of placeholders `a`, `b`, …, the result being `y`.
    let text: String
    /// The placeholders' tensors in a run in which all fits.
    let fitting: [Tensor]
    /// And in one in which it does not.
    let different: [Tensor]
    let message: String

    var testDescription: String { text }
  }

  private static func numbers(_ shape: Shape) -> Tensor { .random(shape) }
  private static func places(_ values: Int32...) -> Tensor { Tensor(values) }

  private static let cases = [
    Case(
      text: """
        a = placeholder(double[n, 2])
        b = placeholder(double[m, 2])
        y = ConcatV2(a, b, axis: 1)
        """, fitting: [numbers([2, 2]), numbers([2, 2])],
      different: [numbers([2, 2]), numbers([5, 2])],
      message: "the sizes m and n are 5 and 2, expected the same"),
    Case(
      text: """
        a = placeholder(double[n])
        b = placeholder(double[m])
        y = Pack(a, b)
        """, fitting: [numbers([3]), numbers([3])], different: [numbers([3]), numbers([2])],
      message: "the sizes m and n are 2 and 3, expected the same"),
    Case(
      text: """
        a = placeholder(int32[n, 1])
        b = placeholder(double[m])
        y = ScatterNd(a, b, shape: [3])
        """, fitting: [Tensor(shape: [2, 1], scalars: [0, 1] as [Int32]), numbers([2])],
      different: [Tensor(shape: [3, 1], scalars: [0, 1, 2] as [Int32]), numbers([1])],
      message: "the sizes n and m are 3 and 1, expected the same"),
    Case(
      text: """
        a = placeholder(double[n, 3])
        b = placeholder(double[m, 3])
        y, g = SoftmaxCrossEntropyWithLogits(a, b)
        """, fitting: [numbers([4, 3]), numbers([4, 3])],
      different: [numbers([4, 3]), numbers([2, 3])],
      message: "the sizes n and m are 4 and 2, expected the same"),
    Case(
      text: """
        a = placeholder(double[n, 3])
        b = placeholder(int32[m])
        y, g = SparseSoftmaxCrossEntropyWithLogits(a, b)
        """, fitting: [numbers([2, 3]), places(2, 1)], different: [numbers([4, 3]), places(2, 1)],
      message: "the sizes n and m are 4 and 2, expected the same"),
    Case(
      text: """
        a = placeholder(double[n, 2])
        b = placeholder(int32[m])
        y, z = DynamicPartition(a, b, num_partitions: 2)
        """, fitting: [numbers([2, 2]), places(0, 1)], different: [numbers([3, 2]), places(0, 1)],
      message: "the sizes n and m are 3 and 2, expected the same"),
    Case(
      text: """
        a = placeholder(int32[n])
        b = placeholder(double[m, 2])
        y = DynamicStitch(a, b)
        """, fitting: [places(0, 1, 2), numbers([3, 2])],
      different: [places(0, 1, 2), numbers([1, 2])],
      message: "the sizes m and n are 1 and 3, expected the same"),
    Case(
      text: """
        a = placeholder(int64[n])
        y = StatelessRandomUniform(a, shape: [4], dtype: double)
        """, fitting: [Tensor([1, 2] as [Int64])], different: [Tensor([1] as [Int64])],
      message: "the size n is 1, expected 2"),
    Case(
      text: """
        a = placeholder(double[n])
        y = a * double[5][1, 2, 3, 4, 5]
        """, fitting: [numbers([5])], different: [numbers([1])],
      message: "the size n is 1, expected 5"),
    Case(
      text: """
        a = placeholder(double[n])
        b = placeholder(double[m])
        y = Exp(a) + b * 2
        """, fitting: [numbers([3]), numbers([3])], different: [numbers([1]), numbers([3])],
      message: "the sizes n and m are 1 and 3, expected the same"),
    Case(
      text: """
        a = placeholder(double[n])
        b = placeholder(double[m])
        y = AddN(a, b)
        """, fitting: [numbers([3]), numbers([3])], different: [numbers([3]), numbers([1])],
      message: "the sizes m and n are 1 and 3, expected the same"),
    Case(
      text: """
        a = placeholder(double[2, n])
        b = placeholder(double[m, 2])
        y = Einsum(a, b, equation: "ij,jk->ik")
        """, fitting: [numbers([2, 3]), numbers([3, 2])],
      different: [numbers([2, 1]), numbers([3, 2])],
      message: "the sizes n and m are 1 and 3, expected the same"),
    Case(
      text: """
        a = placeholder(double[n])
        b = placeholder(double[m])
        y = gradient(a * 2, a, from: b)
        """, fitting: [numbers([3]), numbers([3])], different: [numbers([3]), numbers([1])],
      message: "the sizes m and n are 1 and 3, expected the same"),
    Case(
      text: """
        a = placeholder(double[n])
        y = gradient(Exp(a), a, from: double[1] [5])
        """, fitting: [numbers([1])], different: [numbers([3])],
      message: "the size n is 3, expected 1"),
    Case(
      text: """
        a = placeholder(double[n, 1, m])
        y = Squeeze(a)
        """, fitting: [numbers([2, 1, 3])], different: [numbers([2, 1, 1])],
      message: "the size m is 1 along axis 2 of [n, 1, m], which no run can remove: name the axes"),
  ]

  @Test func axesThatAreNamedAreRemovedAndNoOthers() throws {
    let text = """
      a = placeholder(double[n, 1, m])
      y = Squeeze(a, squeeze_dims: [1])
      """
    for shape in [[1, 1, 1], [2, 1, 1]] as [Shape] {
      let y = try run(text, [Self.numbers(shape)], SessionOptions())
      #expect(y.shape == [shape[0], shape[2]])
    }
  }

  private func run(_ text: String, _ tensors: [Tensor], _ options: SessionOptions) throws -> Tensor
  {
    let graph = try Graph(text: text)
    var feeds: [Value: Tensor] = [:]
    for (name, tensor) in zip(["a", "b"], tensors) {
      feeds[try #require(graph.node(named: name)).output] = tensor
    }
    return try Session(graph, options: options)
      .run([try #require(graph.node(named: "y")).output], feeds: feeds)[0]
  }

  @Test(arguments: cases, [false, true])
  func differentSizesAreAnError(_ example: Case, isOptimized: Bool) throws {
    var options = SessionOptions()
    options.isOptimized = isOptimized
    _ = try run(example.text, example.fitting, options)
    let error = #expect(throws: GraphError.self) {
      try run(example.text, example.different, options)
    }
    #expect(error?.message == example.message)
  }

  /// A size of a gradient may be a number where that of its value has a name.
  @Test func gradientsHaveTheSizesOfTheirValues() throws {
    let text = """
      a = placeholder(double[n, m])
      b = placeholder(int32[n])
      first, second = DynamicPartition(a, b, num_partitions: 2)
      y = gradient(Sum(first * double[1, 2] [1, 2], axes: [0, 1]), a)
      """
    let places = Self.places(0, 1, 1, 0)
    let found = try run(text, [Self.numbers([4, 2]), places], SessionOptions())
    #expect(found == Tensor(shape: [4, 2], scalars: [1.0, 2, 0, 0, 0, 0, 1, 2]))
    let error = #expect(throws: GraphError.self) {
      try run(text, [Self.numbers([4, 3]), places], SessionOptions())
    }
    #expect(error?.message.hasSuffix("4 elements cannot have the shape [2, 3]") == true)
  }

  private static let contradictions: [(text: String, a: Shape, message: String)] = [
    (
      """
      a = placeholder(double[4, m])
      b = placeholder(double[1, 3])
      first, second = Split(a, num_split: 2, axis: 0)
      first_sum = Sum(first * double[1, 2] [1, 2], axes: [0, 1])
      y = gradient(first_sum + Sum(second * b, axes: [0, 1]), a)
      """, [4, 2], "6 elements cannot have the shape [2, 2]"
    ),
    (
      """
      a = placeholder(double[1, m])
      b = placeholder(double[1, 3])
      y = gradient(Sum(Pack(a, Square(b)) * double[1, 1, 2] [1, 2], axes: [0, 1, 2]), b)
      """, [1, 2], "2 elements cannot have the shape [1, 3]"
    ),
  ]

  /// What contradicts itself is found in the run, also where only the gradient is computed.
  @Test(arguments: contradictions)
  func gradientsThatDoNotFitAreAnError(text: String, a: Shape, message: String) throws {
    let error = #expect(throws: GraphError.self) {
      try run(text, [Self.numbers(a), Self.numbers([1, 3])], SessionOptions())
    }
    #expect(error?.message.hasSuffix(message) == true, "\(String(describing: error))")
  }
}
