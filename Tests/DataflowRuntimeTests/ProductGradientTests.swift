import Dataflow
import DataflowGraph
import Testing

/// Derivatives of products with zeros among the factors, where a division by them would give nothing.
@Suite struct ProductGradientTests {
  /// Products of the chosen elements of three, by the functions whose derivatives are tested.
  enum Product: String, CaseIterable {
    case prod, cumprod, exclusive, reverse, sorted, unsorted

    func value(_ x: Value) throws -> Value {
      let ids = x.graph.constant(Tensor([0, 0, 0] as [Int32]))
      func element(_ y: Value, _ place: Dimension) -> Value {
        sum(slice(y, begin: [place], size: [1]))
      }
      switch self {
      case .prod: return DataflowGraph.prod(x)
      case .cumprod: return element(DataflowGraph.cumprod(x, axis: 0), 2)
      case .exclusive:
        let longer = pad(x, before: [0], after: [1])
        return element(DataflowGraph.cumprod(longer, axis: 0, exclusive: true), 3)
      case .reverse: return element(DataflowGraph.cumprod(x, axis: 0, reverse: true), 0)
      case .sorted: return sum(segmentProd(x, ids))
      case .unsorted: return sum(unsortedSegmentProd(x, ids, segments: 1))
      }
    }
  }

  /// d²(abc) and d³(abc), of which every element is known.
  @Test(arguments: Product.allCases) func allOrdersAreRight(product: Product) throws {
    let graph = Graph()
    let x = graph.placeholder(.float64, [3])
    let y = try product.value(x)
    let first = try graph.gradient(of: y, withRespectTo: x)
    let rows = try (0..<3).map { row in
      try graph.gradient(
        of: sum(slice(first, begin: [Dimension(row)], size: [1])), withRespectTo: x)
    }
    let third = try graph.gradient(
      of: sum(slice(rows[0], begin: [1], size: [1])), withRespectTo: x)
    let session = Session(graph)
    for (a, b, c) in [(2.0, 3.0, 4.0), (0, 3, 4), (2, 0, 0), (0, 0, 0), (2, 3, 0)] {
      let results = try session.run(
        [y, first] + rows + [third], feeds: [x: Tensor([a, b, c])]
      ).map { $0.scalars(as: Double.self) }
      #expect(
        results == [
          [a * b * c], [b * c, a * c, a * b], [0, c, b], [c, 0, a], [b, a, 0], [0, 0, 1],
        ], "\((a, b, c))")
    }
  }

  /// Ids in any order and rows of several elements: derivatives by differences.
  @Test func segmentsInAnyOrder() throws {
    let graph = Graph()
    let x = graph.placeholder(.float64, [6, 2])
    let ids = graph.constant(Tensor([2, 0, 2, -1, 0, 2] as [Int64]))
    let y = sum(square(unsortedSegmentProd(x, ids, segments: 4) + 0.5))
    let first = try graph.gradient(of: y, withRespectTo: x)
    let weights = graph.constant(Tensor.random([6, 2], seed: 3))
    let second = try graph.gradient(of: sum(first * weights), withRespectTo: x)
    let session = Session(graph)
    var elements = Tensor.random([6, 2], seed: 1).scalars(as: Double.self)
    elements[0] = 0
    elements[9] = 0
    func run(_ value: Value, _ elements: [Double]) throws -> [Double] {
      try session.run([value], feeds: [x: Tensor(shape: [6, 2], scalars: elements)])[0]
        .scalars(as: Double.self)
    }
    let (gradient, curvature) = (try run(first, elements), try run(second, elements))
    let step = 1e-5
    for index in elements.indices {
      var (up, down) = (elements, elements)
      up[index] += step
      down[index] -= step
      let slope = (try run(y, up)[0] - run(y, down)[0]) / (2 * step)
      #expect(abs(gradient[index] - slope) < 1e-8)
      let sums = try [up, down].map { elements in
        zip(try run(first, elements), Tensor.random([6, 2], seed: 3).scalars(as: Double.self))
          .reduce(0) { $0 + $1.0 * $1.1 }
      }
      #expect(abs(curvature[index] - (sums[0] - sums[1]) / (2 * step)) < 1e-8)
    }
  }
}
