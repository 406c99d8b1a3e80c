import Dataflow
import TestSupport
import Testing

/// Kernels of devices at the edges of what they are given: NaNs and ties, rows and lines of any length, whole
/// numbers without a quotient, many dimensions.
@Suite(
  .enabled(if: TestDevice.isPresent, TestDevice.absence), .serialized, .timeLimit(.minutes(20)))
struct DeviceKernelTests {
  /// Random numbers with some that are special.
  private func tensor(_ shape: Shape, _ special: [Int: Double] = [:]) -> Tensor {
    var numbers = Tensor.random(shape, seed: 7).scalars(as: Double.self)
    for (place, number) in special { numbers[place] = number }
    return Tensor(shape: shape, scalars: numbers)
  }

  @Test(arguments: [1, 2, 33, 255, 256, 257, 3000]) func rowsOfExponentials(length: Int) throws {
    let graph = Graph()
    let rows = 300
    let x = graph.placeholder(.float64, ["n", Dimension(length)])
    let p = graph.placeholder(.float64, ["n", Dimension(length)])
    let labels = graph.placeholder(.int64, ["n"])
    let dense = try graph.add(SoftmaxCrossEntropyWithLogits(), [x, p])
    let sparse = try graph.add(SparseSoftmaxCrossEntropyWithLogits(), [x, labels])
    let shape: Shape = [rows, length]
    let feeds = [
      x: tensor(
        shape,
        [
          0: .nan, 2 * length - 1: .infinity, 3 * length - 1: -.infinity, 4 * length: 1e300,
          6 * length - 1: -1e300,
        ]), p: tensor(shape),
      labels: Tensor((0..<rows).map { Int64($0 * 17 % length) }),
    ]
    try DeviceComparison.compare(
      graph, [softmax(x), logSoftmax(x)] + dense.outputs + sparse.outputs, feeds, 1e-12,
      onDevice: "Softmax", "LogSoftmax", "SoftmaxCrossEntropyWithLogits",
      "SparseSoftmaxCrossEntropyWithLogits")
  }

  @Test func labelsOutOfRangeAreErrors() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, ["n", 3])
    let labels = graph.placeholder(.int64, ["n"])
    let loss = sparseSoftmaxCrossEntropy(logits: x, labels: labels, name: "loss")
    let session = DeviceComparison.session(graph)
    for wrong in [3, -1, 1 << 32] as [Int64] {
      let error = #expect(throws: GraphError.self) {
        try session.run(
          [loss],
          feeds: [
            x: Tensor(zeros: [4, 3], elementType: .float32), labels: Tensor([0, 2, wrong, wrong]),
          ])
      }
      #expect(error?.message == "the index at position 2 is outside 0..<3")
      #expect(error?.node == "loss")
    }
  }

  @Test(arguments: [(1, 5), (7, 1023), (3, 1024), (2, 5000), (5000, 3)])
  func runningSumsAndProducts(lines: Int, length: Int) throws {
    let graph = Graph()
    let x = graph.placeholder(.float64, [Dimension(lines), Dimension(length), 2])
    let whole = graph.placeholder(.int32, [Dimension(lines), Dimension(length)])
    var fetches: [Value] = []
    for (exclusive, reverse) in [(false, false), (true, false), (false, true), (true, true)] {
      fetches += [
        cumsum(x, axis: 1, exclusive: exclusive, reverse: reverse),
        cumprod(1 + 0.01 * x, axis: 1, exclusive: exclusive, reverse: reverse),
        cumsum(whole, axis: 1, exclusive: exclusive, reverse: reverse),
        cumprod(whole, axis: -1, exclusive: exclusive, reverse: reverse),
        linearRecurrence(x, x * 2, axis: 1, reverse: reverse),
      ]
    }
    let feeds = [
      x: tensor([lines, length, 2]),
      // Sums and products wrap around.
      whole: Tensor(
        shape: [lines, length],
        scalars: (0..<lines * length).map { Int32(truncatingIfNeeded: $0 &* 1_234_567_891 | 1) }),
    ]
    try DeviceComparison.compare(
      graph, fetches, feeds, 1e-12, onDevice: "Cumsum", "Cumprod", "LinearRecurrence")
  }

  /// All numbers of half precision, as the processor reads them, bit by bit.
  @Test func halvesAreRead() throws {
    let graph = Graph()
    let x = graph.placeholder(.float16, [65_536])
    let numbers = (0..<65_536).map { Float16(bitPattern: UInt16($0)) }
    let session = DeviceComparison.session(graph, isOptimized: false)
    let result = try session.run([cast(x, to: .float32)], feeds: [x: Tensor(numbers)])[0]
    for (found, half) in zip(result.scalars(as: Float.self), numbers) {
      let expected = Float(half)
      #expect(found.bitPattern == expected.bitPattern || (found.isNaN && expected.isNaN))
    }
    try DeviceComparison.compare(
      graph, [cast(x, to: .float32), cast(x, to: .int32), cast(x, to: .uint8), cast(x, to: .bool)],
      [x: Tensor(numbers)], 0, onDevice: "Cast")
  }

  @Test func zeroChangesItsSign() throws {
    let graph = Graph()
    let x = graph.placeholder(.float64, [3])
    try DeviceComparison.compare(
      graph, [graph.constant(1, .float64) / -x], [x: Tensor([0, -0.0, 4])], 0,
      onDevice: "Neg", "RealDiv")
  }

  /// More inputs than a kernel has parameters. The output may lie where the first input does, which comes again.
  @Test(arguments: [32, 33, 64, 65, 500]) func sumsOfManyInputs(count: Int) throws {
    let graph = Graph()
    let x = (0..<7).map { graph.placeholder(.float64, ["n"], name: "x\($0)") }
    let values = [-x[0]] + x.dropFirst()
    let inputs = (0..<count).map { values[$0 % values.count] }
    let feeds = x.enumerated().map { ($1, Tensor.random([700], seed: UInt64($0))) }
    try DeviceComparison.compare(
      graph, [try graph.add(AddN(), inputs).output], Dictionary(uniqueKeysWithValues: feeds), 0,
      onDevice: "AddN")
  }

  /// What a kernel has too few parameters for is the processor's.
  @Test func shapesOfManyDimensions() throws {
    let graph = Graph()
    let sizes = (0..<40).map { $0 % 8 == 0 ? 2 : 1 }
    let x = graph.placeholder(.float32, SymbolicShape(sizes.map { Dimension($0) }))
    let result = try DeviceComparison.session(graph).run(
      [shape(of: x)], feeds: [x: Tensor(zeros: Shape(sizes), elementType: .float32)])
    #expect(result == [Tensor(sizes.map { Int32($0) })])
  }

  /// Nothing has no element that is false.
  @Test func ofNothingAllAreTrue() throws {
    let graph = Graph()
    let x = graph.placeholder(.bool, ["n", 2])
    let truth = graph.constant(Tensor(true))
    let every = all(x, axes: [0])
    let fetches = [every, any(x, axes: [0]), try graph.add(Equal(), [every, truth]).output]
    for rows in [0, 1, 3000] {
      let elements = (0..<2 * rows).map { $0 % 2 == 0 || $0 != 1 }
      try DeviceComparison.compare(
        graph, fetches, [x: Tensor(shape: [rows, 2], scalars: elements)], 0, onDevice: "All", "Any")
    }
    let none = Tensor(zeros: [0, 2], elementType: .bool)
    let result = try DeviceComparison.session(graph).run([fetches[2]], feeds: [x: none])
    #expect(result == [Tensor([true, true])])
  }

  /// A zero stays one, whatever comes behind it.
  @Test func productsBehindAZero() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [4000])
    let numbers = (0..<4000).map { $0 < 5 ? 1 : $0 == 5 ? 0 : Float(1e20) }
    let y = try DeviceComparison.session(graph).run(
      [cumprod(x, axis: 0), linearRecurrence(x, x * 0, axis: 0)], feeds: [x: Tensor(numbers)])
    #expect(y[0].scalars(as: Float.self)[5...].allSatisfy { $0 == 0 })
    #expect(y[1].scalars(as: Float.self).allSatisfy { $0 == 0 })
  }

  @Test func extremesAndProductsOfSegments() throws {
    for (rows, segments, inner) in [(5000, 3, 2), (3000, 800, 3), (700, 1, 1), (600, 601, 5)] {
      let graph = Graph()
      let x = graph.placeholder(.float64, ["n", Dimension(inner)])
      let whole = graph.placeholder(.int32, ["n", Dimension(inner)])
      let ids = graph.placeholder(.int64, ["n"])
      let count = Dimension(segments)
      let fetches = [
        unsortedSegmentMax(x, ids, segments: count), unsortedSegmentMin(x, ids, segments: count),
        unsortedSegmentProd(1 + 0.01 * x, ids, segments: count),
        unsortedSegmentMax(whole, ids, segments: count),
        unsortedSegmentMin(whole, ids, segments: count),
        unsortedSegmentProd(whole, ids, segments: count),
      ]
      let places = (0..<rows).map { row in
        row % 7 == 3 ? -1 : Int64(row % 3 == 0 ? 0 : row * 31 % segments)
      }
      let feeds = [
        x: tensor(
          [rows, inner],
          [2 * inner: .nan, 4 * inner: .infinity, 5 * inner: -.infinity, 8 * inner: -.infinity]),
        whole: Tensor(
          shape: [rows, inner],
          scalars: (0..<rows * inner).map { Int32(truncatingIfNeeded: $0 &* 1_234_567_891) }),
        ids: Tensor(places),
      ]
      try DeviceComparison.compare(
        graph, fetches, feeds, 1e-12, onDevice: "UnsortedSegmentMax", "UnsortedSegmentMin",
        "UnsortedSegmentProd")
    }
  }

  /// Of equal elements the first; NaNs are passed over.
  @Test(arguments: [1, 7, 1023, 1024, 5000]) func placesOfExtremes(length: Int) throws {
    let graph = Graph()
    let x = graph.placeholder(.float64, ["n", Dimension(length), 2])
    let whole = graph.placeholder(.int32, ["n", Dimension(length)])
    let numbers = (0..<6 * length * 2).map { place -> Double in
      switch (place / 2 % length, place / 2 / length) {
      case (0, 1), (1, 2), (_, 3): .nan
      default: Double(place * 7919 % 13)
      }
    }
    let fetches = [
      argMax(x, axis: 1), argMin(x, axis: 1), argMax(x, axis: 0), argMin(whole, axis: 1),
      argMax(whole, axis: 1, outputType: .int32),
    ]
    let feeds = [
      x: Tensor(shape: [6, length, 2], scalars: numbers),
      whole: Tensor(
        shape: [6, length], scalars: (0..<6 * length).map { Int32($0 * 7919 % 13) - 6 }),
    ]
    try DeviceComparison.compare(graph, fetches, feeds, 0, onDevice: "ArgMax", "ArgMin")
  }

  @Test func quotientsOfWholeNumbers() throws {
    let graph = Graph()
    let (a, b) = (graph.placeholder(.int32, ["n"]), graph.placeholder(.int32, ["n"]))
    let (c, d) = (graph.placeholder(.int64, ["n"]), graph.placeholder(.int64, [1]))
    let fetches = try [(a, b), (c, d)].flatMap { x, y in
      [
        try graph.add(Div(), [x, y]).output, floorDiv(x, y), floorMod(x, y), truncateDiv(x, y),
        truncateMod(x, y),
      ]
    }
    let numbers = [7, -7, 7, -7, 6, 0, 2_147_483_647, -2_147_483_648, -2_147_483_648, 1]
    let divisors = [2, 2, -2, -2, -3, 5, -1, -1, 1, -2_147_483_648]
    for divisor in [3, -1, Int64.min] {
      let feeds = [
        a: Tensor(numbers.map { Int32($0) }), b: Tensor(divisors.map { Int32($0) }),
        c: Tensor(numbers.dropLast().map { Int64($0) } + [.min]),
        d: Tensor([divisor]),
      ]
      try DeviceComparison.compare(
        graph, fetches, feeds, 0, onDevice: "Div", "FloorDiv", "FloorMod", "TruncateDiv",
        "TruncateMod")
    }
    let session = DeviceComparison.session(graph)
    for (value, index) in zip(fetches, [1, 1, 1, 1, 1, 0, 0, 0, 0, 0]) {
      let error = #expect(throws: GraphError.self) {
        try session.run(
          [value],
          feeds: [
            a: Tensor([1, 2, 3] as [Int32]), b: Tensor([1, 0, 0] as [Int32]),
            c: Tensor([1, 2, 3] as [Int64]), d: Tensor([0] as [Int64]),
          ])
      }
      #expect(error?.message == "division by zero: element \(index) of input 1 is 0")
    }
  }

  /// Literals with a sign behind a sign, and those that only `double` can hold.
  @Test func literals() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [3])
    let y = graph.placeholder(.float64, [3])
    var fetches: [Value] = []
    for z in [x, y] {
      fetches += [-(z * 0 + -2.5), -2 - (-z), z - -3]
      fetches += [-(-(z * -1)), minimum(z * 1e300, z + 1e39), z * -0.0]
    }
    let feeds = [x: Tensor([1, -2, 0.5] as [Float]), y: Tensor([1, -2, 0.5])]
    try DeviceComparison.compare(graph, fetches, feeds, 1e-6, "literals")
  }

  @Test func copiesAlongManyDimensions() throws {
    let graph = Graph()
    let x = graph.placeholder(
      .float64, SymbolicShape([2, 3, 2, 3, 2, 3, 2, 2].map { Dimension($0) }))
    let reversed = transpose(x, [7, 6, 5, 4, 3, 2, 1, 0])
    let fetches = [
      reversed, transpose(reversed, [1, 0, 3, 2, 5, 4, 7, 6]),
      try stridedSlice(
        x, begin: [-1, 2, 0, -1, 1, 0, 0, 1], end: [-3, 0, 2, -4, 2, 3, 1, -3],
        strides: [-1, -1, 1, -2, 1, 2, 1, -1]),
    ]
    try DeviceComparison.compare(
      graph, fetches, [x: tensor([2, 3, 2, 3, 2, 3, 2, 2])], 0, onDevice: "Transpose",
      "StridedSlice")
  }

  /// Whatever moves elements moves halves as they are.
  @Test func halvesAreMoved() throws {
    let graph = Graph()
    let x = graph.placeholder(.float16, [3, 4])
    let rows = graph.constant(Tensor([2, 0] as [Int32]))
    let fetches = [
      transpose(x), slice(x, begin: [1, 1], size: [2, 3]), gather(x, rows),
      concat([x, x], axis: 1),
      reshape(x, [12]),
    ]
    let numbers = (0..<12).map { Float16($0) / 3 }
    let feeds = [x: Tensor(shape: [3, 4], scalars: numbers)]
    try DeviceComparison.compare(
      graph, fetches, feeds, 0, onDevice: "Transpose", "Slice", "GatherV2", "ConcatV2")
  }

  @Test func batchesOfProducts() throws {
    let graph = Graph()
    let a = graph.placeholder(.float64, [3, 1, 70, 130])
    let b = graph.placeholder(.float64, [2, 130, 65])
    let c = graph.placeholder(.float64, ["m", 0, 4])
    let product = batchMatMul(a, b)
    let fetches = [
      product, batchMatMul(b, a, transposeA: true, transposeB: true),
      batchMatMul(product, b, transposeB: true), batchMatMul(c, c, transposeA: true),
    ]
    let feeds = [
      a: tensor([3, 1, 70, 130]), b: tensor([2, 130, 65]),
      c: Tensor(zeros: [5, 0, 4], elementType: .float64),
    ]
    try DeviceComparison.compare(graph, fetches, feeds, 1e-11, onDevice: "BatchMatMulV2")
  }

  @Test func oneHotVectorsAndRanges() throws {
    let graph = Graph()
    let indices = graph.placeholder(.int64, ["n", 2])
    let (on, off) = (graph.placeholder(.float64, []), graph.placeholder(.float64, []))
    let fetches =
      [-1, 0, 1].map { oneHot(indices, depth: 3, on: on, off: off, axis: $0) } + [
        graph.range(from: indices.shape[0], to: 2 * indices.shape[0], .int64),
        graph.range(from: indices.shape[0] * 3, to: 0, by: -1, .float64),
      ]
    let feeds = [
      indices: Tensor(
        shape: [5, 2], scalars: [0, 2, -1, 3, 1, 1 << 32, .min, .max, 2, 1] as [Int64]),
      on: Tensor(1.5), off: Tensor(Double.nan),
    ]
    try DeviceComparison.compare(graph, fetches, feeds, 0, onDevice: "OneHot", "Range")
  }

  /// Sizes and numbers that their type does not hold are the processor's errors.
  @Test func numbersThatTheTypeDoesNotHoldAreErrors() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, ["n", 0])
    let n = x.shape[0] * 1_000_000_000
    let long = fill([n, 0], with: graph.constant(1, .float32))
    let feeds = [x: Tensor(zeros: [3, 0], elementType: .float32)]
    let values = [shape(of: long), graph.range(from: n, to: n + 2)]
    for value in values + [graph.range(from: n - 2_999_999_800, to: n - 2_999_999_700, .uint8)] {
      let messages = [Session(graph), DeviceComparison.session(graph)].map { session in
        #expect(throws: GraphError.self) { try session.run([value], feeds: feeds) }?.message
      }
      #expect(messages[0] == messages[1])
    }
    for value in values {
      let plan = try DeviceComparison.session(graph).plan(feeds: [x], fetches: [value])
      #expect(!plan.description.contains("CPU:0 \(value.node.operationName) "))
    }
  }

  /// Sizes and numbers beyond 32 bits, of tensors that may have few elements.
  @Test func numbersOfMoreThan32Bits() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, ["n", 0])
    let long = x.shape[0] * 1_000_000_000
    let first = 1 << 40
    let fetches = [
      shape(of: fill([long, 0], with: graph.constant(1, .float32)), as: .int64),
      graph.range(from: long, to: long + 3, .int64),
      graph.range(from: Dimension(first), to: Dimension(first + 3), .int64),
      graph.range(from: Dimension(-(1 << 61)), to: Dimension((1 << 61) + 1), by: 1 << 61, .int64),
      graph.range(from: Dimension(first), to: Dimension(first - 3), by: -1, .float64),
    ]
    let feeds = [x: Tensor(zeros: [3, 0], elementType: .float32)]
    try DeviceComparison.compare(graph, fetches, feeds, 0, onDevice: "Shape", "Range")
    let results = try DeviceComparison.session(graph, isOptimized: false).run(
      fetches, feeds: feeds)
    #expect(results == (try Session(graph).run(fetches, feeds: feeds)))
    #expect(results[0] == Tensor([3_000_000_000, 0] as [Int64]))
    #expect(results[1] == Tensor((0..<3).map { Int64(3_000_000_000 + $0) }))
  }

  @Test func halvesOfSquares() throws {
    for (rows, columns) in [(0, 3), (1, 1), (40, 1), (700, 300)] {
      let graph = Graph()
      let x = graph.placeholder(.float64, ["n", Dimension(columns)])
      try DeviceComparison.compare(
        graph, [l2Loss(x)], [x: tensor([rows, columns])], 1e-12, onDevice: "L2Loss")
    }
  }
}
