import Dataflow
import DataflowFormats
import TestSupport
import Testing

/// Graphs as they are shown, and what their operations cost in a run.
@Suite struct GraphDescriptionTests {
  private func makeNetwork() throws -> (graph: Graph, x: Value, y: Value, weights: Variable) {
    let graph = Graph()
    let x = graph.placeholder(.float64, ["rows", 3], name: "x")
    let weights = try graph.variable(Tensor.random([3, 4], seed: 1), name: "layer/weights")
    let y = graph.withNameScope("layer") { exp(matMul(x, weights.value)) }
    return (graph, x, y, weights)
  }

  @Test func everyNodeIsThereWithItsInputs() throws {
    let (graph, x, y, weights) = try makeNetwork()
    let large = graph.constant(Tensor(zeros: [5, 5], elementType: .float32), name: "large")
    let small = graph.constant(Tensor([1, 2] as [Float]), name: "small")
    let branch = try conditional(
      graph.add(Greater(), [sum(x), graph.constant(0, .float64)]).output,
      then: { _ in [sum(large)] },
      else: { _ in [sum(small)] })[0]
    _ = try AdamOptimizer().apply(
      try graph.gradients(of: [y], withRespectTo: [weights.value]).map { $0! }, to: [weights],
      learningRate: graph.constant(0.1, .float64))
    let def = GraphDef(describing: graph)
    let nodes = Dictionary(uniqueKeysWithValues: def.nodes.map { ($0.name, $0) })
    #expect(def.nodes.map(\.name) == graph.nodes.map(\.name))
    for node in def.nodes {
      for input in node.inputs {
        let source = (input.hasPrefix("^") ? input.dropFirst() : input[...]).split(separator: ":")
        #expect(nodes[String(source[0])] != nil, "\(node.name) reads \(input)")
      }
    }
    #expect(def.nodes.contains { $0.inputs.contains { $0.hasPrefix("^") } })
    #expect(nodes["layer/MatMul"]?.op == "MatMul")
    #expect(nodes["layer/MatMul"]?.inputs == ["x", weights.value.name])
    #expect(nodes["gradients/layer/MatMul_grad/MatMul"] != nil)
    guard case .list(let shapes) = nodes["layer/Exp"]?.attributes["_output_shapes"] else {
      Issue.record("no shapes")
      return
    }
    // What is not known beforehand is -1.
    #expect(shapes.shapes == [TensorShapeProto(sizes: [-1, 4])])
    #expect(nodes["large"]?.attributes["value"] == .text("float[5, 5]"))
    guard case .tensor = nodes["small"]?.attributes["value"] else {
      Issue.record("a small constant is not there")
      return
    }
    #expect(nodes[branch.node.name] != nil)
    #expect(try GraphDef(binary: def.binary) == def)
  }

  @Test(arguments: [1, 2]) func costsAreThoseOfTheSizesOfTheRun(lanes: Int) throws {
    let (graph, x, y, _) = try makeNetwork()
    let session = Session(graph, options: SessionOptions(interOpParallelismThreads: lanes))
    try session.initializeVariables()
    for rows in [2, 7] {
      let trace = RunTrace()
      let feeds = [x: Tensor(zeros: [rows, 3], elementType: .float64)]
      let found = try session.run([y], feeds: feeds, options: RunOptions(trace: trace))
      let untraced = try session.run([y], feeds: feeds)
      #expect(untraced[0].scalars(as: Double.self) == found[0].scalars(as: Double.self))
      let product = try #require(trace.records.first { $0.operation == "FusedProduct" })
      #expect(product.flops >= 2 * rows * 3 * 4)
      #expect(product.inputs.contains("x"))
      let metadata = try RunMetadata(binary: RunMetadata(trace).binary)
      #expect(metadata.devices.map(\.name) == ["/job:localhost/replica:0/task:0/device:CPU:0"])
      let step = try #require(metadata.devices[0].steps.first { $0.node == product.node })
      #expect(step.operation.map(String.init) == product.operation)
      #expect(step.flops == product.flops && step.bytes == product.bytes)
      #expect(step.nanoseconds > 0 && step.microseconds == (step.nanoseconds + 999) / 1000)
      // Each has its place in the drawing.
      let names = Set(GraphDef(describing: graph).nodes.map(\.name))
      #expect(metadata.devices[0].steps.allSatisfy { names.contains($0.node) })
      let bytes = 8 * (3 * rows + 3 * 4 + 4 * rows)
      let all = metadata.devices[0].steps.compactMap(\.bytes)
      #expect(all.count == metadata.devices[0].steps.count)
      #expect(all.reduce(0, +) >= bytes)
    }
  }

  /// Every element of every block is multiplied once; a product with a vector adds it up too.
  @Test func productsOfBlocksTellTheirWork() throws {
    let graph = Graph()
    let blocks = graph.placeholder(.float64, ["blocks", 3, 4], name: "blocks")
    let x = graph.placeholder(.float64, ["rows", 4], name: "x")
    let starts = graph.placeholder(.int32, [Dimension(symbol: "rows") + 1], name: "starts")
    let y = blockSparseProduct(blocks, x, rowStarts: starts)
    let gradients = try graph.gradients(of: [sum(square(y))], withRespectTo: [blocks, x])
    let trace = RunTrace()
    _ = try Session(graph).run(
      gradients.map { $0! },
      feeds: [
        blocks: Tensor(zeros: [5, 3, 4], elementType: .float64),
        x: Tensor(zeros: [2, 4], elementType: .float64), starts: Tensor([0, 2, 5] as [Int32]),
      ], options: RunOptions(trace: trace))
    let flops = Dictionary(trace.records.map { ($0.operation, $0.flops) }) { $0 + $1 }
    #expect(flops["BlockSparseProduct"] == 2 * 5 * 3 * 4)
    #expect(flops["BlockSparseTransposedProduct"] == 2 * 5 * 3 * 4)
    #expect(flops["BlockSparseOuterProduct"] == 5 * 3 * 4)
  }

  @Test func labelsOfOthersHaveNoNumbers() {
    var step = RunMetadata.Step()
    step.label = "y = MatMul(x, w)"
    #expect(step.operation == "MatMul" && step.flops == nil && step.bytes == nil)
    step.label = "[0.1MB 0.2MB] y"
    #expect(step.operation == nil && step.flops == nil)
    step.label = ""
    #expect(step.operation == nil)
  }
}
