import Dataflow
import Foundation
import Testing

/// What plans fold and merge, and that it changes nothing.
@Suite struct RewritingTests {
  private let graph = Graph()

  private func operations(_ fetches: [Value], feeds: [Value] = []) throws -> [String] {
    let plan = try Session(graph).plan(feeds: feeds, fetches: fetches)
    return plan.description.split(separator: "\n").map { String($0.split(separator: " ")[2]) }
  }

  @Test func constantsAreFolded() throws {
    let x = graph.placeholder(.float64, [2])
    let two = sum(graph.constant(Tensor([0.5, 1.5])))
    let y = x * exp(two)
    #expect(try operations([y], feeds: [x]) == ["Mul"])
    let result = try Session(graph).run([y, two], feeds: [x: Tensor([1.0, 2])])
    #expect(result[1].scalar(as: Double.self) == 2)
    let plain = Session(graph, options: unoptimized)
    #expect(try plain.run([y, two], feeds: [x: Tensor([1.0, 2])]) == result)
  }

  @Test func equalNodesAreMerged() throws {
    let x = graph.placeholder(.float64, [2])
    let a = tanh(x) * graph.constant(3, .float64)
    let b = tanh(x) * graph.constant(3, .float64)
    let c = tanh(x) * graph.constant(4, .float64)
    let fetches = [a, b, c]
    #expect(try operations(fetches, feeds: [x]).filter { $0 == "Tanh" }.count == 1)
    let feeds = [x: Tensor([0.3, -2])]
    let plain = Session(graph, options: unoptimized)
    #expect(try Session(graph).run(fetches, feeds: feeds) == plain.run(fetches, feeds: feeds))
  }

  @Test func zerosOfDifferentSignStayApart() throws {
    let x = graph.placeholder(.float64, [])
    let one = graph.constant(1, .float64)
    let values = [0.0, -0.0].map { one / (x * graph.constant($0, .float64)) }
    let results = try Session(graph).run(values, feeds: [x: Tensor(1.0)])
    #expect(results.map { $0.scalar(as: Double.self) } == [.infinity, -.infinity])
  }

  /// What is computed of a constant, there or on another device, waits for what the constant waits for.
  @Test(arguments: [true, false]) func constantsWaitForTheirControlInputs(holds: Bool) throws {
    let condition = graph.placeholder(.bool, [])
    let check = try graph.assert(condition)
    let three = try graph.add(Const(Tensor(3.0)), controlInputs: [check]).output
    let elsewhere = graph.withDevice("CPU:1") { exp(three) }
    var options = SessionOptions()
    options.placement.devices = [CPUDevice(), CPUDevice(index: 1)]
    let session = Session(graph, options: options)
    for (value, expected) in [(three * three, 9), (identity(three), 3), (elsewhere, exp(3.0))] {
      func run() throws -> [Tensor] { try session.run([value], feeds: [condition: Tensor(holds)]) }
      if holds {
        #expect(abs(try run()[0].scalar(as: Double.self) - expected) < 1e-13)
      } else {
        #expect(throws: GraphError.self) { try run() }
      }
    }
  }

  /// Also where they begin and end alike, and where they were computed.
  @Test func constantsAreMergedWhereAllTheirBitsAreEqual() throws {
    let x = graph.placeholder(.float32, [3000])
    let constants = [2, 3, 2].map { (number: Float) in
      var numbers = Array(repeating: 1 as Float, count: 3000)
      numbers[1500] = number
      return graph.constant(Tensor(numbers))
    }
    #expect(try operations(constants.map { x * $0 }, feeds: [x]).count == 2)
    let two = graph.constant(2, .float32)
    let fours = [two + two, two * two, graph.constant(4, .float32)]
    #expect(try operations(fours.map { x * $0 }, feeds: [x]).count == 1)
  }

  @Test func attributesAreEqualWhereTheirBitsAre() throws {
    let x = graph.placeholder(.float32, [2])
    let slopes = [0.0, -0.0, .nan, .nan, 0.5, 0.5].map { leakyRelu(x, alpha: $0) }
    #expect(try operations(slopes, feeds: [x]).count == 4)
  }

  @Test func whatIsFedIsNotFolded() throws {
    let two = graph.constant(2, .float64)
    let y = two * two
    #expect(try Session(graph).run([y], feeds: [two: Tensor(3.0)])[0].scalar(as: Double.self) == 9)
  }

  /// What was read before a write is not read after it because its reader is joined with one that comes
  /// after.
  @Test func variablesAreReadBetweenTheSameWrites() throws {
    let v = try graph.variable(Tensor([1.0, 2]), name: "v")
    let before = v.value * 2
    let written = try graph.add(Assign(), [v.value, graph.constant(Tensor([10.0, 20]))]).output
    let both = before + written
    let after = written * 0.5 + written
    for session in [Session(graph), Session(graph, options: unoptimized)] {
      try session.initializeVariables()
      let results = try session.run([both, after])
      #expect(results[0] == Tensor([12.0, 24]))
      #expect(results[1] == Tensor([15.0, 30]))
    }
  }

  private var unoptimized: SessionOptions {
    var options = SessionOptions()
    options.isOptimized = false
    return options
  }
}
