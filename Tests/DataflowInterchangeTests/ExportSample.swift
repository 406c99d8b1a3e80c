import Dataflow

/// A graph to export, with what to run in it.
struct ExportSample {
  let name: String
  let graph: Graph
  var feeds: [Value: Tensor] = [:]
  var fetches: [Value] = []
  /// Runs before the fetches, that many times.
  var targets: [Node] = []
  var repetitions = 0

  init(_ name: String, _ graph: Graph) {
    self.name = name
    self.graph = graph
  }

  /// What the graph computes.
  func results() throws -> [Tensor] {
    try results(in: graph) {
      $0
    } node: {
      $0
    }
  }

  /// What another graph computes under the same names.
  func results(in other: Graph) throws -> [Tensor] {
    try results(in: other) {
      try other.value(named: $0.name)
    } node: { node in
      other.node(named: node.name)!
    }
  }

  private func results(
    in other: Graph, value: (Value) throws -> Value, node: (Node) -> Node
  ) throws -> [Tensor] {
    let session = Session(other)
    if !other.variables.isEmpty { try session.initializeVariables() }
    var feeds: [Value: Tensor] = [:]
    for (key, tensor) in self.feeds { feeds[try value(key)] = tensor }
    for _ in 0..<repetitions { _ = try session.run([], feeds: feeds, targets: targets.map(node)) }
    return try session.run(try fetches.map(value), feeds: feeds)
  }

  static var all: [ExportSample] {
    get throws {
      [
        try namedSizes(), try lateSizes(), try training(), try loop(), try invariantLoop(),
        try nestedLoop(), try growingLoop(), try branches(), try branchInLoop(),
        try nestedBranches(), try ordered(),
      ]
    }
  }

  /// Sizes that only the feeds know, and sums and products of them.
  private static func namedSizes() throws -> ExportSample {
    let graph = Graph()
    let x = graph.placeholder(.float32, ["rows", 3], name: "x")
    let y = graph.placeholder(.float32, ["columns"], name: "y")
    let rows: Dimension = "rows"
    let columns: Dimension = "columns"
    let flat = reshape(square(x), [rows * 3], name: "flat")
    let outer = broadcast(reshape(flat, [rows * 3, 1]), to: [rows * 3, columns]) * y
    let padded = try graph.add(
      Pad(before: [1, columns], after: [rows, 0]), [outer], name: "padded")
    let part = slice(padded.output, begin: [rows, columns], size: [rows * 2, columns])
    let energy = sum(part)
    let gradient = try graph.gradient(of: energy, withRespectTo: x)
    var sample = ExportSample("named_sizes", graph)
    sample.feeds = [x: .wave([2, 3]), y: .wave([4])]
    sample.fetches = [flat, padded.output, part, energy, gradient]
    return sample
  }

  /// Sizes that are data.
  private static func lateSizes() throws -> ExportSample {
    let graph = Graph()
    let counts = graph.placeholder(.int32, [2], name: "counts")
    let x = graph.placeholder(.float32, [6], name: "x")
    let sizes = try Dataflow.sizes(of: counts, name: "sizes")
    let part = slice(x, begin: [sizes[0]], size: [sizes[1]])
    let doubled = part * 2
    var sample = ExportSample("late_sizes", graph)
    sample.feeds = [counts: Tensor([1, 3] as [Int32]), x: .wave([6])]
    sample.fetches = [doubled, sum(doubled)]
    return sample
  }

  /// A network that three steps of Adam train.
  private static func training() throws -> ExportSample {
    let graph = Graph()
    let x = graph.placeholder(.float32, ["rows", 3], name: "x")
    let weights = try graph.variable(.wave([3, 2]), name: "layer/weights")
    let bias = try graph.variable(.wave([2]), name: "layer/bias")
    let hidden = tanh(biasAdd(matMul(x, weights.value), bias.value))
    let loss = sum(square(hidden - 0.3))
    let gradients = try [weights, bias].map {
      try graph.gradient(of: loss, withRespectTo: $0.value)
    }
    let step = try AdamOptimizer().apply(
      gradients, to: [weights, bias], learningRate: graph.constant(0.1, .float32))
    var sample = ExportSample("training", graph)
    sample.feeds = [x: .wave([4, 3])]
    sample.fetches = [loss, weights.value, bias.value]
    sample.targets = [step]
    sample.repetitions = 3
    return sample
  }

  private static func loop() throws -> ExportSample {
    let graph = Graph()
    let x = graph.placeholder(.float32, ["n"], name: "x")
    let scale = graph.placeholder(.float32, [], name: "scale")
    let zero = graph.constant(Tensor(Int32(0)), name: "zero")
    let results = try whileLoop([zero, x]) { body, state in
      try body.add(Less(), [state[0], body.constant(Tensor(Int32(4)))]).output
    } body: { body, state in
      let one = body.constant(Tensor(Int32(1)))
      let next = try body.add(AddV2(), [state[0], one]).output
      return [next, state[1] * scale + reshape(broadcast(scale, to: ["n"]), ["n"])]
    }
    var sample = ExportSample("loop", graph)
    sample.feeds = [x: .wave([3]), scale: Tensor(Float(0.5))]
    sample.fetches = [
      try graph.add(Identity(), [results[1]], name: "result").output, sum(results[1]),
    ]
    return sample
  }

  /// Variables that become what the loop changes nothing of, in a loop within a loop too.
  private static func invariantLoop() throws -> ExportSample {
    let graph = Graph()
    let x = graph.placeholder(.float32, [3], name: "x")
    let z = graph.placeholder(.float32, [3], name: "z")
    func counted(
      _ starts: [Value], name: String, _ step: ([Value]) throws -> [Value]
    ) throws -> [Value] {
      let zero = starts[0].graph.constant(Tensor(Int32(0)))
      let results = try whileLoop([zero] + starts, name: name) { body, state in
        try body.add(Less(), [state[0], body.constant(Tensor(Int32(2)))]).output
      } body: { body, state in
        let next = try body.add(AddV2(), [state[0], body.constant(Tensor(Int32(1)))]).output
        return [next] + (try step(Array(state.dropFirst())))
      }
      return Array(results.dropFirst())
    }
    let outer = try counted([z, z, z], name: "outer") { state in
      let inner = try counted([state[0]], name: "inner") { _ in [x + z] }
      return [x * z, x, inner[0] * state[1]]
    }
    var sample = ExportSample("invariant_loop", graph)
    sample.feeds = [x: .wave([3]), z: Tensor([2, 3, 4] as [Float])]
    sample.fetches = try outer.enumerated().map { index, value in
      try graph.add(Identity(), [value], name: "result_\(index)").output
    }
    return sample
  }

  private static func nestedLoop() throws -> ExportSample {
    let graph = Graph()
    let x = graph.placeholder(.float32, [2], name: "x")
    func counted(_ start: Value, _ count: Int32, name: String, _ step: (Value) throws -> Value)
      throws -> Value
    {
      let zero = start.graph.constant(Tensor(Int32(0)))
      return try whileLoop([zero, start], name: name) { body, state in
        try body.add(Less(), [state[0], body.constant(Tensor(count))]).output
      } body: { body, state in
        let next = try body.add(AddV2(), [state[0], body.constant(Tensor(Int32(1)))]).output
        return [next, try step(state[1])]
      }[1]
    }
    let result = try counted(x, 3, name: "outer") { value in
      try counted(value, 2, name: "inner") { $0 * 0.5 + x } - 1
    }
    var sample = ExportSample("nested_loop", graph)
    sample.feeds = [x: .wave([2])]
    sample.fetches = [try graph.add(Identity(), [result], name: "result").output]
    return sample
  }

  /// A loop variable whose size changes.
  private static func growingLoop() throws -> ExportSample {
    let graph = Graph()
    let x = graph.placeholder(.float32, [2], name: "x")
    let zero = graph.constant(Tensor(Int32(0)))
    let results = try whileLoop([zero, x], shapes: [[], ["length"]], name: "grow") { body, state in
      try body.add(Less(), [state[0], body.constant(Tensor(Int32(3)))]).output
    } body: { body, state in
      let next = try body.add(AddV2(), [state[0], body.constant(Tensor(Int32(1)))]).output
      return [next, try body.add(ConcatV2(axis: 0), [state[1], state[1] * 2]).output]
    }
    var sample = ExportSample("growing_loop", graph)
    sample.feeds = [x: .wave([2])]
    sample.fetches = [sum(results[1])]
    return sample
  }

  private static func branches() throws -> ExportSample {
    let graph = Graph()
    let x = graph.placeholder(.float32, ["n"], name: "x")
    let limit = graph.placeholder(.float32, [], name: "limit")
    let condition = try graph.add(Greater(), [sum(x), limit]).output
    let results = try conditional(condition, name: "choice") { _ in
      [exp(x), limit * 2]
    } else: { body in
      [x * 3, body.constant(7, .float32)]
    }
    let gradient = try graph.gradient(of: sum(results[0]), withRespectTo: x)
    var sample = ExportSample("branches", graph)
    sample.feeds = [x: .wave([4]), limit: Tensor(Float(0.25))]
    sample.fetches = [
      try graph.add(Identity(), [results[0]], name: "first").output,
      try graph.add(Identity(), [results[1]], name: "second").output, gradient,
    ]
    return sample
  }

  /// The gradient of a branch that has branches itself, and another node of a name that they use.
  private static func nestedBranches() throws -> ExportSample {
    let graph = Graph()
    let x = graph.placeholder(.float32, ["n"], name: "x")
    let isLarge = graph.placeholder(.bool, [], name: "is_large")
    _ = try graph.add(Neg(), [x], name: "t")
    let result = try conditional(isLarge, name: "outer") { body in
      let t = try body.add(Square(), [x], name: "t").output
      let condition = try body.add(Identity(), [isLarge]).output
      return try conditional(condition, name: "inner") { inner in
        [try inner.add(Mul(), [t, inner.constant(3, .float32)]).output]
      } else: { inner in
        [try inner.add(Mul(), [t, t]).output]
      }.map { square($0) }
    } else: { body in
      [try body.add(Mul(), [x, body.constant(5, .float32)]).output]
    }
    let gradient = try graph.gradient(of: sum(result[0]), withRespectTo: x)
    var sample = ExportSample("nested_branches", graph)
    sample.feeds = [x: .wave([3]), isLarge: Tensor(true)]
    sample.fetches = [sum(result[0]), gradient]
    return sample
  }

  /// A branch, a loop and rows that are read of a variable once it is written.
  private static func ordered() throws -> ExportSample {
    let graph = Graph()
    let v = try graph.variable(.wave([2]), name: "v").value
    let isFirst = graph.placeholder(.bool, [], name: "is_first")
    let zero = graph.constant(0, .float32)
    let places = graph.constant(Tensor([1, -1] as [Int32]))
    let written = graph.constant(Tensor([10, 20] as [Float]))
    let write = try graph.add(Assign(), [v, written], name: "write")
    var sample = ExportSample("ordered", graph)
    sample.feeds = [isFirst: Tensor(true)]
    sample.fetches = try graph.withControlDependencies([write]) {
      let branch = try conditional(isFirst, name: "choice") { body in
        [try body.add(Mul(), [v, v]).output]
      } else: { body in
        [try body.add(Neg(), [v]).output]
      }
      let loop = try whileLoop([zero], name: "steps") { body, state in
        try body.add(Less(), [state[0], body.constant(25, .float32)]).output
      } body: { body, state in
        let total = try body.add(Sum(axes: [0], keepDims: false), [v]).output
        return [try body.add(AddV2(), [state[0], total]).output]
      }
      let rows = try graph.add(GatherV2(zeroesNegative: true), [v, places], name: "rows")
      return [branch[0], loop[0], rows.output]
    }
    return sample
  }

  private static func branchInLoop() throws -> ExportSample {
    let graph = Graph()
    let x = graph.placeholder(.float32, [], name: "x")
    let results = try whileLoop([x], name: "steps") { body, state in
      try body.add(Less(), [state[0], body.constant(20, .float32)]).output
    } body: { body, state in
      let isSmall = try body.add(Less(), [state[0], body.constant(5, .float32)]).output
      return try conditional(isSmall, name: "choice") { _ in
        [state[0] + 1]
      } else: { _ in
        [state[0] * 2 + x]
      }
    }
    var sample = ExportSample("branch_in_loop", graph)
    sample.feeds = [x: Tensor(Float(0.5))]
    sample.fetches = [try graph.add(Identity(), [results[0]], name: "result").output]
    return sample
  }
}

extension Tensor {
  /// Numbers of both signs, none of them alike.
  static func wave(_ shape: Shape) -> Tensor {
    Tensor(shape: shape, scalars: (0..<shape.elementCount).map { Float(($0 * 7) % 11) / 8 - 0.6 })
  }
}
