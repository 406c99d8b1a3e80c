import Dataflow
import Testing

/// Branches, loops and sizes that runs find out.
@Suite(.timeLimit(.minutes(20))) struct ControlFlowTests {
  private let graph = Graph()

  private func run(_ values: [Value], _ feeds: [Value: Tensor]) throws -> [[Double]] {
    try Session(graph).run(values, feeds: feeds).map { $0.scalars(as: Double.self) }
  }

  // MARK: Branches

  @Test(arguments: [0.5, 2.5]) func conditionalComputesOneBranch(x: Double) throws {
    let input = graph.placeholder(.float64, [])
    let isLarge = try graph.add(Greater(), [input, graph.constant(1, .float64)]).output
    let y = try conditional(isLarge) { _ in
      [exp(input) * input]
    } else: { _ in
      [square(input)]
    }[0]
    let first = try graph.gradient(of: y, withRespectTo: input)
    let second = try graph.gradient(of: first, withRespectTo: input)
    let expected =
      x > 1 ? [Double.exp(x) * x, .exp(x) * (x + 1), .exp(x) * (x + 2)] : [x * x, 2 * x, 2]
    for (value, reference) in zip(try run([y, first, second], [input: Tensor(x)]), expected) {
      #expect(abs(value[0] - reference) < 1e-12 * abs(reference))
    }
  }

  @Test func branchesWriteNoVariables() throws {
    let condition = graph.placeholder(.bool, [])
    let v = try graph.variable(Tensor(1.0), name: "v").value
    let error = #expect(throws: GraphError.self) {
      try conditional(condition) { inner in
        [try inner.add(AssignAdd(), [v, inner.constant(1, .float64)]).output]
      } else: { _ in
        [v]
      }
    }
    #expect(
      error?.message
        == "input 0 is no variable: inside loops and branches variables are not written")
  }

  @Test(arguments: [true, false]) func branchesMayDifferInSize(isFirst: Bool) throws {
    let condition = graph.placeholder(.bool, [])
    let x = graph.placeholder(.float64, ["n"])
    let y = try conditional(condition) { _ in
      [slice(x, begin: [0], size: [2])]
    } else: { _ in
      [x]
    }[0]
    #expect(y.shape.known == nil)
    let total = sum(square(y))
    let gradient = try graph.gradient(of: total, withRespectTo: x)
    let results = try run(
      [y, gradient], [condition: Tensor(isFirst), x: Tensor([1.0, 2, 3])])
    #expect(results[0] == (isFirst ? [1, 2] : [1, 2, 3]))
    #expect(results[1] == (isFirst ? [2, 4, 0] : [2, 4, 6]))
  }

  @Test(arguments: [true, false]) func switchAndMergeRunOneSide(isFirst: Bool) throws {
    let condition = graph.placeholder(.bool, [])
    let x = graph.placeholder(.float64, [3])
    let sides = try graph.add(Switch(), [x, condition])
    let merged = try graph.add(Merge(), [square(sides[0]), exp(sides[1])])
    let gradient = try graph.gradient(of: sum(merged[0]), withRespectTo: x)
    let values = [0.5, -1, 2]
    let results = try run([merged[0], gradient], [condition: Tensor(isFirst), x: Tensor(values)])
    for index in 0..<3 {
      let expected = isFirst ? Double.exp(values[index]) : values[index] * values[index]
      #expect(abs(results[0][index] - expected) < 1e-14)
      #expect(abs(results[1][index] - (isFirst ? expected : 2 * values[index])) < 1e-14)
    }
    let dead = square(sides[isFirst ? 0 : 1])
    #expect(throws: GraphError.self) {
      try run([dead], [condition: Tensor(isFirst), x: Tensor(values)])
    }
  }

  /// A constant on a branch waits for the branch's pivot, an `Identity` that is a view; it must not be
  /// taken when the other branch is, and no more is what is computed of it, before the run or in it.
  @Test(arguments: [true, false], [true, false])
  func constantsOfABranchNotTakenDoNotCount(isFirst: Bool, isOptimized: Bool) throws {
    let condition = graph.placeholder(.bool, [])
    let sides = try graph.add(Switch(), [condition, condition])
    let constants = try [10.0, 20].enumerated().map { side, element in
      let pivot = identity(identity(sides[side]))
      return try graph.add(Const(Tensor(element)), controlInputs: [pivot.node]).output
    }
    let fetches = try [constants, constants.map { $0 * 3 }, constants.map { square(identity($0)) }]
      .map { try graph.add(Merge(), $0)[0] }
    var options = SessionOptions()
    options.isOptimized = isOptimized
    let result = try Session(graph, options: options).run(
      fetches, feeds: [condition: Tensor(isFirst)])
    #expect(result == (isFirst ? [20.0, 60, 400] : [10, 30, 100]).map { Tensor($0) })
  }

  /// A view that says a size which only the run finds out: right or an error, never read too early.
  @Test func viewsOfLateSizesAreCheckedLate() throws {
    let x = graph.placeholder(.float64, ["n"])
    let limit = graph.placeholder(.float64, ["m"])
    let positive = places(where: x .> 0)
    let rows = reshape(cast(positive, to: .float64), [limit.shape[0]])
    let result = try run([rows], [x: Tensor([1.0, -1, 3]), limit: Tensor([0.0, 0])])
    #expect(result[0] == [0, 2])
    let error = #expect(throws: GraphError.self) {
      try run([rows], [x: Tensor([1.0, -1, 3]), limit: Tensor([0.0])])
    }
    #expect(error?.message == "Reshape: 2 elements cannot have the shape [1]")
  }

  /// A view that waits for something where there are branches is a copy: of all elements or none.
  @Test func viewsThatWaitAreChecked() throws {
    let x = graph.placeholder(.float64, ["n"])
    let condition = graph.placeholder(.bool, [])
    let sides = try graph.add(Switch(), [condition, condition])
    let view = try graph.add(Reshape(shape: [5]), [x], controlInputs: [identity(sides[1]).node])
    let feeds = [x: Tensor((0..<12).map(Double.init)), condition: Tensor(true)]
    let error = #expect(throws: GraphError.self) { try run([view.output], feeds) }
    #expect(error?.message == "12 elements cannot have the shape [5]")
    #expect(error?.node == view.name)
  }

  /// The sizes of a branch that is not taken need not fit.
  @Test(arguments: [true, false], [true, false])
  func sizesOfABranchNotTakenDoNotCount(isFirst: Bool, isOptimized: Bool) throws {
    let condition = graph.placeholder(.bool, [])
    let x = graph.placeholder(.float64, ["n", 4])
    let n = x.shape[0]
    let sides = try graph.add(Switch(), [x, condition])
    let twice = concat([sides[0], sides[0]], axis: 1)
    let merged = try graph.add(
      Merge(), [reshape(twice, [n * 4, 2]), reshape(sides[1], [n * 2, 2])])
    let gradient = try graph.gradient(of: sum(square(merged[0])), withRespectTo: x)
    let values = Tensor((0..<12).map(Double.init)).reshaped(to: [3, 4])
    var options = SessionOptions()
    options.isOptimized = isOptimized
    let result = try Session(graph, options: options).run(
      [gradient], feeds: [x: values, condition: Tensor(isFirst)])
    let factor = isFirst ? 2.0 : 4
    #expect(result[0].scalars() == values.scalars().map { factor * $0 })
  }

  /// A view of the wrong number of elements is found where it is read, by a step or as a result, and only there.
  @Test(arguments: [true, false]) func viewsAreCheckedWhereTheyAreRead(isTaken: Bool) throws {
    let condition = graph.placeholder(.bool, [])
    let x = graph.placeholder(.float64, ["n"])
    let sides = try graph.add(Switch(), [x, condition])
    let view = reshape(sides[1], [2, 6])
    let merged = try graph.add(Merge(), [sides[0], reshape(sum(view, axes: [1]), [2])])
    let feeds = [x: Tensor([1.0, 2, 3]), condition: Tensor(isTaken)]
    if isTaken {
      for value in [merged[0], view] {
        let error = #expect(throws: GraphError.self) { try run([value], feeds) }
        #expect(error?.message.hasSuffix("3 elements cannot have the shape [2, 6]") == true)
      }
    } else {
      #expect(try run([merged[0]], feeds) == [[1, 2, 3]])
    }
  }

  /// What a branch that is not taken would have assigned is not there; what a run did assign stays.
  @Test(arguments: [1, 2], [false, true])
  func variablesOfABranchNotTakenAreNotAssigned(threads: Int, isOptimized: Bool) throws {
    let graph = try Graph(
      text: """
        v = VariableV2(shape: [3], dtype: double)
        c = placeholder(bool)
        no, yes = Switch(double[3] [1, 2, 3], c)
        a = Assign(v, yes)
        m, i = Merge(a, no)
        r = Identity(v, ^m)
        s, t = Switch(v, c)
        doubled = t + t
        """)
    func value(_ name: String) throws -> Value { try #require(graph.node(named: name)?.output) }
    var options = SessionOptions(
      intraOpParallelismThreads: threads, interOpParallelismThreads: threads)
    options.isOptimized = isOptimized
    let session = Session(graph, options: options)
    func run(_ names: [String], _ condition: Bool) throws -> [Tensor] {
      try session.run(try names.map(value), feeds: [try value("c"): Tensor(condition)])
    }
    let kept = Tensor([1.0, 2, 3])
    for names in [["r"], ["m", "v"], ["s"]] {
      let error = #expect(throws: GraphError.self) { try run(names, false) }
      #expect(error?.description == "VariableV2 \"v\" (): was read before it was initialized")
    }
    #expect(try run(["m"], false) == [kept])
    #expect(throws: GraphError.self) { try run(["r"], false) }
    #expect(try run(["r", "m"], true) == [kept, kept])
    #expect(try run(["r"], false) == [kept])
    #expect(try run(["doubled"], true) == [Tensor([2.0, 4, 6])])
  }

  /// A merge wants one of its inputs and a trigger nothing: control inputs on branches that were not taken keep neither from
  /// running, as they keep everything else; what they wait for is done before.
  @Test(arguments: [true, false], [true, false])
  func mergesAndTriggersOnlyWait(isFirst: Bool, isOptimized: Bool) throws {
    let graph = try Graph(
      text: """
        v = variable(double(1))
        c = placeholder(bool)
        no, yes = Switch(c, c)
        taken = Identity(yes)
        left_out = Identity(no)
        left = NoOp(^taken)
        right = NoOp(^left_out)
        write = AssignAdd(v, double(4), ^taken)
        merged, place = Merge(no, yes, ^left, ^right, ^write)
        trigger = ControlTrigger(^left, ^right, ^write)
        nothing = NoOp(^left, ^right)
        after_merge = Identity(v, ^merged)
        after_trigger = Identity(v, ^trigger)
        never = Identity(v, ^nothing)
        """)
    func value(_ name: String) throws -> Value { try #require(graph.node(named: name)?.output) }
    var options = SessionOptions()
    options.isOptimized = isOptimized
    let feeds = [try value("c"): Tensor(isFirst)]
    for name in ["after_merge", "after_trigger"] {
      let session = Session(graph, options: options)
      try session.initializeVariables()
      #expect(
        try session.run([try value(name)], feeds: feeds) == [Tensor(isFirst ? 5.0 : 1)], "\(name)")
    }
    let session = Session(graph, options: options)
    try session.initializeVariables()
    #expect(throws: GraphError.self) { try session.run([try value("never")], feeds: feeds) }
  }

  // MARK: Loops

  @Test(arguments: [0, 1, 4]) func loopDifferentiatesTwice(count: Int) throws {
    // y = x · aⁿ through n multiplications; a is captured by the body.
    let x = graph.placeholder(.float64, [])
    let a = graph.placeholder(.float64, [])
    let limit = graph.constant(Tensor(Int32(count)))
    let y = try whileLoop([graph.constant(Tensor(0 as Int32)), x]) { body, state in
      try body.add(Less(), [state[0], limit]).output
    } body: { body, state in
      let next = try body.add(AddV2(), [state[0], body.constant(Tensor(1 as Int32))]).output
      return [next, state[1] * a]
    }[1]
    let first = try graph.gradients(of: [y], withRespectTo: [x, a]).map { $0! }
    let second = try graph.gradients(of: [first[1]], withRespectTo: [x, a]).map { $0! }
    let n = Double(count)
    let power = (0..<count).reduce(1.0) { product, _ in product * 1.5 }
    let results = try run([y] + first + second, [x: Tensor(2.0), a: Tensor(1.5)])
    let expected = [
      2 * power, power, 2 * n * power / 1.5, n * power / 1.5, 2 * n * (n - 1) * power / 2.25,
    ]
    for (value, reference) in zip(results, expected) {
      #expect(abs(value[0] - reference) < 1e-12 * max(1, abs(reference)))
    }
  }

  /// What a variable was in each iteration is kept only where the gradient wants it.
  @Test func loopsKeepNothingThatIsNotUsed() throws {
    let x = graph.placeholder(.float64, [1000])
    let loop = try whileLoop([graph.constant(Tensor(0 as Int32)), x]) { body, state in
      try body.add(Less(), [state[0], body.constant(Tensor(500 as Int32))]).output
    } body: { body, state in
      let next = try body.add(AddV2(), [state[0], body.constant(Tensor(1 as Int32))]).output
      return [next, state[1] + 1]
    }
    let feeds = [x: Tensor(shape: [1000], scalars: Array(repeating: 2.0, count: 1000))]
    let session = Session(graph)
    #expect(
      try session.run([loop[1]], feeds: feeds)[0].scalars(as: Double.self).allSatisfy { $0 == 502 })
    let use = try #require(session.memoryUse(feeds: feeds, fetches: [loop[1]]))
    #expect(use.byteCount < 100_000)
    let gradient = try graph.gradient(of: sum(square(loop[1])), withRespectTo: x)
    #expect(
      try session.run([gradient], feeds: feeds)[0].scalars(as: Double.self).allSatisfy {
        $0 == 1004
      })
  }

  /// A gradient computes a function once more: other random numbers would be another function's gradient.
  @Test func randomBranchesAndLoopsHaveNoGradient() throws {
    let x = graph.placeholder(.float64, [3])
    func noise(_ body: Graph) throws -> Value {
      try body.add(RandomUniform(shape: [3], elementType: .float64), name: "noise").output
    }
    let condition = graph.placeholder(.bool, [])
    let branch = try conditional(condition, name: "choice") { body in
      [x * (try noise(body))]
    } else: { _ in
      [x * 2]
    }[0]
    let loop = try whileLoop([x], name: "repeat") { body, state in
      try body.add(Less(), [sum(state[0]), body.constant(10, .float64)]).output
    } body: { body, state in
      [state[0] + (try noise(body))]
    }[0]
    for (value, function) in [(branch, "choice_then"), (loop, "repeat_body")] {
      let error = #expect(throws: GraphError.self) {
        try graph.gradient(of: sum(value), withRespectTo: x)
      }
      let message =
        "has no gradient: it would compute \(function) once more, where noise does not do the same again"
      #expect(error?.message.hasPrefix(message) == true)
    }
  }

  @Test func loopVariablesMayGrow() throws {
    let x = graph.placeholder(.float64, ["n"])
    let start = graph.constant(Tensor(0 as Int32))
    let y = try whileLoop([start, x], shapes: [[], ["growing"]]) { body, state in
      try body.add(Less(), [state[0], body.constant(Tensor(3 as Int32))]).output
    } body: { body, state in
      let next = try body.add(AddV2(), [state[0], body.constant(Tensor(1 as Int32))]).output
      return [next, try body.add(ConcatV2(axis: 0), [state[1], state[1]]).output]
    }[1]
    #expect(try run([y], [x: Tensor([1.0, 2])])[0].count == 16)
    #expect(try run([sum(y)], [x: Tensor([1.0, 2, 3])])[0] == [48])
  }

  /// Both loops number the sizes that they find out, and the second one's results have sizes of the first.
  @Test func loopsTellTheirSizesFromOthers() throws {
    let x = graph.placeholder(.float64, ["n"])
    func doubled(_ count: Int32, _ variables: [Value]) throws -> [Value] {
      let start = graph.constant(Tensor(0 as Int32))
      let shapes = [[], ["growing"]] + variables.dropFirst().map(\.shape)
      return try whileLoop([start] + variables, shapes: shapes) { body, state in
        try body.add(Less(), [state[0], body.constant(Tensor(count))]).output
      } body: { body, state in
        let next = try body.add(AddV2(), [state[0], body.constant(Tensor(1 as Int32))]).output
        let grown = try body.add(ConcatV2(axis: 0), [state[1], state[1]]).output
        return [next, grown] + state.dropFirst(2)
      }
    }
    let first = try doubled(3, [x])[1]
    let second = try doubled(1, [x, first])
    let results = try run([second[1], second[2]], [x: Tensor([1.0, 2])])
    #expect(results[0] == [1, 2, 1, 2])
    #expect(results[1].count == 16)
  }

  @Test func loopsEndWhenCancelled() throws {
    let x = graph.placeholder(.float64, [])
    let y = try whileLoop([x]) { body, _ in
      body.constant(Tensor(true))
    } body: { _, state in
      [state[0] + 1]
    }[0]
    let cancellation = Cancellation(deadline: .now + .milliseconds(50))
    #expect(throws: RunInterruption.deadlineExceeded) {
      try Session(graph).run(
        [y], feeds: [x: Tensor(0.0)], options: RunOptions(cancellation: cancellation))
    }
  }

  @Test func wrongLoopsAreRefused() throws {
    let x = graph.placeholder(.float64, [2])
    #expect(throws: GraphError.self) {
      try whileLoop([x]) { body, _ in
        body.constant(Tensor(true))
      } body: { _, _ in
        []
      }
    }
    #expect(throws: GraphError.self) {
      try whileLoop([x]) { _, state in
        state[0]
      } body: { _, state in
        state
      }
    }
    #expect(throws: GraphError.self) {
      try whileLoop([x]) { body, _ in
        body.constant(Tensor(true))
      } body: { _, state in
        [reshape(state[0], [2, 1])]
      }
    }
  }

  // MARK: Sizes

  @Test func shapesMayDependOnData() throws {
    let counts = graph.placeholder(.int32, [2])
    let x = graph.placeholder(.float64, ["n"])
    let size = try sizes(of: counts)
    let matrix = reshape(x, SymbolicShape(size))
    let total = sum(exp(matrix), axes: [1])
    let wide = broadcast(graph.constant(1, .float64), to: SymbolicShape(size))
    let session = Session(graph)
    for (rows, columns) in [(2, 3), (3, 2), (1, 6), (20, 40), (0, 5), (2, 3)] {
      let elements = (0..<rows * columns).map { Double($0) / 100 }
      let results = try session.run(
        [total, wide, matrix],
        feeds: [counts: Tensor([Int32(rows), Int32(columns)]), x: Tensor(elements)])
      #expect(results[1].shape == [rows, columns] && results[2].shape == [rows, columns])
      for row in 0..<rows {
        let expected = (0..<columns).reduce(0) { $0 + Double.exp(elements[row * columns + $1]) }
        #expect(abs(results[0].scalars(as: Double.self)[row] - expected) < 1e-12 * expected)
      }
    }
    let error = #expect(throws: GraphError.self) {
      try session.run([total], feeds: [counts: Tensor([2, 2] as [Int32]), x: Tensor([1.0])])
    }
    #expect(error?.message.contains("cannot have the shape [2, 2]") == true)
  }

  @Test func aStackReturnsWhatWasPushed() throws {
    let x = graph.placeholder(.float64, ["n"])
    let stack = try graph.add(StackV2(elementType: .float64)).output
    let pushed = try graph.add(StackPushV2(), [stack, x])
    let popped = try graph.add(
      StackPopV2(elementType: .float64, sizes: [nil]), [stack], controlInputs: [pushed]
    ).output
    #expect(try run([popped * 2], [x: Tensor([1.0, 2])])[0] == [2, 4])
    let empty = try graph.add(StackPopV2(elementType: .float64, sizes: [nil]), [stack]).output
    let error = #expect(throws: GraphError.self) { try run([empty], [:]) }
    #expect(error?.message == "the stack is empty")
  }
}

extension Double {
  fileprivate static func exp(_ x: Double) -> Double {
    // The series converges quickly for the few arguments used here.
    var (term, total) = (1.0, 1.0)
    for index in 1..<60 {
      term *= x / Double(index)
      total += term
    }
    return total
  }
}
