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
    do {
      for _ in 0..<operations { values.append(try operation(columns)) }
      fetches = (0..<3).map { _ in pick() } + [values.last!]
      // Gradients make graphs that nobody would write.
      let loss = fetches.map { sum(square(tanh($0))) }.reduce(graph.constant(0, .float64), +)
      fetches += try feeds.keys.sorted { $0.name < $1.name }.map { source in
        try graph.gradient(of: loss, withRespectTo: source)
      }
    } catch {
      fatalError("\(error)")
    }
  }

  private mutating func number(below bound: Int) -> Int { Int(generator.next() % UInt64(bound)) }
  private mutating func pick() -> Value { values[number(below: values.count)] }

  /// A value of rank 2 made of others of rank 2; one may have a single row or column.
  private mutating func operation(_ columns: Int) throws -> Value {
    let x = pick()
    switch number(below: 13) {
    case 0...2: return function(of: x)
    case 3...5: return combination(x)
    case 6: return reduction(x)
    case 7, 8: return try arrangement(x)
    case 9: return product(x, columns)
    case 10: return try picked(x)
    case 11: return along(x)
    default: return number(below: 4) == 0 ? try branch(x) : identity(x) / (square(x) + 1)
    }
  }

  private mutating func function(of x: Value) -> Value {
    switch number(below: 18) {
    case 0: tanh(x)
    case 1: exp(-square(x))
    case 2: relu(x) - x * 0.25
    case 3: stopGradient(x) + abs(x)
    case 4: sigmoid(x)
    case 5: softplus(x)
    case 6: log(square(x) + 0.5)
    case 7: sqrt(square(x) + 0.25)
    case 8: rsqrt(square(x) + 1)
    case 9: sin(x) - cos(x)
    case 10: erf(x)
    case 11: elu(x)
    case 12: atan(x)
    case 13: floor(x) - sign(x)
    case 14: clipByValue(x, graph.constant(-0.5, .float64), graph.constant(1, .float64))
    case 15: cast(cast(x, to: .float32), to: .float64)
    case 16: pow(abs(x) + 0.5, graph.constant(1.5, .float64))
    default: log1p(square(x)) - expm1(-abs(x))
    }
  }

  private mutating func combination(_ x: Value) -> Value {
    switch number(below: 9) {
    case 0: combine(x) { $0 + $1 }
    case 1: combine(x) { $0 * $1 }
    case 2: combine(x) { maximum($0, $1) - minimum($0, $1) * 0.5 }
    case 3: combine(x) { a, b in select(a .> b, a, b * 0.5) }
    case 4: combine(x) { squaredDifference($0, tanh($1)) }
    case 5: combine(x) { atan2($0, square($1) + 1) }
    case 6: combine(x) { divNoNan($0, floor($1)) }
    case 7: combine(x) { cast(logicalOr($0 .< $1, logicalNot($1 .<= 0)), to: .float64) - $0 }
    default: combine(x) { $0 - $1 }
    }
  }

  private mutating func reduction(_ x: Value) -> Value {
    switch number(below: 7) {
    case 0: sum(x, axes: [1], keepDims: true) * 0.3
    case 1: sum(x, axes: [0], keepDims: true) * 0.3
    case 2: mean(x, axes: [0, 1], keepDims: true)
    case 3: reduceMax(x, axes: [1], keepDims: true)
    case 4: reduceMin(x, axes: [0], keepDims: true)
    case 5: prod(tanh(x), axes: [1], keepDims: true)
    default: reshape(sum(x, axes: [1]), [x.shape[0], 1])
    }
  }

  /// The same elements at other places.
  private mutating func arrangement(_ x: Value) throws -> Value {
    let width = x.shape[1].known ?? 1
    switch number(below: 9) {
    case 0: return reshape(reshape(x, [x.shape.elementCount]), x.shape)
    case 1: return transpose(square(transpose(x)))
    case 2: return reverse(x, axes: [number(below: 2)])
    case 3: return roll(x, shifts: [1], axes: [1])
    case 4:
      let cut = number(below: width + 1)
      let parts = try split(x, sizes: [Dimension(cut), Dimension(width - cut)], axis: 1)
      return concat(parts.reversed(), axis: 1)
    case 5:
      return slice(
        pad(x, before: [0, 1], after: [1, 0]), begin: [1, 0], size: x.shape.dimensions)
    case 6: return reduceMax(try stack([x, x * -0.5], axis: 1), axes: [1])
    case 7:
      return try stridedSlice(
        tile(x, [1, 2]), begin: [0, 0], end: [x.shape[0], Dimension(2 * width)], strides: [1, 2])
    default: return squeeze(expandDims(x, axis: 1), axes: [1])
    }
  }

  private mutating func product(_ x: Value, _ columns: Int) -> Value {
    guard let width = x.shape[1].known else { return -x }
    let weights = graph.constant(Tensor.random([width, columns], seed: generator.next()))
    switch number(below: 4) {
    case 0: return matMul(x, weights)
    case 1:
      let bias = graph.constant(Tensor.random([columns], seed: generator.next()))
      return tanh(biasAdd(matMul(x, weights), bias))
    case 2: return matMul(x, matMul(x, x, transposeA: true) * 0.1)
    default:
      let both = batchMatMul(expandDims(x, axis: 0), expandDims(weights, axis: 0))
      return squeeze(both, axes: [0])
    }
  }

  /// Columns by their places.
  private mutating func picked(_ x: Value) throws -> Value {
    guard let width = x.shape[1].known else { return -x }
    let places = graph.constant(Tensor((0..<width).map { _ in Int32(number(below: width)) }))
    switch number(below: 5) {
    case 0: return gather(x, places, axis: 1)
    case 1: return transpose(unsortedSegmentSum(transpose(x), places, segments: Dimension(width)))
    case 2:
      let (one, zero) = (graph.constant(1, .float64), graph.constant(0, .float64))
      return oneHot(argMax(x, axis: 1), depth: Dimension(width), on: one, off: zero) * x
    case 3: return try topK(x, k: Dimension(width)).0
    default: return transpose(gather(transpose(x), places))
    }
  }

  /// Running sums, and what looks at whole rows.
  private mutating func along(_ x: Value) -> Value {
    switch number(below: 5) {
    case 0: cumsum(x, axis: 0) * 0.5
    case 1: cumsum(x, axis: 1, exclusive: true, reverse: true)
    case 2: stopGradient(cumprod(tanh(x), axis: 1)) + x
    case 3: softmax(x)
    default: logSoftmax(x)
    }
  }

  private mutating func branch(_ x: Value) throws -> Value {
    if number(below: 2) == 0 {
      return try conditional(sum(x) .> 0) { _ in
        [x * 0.5]
      } else: { _ in
        [exp(-square(x))]
      }[0]
    }
    // TensorFlow's form of a loop does not keep what its gradient needs.
    let turned = try whileLoop([graph.constant(0, .int32), x]) { _, v in
      v[0] .< 3
    } body: { _, v in
      [v[0] + 1, tanh(v[1]) * 1.5]
    }[1]
    return stopGradient(turned)
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
