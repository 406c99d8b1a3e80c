import Dataflow

/// A graph of operations drawn at random, equal for equal seeds, and tensors to feed it with.
public struct RandomGraph {
  public let graph = Graph()
  public private(set) var feeds: [Value: Tensor] = [:]
  public private(set) var fetches: [Value] = []
  private var generator: PhiloxGenerator
  private var values: [Value] = []

  /// - Parameters:
  ///   - operations: how many operations there are, without constants and placeholders.
  ///   - namesSizes: whether the number of rows is a named size.
  public init(seed: UInt64, operations: Int, namesSizes: Bool = false) {
    generator = PhiloxGenerator(seed: seed, stream: 7)
    let rows = 1 + number(below: 6)
    let columns = 1 + number(below: 5)
    for index in 0..<3 {
      let dimension: Dimension = namesSizes ? "rows" : Dimension(rows)
      let value = graph.placeholder(.float64, [dimension, Dimension(columns)], name: "x\(index)")
      feeds[value] = .random([rows, columns], seed: generator.next())
      values.append(value)
    }
    for _ in 0..<operations { values.append(operation(columns)) }
    fetches = (0..<3).map { _ in pick() } + [values.last!]
    // Gradients make graphs that nobody would write.
    let loss = fetches.map { sum(square(tanh($0))) }.reduce(graph.constant(0, .float64), +)
    fetches += feeds.keys.sorted { $0.name < $1.name }.map { source in
      do { return try graph.gradient(of: loss, withRespectTo: source) } catch {
        fatalError("\(error)")
      }
    }
  }

  private mutating func number(below bound: Int) -> Int { Int(generator.next() % UInt64(bound)) }
  private mutating func pick() -> Value { values[number(below: values.count)] }

  /// A value of rank 2 made of others of rank 2; one may have a single row or column.
  private mutating func operation(_ columns: Int) -> Value {
    let x = pick()
    switch number(below: 12) {
    case 0: return tanh(x)
    case 1: return exp(-square(x))
    case 2: return relu(x) - x * 0.25
    case 3: return combine(x) { $0 + $1 }
    case 4: return combine(x) { $0 * $1 }
    case 5: return combine(x) { maximum($0, $1) - minimum($0, $1) * 0.5 }
    case 6: return sum(x, axes: [1], keepDims: true) * 0.3
    case 7: return combine(x) { a, b in select(a.isGreater(than: b), a, b * 0.5) }
    case 8:
      guard let width = x.shape[1].known else { return -x }
      let weights = Tensor.random([width, columns], seed: generator.next())
      return matMul(x, graph.constant(weights))
    case 9: return stopGradient(x) + abs(x)
    case 10: return reshape(reshape(x, [x.shape.elementCount]), x.shape)
    default: return identity(x) / (square(x) + 1)
    }
  }

  /// Of two values that broadcast; of the first alone if they do not.
  private mutating func combine(_ x: Value, _ function: (Value, Value) -> Value) -> Value {
    let y = pick()
    let fits = zip(x.shape.dimensions, y.shape.dimensions).allSatisfy {
      $0 == $1 || $0 == 1 || $1 == 1
    }
    return function(x, fits ? y : x * x)
  }
}

extension Value {
  fileprivate func isGreater(than other: Value) -> Value { graph.apply(Greater(), self, other) }
}
