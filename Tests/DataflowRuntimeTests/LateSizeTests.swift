import Dataflow
import Testing

/// Sizes that a node finds out while it runs, where something else knows them already.
@Suite struct LateSizeTests {
  private func run(
    _ text: String, _ fetches: [String], _ feeds: [String: Tensor], isOptimized: Bool = true
  ) throws -> [Tensor] {
    let graph = try Graph(text: text)
    func value(_ name: String) throws -> Value { try #require(graph.node(named: name)).output }
    var options = SessionOptions()
    options.isOptimized = isOptimized
    var tensors: [Value: Tensor] = [:]
    for (name, tensor) in feeds { tensors[try value(name)] = tensor }
    return try Session(graph, options: options).run(try fetches.map(value), feeds: tensors)
  }

  // MARK: What is fed

  /// A value with a size that a node finds out may be fed; where the node runs too, they agree.
  @Test(arguments: [false, true]) func fedSizesAreThoseThatAreFound(isOptimized: Bool) throws {
    let text = """
      x = placeholder(float[n])
      w = Where(x)
      z = Neg(w)
      doubled = z * 2
      total = Sum(z, axes: [0, 1])
      """
    func results(_ z: [Int64]) throws -> [Tensor] {
      let feeds = [
        "x": Tensor([1, 0, 3] as [Float]), "z": Tensor(shape: [z.count, 1], scalars: z),
      ]
      return try run(text, ["doubled", "total", "w"], feeds, isOptimized: isOptimized)
    }
    let found = try results([5, 6])
    #expect(found[0] == Tensor(shape: [2, 1], scalars: [10, 12] as [Int64]))
    #expect(found[1] == Tensor(11 as Int64))
    #expect(found[2] == Tensor(shape: [2, 1], scalars: [0, 2] as [Int64]))
    for z in [[5], [5, 6, 7], Array(1...1000)] as [[Int64]] {
      let error = #expect(throws: GraphError.self) { try results(z) }
      #expect(error?.node == "w")
      #expect(error?.message == "the size \"w?0\" is 2, but \(z.count) in feed z")
    }
  }

  @Test(arguments: [false, true]) func fedSizesAreThoseThatAreBound(isOptimized: Bool) throws {
    let text = """
      k = placeholder(int32)
      x = placeholder(float[m])
      total = Sum(x, axes: [0])
      s = BindSizes(k, names: ["m"])
      doubled = x * 2
      ones = Fill(float(1), dims: [m])
      """
    func results(_ k: Int32, _ x: [Float]) throws -> [Tensor] {
      try run(
        text, ["total", "doubled", "ones"], ["k": Tensor(k), "x": Tensor(x)],
        isOptimized: isOptimized)
    }
    let found = try results(3, [1, 2, 3])
    #expect(
      found == [Tensor(6 as Float), Tensor([2, 4, 6] as [Float]), Tensor([1, 1, 1] as [Float])])
    for k in [2, 4, 100_000] as [Int32] {
      let error = #expect(throws: GraphError.self) { try results(k, [1, 2, 3]) }
      #expect(error?.node == "s")
      #expect(error?.message == "the size \"m\" is \(k), but 3 in feed x")
    }
  }

  /// A size is bound by what is computed of a tensor that has it.
  @Test func sizesMayBeBoundByWhatHasThem() throws {
    let text = """
      x = placeholder(float[m])
      total = Sum(x, axes: [0])
      s = BindSizes(int32(total), names: ["m"])
      doubled = x * 2
      """
    let found = try run(text, ["doubled"], ["x": Tensor([1, 2, 0] as [Float])])
    #expect(found == [Tensor([2, 4, 0] as [Float])])
    let error = #expect(throws: GraphError.self) {
      try run(text, ["doubled"], ["x": Tensor([1, 2, 3] as [Float])])
    }
    #expect(error?.message == "the size \"m\" is 6, but 3 in feed x")
  }

  @Test func sizesThatDependOnThemselvesAreRefused() throws {
    let text = """
      x = placeholder(float[m])
      doubled = x * 2
      s = BindSizes(int32(Sum(doubled, axes: [0])), names: ["m"])
      """
    let error = #expect(throws: GraphError.self) {
      try run(text, ["doubled"], ["x": Tensor([1, 2] as [Float])])
    }
    #expect(error?.node == "s")
    #expect(error?.message == "finds out m, on which what it is computed from depends")
  }

  // MARK: Branches

  /// What needs a size that is found out on a branch which is not taken is not computed, wherever it is itself.
  @Test(arguments: [false, true]) func sizesOfABranchNotTakenAreNotKnown(isOptimized: Bool) throws {
    let text = """
      k = placeholder(int32)
      p = placeholder(bool)
      x = placeholder(float)
      y = placeholder(float[n])
      k_no, k_yes = Switch(k, p)
      s = BindSizes(k_yes, names: ["m"])
      no, yes = Switch(x, p)
      first = Sum(Fill(no, dims: [m]), axes: [0])
      second = Sum(Fill(yes, dims: [m]), axes: [0])
      either, which = Merge(first, second)
      view = Reshape(y, shape: [m])
      read = view * 2
      other, one = Merge(Sum(view, axes: [0]), no)
      """
    func results(_ fetches: [String], isTaken: Bool) throws -> [Tensor] {
      let feeds = [
        "k": Tensor(3 as Int32), "p": Tensor(isTaken), "x": Tensor(2 as Float),
        "y": Tensor([1, 2, 3] as [Float]),
      ]
      return try run(text, fetches, feeds, isOptimized: isOptimized)
    }
    #expect(
      try results(["either", "which", "view", "read", "other"], isTaken: true) == [
        Tensor(6 as Float), Tensor(1 as Int32), Tensor([1, 2, 3] as [Float]),
        Tensor([2, 4, 6] as [Float]), Tensor(6 as Float),
      ])
    for name in ["either", "view", "read"] {
      let error = #expect(throws: GraphError.self) { try results([name], isTaken: false) }
      let message = "\(name) was not computed: it is on a branch that was not taken"
      #expect(error?.message == message)
    }
    #expect(
      try results(["other", "one"], isTaken: false) == [Tensor(2 as Float), Tensor(1 as Int32)])
  }
}
