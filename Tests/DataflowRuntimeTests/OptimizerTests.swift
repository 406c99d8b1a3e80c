import Dataflow
import Testing

/// Optimizers against the plainest computation in `Double`, for 30 steps.
@Suite struct OptimizerTests {
  private static let start = [0.5, -1.25, 2, 0.75]
  private static let rate = 0.05

  /// The gradient of `Σ (w² + w⁴ / 4)`.
  private static func gradient(_ w: Double) -> Double { 2 * w + w * w * w }

  private func expectSteps(
    _ optimizer: any Optimizer, slots: [Double], _ step: (Double, inout [Double]) -> Double
  ) throws {
    let graph = Graph()
    let variable = try graph.variable(Tensor(Self.start), name: "w")
    let w = variable.value
    let loss = sum(square(w) + square(square(w)) * 0.25)
    let gradient = try graph.gradient(of: loss, withRespectTo: w)
    let train = try optimizer.apply(
      [gradient], to: [variable], learningRate: graph.constant(Self.rate, .float64))
    let session = Session(graph)
    try session.initializeVariables()
    var expected = Self.start
    var states = Self.start.map { _ in slots }
    for _ in 0..<30 {
      _ = try session.run([], targets: [train])
      for index in expected.indices {
        expected[index] += step(Self.gradient(expected[index]), &states[index])
      }
      let result = try session.value(of: variable).scalars(as: Double.self)
      for (x, y) in zip(result, expected) { #expect(abs(x - y) <= 1e-12) }
    }
  }

  @Test func gradientDescent() throws {
    try expectSteps(GradientDescentOptimizer(), slots: []) { g, _ in -Self.rate * g }
  }

  @Test(arguments: [false, true]) func momentum(usesNesterov: Bool) throws {
    let optimizer = MomentumOptimizer(momentum: 0.8, usesNesterov: usesNesterov)
    try expectSteps(optimizer, slots: [0]) { g, slots in
      slots[0] = slots[0] * 0.8 + g
      return -Self.rate * (usesNesterov ? g + 0.8 * slots[0] : slots[0])
    }
  }

  @Test func adagrad() throws {
    try expectSteps(AdagradOptimizer(), slots: [0.1]) { g, slots in
      slots[0] += g * g
      return -Self.rate * g / slots[0].squareRoot()
    }
  }

  @Test func rmsProp() throws {
    let optimizer = RMSPropOptimizer(decay: 0.9, momentum: 0.5, epsilon: 1e-10)
    try expectSteps(optimizer, slots: [1, 0]) { g, slots in
      slots[0] = 0.9 * slots[0] + 0.1 * g * g
      slots[1] = 0.5 * slots[1] + Self.rate * g / (slots[0] + 1e-10).squareRoot()
      return -slots[1]
    }
  }

  @Test(arguments: [false, true]) func exponentialDecayOfTheRate(isStaircase: Bool) throws {
    let graph = Graph()
    let step = graph.placeholder(.int64, [])
    let rate = exponentialDecay(
      graph.constant(0.02, .float64), step: step, decaySteps: 10, decayRate: 0.5,
      isStaircase: isStaircase)
    let expected = isStaircase ? 0.01 : 0.02 * 0.5.squareRoot() * 0.5
    let result = try Session(graph).run([rate], feeds: [step: Tensor(15 as Int64)])[0]
    #expect(abs(result.scalar(as: Double.self) - expected) <= 1e-15)
  }

  @Test func clipping() throws {
    let graph = Graph()
    let (a, b) = (graph.constant(Tensor([3.0, 4])), graph.constant(Tensor([12.0])))
    let zero = graph.constant(Tensor([0.0, 0]))
    let values =
      [
        clipByNorm(a, 1), clipByNorm(a, 10), clipByNorm(zero, 1), try globalNorm([a, b]),
        clipByValue(a, limit: 3.5),
      ] + (try clipByGlobalNorm([a, b], 6.5))
    let results = try Session(graph).run(values).map { $0.scalars(as: Double.self) }
    let expected: [[Double]] = [[0.6, 0.8], [3, 4], [0, 0], [13], [3, 3.5], [1.5, 2], [6]]
    for (result, reference) in zip(results, expected) {
      for (x, y) in zip(result, reference) { #expect(abs(x - y) <= 1e-12) }
    }
  }

  /// A gradient whose size only a run knows has to be the variable's.
  @Test func gradientsOfAnotherSizeAreErrors() throws {
    let optimizers: [(any Optimizer, Int)] = [
      (GradientDescentOptimizer(), 2), (MomentumOptimizer(momentum: 0.8), 3),
      (AdagradOptimizer(), 3), (RMSPropOptimizer(), 7), (AdamOptimizer(), 9),
    ]
    for (optimizer, input) in optimizers {
      let graph = Graph()
      let gradient = graph.placeholder(.float64, ["n"])
      let w = try graph.variable(Tensor(Self.start), name: "w")
      let step = try optimizer.apply(
        [gradient], to: [w], learningRate: graph.constant(0.1, .float64))
      let session = Session(graph)
      try session.initializeVariables()
      for count in [3, 5, 1] {
        let error = #expect(throws: GraphError.self) {
          try session.run(
            [], feeds: [gradient: Tensor(zeros: [count], elementType: .float64)], targets: [step])
        }
        #expect(error?.message == "input \(input) has shape [\(count)], the variable [4]")
        #expect(error?.node != nil)
      }
      #expect(try session.value(of: w) == Tensor(Self.start))
      _ = try session.run(
        [], feeds: [gradient: Tensor(zeros: [4], elementType: .float64)], targets: [step])
    }
  }

  @Test func valuesOfAnotherSizeAreErrors() throws {
    for operation in [Assign(), AssignAdd(), AssignSub()] as [any Operation] {
      let graph = Graph()
      let value = graph.placeholder(.float64, ["n"])
      let w = try graph.variable(Tensor(Self.start), name: "w")
      let write = try graph.add(operation, [w.value, value])
      let session = Session(graph)
      try session.initializeVariables()
      for count in [1, 3, 500] {
        let error = #expect(throws: GraphError.self) {
          try session.run(
            [], feeds: [value: Tensor(zeros: [count], elementType: .float64)], targets: [write])
        }
        #expect(error?.message == "input 1 has shape [\(count)], the variable [4]")
      }
      #expect(try session.value(of: w) == Tensor(Self.start))
    }
  }

  /// What is written in place is a variable, not what is constant, fed or computed of one.
  @Test func onlyVariablesAreWritten() throws {
    let graph = Graph()
    let w = try graph.variable(Tensor(Self.start), name: "w").value
    let others = [
      graph.constant(Tensor(Self.start)), graph.placeholder(.float64, [4]), identity(w), softmax(w),
    ]
    var count = 0
    for type in OperationRegistry.builtIn {
      guard let operation = try? type.init(attributes: [:]) else { continue }
      for index in operation.mutatedInputs {
        count += 1
        for other in others {
          var inputs = Array(repeating: w, count: 10)
          inputs[index] = other
          let error = #expect(throws: GraphError.self) {
            try graph.add(operation, inputs, name: "write")
          }
          #expect(error?.message == "input \(index) is no variable")
          #expect(error?.node == "write")
        }
      }
    }
    // Three of Adam, two and three of those with slots, one of each other.
    #expect(count == 17)
  }

  @Test func assignAddAndSub() throws {
    let graph = Graph()
    let variable = try graph.variable(Tensor([1, 2] as [Int64]), name: "v")
    let step = graph.constant(Tensor([10, 20] as [Int64]))
    let (add, subtract) = (
      try graph.add(AssignAdd(), [variable.value, step]),
      try graph.add(AssignSub(), [variable.value, step])
    )
    let session = Session(graph)
    try session.initializeVariables()
    for _ in 0..<2 { _ = try session.run([], targets: [add]) }
    #expect(try session.value(of: variable) == Tensor([21, 42] as [Int64]))
    _ = try session.run([], targets: [subtract])
    #expect(try session.value(of: variable) == Tensor([11, 22] as [Int64]))
  }
}
