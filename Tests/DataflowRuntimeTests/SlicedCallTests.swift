import Dataflow
import Testing

@testable import DataflowRuntime

/// Batches that are computed slice by slice.
@Suite(.timeLimit(.minutes(20))) struct SlicedCallTests {
  private let graph = Graph()
  private let x: Value
  private let owner: Value
  private let weights: Value

  init() {
    x = graph.placeholder(.float64, ["n", 3], name: "x")
    owner = graph.placeholder(.int32, ["n"], name: "owner")
    weights = graph.placeholder(.float64, [3, 2], name: "weights")
  }

  /// tanh(x·w) with what each owner has, Σ of its square, and the number of rows that nothing is read for.
  private func outputs() throws -> (loss: Value, rows: Value, owners: Value, counts: Value) {
    let counts = graph.placeholder(.float64, ["owners"], name: "counts")
    let rows = tanh(matMul(x, weights))
    let owners = unsortedSegmentSum(rows, owner, segments: "owners")
    let errors = sum(owners, axes: [1]) - counts
    return (sum(square(errors)), rows, owners, counts)
  }

  private let data = (
    x: (0..<21).map { Double($0 * $0 % 13) / 7 - 0.8 },
    owners: [Int32](arrayLiteral: 0, 0, 1, 0, 0, 1, 1),
    weights: [0.3, -0.5, 0.7, 0.2, -0.4, 0.9], counts: [0.5, -1, 2, 0.25]
  )

  /// Owners of the slices [0, 1], [], [2], [3] of the batch, from the beginning of each.
  private let starts: [[Int64]] = [[0, 3, 3, 5, 7], [0, 3, 3, 5, 7], [0, 2, 2, 3, 4]]
  private let slicedOwners: [Int32] = [0, 0, 1, 0, 0, 0, 0]
  private let wholeOwners: [Int32] = [0, 0, 1, 2, 2, 3, 3]

  private func feeds(_ slices: SlicedValues) -> [Value: Tensor] {
    [
      slices.starts: Tensor(shape: [3, 5], scalars: starts.flatMap { $0 }),
      slices.inputs[0]: Tensor(shape: [7, 3], scalars: data.x),
      slices.inputs[1]: Tensor(slicedOwners), slices.inputs[2]: Tensor(data.counts),
      weights: Tensor(shape: [3, 2], scalars: data.weights),
    ]
  }

  private func wholeFeeds(_ counts: Value) -> [Value: Tensor] {
    [
      x: Tensor(shape: [7, 3], scalars: data.x), owner: Tensor(wholeOwners),
      counts: Tensor(data.counts), weights: Tensor(shape: [3, 2], scalars: data.weights),
    ]
  }

  private func expectEqual(_ a: [Tensor], _ b: [Tensor], _ tolerance: Double = 1e-13) {
    for (a, b) in zip(a, b) {
      #expect(a.shape == b.shape)
      for (x, y) in zip(a.scalars(as: Double.self), b.scalars(as: Double.self)) {
        #expect(abs(x - y) <= tolerance * max(1, abs(y)))
      }
    }
  }

  @Test func slicesAreTheWhole() throws {
    let (loss, rows, owners, counts) = try outputs()
    let gradient = try graph.gradient(of: loss, withRespectTo: weights)
    let slices = try graph.sliced(
      sums: [loss, gradient], rows: [rows, owners], by: [x, owner, counts])
    let session = Session(graph)
    let found = try session.run(slices.sums + slices.rows, feeds: feeds(slices))
    expectEqual(
      found, try session.run([loss, gradient, rows, owners], feeds: wholeFeeds(counts)))
  }

  /// The function's steps stand below the call, indented.
  @Test func plansShowWhatIsDoneWithASlice() throws {
    let (loss, _, _, counts) = try outputs()
    let slices = try graph.sliced(sums: [loss], rows: [], by: [x, owner, counts])
    let call = try #require(slices.sums[0].node.operation as? SlicedCall)
    let session = Session(graph)
    let fed = Array(feeds(slices).keys)
    let plain = try session.plan(feeds: fed, fetches: slices.sums).description
    let lines = try session.planDescription(feeds: fed, fetches: slices.sums)
      .split(separator: "\n")
    #expect(
      lines.filter { !$0.hasPrefix("    ") } == plain.split(separator: "\n"))
    let inner = try Plan(call.function, on: nil, Placement()).description
    #expect(!inner.isEmpty)
    #expect(
      lines.filter { $0.hasPrefix("    ") }.map { $0.dropFirst(4) } == inner.split(separator: "\n"))
    let place = try #require(lines.firstIndex { $0.contains(" SlicedCall ") })
    #expect(lines[place + 1].hasPrefix("    0 "))
  }

  @Test func threadsMakeNoDifference() throws {
    let (loss, rows, _, counts) = try outputs()
    let gradient = try graph.gradient(of: loss, withRespectTo: weights)
    let slices = try graph.sliced(sums: [loss, gradient], rows: [rows], by: [x, owner, counts])
    func run(_ intra: Int, _ inter: Int) throws -> [[UInt64]] {
      let session = Session(
        graph,
        options: SessionOptions(
          intraOpParallelismThreads: intra, interOpParallelismThreads: inter))
      return try (0..<20).map { _ in
        try session.run(slices.sums + slices.rows, feeds: feeds(slices)).flatMap {
          $0.scalars(as: Double.self).map(\.bitPattern)
        }
      }.reduce(into: []) { if $0.last != $1 { $0.append($1) } }
    }
    let expected = try run(1, 1)
    #expect(expected.count == 1)
    for (intra, inter) in [(2, 1), (3, 1), (4, 1), (1, 2), (2, 3)] {
      #expect(try run(intra, inter) == expected)
    }
  }

  /// Slices that devices take in turn have the bits of those that one takes, derivatives too.
  @Test func devicesTakeTurns() throws {
    let (loss, rows, owners, counts) = try outputs()
    var expected: [Tensor] = []
    for devices in [[], ["CPU:0"], ["CPU:0", "CPU:1"], ["CPU:1", "CPU:0", "CPU:1"]]
      as [[DeviceName]]
    {
      let slices = try graph.sliced(
        sums: [loss], rows: [rows, owners], by: [x, owner, counts], on: devices)
      let gradients = try graph.gradients(
        of: slices.sums, withRespectTo: [weights, slices.inputs[0]]
      ).map { $0! }
      for threads in [1, 2, 4] {
        var options = SessionOptions(intraOpParallelismThreads: threads)
        options.placement.devices = [CPUDevice(), CPUDevice(index: 1)]
        let found = try Session(graph, options: options).run(
          slices.sums + slices.rows + gradients, feeds: feeds(slices))
        if expected.isEmpty { expected = found }
        for (a, b) in zip(found, expected) {
          #expect(a.shape == b.shape && a.scalars(as: Double.self) == b.scalars(as: Double.self))
        }
      }
    }
    let absent = try graph.sliced(
      sums: [loss], rows: [], by: [x, owner, counts], on: ["CPU:0", "GPU:3"])
    let error = #expect(throws: GraphError.self) {
      try Session(graph).run(absent.sums, feeds: feeds(absent))
    }
    #expect(
      error?.message.hasSuffix(
        " is to run on /device:GPU:3, which is not there; there are: CPU:0") == true)
  }

  /// What devices take the slices is part of the graph, also as text.
  @Test func devicesAreAttributes() throws {
    let (loss, _, _, counts) = try outputs()
    let slices = try graph.sliced(
      sums: [loss], rows: [], by: [x, owner, counts], on: ["CPU:0", "GPU:1"])
    let call = try #require(slices.sums[0].node.operation as? SlicedCall)
    #expect(try SlicedCall(attributes: call.attributes).devices == call.devices)
    #expect(call.devices == ["CPU:0", "GPU:1"])
  }

  /// First and second derivatives, by what is captured and by what is cut, go through the slices.
  @Test func gradientsGoThroughSlices() throws {
    let (loss, rows, _, counts) = try outputs()
    let slices = try graph.sliced(sums: [loss], rows: [rows], by: [x, owner, counts])
    func derivatives(_ loss: Value, _ rows: Value, _ x: Value) throws -> [Value] {
      let total = loss * 3 + sum(square(rows))
      let first = try graph.gradients(of: [total], withRespectTo: [weights, x]).map { $0! }
      let second = try graph.gradients(
        of: [sum(square(first[0])) + sum(first[1])], withRespectTo: [weights, x]
      ).map { $0! }
      return first + second
    }
    let sliced = try derivatives(slices.sums[0], slices.rows[0], slices.inputs[0])
    let whole = try derivatives(loss, rows, x)
    let session = Session(graph)
    expectEqual(
      try session.run(sliced, feeds: feeds(slices)),
      try session.run(whole, feeds: wholeFeeds(counts)), 1e-11)
  }

  @Test func noSliceGivesZerosAndNoRows() throws {
    let (loss, rows, _, counts) = try outputs()
    let slices = try graph.sliced(sums: [loss], rows: [rows], by: [x, owner, counts])
    var feeds = feeds(slices)
    feeds[slices.starts] = Tensor(zeros: [3, 1], elementType: .int64)
    feeds[slices.inputs[0]] = Tensor(zeros: [0, 3], elementType: .float64)
    feeds[slices.inputs[1]] = Tensor(zeros: [0], elementType: .int32)
    feeds[slices.inputs[2]] = Tensor(zeros: [0], elementType: .float64)
    let found = try Session(graph).run(slices.sums + slices.rows, feeds: feeds)
    #expect(found[0].scalar(as: Double.self) == 0)
    #expect(found[1].shape == [0, 2])
  }

  @Test(
    arguments: [
      (0, [0, 3, 3, 5, 6], "row 0 of starts is [0, 3, 3, 5, 6]"),
      (1, [0, 3, 2, 5, 7], "row 1 of starts is [0, 3, 2, 5, 7]"),
      (2, [1, 2, 2, 3, 4], "the input's 4 rows"), (0, [0, 3, 3, 5, 1 << 40], "the input's 7 rows"),
    ] as [(Int, [Int64], String)])
  func wrongStartsAreErrors(row: Int, wrong: [Int64], message: String) throws {
    let (loss, _, _, counts) = try outputs()
    let slices = try graph.sliced(sums: [loss], rows: [], by: [x, owner, counts])
    var feeds = feeds(slices)
    var starts = starts
    starts[row] = wrong
    feeds[slices.starts] = Tensor(shape: [3, 5], scalars: starts.flatMap { $0 })
    let error = #expect(throws: GraphError.self) {
      try Session(graph).run(slices.sums, feeds: feeds)
    }
    #expect(error?.message.contains(message) == true, "\(error!)")
  }

  /// The error of the first slice that has one, and the next run is as if there had been none.
  @Test(arguments: [1, 3]) func anErrorInASliceEndsTheRun(threads: Int) throws {
    let (loss, _, _, counts) = try outputs()
    let slices = try graph.sliced(sums: [loss], rows: [], by: [x, owner, counts])
    let session = Session(
      graph, options: SessionOptions(intraOpParallelismThreads: threads))
    let expected = try session.run(slices.sums, feeds: feeds(slices))
    var feeds = feeds(slices)
    // Where the slices of owners and of rows do not agree, an owner is beyond the slice's.
    feeds[slices.inputs[1]] = Tensor([0, 0, 1, 0, 0, 5, 0] as [Int32])
    #expect(throws: GraphError.self) { try session.run(slices.sums, feeds: feeds) }
    #expect(try session.run(slices.sums, feeds: self.feeds(slices)) == expected)
  }

  /// Who asks what a run does is told of the steps of each slice.
  @Test func tracesShowWhatSlicesDo() throws {
    let (loss, _, _, counts) = try outputs()
    let slices = try graph.sliced(sums: [loss], rows: [], by: [x, owner, counts])
    let trace = RunTrace()
    _ = try Session(graph).run(
      slices.sums, feeds: feeds(slices), options: RunOptions(trace: trace))
    let operations = trace.records.map(\.operation)
    #expect(operations.filter { $0 == "FusedProduct" }.count == 4)
    #expect(!operations.contains("SlicedCall"))
  }

  /// A slice's memory is that of a run, and is counted.
  @Test func memoryOfSlicesIsCounted() throws {
    let (loss, _, _, counts) = try outputs()
    let slices = try graph.sliced(sums: [loss], rows: [], by: [x, owner, counts])
    let session = Session(graph)
    var feeds = feeds(slices)
    feeds[slices.starts] = Tensor(shape: [3, 2], scalars: [0, 7, 0, 7, 0, 4] as [Int64])
    feeds[slices.inputs[1]] = Tensor(wholeOwners)
    let whole = wholeFeeds(counts)
    let (found, expected) = (
      try session.run(slices.sums, feeds: feeds), try session.run([loss], feeds: whole)
    )
    #expect(found == expected)
    let sliced = try #require(session.memoryUse(feeds: feeds, fetches: slices.sums))
    let plain = try #require(session.memoryUse(feeds: whole, fetches: [loss]))
    #expect(plain.lowerBound > 0)
    #expect(sliced.lowerBound >= plain.lowerBound && sliced.lowerBound < plain.lowerBound + 64)
    #expect(sliced.byteCount >= sliced.lowerBound)
  }

  /// The graph language has it whole.
  @Test func textsHaveSlices() throws {
    let (loss, rows, _, counts) = try outputs()
    let slices = try graph.sliced(sums: [loss], rows: [rows], by: [x, owner, counts])
    let copy = try Graph(text: graph.text)
    func same(_ value: Value) throws -> Value {
      try #require(copy.node(named: value.node.name)).outputs[value.index]
    }
    let feeds = feeds(slices)
    let copied = Dictionary(uniqueKeysWithValues: try feeds.map { (try same($0), $1) })
    #expect(
      try Session(copy).run((slices.sums + slices.rows).map(same), feeds: copied)
        == Session(graph).run(slices.sums + slices.rows, feeds: feeds))
  }

  @Test func whatCannotBeSlicedIsNamed() throws {
    let (loss, rows, _, counts) = try outputs()
    func message(_ sums: [Value], _ rows: [Value], _ inputs: [Value]) -> String {
      let error = #expect(throws: GraphError.self) {
        try graph.sliced(sums: sums, rows: rows, by: inputs)
      }
      return error?.message ?? ""
    }
    #expect(message([rows], [], [x, owner, counts]).contains("cannot be added up"))
    #expect(message([], [loss], [x, owner, counts]).contains("has the rows of no input"))
    #expect(message([loss], [], [x, counts]).contains("is none of their inputs"))
    let late = try graph.add(
      Where(), [try graph.add(Greater(), [rows, graph.zeros(like: rows)]).output])
    #expect(
      message([sum(cast(late.output, to: .float64))], [], [x]).contains("finds out sizes"))
    let noise = x + graph.randomUniform(["n", 3], .float64, name: "noise")
    #expect(message([sum(noise)], [], [x]).contains("noise of"))
    #expect(message([sum(noise)], [], [x]).contains("does more than compute"))
  }
}
