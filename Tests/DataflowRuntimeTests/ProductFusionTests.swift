import Dataflow
import DataflowGraph
import Foundation
import TestSupport
import Testing

/// Products of matrices and functions of their elements, which the processor computes block by block.
@Suite struct ProductFusionTests {
  private let graph = Graph()

  private func tensor(_ shape: Shape, _ type: ElementType, seed: UInt64) -> Tensor {
    let numbers = Tensor.random(shape, seed: seed)
    guard type == .float32 else { return numbers }
    return Tensor(shape: shape, scalars: numbers.scalars(as: Double.self).map { Float($0) })
  }

  private func operations(_ fetches: [Value], targets: [Node] = []) throws -> [String] {
    let feeds = graph.nodes.filter { $0.operation is Placeholder }.map(\.output)
    let plan = try Session(graph).plan(feeds: feeds, fetches: fetches, targets: targets)
    return plan.description.split(separator: "\n").map { String($0.split(separator: " ")[2]) }
  }

  private func run(
    _ fetches: [Value], _ feeds: [Value: Tensor], isOptimized: Bool = true, threads: Int = 1
  ) throws -> [Tensor] {
    var options = SessionOptions(intraOpParallelismThreads: threads)
    options.isOptimized = isOptimized
    return try Session(graph, options: options).run(fetches, feeds: feeds)
  }

  /// Compares with the steps one by one, of which not a bit may differ, on several numbers of threads.
  private func compare(_ fetches: [Value], _ feeds: [Value: Tensor], _ what: Comment) throws {
    let apart = try run(fetches, feeds, isOptimized: false)
    for threads in 1...3 {
      let together = try run(fetches, feeds, threads: threads)
      for (a, b) in zip(together, apart) { #expect(a.hasSameBits(as: b), what) }
    }
  }

  /// Layers of one row, of many blocks of rows, of a long inner dimension, which is summed up in parts, and of
  /// none; alone, and with what the activation is of.
  @Test(arguments: [ElementType.float32, .float64], [0, 1, 2, 3])
  func layers(type: ElementType, transposed: Int) throws {
    let (transposeA, transposeB) = (transposed & 1 == 1, transposed & 2 == 2)
    let a = graph.placeholder(type, transposeA ? ["k", "n"] : ["n", "k"])
    let b = graph.placeholder(type, transposeB ? ["m", "k"] : ["k", "m"])
    let bias = graph.placeholder(type, ["m"])
    let z = biasAdd(matMul(a, b, transposeA: transposeA, transposeB: transposeB), bias)
    let y = exp(-square(z))
    #expect(try operations([y]) == ["FusedProduct"])
    #expect(try operations([y, z]) == ["FusedProduct"])
    let sizes = [
      (1, 1, 1), (70, 33, 5), (3, 9000, 65), (130, 64, 129), (0, 3, 2), (3, 0, 2), (3, 2, 0),
      (4000, 20, 128),
    ]
    for (n, k, m) in sizes {
      let feeds = [
        a: tensor(transposeA ? [k, n] : [n, k], type, seed: 1),
        b: tensor(transposeB ? [m, k] : [k, m], type, seed: 2), bias: tensor([m], type, seed: 3),
      ]
      for fetches in [[y], [y, z], [z, y]] {
        try compare(fetches, feeds, "\(n)x\(k)x\(m) \(type)")
      }
    }
  }

  /// Plain loops in double precision.
  @Test func numbers() throws {
    let (n, k, m) = (700, 40, 130)
    let a = graph.placeholder(.float64, ["n", 40])
    let b = graph.placeholder(.float64, [40, 130])
    let bias = graph.placeholder(.float64, [130])
    let z = biasAdd(matMul(a, b), bias)
    let y = tanh(z)
    let feeds = [
      a: tensor([n, k], .float64, seed: 1), b: tensor([k, m], .float64, seed: 2),
      bias: tensor([m], .float64, seed: 3),
    ]
    let found = try run([z, y], feeds, threads: 2).map { $0.scalars(as: Double.self) }
    let (left, right, added) = (
      feeds[a]!.scalars(as: Double.self), feeds[b]!.scalars(as: Double.self),
      feeds[bias]!.scalars(as: Double.self)
    )
    for row in 0..<n {
      for column in 0..<m {
        let expected = (0..<k).reduce(added[column]) {
          $0 + left[row * k + $1] * right[$1 * m + column]
        }
        #expect(abs(found[0][row * m + column] - expected) < 1e-12)
        #expect(abs(found[1][row * m + column] - Foundation.tanh(expected)) < 1e-12)
      }
    }
  }

  /// What is added, multiplied or chosen from may be repeated along rows, columns or both.
  @Test func othersBroadcast() throws {
    let (n, m) = (300, 70)
    let a = graph.placeholder(.float32, ["n", 20])
    let b = graph.placeholder(.float32, [20, "m"])
    let mask = graph.placeholder(.bool, [1, "m"])
    for shape in [[n, m], [n, 1], [1, m], [m], [1, 1], [], [1]] as [Shape] {
      let symbols = shape.dimensions.map { $0 == n ? "n" : $0 == m ? "m" : Dimension($0) }
      let other = graph.placeholder(.float32, SymbolicShape(symbols))
      let z = select(mask, matMul(a, b) * other, other)
      let feeds = [
        a: tensor([n, 20], .float32, seed: 1), b: tensor([20, m], .float32, seed: 2),
        other: tensor(shape, .float32, seed: 3),
        mask: Tensor(shape: [1, m], scalars: (0..<m).map { $0 % 3 == 0 }),
      ]
      #expect(try operations([z, exp(z)]) == ["FusedProduct"], "\(shape)")
      try compare([z, exp(z), square(exp(z)) + other], feeds, "\(shape)")
    }
  }

  /// Values and gradients of layers, of which forward and backward steps are joined.
  @Test func gradients() throws {
    let x = graph.placeholder(.float64, ["n", 12])
    let w = graph.placeholder(.float64, [12, 24])
    let v = graph.placeholder(.float64, [24, 10])
    let h = exp(-square(biasAdd(matMul(x, w), graph.constant(Tensor.random([24], seed: 9)))))
    let y = sum(square(tanh(matMul(h, v))))
    let gradients = try graph.gradients(of: [y], withRespectTo: [x, w, v]).map { $0! }
    let names = try operations([y] + gradients)
    // Two layers forward, and the way back through the second one.
    #expect(names.filter { $0 == "FusedProduct" }.count == 3, "\(names)")
    let feeds = [
      x: tensor([1500, 12], .float64, seed: 4), w: tensor([12, 24], .float64, seed: 5),
      v: tensor([24, 10], .float64, seed: 6),
    ]
    try compare([y] + gradients, feeds, "gradients")
  }

  /// An activation that something waits for, or that is run for its own sake, stays known.
  @Test func activationsAsTargets() throws {
    let a = graph.placeholder(.float64, [5, 5])
    let z = matMul(a, a)
    let y = tanh(z)
    let waiting = try graph.add(NoOp(), [], controlInputs: [y.node])
    #expect(try operations([z], targets: [waiting]).filter { $0 == "Tanh" }.count == 1)
    let session = Session(graph)
    let feeds = [a: tensor([5, 5], .float64, seed: 1)]
    let alone = try session.run([z], feeds: feeds)[0]
    for targets in [[y.node], [waiting], [waiting, y.node]] {
      #expect(try session.run([z], feeds: feeds, targets: targets)[0].hasSameBits(as: alone))
    }
  }

  /// Of two functions of a product one is computed with it; a factor that is added too is not overwritten.
  @Test func whatStaysApart() throws {
    let a = graph.placeholder(.float64, [40, 40])
    let h = exp(a)
    let z = matMul(h, h, transposeA: true) + h
    #expect(
      try operations([z, tanh(z), exp(z)]).sorted() == ["Exp", "Exp", "FusedProduct"])
    #expect(try operations([z, z .> 0]).sorted() == ["Exp", "FusedProduct", "Greater"])
    try compare(
      [z, tanh(z), exp(z), z .> 0, h], [a: tensor([40, 40], .float64, seed: 5)], "apart")
  }

  /// A product is not computed after a write that its factor was read before.
  @Test func factorsAreReadBetweenTheSameWrites() throws {
    let x = graph.placeholder(.float64, [2, 2])
    let w = try graph.variable(Tensor(shape: [2, 2], scalars: [1.0, 2, 3, 4]), name: "w")
    let before = matMul(x, w.value)
    let new = graph.constant(Tensor(shape: [2, 2], scalars: [5.0, 6, 7, 8]))
    let both = before * (try graph.add(Assign(), [w.value, new]).output)
    let session = Session(graph)
    try session.initializeVariables()
    let results = try session.run(
      [both], feeds: [x: Tensor(shape: [2, 2], scalars: [1.0, 0, 0, 1])])
    #expect(results[0] == Tensor(shape: [2, 2], scalars: [5.0, 12, 21, 32]))
  }
}
