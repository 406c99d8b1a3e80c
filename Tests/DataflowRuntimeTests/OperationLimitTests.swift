import Dataflow
import Testing

/// What operations do at the ends of what they take: exact errors, and TensorFlow's results.
@Suite(.timeLimit(.minutes(20))) struct OperationLimitTests {
  private let graph = Graph()

  private func vector(_ elements: [Double], _ size: Dimension = "n") -> (Value, [Value: Tensor]) {
    let x = graph.placeholder(.float64, [size], name: "x")
    return (x, [x: Tensor(elements)])
  }

  private func message(_ body: () throws -> Void) -> String? {
    #expect(throws: GraphError.self, performing: body)?.message
  }

  // MARK: Places

  @Test(
    arguments: [
      ([.nan, 1, 3], 2), ([1, .nan, 3], 2), ([3, .nan, 1], 0), ([.nan, .nan], 0),
      ([.nan, .nan, 5], 2),
    ] as [([Double], Int64)])
  func extremesPassOverNaNs(elements: [Double], place: Int64) throws {
    let (x, feeds) = vector(elements)
    let found = try Session(graph).run([argMax(x, axis: 0), argMin(-x, axis: 0)], feeds: feeds)
    #expect(found == [Tensor(place), Tensor(place)])
  }

  @Test(
    arguments: [
      ([1, .nan, 2, 3], 2, [1, 3]), ([.nan, 1, .infinity, .nan], 3, [0, 3, 2]),
      ([2, 3, .nan], 1, [2]), ([1, .nan, 2, 1], 4, [1, 2, 0, 3]),
    ] as [([Double], Int, [Int32])])
  func ofTheLargestNaNIsFirst(elements: [Double], k: Int, expected: [Int32]) throws {
    let (x, feeds) = vector(elements, Dimension(elements.count))
    let (values, places) = try topK(x, k: Dimension(k))
    let found = try Session(graph).run([values, places], feeds: feeds)
    #expect(found[0].hasSameBits(as: Tensor(expected.map { elements[Int($0)] })))
    #expect(found[1] == Tensor(expected))
  }

  // MARK: Sizes

  @Test(
    arguments: [
      ("Slice", ["begin": .ints([0]), "size": .ints([-1])], "[-1]"),
      ("Fill", ["dims": .ints([2, -4])], "[2, -4]"),
      ("Placeholder", ["dtype": .type(.float32), "shape": .ints([3, -1])], "[3, -1]"),
    ] as [(String, Attributes, String)])
  func negativeSizesAreRefused(name: String, attributes: Attributes, shape: String) throws {
    let operation = try #require(OperationRegistry.operation(named: name))
    let inputs =
      switch name {
      case "Placeholder": [Value]()
      case "Fill": [graph.constant(1, .float32)]
      default: [vector([], 3).0]
      }
    let error = #expect(throws: GraphError.self) {
      try graph.add(try operation.init(attributes: attributes), inputs, name: "y")
    }
    let hint =
      "; instead of -1 stands the size: a name or ? in a placeholder, else what it follows from, such as"
      + " size(x, 0) * 3"
    let message = "the shape \(shape) has a negative size"
    #expect(error?.node == "y")
    #expect(error?.message == message + (shape.contains("-1") ? hint : ""))
  }

  /// Also for elements that are as many as no shape of such a size has.
  @Test(arguments: ["n", 4] as [Dimension]) func reshapesFindNoSizes(rows: Dimension) {
    let x = graph.placeholder(.float64, [rows, 3])
    #expect(
      message { _ = try graph.add(Reshape(shape: [-1, 2]), [x]) }?.hasPrefix(
        "the shape [-1, 2] has a negative size; instead of -1 stands the size: ") == true)
  }

  /// Parts of a size that only a run knows are equal where it is written so.
  @Test func partsAreKnownToBeEqual() throws {
    func split(_ rows: Dimension) throws -> [SymbolicShape] {
      try graph.add(Split(count: 2, axis: 0), [graph.placeholder(.float64, [rows, 3])])
        .outputs.map(\.shape)
    }
    #expect(message { _ = try split(5) } == "the size 5 along axis 0 has no 2 equal parts")
    #expect(
      message { _ = try split("n") }
        == "the size n along axis 0 is not known to have 2 equal parts; it may be written as a multiple, such as"
        + " 2*m, or SplitV be given the parts' sizes")
    #expect(try split(2 * "m") == [["m", 3], ["m", 3]])
    let x = graph.placeholder(.float64, ["n", 3])
    let parts = try graph.add(SplitV(sizes: [2, -1], axis: 0), [x])
    #expect(parts.outputs.map(\.shape) == [[2, 3], ["n" - 2, 3]])
  }

  @Test func missingAttributesAreNamed() {
    #expect(message { _ = try Sum(attributes: [:]) } == "attribute axes is missing")
    #expect(
      message { _ = try Sum(attributes: ["axis": .int(0)]) }
        == "attribute axes is missing; there are: axis")
  }

  @Test func negativeCountsAreRefused() throws {
    let ids = graph.placeholder(.int32, [3])
    let one = graph.constant(1, .float32)
    #expect(throws: GraphError.self) {
      try graph.add(UnsortedSegmentSum(segments: -2), [vector([], 3).0, ids])
    }
    #expect(throws: GraphError.self) { try graph.add(OneHot(depth: -3), [ids, one, one]) }
    #expect(throws: GraphError.self) {
      try VariableV2(attributes: ["dtype": .type(.float32), "shape": .ints([-2])])
    }
  }

  /// Who says how many outputs there are says a number that there can be.
  @Test func numbersOfOutputsAreBounded() throws {
    let x = graph.placeholder(.float32, ["n", 3])
    let ids = graph.placeholder(.int32, ["n"])
    let nothing = graph.placeholder(.float32, [0])
    let cases: [(any Operation, [Value], String)] = [
      (
        DynamicPartition(count: .max), [x, ids], "num_partitions = 9223372036854775807; allowed: 1"
      ),
      (DynamicPartition(count: 0), [x, ids], "num_partitions = 0; allowed: 1"),
      (Unpack(count: -1, axis: 0), [x], "num = -1; allowed: 0"),
      (Unpack(count: 1 << 40, axis: 0), [x], "num = 1099511627776; allowed: 0"),
      (Split(count: 1 << 40, axis: 0), [nothing], "num_split = 1099511627776; allowed: 1"),
      (Split(count: 0, axis: 1), [x], "num_split = 0; allowed: 1"),
    ]
    for (operation, inputs, text) in cases {
      #expect(
        message { _ = try graph.add(operation, inputs) } == "attribute \(text) to 65536")
    }
    #expect(
      try graph.add(Split(count: 3, axis: 1), [x]).outputs.map(\.shape) == [
        ["n", 1], ["n", 1], ["n", 1],
      ])
    #expect(throws: GraphError.self) {
      try RandomShuffleQueueV2(attributes: [
        "component_types": .types([.float32]), "shapes": .shapes([[]]),
        "min_after_dequeue": .int(-1),
      ])
    }
  }

  @Test(arguments: [[1 << 32, 1 << 32], [1 << 62, 4, 0]] as [[Int]])
  func tooManyElementsAreRefused(sizes: [Int]) throws {
    let shape = SymbolicShape(sizes.map { Dimension($0) })
    let error = #expect(throws: GraphError.self) {
      try graph.add(Fill(shape: shape), [graph.constant(1, .float32)], name: "y")
    }
    #expect(error?.node == "y" && error?.message == "the shape \(shape) is too large")
  }

  /// What fits no memory of any machine is an error of the run.
  @Test func whatFitsNoMemoryIsAnError() throws {
    let (x, _) = vector([])
    let n = x.shape[0]
    let column = fill([n * n, 1], with: graph.constant(1, .float64))
    let total = sum(square(matMul(column, column, transposeB: true) + 1))
    let session = Session(graph)
    let text = message {
      _ = try session.run([total], feeds: [x: Tensor(zeros: [3000], elementType: .float64)])
    }
    #expect(text?.hasPrefix("the plan needs ") == true)
    #expect(text?.contains(" bytes for values, more than the ") == true)
    let result = try session.run([total], feeds: [x: Tensor(zeros: [2], elementType: .float64)])
    #expect(result == [Tensor(64.0)])
  }

  /// A sum of very many inputs takes no more memory than of few, in whatever order they lie where the result comes.
  @Test(arguments: [33, 60_000], [1, 2]) func sumsMayHaveVeryManyInputs(count: Int, threads: Int)
    throws
  {
    let (x, feeds) = vector((0..<1000).map(Double.init))
    let values = [-x, x, x * 2]
    let inputs = (0..<count).map { values[$0 % 3] }
    let y = try graph.add(AddN(), inputs).output
    let session = Session(
      graph, options: SessionOptions(intraOpParallelismThreads: threads))
    // Of three in a row the sum is twice the input.
    #expect(count.isMultiple(of: 3))
    let factor = Double(count / 3 * 2)
    #expect(try session.run([y], feeds: feeds) == [Tensor((0..<1000).map { factor * Double($0) })])
    let use = try #require(session.memoryUse(feeds: feeds, fetches: [y]))
    #expect(use.byteCount < 400_000)
  }

  /// Sizes and places that their type does not hold are errors, not other numbers.
  @Test func numbersThatTheTypeDoesNotHoldAreErrors() throws {
    let x = graph.placeholder(.uint8, ["n"])
    let (n, feed) = (x.shape[0], Tensor(zeros: [50_000], elementType: .uint8))
    let one = graph.constant(1, .uint8)
    let long = fill([n * 60_000, 0], with: one)
    let fixed = fill([3_000_000_000, 0], with: one)
    let cases: [(Value, String)] = [
      (size(fill([n * n], with: one)), "2500000000 is no int32"),
      (shape(of: long), "3000000000 is no int32"),
      (shape(of: fixed), "3000000000 is no int32"),
      (try graph.add(ShapeN(), [x, long]).outputs[1], "3000000000 is no int32"),
      (graph.range(from: n * 60_000, to: n * 60_000 + 2), "3000000000 is no int32"),
      (graph.range(from: 0, to: -4_000_000_000, by: -1_000_000_000), "-3000000000 is no int32"),
    ]
    for (value, text) in cases {
      let found = message { _ = try Session(graph).run([value], feeds: [x: feed]) }
      #expect(found == "\(text); allowed: -2147483648 to 2147483647")
    }
    let bytes = graph.range(from: 250, to: 260, .uint8)
    #expect(
      message { _ = try Session(graph).run([bytes]) } == "259 is no uint8; allowed: 0 to 255")
    let whole = [shape(of: fixed, as: .int64), graph.range(from: 250, to: 256, .uint8)]
    let results = try Session(graph).run(whole)
    #expect(results[0] == Tensor([3_000_000_000, 0] as [Int64]))
    #expect(results[1] == Tensor([250, 251, 252, 253, 254, 255] as [UInt8]))
    // A constant where it is one.
    #expect(size(graph.placeholder(.uint8, [3_000_000_000])).node.operation is Size)
  }

  @Test func stridesLimitsAndShiftsMayBeOfAnyMagnitude() throws {
    let (x, feeds) = vector([1, 2, 3, 4, 5])
    func slice(_ begin: Int, _ end: Int, _ stride: Int) throws -> Value {
      let attributes: Attributes = [
        "begin": .ints([begin]), "end": .ints([end]), "strides": .ints([stride]),
      ]
      return try graph.add(StridedSlice(attributes: attributes), [x]).output
    }
    let values = [
      try slice(1, .max, .max), try slice(-1, .min, .min), try slice(0, 5, 3),
      roll(x, shifts: [.max, .max], axes: [0, 0]), roll(x, shifts: [.min], axes: [0]),
      graph.range(from: 1, to: Dimension(.max), by: .max - 1, .float64),
      graph.range(from: -1, to: Dimension(.min), by: .min, .float64),
      graph.range(from: 3, to: 18, by: 4, .float64),
    ]
    // 2 (2^63 - 1) = 4 and -2^63 = -3 modulo 5.
    #expect(
      try Session(graph).run(values, feeds: feeds).map { $0.scalars(as: Double.self) } == [
        [2], [5], [1, 4], [2, 3, 4, 5, 1], [4, 5, 1, 2, 3], [1], [-1], [3, 7, 11, 15],
      ])
  }

  @Test func theLowestShiftHasAGradient() throws {
    let (x, feeds) = vector([1, 2, 3, 4, 5])
    let weights = graph.constant(Tensor([10.0, 20, 30, 40, 50]))
    let gradient = try graph.gradient(
      of: sum(roll(x, shifts: [.min], axes: [0]) * weights), withRespectTo: x)
    // -2^63 = -3 modulo 5.
    #expect(try Session(graph).run([gradient], feeds: feeds)[0] == Tensor([30.0, 40, 50, 10, 20]))
  }

  @Test func multiplesThatCannotBeAreRefused() throws {
    let (x, feeds) = vector([1, 2, 3])
    let negative = message { _ = try graph.add(Tile(multiples: [-1]), [x]) }
    #expect(negative == "attribute multiples = [-1]; allowed: 0 and more")
    let m = graph.placeholder(.float64, ["m"])
    let gradient = try graph.gradient(of: tile(x, ["m" - 4]), withRespectTo: x)
    func run(_ size: Int) throws -> Tensor {
      let other = [m: Tensor(zeros: [size], elementType: .float64)]
      return try Session(graph).run([gradient], feeds: feeds.merging(other) { $1 })[0]
    }
    #expect(try run(6) == Tensor([2.0, 2, 2]))
    #expect(throws: GraphError.self) { try run(2) }
    let wide = graph.placeholder(.float64, ["n", Dimension(1 << 30)])
    let large = message {
      _ = try graph.gradient(of: tile(wide, [Dimension(1 << 40), 1]), withRespectTo: wide)
    }
    #expect(large?.hasSuffix(" is too large") == true)
  }

  @Test func negativePaddingsAreRefused() throws {
    let (x, feeds) = vector([1, 2, 3])
    let value = graph.constant(7, .float64)
    let m = graph.placeholder(.float64, ["m"])
    for (inputs, make) in [
      ([x], { Pad(before: $0, after: $1) }), ([x, value], { PadV2(before: $0, after: $1) }),
    ] as [([Value], ([Dimension], [Dimension]) -> any Operation)] {
      for (before, after) in [(0, -1), (-1, 2)] {
        let text = message {
          _ = try graph.add(make([Dimension(before)], [Dimension(after)]), inputs)
        }
        #expect(text == "paddings [\(before)] and [\(after)] are negative; allowed: 0 and more")
      }
      let padded = try graph.add(make([1], ["m" - 4]), inputs).output
      let text = message {
        _ = try Session(graph).run(
          [padded], feeds: feeds.merging([m: Tensor([0.0, 0])]) { $1 })
      }
      #expect(text?.hasPrefix("the size m + -4 is -2 with ") == true)
    }
  }

  // MARK: Numbers

  /// NaNs are like nothing, not even each other; zeros of either sign are alike.
  @Test func everyNaNIsUnique() throws {
    let (x, feeds) = vector([1, .nan, 2, .nan, 2, 0, -0.0])
    let (values, places) = try unique(x)
    let result = try Session(graph).run([values, places], feeds: feeds)
    let found = result[0].scalars(as: Double.self)
    #expect(found.map { $0.isNaN } == [false, true, false, true, false])
    #expect([found[0], found[2], found[4]] == [1, 2, 0] && found[4].sign == .plus)
    #expect(result[1].scalars(as: Int32.self) == [0, 1, 2, 3, 2, 4, 4])
  }

  @Test(arguments: [true, false]) func wholeNumbersHaveNoNegativePowers(isFed: Bool) throws {
    let exponents = Tensor([2, 0, -1] as [Int32])
    let y = isFed ? graph.placeholder(.int32, [3]) : graph.constant(exponents)
    let power = pow(graph.constant(Tensor([2, 3, 1] as [Int32])), y)
    let error = #expect(throws: GraphError.self) {
      try Session(graph).run([power], feeds: isFed ? [y: exponents] : [:])
    }
    #expect(error?.node == "Pow")
    #expect(
      error?.message
        == "a negative power: element 2 of input 1 is -1; whole numbers have none")
  }

  /// Zero changes its sign as other numbers do: in vectors and behind them, joined with others and computed beforehand.
  @Test(arguments: [ElementType.float32, .float64], [1, 8, 11])
  func zeroChangesItsSign(type: ElementType, count: Int) throws {
    let zeros = (0..<count).map { $0 % 2 == 0 ? 0.0 : -0.0 }
    let signs = zeros.map { $0.sign == .plus ? FloatingPointSign.minus : .plus }
    let x = graph.placeholder(type, ["n"])
    let constant = cast(graph.constant(Tensor(zeros)), to: type)
    let values = [-x, -constant, graph.constant(1, type) / -x].map { cast($0, to: .float64) }
    let tensor = type == .float32 ? Tensor(zeros.map(Float.init)) : Tensor(zeros)
    let results = try Session(graph).run(values, feeds: [x: tensor]).map {
      $0.scalars(as: Double.self)
    }
    #expect(results[0].map(\.sign) == signs && results[1].map(\.sign) == signs)
    #expect(results[2] == zeros.map { 1 / -$0 })
  }

  /// Nothing has no element that is false, and none that is true; the answers are the usual booleans.
  @Test func ofNothingAllAreTrue() throws {
    let x = graph.placeholder(.bool, ["n"])
    let truth = graph.constant(Tensor(true))
    let values = [all(x), any(x), try graph.add(Equal(), [all(x), truth]).output]
    let cases: [([Bool], [UInt8])] = [
      ([], [1, 0, 1]), ([true], [1, 1, 1]), ([true, false, true], [0, 1, 0]),
    ]
    for (elements, expected) in cases {
      let results = try Session(graph).run(values, feeds: [x: Tensor(elements)])
      #expect(results.map { $0.withBytes { $0[0] } } == expected)
    }
  }

  @Test func constantsMayBeNaN() throws {
    let (x, feeds) = vector([2, -3])
    let results = try Session(graph).run(
      [leakyRelu(x, alpha: .nan), leakyRelu(x, alpha: .nan) + 0 * x], feeds: feeds)
    for result in results {
      let elements = result.scalars(as: Double.self)
      #expect(elements[0] == 2 && elements[1].isNaN)
    }
  }

  /// Where none of a gradient flows it is 0, also of one that is infinite.
  @Test func extremesPassNothingOfAnInfiniteGradient() throws {
    let (x, feeds) = vector([-1, 4, 0])
    let zero = graph.constant(0, .float64)
    let gradients = try [
      sqrt(maximum(x, zero)), sqrt(zero - minimum(-x, zero)), sqrt(maximum(zero, x)),
    ]
    .map { try graph.gradient(of: $0, withRespectTo: x) }
    let results = try Session(graph).run(gradients, feeds: feeds).map {
      $0.scalars(as: Double.self)
    }
    #expect(results[0] == [0, 0.25, .infinity])
    #expect(results[1] == [0, 0.25, .infinity])
    #expect(results[2] == [0, 0.25, 0])
  }

  private static let withInfiniteSlopes:
    [(any Operation, atZero: Double, atFour: Double, bend: Double)] = [
      (Sqrt(), .infinity, 0.25, -0.03125), (Rsqrt(), -.infinity, -0.0625, 0.0234375),
      (Reciprocal(), -.infinity, -0.0625, 0.03125), (Inv(), -.infinity, -0.0625, 0.03125),
    ]

  /// What a mask leaves out has no gradient, even where the slope is infinite, nor has its gradient; the slope is there
  /// still, by what it is multiplied with.
  @Test func infiniteSlopesTimesZeroAreZero() throws {
    for (operation, atZero, atFour, bend) in Self.withInfiniteSlopes {
      let graph = Graph()
      let x = graph.placeholder(.float64, ["n"])
      let weights = graph.placeholder(.float64, ["n"])
      let y = try graph.add(operation, [x]).output
      let first = try graph.gradient(of: sum(y * weights), withRespectTo: x)
      let values = [
        first, try graph.gradient(of: sum(first), withRespectTo: x),
        try graph.gradient(of: sum(first), withRespectTo: weights),
      ]
      func run(_ elements: [Double], _ factors: [Double]) throws -> [[Double]] {
        try Session(graph).run(values, feeds: [x: Tensor(elements), weights: Tensor(factors)])
          .map { $0.scalars(as: Double.self) }
      }
      let found = try run([0, 4, 4], [0, 0, 3])
      #expect(found[0] == [0, 0, 3 * atFour])
      #expect(found[1] == [0, 0, 3 * bend])
      #expect(found[2] == [atZero, atFour, atFour])
      #expect(try run([0], [1])[0] == [atZero])
      #expect(try run([.nan], [0])[0] == [0])
    }
  }

  /// What is the same for all bases has no slope, even where the power below it is infinite.
  @Test(arguments: [true, false]) func powersOfZeroHaveAllDerivatives(isFed: Bool) throws {
    var (x, feeds) = vector([0, 1, -2, 2])
    let exponent = isFed ? graph.placeholder(.float64, []) : graph.constant(2, .float64)
    if isFed { feeds[exponent] = Tensor(2.0) }
    var derivatives = [pow(x, exponent)]
    for _ in 0..<3 {
      derivatives.append(try graph.gradient(of: derivatives.last!, withRespectTo: x))
    }
    let results = try Session(graph).run(derivatives, feeds: feeds)
    #expect(
      results.map { $0.scalars(as: Double.self) } == [
        [0, 1, 4, 4], [0, 2, -4, 4], [2, 2, 2, 2], [0, 0, 0, 0],
      ])
  }

  /// The slope depends on the exponent where it is zero, too: by both of x^y there is 1/x.
  @Test func slopesOfPowersDependOnTheExponent() throws {
    let (x, feeds) = vector([0.5, 1, 4])
    let exponent = graph.constant(0, .float64)
    let slope = try graph.gradient(of: pow(x, exponent), withRespectTo: x)
    let both = try graph.gradient(of: slope, withRespectTo: exponent)
    #expect(
      try Session(graph).run([slope, both], feeds: feeds) == [Tensor([0.0, 0, 0]), Tensor(3.25)])
  }
}
