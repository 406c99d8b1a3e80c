import Dataflow
import DataflowTesting
import TestSupport
import Testing

/// Sessions with a device, beside sessions without.
@Suite(
  .enabled(if: TestDevice.isPresent, TestDevice.absence), .serialized, .timeLimit(.minutes(20)))
struct DeviceSessionTests {
  private func session(_ graph: Graph, isOptimized: Bool = true) -> Session {
    DeviceComparison.session(graph, isOptimized: isOptimized)
  }

  private func compare(
    _ graph: Graph, _ fetches: [Value], _ feeds: [Value: Tensor], _ tolerance: Double,
    _ what: Comment
  ) throws {
    try DeviceComparison.compare(graph, fetches, feeds, tolerance, what)
  }

  /// Fused chains, several fetches, what only the CPU does in between.
  @Test func randomGraphs() throws {
    for seed in UInt64(0)..<12 {
      let random = RandomGraph(seed: seed, operations: 20, namesSizes: seed % 2 == 0)
      try compare(random.graph, random.fetches, random.feeds, 1e-9, "seed \(seed)")
    }
  }

  /// Sums of segments that are short, long, empty, and of ids that are left out.
  @Test func segments() throws {
    for (rows, segments, inner) in [(5000, 3, 2), (3000, 800, 3), (700, 1, 1), (600, 600, 5)] {
      let graph = Graph()
      let x = graph.placeholder(.float64, ["n", Dimension(inner)])
      let ids = graph.placeholder(.int32, ["n"])
      let y = unsortedSegmentSum(x, ids, segments: Dimension(segments))
      let places = (0..<rows).map { row in
        row % 7 == 3 ? -1 : Int32(row % 3 == 0 ? 0 : row * 31 % segments)
      }
      let feeds = [x: Tensor.random([rows, inner]), ids: Tensor(places)]
      try compare(graph, [y], feeds, 1e-12, "\(rows) rows")
      let (first, second) = (
        try session(graph).run([y], feeds: feeds), try session(graph).run([y], feeds: feeds)
      )
      #expect(first[0].hasSameBits(as: second[0]))
    }
  }

  /// Products larger than a tile in every way, and small ones of a long inner dimension.
  @Test func products() throws {
    for (rows, inner, columns) in [(150, 70, 130), (65, 2000, 3), (3, 5000, 70)] {
      let graph = Graph()
      let a = graph.placeholder(.float64, [Dimension(rows), Dimension(inner)])
      let b = graph.placeholder(.float64, [Dimension(inner), Dimension(columns)])
      let feeds = [a: Tensor.random([rows, inner]), b: Tensor.random([inner, columns], seed: 2)]
      let product = matMul(a, b)
      let fetches = [
        product, matMul(b, a, transposeA: true, transposeB: true),
        matMul(product, b, transposeB: true), matMul(a, product, transposeA: true),
      ]
      try compare(graph, fetches, feeds, 1e-10, "\(rows)x\(inner)x\(columns)")
    }
  }

  /// Wide rows and rows of many blocks.
  @Test func blockSparseProducts() throws {
    for (runs, height, width) in [([40, 0, 3], 3, 300), ([1, 90], 3, 17), ([7], 1, 600)] {
      let graph = Graph()
      let count = runs.reduce(0, +)
      let blocks = graph.placeholder(
        .float64, [Dimension(count), Dimension(height), Dimension(width)])
      let x = graph.placeholder(.float64, [Dimension(runs.count), Dimension(width)])
      let starts = graph.placeholder(.int32, [Dimension(runs.count + 1)])
      let y = blockSparseProduct(blocks, x, rowStarts: starts)
      let feeds = [
        blocks: Tensor.random([count, height, width]),
        x: Tensor.random([runs.count, width], seed: 2),
        starts: Tensor(runs.reduce(into: [Int32(0)]) { $0.append($0.last! + Int32($1)) }),
      ]
      let gradients = try graph.gradients(of: [sum(square(y))], withRespectTo: [blocks, x])
      try compare(graph, [y] + gradients.map { $0! }, feeds, 1e-10, "\(runs) x \(width)")
    }
  }

  @Test func optimizers() throws {
    let optimizers: [any Optimizer] = [
      AdamOptimizer(), GradientDescentOptimizer(), AdagradOptimizer(),
      RMSPropOptimizer(momentum: 0.5),
      MomentumOptimizer(momentum: 0.9), MomentumOptimizer(momentum: 0.9, usesNesterov: true),
    ]
    for optimizer in optimizers {
      let graph = Graph()
      let x = graph.placeholder(.float64, ["n", 3])
      let w = try graph.variable(Tensor.random([3, 2]), name: "w")
      let loss = sum(square(matMul(x, w.value) - 1))
      let gradient = try graph.gradient(of: loss, withRespectTo: w.value)
      let step = try optimizer.apply(
        [gradient], to: [w], learningRate: graph.constant(0.01, .float64))
      let feeds = [x: Tensor.random([6, 3], seed: 4)]
      let (processor, device) = (Session(graph), session(graph))
      for session in [processor, device] {
        try session.initializeVariables()
        for _ in 0..<5 { _ = try session.run([], feeds: feeds, targets: [step]) }
      }
      for variable in graph.variables {
        #expect(
          DeviceComparison.isClose(
            try device.value(of: variable), try processor.value(of: variable), 1e-11),
          "\(type(of: optimizer)): \(variable.name)")
      }
      let plan = try device.plan(feeds: [x], fetches: [], targets: [step])
      #expect(!plan.description.contains("CPU:0 Apply"))
    }
  }

  @Test func indicesOutOfRangeAreErrors() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [4, 2], name: "x")
    let indices = graph.placeholder(.int32, ["n"], name: "indices")
    let rows = gather(x, indices, name: "rows")
    let sums = unsortedSegmentSum(
      gather(x, graph.constant(Tensor([0, 1] as [Int32]))), indices, segments: 3, name: "sums")
    let session = session(graph)
    let table = Tensor.random([4, 2]).scalars(as: Double.self).map { Float($0) }
    func run(_ value: Value, _ numbers: [Int32]) throws -> Tensor {
      try session.run(
        [value], feeds: [x: Tensor(shape: [4, 2], scalars: table), indices: Tensor(numbers)])[0]
    }
    for (value, wrong, message) in [
      (rows, [0, 3, 4, -1], "the index at position 2 is outside 0..<4"),
      (rows, [-1, 9], "the index at position 0 is outside 0..<4"),
      (sums, [2, 3], "the index at position 1 is outside 0..<3"),
    ] as [(Value, [Int32], String)] {
      let error = #expect(throws: GraphError.self) { try run(value, wrong) }
      #expect(error?.message == message)
      #expect(error?.node == value.node.name)
      // The next run knows nothing of it.
      #expect(try run(rows, [3, 0]).scalars(as: Float.self).prefix(2) == table[6...7])
    }
  }

  /// Ids of 64 bits that name a segment only in their lower half.
  @Test func longIdsOutOfRangeAreErrors() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [4, 2])
    let ids = graph.placeholder(.int64, [4])
    let sums = [
      unsortedSegmentSum(x, ids, segments: 3), unsortedSegmentMax(x, ids, segments: 3),
      unsortedSegmentMin(x, ids, segments: 3), unsortedSegmentProd(x, ids, segments: 3),
      gather(x, ids),
    ]
    let feed = Tensor(shape: [4, 2], scalars: (1...8).map { Float($0) })
    let session = session(graph)
    for (value, bound) in zip(sums, [3, 3, 3, 3, 4]) {
      for wrong in [1 << 31, 1 << 32, (1 << 32) + 1, .max] as [Int64] {
        let feeds = [x: feed, ids: Tensor([0, 2, wrong, 1])]
        let error = #expect(throws: GraphError.self) { try session.run([value], feeds: feeds) }
        #expect(error?.message == "the index at position 2 is outside 0..<\(bound)")
        #expect(throws: GraphError.self) { try Session(graph).run([value], feeds: feeds) }
      }
    }
    // Negative ones are left out, whatever their lower half is.
    let feeds = [x: feed, ids: Tensor([0, .min, (-1 << 32) + 1, 1] as [Int64])]
    try compare(graph, Array(sums.dropLast()), feeds, 1e-6, "negative ids")
  }

  /// What is written to a variable, or is its gradient, has its shape, also where only a run knows that.
  @Test func sizesThatAreNotTheVariablesAreErrors() throws {
    let graph = Graph()
    let value = graph.placeholder(.float64, ["n"])
    let w = try graph.variable(Tensor([1.0, 2, 3]), name: "w")
    let rate = graph.constant(0.1, .float64)
    var writes = try [Assign(), AssignAdd(), AssignSub()].map { (operation: any Operation) in
      (try graph.add(operation, [w.value, value]), 1)
    }
    let optimizers: [(any Optimizer, Int)] = [
      (GradientDescentOptimizer(), 2), (MomentumOptimizer(momentum: 0.8), 3),
      (AdagradOptimizer(), 3), (RMSPropOptimizer(), 7), (AdamOptimizer(), 9),
    ]
    for (optimizer, input) in optimizers {
      writes.append((try optimizer.apply([value], to: [w], learningRate: rate), input))
    }
    let session = session(graph)
    try session.initializeVariables()
    for (write, input) in writes {
      for count in [1, 2, 400] {
        let error = #expect(throws: GraphError.self) {
          try session.run(
            [], feeds: [value: Tensor(zeros: [count], elementType: .float64)], targets: [write])
        }
        #expect(error?.message == "input \(input) has shape [\(count)], the variable [3]")
      }
    }
    #expect(try session.value(of: w) == Tensor([1.0, 2, 3]))
  }

  @Test func rowStartsThatCannotBeAreErrors() throws {
    let graph = Graph()
    let blocks = graph.placeholder(.float32, [3, 1, 2])
    let x = graph.placeholder(.float32, [2, 2])
    let starts = graph.placeholder(.int32, [3])
    let y = blockSparseProduct(blocks, x, rowStarts: starts)
    let session = session(graph)
    for (wrong, row) in [([0, 4, 3], 0), ([0, 2, 1], 1), ([1, 2, 3], 0), ([0, 1, 2], 1)] {
      let error = #expect(throws: GraphError.self) {
        try session.run(
          [y],
          feeds: [
            blocks: Tensor(zeros: [3, 1, 2], elementType: .float32),
            x: Tensor(zeros: [2, 2], elementType: .float32),
            starts: Tensor(wrong.map { Int32($0) }),
          ])
      }
      #expect(
        error?.message
          == "the row starts at row \(row) do not ascend from 0 to 3, the number of blocks")
    }
  }

  /// What the device cannot do is done by the processor, unless that is forbidden.
  @Test func placement() throws {
    let graph = Graph()
    let x = graph.placeholder(.float64, [5], name: "x")
    let y = exp(try topK(square(x), k: 5).0)
    let plan = try session(graph).plan(feeds: [x], fetches: [y])
    let name = TestDevice.device!.name.short
    #expect(plan.description.contains("\(name) Square"))
    #expect(plan.description.contains("CPU:0 TopKV2"))
    #expect(plan.description.contains("\(name) Exp"))
    try compare(graph, [y], [x: Tensor([1, 2, 0.5, 0, -1])], 1e-12, "mixed")

    let strict = Graph()
    let z = strict.placeholder(.float64, [5])
    let w = try strict.withDevice(TestDevice.device!.name) { try topK(z, k: 2).0 }
    var options = SessionOptions()
    options.placement = TestDevice.placement
    options.placement.allowsSoftPlacement = false
    let error = #expect(throws: GraphError.self) {
      try Session(strict, options: options).run([w], feeds: [z: Tensor([1.0, 2, 3, 4, 5])])
    }
    #expect(error?.message.contains("which cannot run it") == true)
  }

  /// A variable that runs want in different places moves with its contents.
  @Test func variablesMove() throws {
    let graph = Graph()
    let v = try graph.variable(Tensor([1.0, 2, 3]), name: "v")
    let session = session(graph)
    try session.initializeVariables()
    let double = try graph.add(Assign(), [v.value, v.value * 2])
    let onProcessor = try graph.withDevice("CPU:0") {
      try graph.add(AssignAdd(), [v.value, graph.constant(Tensor([10.0, 10, 10]))])
    }
    _ = try session.run([], targets: [double])
    #expect(try session.value(of: v) == Tensor([2.0, 4, 6]))
    _ = try session.run([], targets: [onProcessor])
    _ = try session.run([], targets: [double])
    #expect(try session.value(of: v) == Tensor([24.0, 28, 32]))
    try session.assign(Tensor([5.0, 6, 7]), to: v)
    #expect(try session.run([v.value], targets: [double]) == [Tensor([10.0, 12, 14])])
  }

  /// Loops and branches are the processor's; what they run in is not.
  @Test func loops() throws {
    let graph = Graph()
    let x = graph.placeholder(.float64, [3], name: "x")
    let results = try whileLoop([graph.constant(0, .int32), x]) { _, values in
      values[0] .< 4
    } body: { _, values in
      [values[0] + 1, tanh(values[1]) * 1.5]
    }
    try compare(graph, [results[1] + 1], [x: Tensor([0.1, -0.5, 2])], 1e-12, "loop")
  }

  /// What slices are given lies in memory of others, where the next run has other numbers.
  @Test func slices() throws {
    let graph = Graph()
    let x = graph.placeholder(.float64, ["n", 3])
    let w = try graph.variable(Tensor.random([3, 2]), name: "w")
    let y = tanh(matMul(x, w.value))
    let gradient = try graph.gradient(of: sum(y), withRespectTo: w.value)
    let sliced = try graph.sliced(sums: [gradient], rows: [y], by: [x])
    let step = try graph.add(AssignAdd(), [w.value, sliced.sums[0] * 0.1])
    let (processor, device) = (Session(graph), session(graph))
    for session in [processor, device] { try session.initializeVariables() }
    for run in 0..<4 {
      let feeds = [
        sliced.inputs[0]: Tensor.random([7, 3], seed: UInt64(run)),
        sliced.starts: Tensor(shape: [1, 4], scalars: [0, 3, 3, 7] as [Int64]),
      ]
      let expected = try processor.run(sliced.rows + sliced.sums, feeds: feeds, targets: [step])
      let found = try device.run(sliced.rows + sliced.sums, feeds: feeds, targets: [step])
      for (a, b) in zip(found, expected) {
        #expect(DeviceComparison.isClose(a, b, 1e-12), "run \(run)")
      }
    }
    #expect(
      DeviceComparison.isClose(try device.value(of: w), try processor.value(of: w), 1e-12))
  }

  @Test func sizesThatChange() throws {
    let graph = Graph()
    let x = graph.placeholder(.float64, ["n", 4])
    let y = sum(tanh(x) * 2, axes: [0])
    let (processor, device) = (Session(graph), session(graph))
    for rows in [3, 1000, 0, 7, 1000, 5000] {
      let feeds = [x: Tensor.random([rows, 4], seed: UInt64(rows))]
      let (a, b) = (try processor.run([y], feeds: feeds)[0], try device.run([y], feeds: feeds)[0])
      #expect(DeviceComparison.isClose(b, a, 1e-12), "\(rows) rows")
    }
  }
}
