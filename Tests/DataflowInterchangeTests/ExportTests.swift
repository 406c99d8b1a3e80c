import Dataflow
import Foundation
import TestSupport
import Testing

@Suite struct ExportTests {
  private static let names = (try? ExportSample.all.map(\.name)) ?? []

  @Test func thereAreSamples() throws {
    #expect(try ExportSample.all.count == 11)
  }

  @Test(arguments: names) func exportsReturn(name: String) throws {
    let sample = try #require(try ExportSample.all.first { $0.name == name })
    let def = try GraphDef(exporting: sample.graph)
    #expect(def == (try GraphDef(exporting: sample.graph)))
    let returned = try Graph(importing: try GraphDef(binary: def.binary))
    let expected = try sample.results()
    let found = try sample.results(in: returned)
    for (index, fetch) in sample.fetches.enumerated() {
      #expect(found[index].distance(to: expected[index]) <= 1e-6, "\(fetch.name)")
    }
  }

  @Test func attributesBecomeConstants() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, ["rows", 3], name: "x")
    _ = try graph.add(Sum(axes: [1], keepDims: false), [x], name: "sum")
    let def = try GraphDef(exporting: graph)
    #expect(def.nodes.map(\.name) == ["x", "sum/axes", "sum"])
    #expect(def.nodes[0].attributes["shape"] == .shape(TensorShapeProto(sizes: [-1, 3])))
    #expect(def.nodes[2].inputs == ["x", "sum/axes"])
    #expect(
      def.nodes[2].attributes
        == ["T": .type(.float), "Tidx": .type(DataType(.int32)), "keep_dims": .bool(false)])
  }

  @Test func placesAndOrderAreKept() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [2], name: "x")
    let first = try graph.withDevice("/job:worker/task:1/device:GPU:0") {
      try graph.add(Neg(), [x], name: "first")
    }
    let second = try graph.withColocation(first) {
      try graph.add(Exp(), [x], name: "second", controlInputs: [first])
    }
    let def = try GraphDef(exporting: graph)
    #expect(def.nodes[1].device == "/job:worker/task:1/device:GPU:0")
    #expect(def.nodes[2].inputs == ["x", "^first"])
    let returned = try Graph(importing: def)
    #expect(returned.node(named: "first")?.device == first.device)
    #expect(returned.node(named: "second")?.controlInputs.map(\.name) == ["first"])
    #expect(returned.node(named: "second")?.colocation?.name == second.colocation?.name)
  }

  @Test func whatIsReadAfterAWriteStaysAfterIt() throws {
    let sample = try #require(try ExportSample.all.first { $0.name == "ordered" })
    let returned = try Graph(importing: try GraphDef(exporting: sample.graph))
    #expect(
      try sample.results(in: returned) == [
        Tensor([100, 400] as [Float]), Tensor(Float(30)), Tensor([20, 0] as [Float]),
      ])
    let loop = try #require(returned.nodes.first { $0.operation is While })
    #expect(loop.controlInputs.map(\.name) == ["write"])
  }

  /// What a function captures is what the node that runs it reads.
  @Test func functionsReadTheInputsOfTheirNode() throws {
    let graph = try Graph(
      text: """
        a = placeholder(float[2])
        b = placeholder(float[2])
        c = placeholder(bool)
        function f() {
          p = capture(a)
          return p * 2
        }
        y = If(c, a, a, then_branch: f, else_branch: f)
        z = If(c, b, b, then_branch: f, else_branch: f)
        """)
    for graph in [graph, try Graph(importing: try GraphDef(exporting: graph))] {
      let feeds = [
        try graph.value(named: "a"): Tensor([1, 2] as [Float]),
        try graph.value(named: "b"): Tensor([10, 20] as [Float]),
        try graph.value(named: "c"): Tensor(true),
      ]
      let results = try Session(graph).run(
        [try graph.value(named: "y"), try graph.value(named: "z")], feeds: feeds)
      #expect(results == [Tensor([2, 4] as [Float]), Tensor([20, 40] as [Float])])
    }
  }

  /// A check that nothing reads is part of what a branch or a loop does.
  @Test(arguments: [
    "branch", "branch without results", "condition", "body", "body with a branch",
  ])
  func whatFunctionsOnlyDoIsDone(place: String) throws {
    let original = try checkedGraph(place)
    let returned = try Graph(importing: try GraphDef(exporting: original))
    for graph in [original, returned] {
      func run(isRight: Bool, isTaken: Bool) throws -> [Tensor] {
        try Session(graph).run(
          [try graph.value(named: "result")],
          feeds: [
            try graph.value(named: "x"): Tensor(Float(2)),
            try graph.value(named: "is_right"): Tensor(isRight),
            try graph.value(named: "is_taken"): Tensor(isTaken),
          ])
      }
      let error = #expect(throws: GraphError.self) { try run(isRight: false, isTaken: true) }
      #expect(error?.message == "assertion failed: [2.0]")
      #expect(try run(isRight: true, isTaken: true) == [Tensor(Float(-2))])
      if place.contains("branch") {
        #expect(try run(isRight: false, isTaken: false) == [Tensor(Float(-2))])
      }
    }
  }

  /// A graph whose result waits for a branch or a loop with a check.
  private func checkedGraph(_ place: String) throws -> Graph {
    let graph = Graph()
    let x = graph.placeholder(.float32, [], name: "x")
    let isRight = graph.placeholder(.bool, [], name: "is_right")
    let isTaken = graph.placeholder(.bool, [], name: "is_taken")
    func check(_ body: Graph) throws { _ = try body.add(Assert(), [isRight, x], name: "check") }
    if place.hasPrefix("branch") {
      let hasResults = place == "branch"
      _ = try conditional(isTaken, name: "watched") { body in
        try check(body)
        return hasResults ? [try body.add(Neg(), [x]).output] : []
      } else: { body in
        hasResults ? [try body.add(Identity(), [x]).output] : []
      }
    } else {
      _ = try whileLoop([graph.constant(0, .float32)], name: "watched") { body, state in
        if place == "condition" { try check(body) }
        return try body.add(Less(), [state[0], body.constant(3, .float32)]).output
      } body: { body, state in
        if place == "body" { try check(body) }
        if place == "body with a branch" {
          let taken = try body.add(Switch(), [x, isTaken])[1]
          _ = try body.add(Assert(), [isRight, taken], name: "check")
        }
        return [try body.add(AddV2(), [state[0], body.constant(1, .float32)]).output]
      }
    }
    let watched = try #require(graph.node(named: "watched"))
    _ = try graph.add(Neg(), [x], name: "result", controlInputs: [watched])
    return graph
  }

  @Test func loopsWithoutVariablesAreRefused() throws {
    let graph = try Graph(
      text: """
        c = placeholder(bool)
        function goes() { return c }
        function nothing() { return }
        y = While(cond: goes, body: nothing)
        """)
    let error = #expect(throws: GraphError.self) { try GraphDef(exporting: graph) }
    #expect(error?.node == "y")
    #expect(
      error?.message == "has no loop variables, without which TensorFlow 1 has no loops")
  }

  @Test func saysWhatTensorFlowDoesNotHave() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [2], name: "x")
    let zero = graph.constant(Tensor(Int32(0)))
    let loop = try whileLoop([zero, x], name: "steps") { body, state in
      try body.add(Less(), [state[0], body.constant(Tensor(Int32(3)))]).output
    } body: { body, state in
      [try body.add(AddV2(), [state[0], body.constant(Tensor(Int32(1)))]).output, exp(state[1])]
    }
    _ = try graph.gradient(of: loop[1], withRespectTo: x)
    let error = #expect(throws: GraphError.self) { try GraphDef(exporting: graph) }
    #expect(error?.node == "steps")
    #expect(error?.message.hasSuffix("TensorFlow's loops have only the first 2") == true)
  }
}
