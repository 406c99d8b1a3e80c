import Dataflow
import TestSupport
import Testing

/// Products of matrices and functions of their elements, which devices compute as one step.
@Suite(
  .enabled(if: TestDevice.isPresent, TestDevice.absence), .serialized, .timeLimit(.minutes(20)))
struct DeviceFusionTests {
  private let graph = Graph()

  private func tensor(_ shape: Shape, _ type: ElementType, seed: UInt64) -> Tensor {
    let numbers = Tensor.random(shape, seed: seed)
    guard type == .float32 else { return numbers }
    return Tensor(shape: shape, scalars: numbers.scalars(as: Double.self).map { Float($0) })
  }

  /// The operations of the plan, without those that copy between devices.
  private func operations(_ fetches: [Value], feeds: [Value: Tensor]) throws -> [String] {
    let plan = try DeviceComparison.session(graph).plan(feeds: Array(feeds.keys), fetches: fetches)
    return plan.description.split(separator: "\n").map { String($0.split(separator: " ")[2]) }
      .filter { $0 != "CopyToDevice" }
  }

  /// Compares with the processor, and with the device's steps one by one, of which not a bit may differ.
  private func compare(
    _ fetches: [Value], _ feeds: [Value: Tensor], _ tolerance: Double, _ what: Comment
  ) throws {
    try DeviceComparison.compare(graph, fetches, feeds, tolerance, what)
    let together = try DeviceComparison.session(graph).run(fetches, feeds: feeds)
    let apart = try DeviceComparison.session(graph, isOptimized: false).run(fetches, feeds: feeds)
    for (a, b) in zip(together, apart) { #expect(a.hasSameBits(as: b), what) }
  }

  /// A product is not computed after a write that its factor was read before.
  @Test func factorsAreReadBetweenTheSameWrites() throws {
    let x = graph.placeholder(.float64, [2, 2])
    let w = try graph.variable(Tensor(shape: [2, 2], scalars: [1.0, 2, 3, 4]), name: "w")
    let before = matMul(x, w.value)
    let new = graph.constant(Tensor(shape: [2, 2], scalars: [5.0, 6, 7, 8]))
    let both = before * (try graph.add(Assign(), [w.value, new]).output)
    let session = DeviceComparison.session(graph)
    try session.initializeVariables()
    let results = try session.run(
      [both], feeds: [x: Tensor(shape: [2, 2], scalars: [1.0, 0, 0, 1])])
    #expect(results[0] == Tensor(shape: [2, 2], scalars: [5.0, 12, 21, 32]))
  }

  /// Layers of one row and of many, of a long inner dimension, which is summed up in parts, and of none.
  @Test(arguments: [ElementType.float32, .float64], [0, 1, 2, 3])
  func layers(type: ElementType, transposed: Int) throws {
    let (transposeA, transposeB) = (transposed & 1 == 1, transposed & 2 == 2)
    let a = graph.placeholder(type, transposeA ? ["k", "n"] : ["n", "k"])
    let b = graph.placeholder(type, transposeB ? ["m", "k"] : ["k", "m"])
    let bias = graph.placeholder(type, ["m"])
    let z = biasAdd(matMul(a, b, transposeA: transposeA, transposeB: transposeB), bias)
    let layers = [
      tanh(z), relu(z), exp(-square(z)), z, select(z .< 0.5, z * 0.25, z),
      select(z .> 0, z, exp(z) - 1),
    ]
    for (n, k, m) in [(1, 1, 1), (70, 33, 5), (3, 2000, 65), (130, 64, 129), (0, 3, 2), (3, 0, 2)] {
      let feeds = [
        a: tensor(transposeA ? [k, n] : [n, k], type, seed: 1),
        b: tensor(transposeB ? [m, k] : [k, m], type, seed: 2), bias: tensor([m], type, seed: 3),
      ]
      for y in layers.prefix(2) {
        #expect(try operations([y], feeds: feeds) == ["FusedProduct"])
        // Sums of that many terms differ by their order.
        let tolerance = type == .float32 ? (k > 1000 ? 1e-4 : 1e-5) : 1e-12
        try compare([y], feeds, tolerance, "\(n)x\(k)x\(m) \(type)")
      }
      // The layer is wanted in several places, so that the product is a step of its own, or in one.
      try compare(layers, feeds, type == .float32 ? 1e-4 : 1e-12, "\(n)x\(k)x\(m) \(type) together")
    }
  }

  /// What stands beside the product may be repeated along rows, columns or both, or be boolean.
  @Test func othersBroadcast() throws {
    let (n, k, m) = (67, 20, 70)
    let others = [[n, m], [n, 1], [1, m], [m], [1, 1], [], [1]] as [Shape]
    for isKnown in [true, false] {
      func symbolic(_ shape: Shape) -> SymbolicShape {
        SymbolicShape(
          shape.dimensions.map {
            $0 == n && !isKnown ? "n" : $0 == m && !isKnown ? "m" : Dimension($0)
          })
      }
      let a = graph.placeholder(.float64, symbolic([n, k]))
      let b = graph.placeholder(.float64, symbolic([k, m]))
      for shape in others {
        let other = graph.placeholder(.float64, symbolic(shape))
        let y = tanh(matMul(a, b) * other + 0.5)
        let feeds = [
          a: tensor([n, k], .float64, seed: 1), b: tensor([k, m], .float64, seed: 2),
          other: tensor(shape, .float64, seed: 3),
        ]
        #expect(try operations([y], feeds: feeds) == ["FusedProduct"], "\(shape)")
        try compare([y], feeds, 1e-12, "\(shape), known: \(isKnown)")
      }
    }
    let a = graph.placeholder(.float64, ["n", 20])
    let b = graph.placeholder(.float64, [20, "m"])
    let mask = graph.placeholder(.bool, [1, "m"])
    let y = select(mask, matMul(a, b), graph.constant(0, .float64))
    let feeds = [
      a: tensor([n, k], .float64, seed: 1), b: tensor([k, m], .float64, seed: 2),
      mask: Tensor(shape: [1, m], scalars: (0..<m).map { $0 % 3 == 0 }),
    ]
    #expect(try operations([y], feeds: feeds) == ["FusedProduct"])
    try compare([y], feeds, 1e-12, "mask")
  }

  /// A factor, or a view of it, that is also what is added is not overwritten.
  @Test func factorsThatAreAddedToo() throws {
    let x = graph.placeholder(.float64, [40, 40])
    let h = exp(x)
    let y = tanh(matMul(h, h, transposeA: true) + h)
    let z = matMul(y, reshape(y, [40, 40])) * y
    let feeds = [x: tensor([40, 40], .float64, seed: 5)]
    #expect(try operations([z], feeds: feeds) == ["Exp", "FusedProduct", "FusedProduct"])
    try compare([z], feeds, 1e-12, "factors")
  }

  /// What is wanted itself, or by others, or is no number, stays apart; of two products one is joined.
  @Test func whatStaysApart() throws {
    let a = graph.placeholder(.float64, [5, 5])
    let (p, q) = (matMul(a, a), matMul(a, a, transposeA: true))
    let feeds = [a: tensor([5, 5], .float64, seed: 1)]
    let y = tanh(p)
    #expect(try operations([y, p], feeds: feeds) == ["MatMul", "Tanh"])
    #expect(try operations([tanh(p) + exp(p)], feeds: feeds) == ["MatMul", "FusedElementwise"])
    #expect(try operations([p .> 0], feeds: feeds) == ["MatMul", "Greater"])
    #expect(try operations([exp(p + q)], feeds: feeds).sorted() == ["FusedProduct", "MatMul"])
    try compare([y, p, p .> 0, exp(p + q)], feeds, 1e-12, "apart")
  }

  /// Forces are first derivatives, and training on them takes the second.
  @Test func gradientsOfTwoOrders() throws {
    let x = graph.placeholder(.float64, ["n", 12])
    var h = x
    var weights: [Value] = []
    for (number, (inner, width)) in [(12, 24), (24, 10), (10, 1)].enumerated() {
      let w = graph.placeholder(.float64, [Dimension(inner), Dimension(width)])
      weights.append(w)
      h = biasAdd(matMul(h, w), graph.constant(Tensor.random([width], seed: 9)))
      if number < 2 { h = number == 0 ? exp(-square(h)) : tanh(h) }
    }
    let force = try graph.gradient(of: h, withRespectTo: x)
    let loss = sum(square(h)) + sum(square(force))
    let gradients = try graph.gradients(of: [loss], withRespectTo: weights).map { $0! }
    var feeds = [x: tensor([37, 12], .float64, seed: 4)]
    for (number, shape) in ([[12, 24], [24, 10], [10, 1]] as [Shape]).enumerated() {
      feeds[weights[number]] = tensor(shape, .float64, seed: UInt64(20 + number))
    }
    let fetches = [h, force, loss] + gradients
    let names = try operations(fetches, feeds: feeds)
    // Forward three, and most of those backward: what is left alone are products that are results.
    #expect(names.filter { $0 == "FusedProduct" }.count >= 6, "\(names)")
    try compare(fetches, feeds, 1e-11, "gradients")
  }
}
