import Dataflow
import Foundation
import Testing

/// Gradients inside the body of a loop or a branch, by values of the graphs around it.
@Suite struct FunctionGradientTests {
  private static let x = [0.5, -1.25, 2]

  /// What a text computes of `x`, and of `t`, which is true, and `f`, which is false.
  private func run(
    _ text: String, _ fetches: String..., x: [Double] = Self.x
  ) throws -> [[Double]] {
    let inputs = """
      x = placeholder(double[3])
      t = placeholder(bool[])
      f = placeholder(bool[])
      function total(a) { return Sum(a, axes: axes(a), keep_dims: false) }

      """
    let graph = try Graph(text: inputs + text)
    let feeds = [
      try graph.value(named: "x"): Tensor(x), try graph.value(named: "t"): Tensor(true),
      try graph.value(named: "f"): Tensor(false),
    ]
    return try Session(graph).run(try fetches.map { try graph.value(named: $0) }, feeds: feeds)
      .map { $0.scalars(as: Double.self) }
  }

  private func expect(
    _ found: [Double], _ expected: (Double) -> Double,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    for (value, x) in zip(found, Self.x) {
      #expect(
        abs(value - expected(x)) < 1e-12 * max(1, abs(expected(x))), sourceLocation: sourceLocation)
    }
  }

  @Test func theSourceIsCaptured() throws {
    let found = try run(
      """
      function yes() { return gradient(total(x*x*x), x) }
      function no() { return x }
      c = If(t, then_branch: yes, else_branch: no)
      function more(i: int32[], a: double[3]) { return i < 2 }
      function next(i: int32[], a: double[3]) { return i + 1, gradient(total(a*a*x), x) }
      n, r = While([int32(0), x], cond: more, body: next)
      g = gradient(total(c), x)
      """, "c", "r", "g")
    expect(found[0]) { 3 * $0 * $0 }
    expect(found[1]) { $0 * $0 * $0 * $0 }
    expect(found[2]) { 6 * $0 }
  }

  /// What depends on the source outside and is captured too is a part of the gradient.
  @Test func otherCapturedValuesDependOnTheSource() throws {
    let text = """
      h = Sin(x)
      k = h*x
      function yes() { return gradient(total(x*h*x + k), x) }
      function no() { return x }
      c = If(t, then_branch: yes, else_branch: no)
      y = total(c*c)
      g = gradient(y, x)
      """
    let found = try run(text, "c", "g")
    func first(_ x: Double) -> Double { (2 * x + 1) * sin(x) + (x * x + x) * cos(x) }
    func second(_ x: Double) -> Double {
      2 * sin(x) + 2 * (2 * x + 1) * cos(x) - (x * x + x) * sin(x)
    }
    expect(found[0], first)
    expect(found[1]) { 2 * first($0) * second($0) }
    for index in 0..<3 {
      let values = try [1e-5, -1e-5].map { step in
        var x = Self.x
        x[index] += step
        return try run(text, "y", x: x)[0][0]
      }
      #expect(abs((values[0] - values[1]) / 2e-5 - found[1][index]) < 1e-7)
    }
  }

  /// A target of the graph around, from ones, from a value of that graph and from one of the body.
  @Test func theTargetIsOutside() throws {
    let found = try run(
      """
      h = Sin(x)
      y = h*x
      v = x*x
      function yes() {
        return gradient(total(y), x), gradient(y, x, from: v), gradient(y, x, from: h*double[] [2])
      }
      function inside() {
        w = x*v
        return gradient(y, x, from: w), gradient(y, h, from: w), gradient(y, w)
      }
      function no() { return x, x, x }
      a, b, c = If(t, then_branch: yes, else_branch: no)
      d, e, z = If(t, then_branch: inside, else_branch: no)
      """, "a", "b", "c", "d", "e", "z")
    func slope(_ x: Double) -> Double { sin(x) + x * cos(x) }
    expect(found[0], slope)
    expect(found[1]) { $0 * $0 * slope($0) }
    expect(found[2]) { 2 * sin($0) * slope($0) }
    expect(found[3]) { $0 * $0 * $0 * slope($0) }
    expect(found[4]) { $0 * $0 * $0 * $0 }
    expect(found[5]) { _ in 0 }
  }

  /// A loop within a branch within a branch, with values of all levels on the way to the source.
  @Test func functionsMayLieInEachOther() throws {
    let found = try run(
      """
      h = x*x
      function no() { return x }
      function outer() {
        k = h*x
        function inner() {
          p = k*h
          function more(i: int32[], a: double[3]) { return i < 2 }
          function next(i: int32[], a: double[3]) {
            return i + 1, a + gradient(total(p*k*x), x) + gradient(total(p), h)*a
          }
          n, r = While([int32(0), double[3] [0, 0, 0]], cond: more, body: next)
          return r
        }
        return If(t, then_branch: inner, else_branch: no)
      }
      c = If(t, then_branch: outer, else_branch: no)
      g = gradient(total(c), x)
      """, "c", "g")
    // p k x = x⁹, and p = h² x, of which the derivative by h is 2 x³.
    expect(found[0]) { x in (0..<2).reduce(0) { a, _ in a + 9 * power(x, 8) + 2 * power(x, 3) * a }
    }
    expect(found[1]) { x in 18 * 8 * power(x, 7) + 18 * 11 * power(x, 10) }
  }

  /// On the way to the source are a loop and a branch of the graph around.
  @Test func functionsOutsideAreOnTheWay() throws {
    let found = try run(
      """
      function cube() { return x*x*x }
      function square() { return x*x }
      u = If(f, then_branch: cube, else_branch: square)
      function more(i: int32[], a: double[3]) { return i < 3 }
      function times(i: int32[], a: double[3]) { return i + 1, a*x }
      n, w = While([int32(0), x], cond: more, body: times)
      function yes() { return gradient(total(u*w*x), x) }
      function no() { return x }
      c = If(t, then_branch: yes, else_branch: no)
      g = gradient(total(c), x)
      """, "c", "g")
    expect(found[0]) { 7 * power($0, 6) }
    expect(found[1]) { 42 * power($0, 5) }
  }

  /// A loop's variables do not depend on what the body captures; a captured value by another name is another one.
  @Test func declaredInputsAreIndependent() throws {
    let found = try run(
      """
      function more(i: int32[], a: double[3], b: double[3]) { return i < 1 }
      function next(i: int32[], a: double[3], b: double[3]) {
        e = total(a*a*x)
        return i + 1, gradient(e, x), gradient(e, a)
      }
      n, r, s = While([int32(0), x*x, x], cond: more, body: next)
      """, "r", "s")
    expect(found[0]) { power($0, 4) }
    expect(found[1]) { 2 * power($0, 3) }
  }

  @Test func closuresDifferentiateByWhatTheyCapture() throws {
    let graph = Graph()
    let x = graph.placeholder(.float64, ["n"], name: "x")
    let h = sin(x)
    let condition = graph.placeholder(.bool, [])
    let branch = try conditional(condition) { body in
      let y = try body.add(Mul(), [h, body.add(Square(), [x]).output]).output
      let own = try body.gradient(of: y, withRespectTo: x)
      // The graph around may be asked too: the gradient belongs where its target is.
      let other = try graph.gradient(of: y, withRespectTo: x)
      #expect(own.graph === body && other.graph === body)
      let outside = try body.gradient(of: h, withRespectTo: x)
      return [own - other, own, outside]
    } else: { _ in
      [x, x, x]
    }
    let loop = try whileLoop([graph.constant(Tensor(0 as Int32)), x]) { body, state in
      try body.add(Less(), [state[0], body.constant(Tensor(2 as Int32))]).output
    } body: { body, state in
      let one = body.constant(Tensor(1 as Int32))
      let found = try body.gradients(of: [state[1] * h], withRespectTo: [x, state[1], h])
      return [
        try body.add(AddV2(), [state[0], one]).output, found[0]! + found[1]! * found[2]!,
      ]
    }
    let results = try Session(graph).run(
      branch + [loop[1]], feeds: [x: Tensor(Self.x), condition: Tensor(true)]
    ).map { $0.scalars(as: Double.self) }
    expect(results[0]) { _ in 0 }
    expect(results[1]) { 2 * $0 * sin($0) + $0 * $0 * cos($0) }
    expect(results[2]) { cos($0) }
    // Each iteration makes a cos x + sin x · a of a.
    expect(results[3]) { $0 * (cos($0) + sin($0)) * (cos($0) + sin($0)) }
  }

  /// What is computed slice by slice outside is differentiated inside.
  @Test func slicesOutsideAreOnTheWay() throws {
    let graph = Graph()
    let scale = graph.placeholder(.float64, [3], name: "x")
    let features = graph.placeholder(.float64, ["rows", 3], name: "features")
    let sliced = try graph.sliced(
      sums: [sum(features * square(scale), axes: [0])], rows: [], by: [features])
    let condition = graph.placeholder(.bool, [])
    let slope = try conditional(condition) { body in
      let y = try body.add(Mul(), [sliced.sums[0], scale]).output
      return [try body.gradient(of: y, withRespectTo: scale)]
    } else: { _ in
      [scale]
    }[0]
    let rows = Tensor(shape: [3, 3], scalars: Array(repeating: 1.0, count: 9))
    let found = try Session(graph).run(
      [slope],
      feeds: [
        scale: Tensor(Self.x), condition: Tensor(true), sliced.inputs[0]: rows,
        sliced.starts: Tensor(shape: [1, 3], scalars: [0, 2, 3] as [Int64]),
      ])
    // The sum over three rows of ones.
    expect(found[0].scalars(as: Double.self)) { 9 * $0 * $0 }
  }

  @Test func whatIsOfAnotherGraphIsRefused() throws {
    let (graph, other) = (Graph(), Graph())
    let x = graph.placeholder(.float64, [3], name: "x")
    let y = other.placeholder(.float64, [3], name: "y")
    for (target, source, name) in [(x, y, "y"), (y, x, "y"), (y, y, "y")] {
      let error = #expect(throws: GraphError.self) {
        try graph.gradient(of: target, withRespectTo: source)
      }
      #expect(error?.message == "\(name) belongs to another graph")
    }
  }

  /// What runs one side of a `Switch` would run all of a function that captures it.
  @Test func switchesOutsideAreNotOnTheWay() throws {
    let error = #expect(throws: GraphTextError.self) {
      try run(
        """
        a, b = Switch(x, t)
        m, i = Merge(Square(a), Exp(b))
        function yes() { return gradient(total(m*x), x) }
        function no() { return x }
        c = If(t, then_branch: yes, else_branch: no)
        """, "c")
    }
    #expect(
      error?.description.contains(
        "has no gradient in the body of a loop or a branch around which it is") == true)
  }
}

private func power(_ x: Double, _ exponent: Int) -> Double {
  (0..<exponent).reduce(1) { product, _ in product * x }
}
