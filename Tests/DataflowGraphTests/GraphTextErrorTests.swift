import Tensors
import Testing

@testable import DataflowGraph

/// What is wrong in a graph's text is said exactly, with its place.
@Suite struct GraphTextErrorTests {
  private static let before = "x = placeholder(float[n, 3])\nw = placeholder(float[4, 2])\n"

  /// The line after two placeholders, where the caret is below the place that is meant, and what
  /// the message says.
  private static let cases: [(line: String, caret: String, message: String)] = [
    (
      "y = MatMull(x, w)", "    ^",
      "there is no operation or function named MatMull; did you mean MatMul?"
    ),
    ("y = Tanh(xs)", "         ^", "there is no value named xs; did you mean x?"),
    (
      "y = MatMul(x, w, transpose_c: true)", "                              ^",
      "MatMul has no attribute transpose_c; did you mean transpose_a, transpose_b?; it has:"
        + " transpose_a, transpose_b"
    ),
    (
      "y = MatMul(x, w)", "    ^",
      "MatMul \"y\" (float[n, 3], float[4, 2]): the inner sizes differ: 3 and 4"
        + " (transpose_a: false, transpose_b: false)"
    ),
    (
      "y = x + w", "      ^",
      "AddV2 \"y\" (float[n, 3], float[4, 2]): the shapes [n, 3] and [4, 2] do not broadcast: 3 and 2"
        + " differ"
    ),
    (
      "x = w", "^",
      "x is defined already, on line 1; in a loop, a part in braces makes names differ: x_{i}"
    ),
    (
      "y = x/w", "    ^",
      "there is no value named x/w; a quotient has blanks around the slash: x / w"
    ),
    ("y = Tanh(x", "          ^", "expected \",\", found the end of the text"),
    ("y = Cast(x, DstT: flaot)", "    ^", "Cast: attribute DstT = [flaot]: expected ElementType"),
    (
      "y = x @/device:GPU:x", "       ^",
      "device \"/device:GPU:x\": \"device:GPU:x\" is not understood; allowed: job:NAME, replica:N, task:N, device:TYPE:N, or a type such as CPU:0"
    ),
    ("y = x:2", "    ^", "Placeholder x has 1 outputs, counted from 0; there is no output 2"),
    ("y = float[2] [1, 2, 3]", "             ^", "3 elements for float[2], which has 2"),
    (
      "y = float[9999999999, 9999999999] [1]", "                                  ^",
      "1 elements for float[9999999999, 9999999999], which has too many"
    ),
    (
      "y = variable(normal(float[3, 24294967296]))", "             ^",
      "normal: float[3, 24294967296] has more than 268435456 elements"
    ),
    ("y = int32[1] [0.5]", "             ^", "0.5 is no int32"),
    ("y = float[2] [inf, 1e39]", "             ^", "1e39 is no float"),
    ("y = double[] [-1e400]", "             ^", "-1e400 is no double"),
    (
      "function f(a) { return a }\ny = f(x, b: 2)", "            ^",
      "f(a) has no argument b; did you mean a?"
    ),
    ("function f(a) { return a }\ny = f()", "    ^", "f(a) needs a"),
    (
      "function f(a: float[k]) { return a }\ny = f(x)", "    ^",
      "f: a is float[n, 3], declared as the type float[k]"
    ),
    (
      "function f(a) { return f(a) }\ny = f(x)", "                       ^",
      "100 calls lie in each other: without an end?"
    ),
    ("y = \"text", "    ^", "this string is not closed on its line"),
    ("scope s {", "        ^", "this brace is not closed"),
    ("y, z = Tanh(x)", "       ^", "2 names for 1 values"),
    ("y = gradient(x)", "    ^", "write gradient(y, x, from: dy); got 1"),
    (
      "y = gradient(x < 0.5, x)", "    ^",
      "y/Less: bool[n, 3] has no gradient: it is no floating-point value"
    ),
    (
      "y = gradient(x, x < 0.5)", "    ^",
      "there is no gradient with respect to y/Less: bool[n, 3]: it is no floating-point value"
    ),
    (
      "parameter k = -9223372036854775807 - 1\ny = -k", "    ^",
      "-(-9223372036854775808) is too large"
    ),
    (
      "parameter k = -9223372036854775808\ny = k / -1", "      ^",
      "-9223372036854775808 / -1 is too large"
    ),
    ("y = 2 ^ 62 * 2", "           ^", "4611686018427387904 * 2 is too large"),
    ("return x", "", "return belongs in a function"),
    ("y = x ^ ^w", "      ^", "expected a value, found the control input ^w"),
    ("y = x $ w", "      ^", "a word cannot begin here"),
    (
      "function f() { return Neg(x, ^w) }\ny = If(Less(0, 1), then_branch: f, else_branch: f)",
      "                      ^",
      "Neg \"Neg\" (float[n, 3]): waits for w, which belongs to another graph; what runs the function"
        + " can wait"
    ),
    (
      "function f() {\n  v = VariableV2(shape: [2], dtype: float)\n  return v\n}\n"
        + "y = If(Less(0, 1), then_branch: f, else_branch: f)", "      ^",
      "VariableV2 \"v\" (): a variable within a loop or branch; make it outside"
    ),
    (
      "function f() {\n  v = variable(zeros(float[2]))\n  return v\n}\n"
        + "y = If(Less(0, 1), then_branch: f, else_branch: f)", "      ^",
      "VariableV2 \"v\" (): a variable within a loop or branch; make it outside"
    ),
    (
      "parameter y = [1, \"a\"]\nz = Sum(x, axes: y)", "                 ^",
      "the elements of an attribute must be of one kind"
    ),
  ]

  @Test(arguments: cases.indices) func errorsHaveAPlace(index: Int) {
    let (line, caret, message) = Self.cases[index]
    let error = #expect(throws: GraphTextError.self) {
      try Graph(text: Self.before + line, file: "net.graph")
    }
    #expect(error?.message == message)
    guard let error, !caret.isEmpty else { return }
    #expect(String(repeating: " ", count: error.caret) + "^" == caret)
    #expect(error.column == caret.count)
    #expect(line.split(separator: "\n").contains { $0 == error.excerpt })
  }

  @Test func theDescriptionShowsTheLine() {
    let error = #expect(throws: GraphTextError.self) {
      try Graph(text: "x = placeholder(float[2])\n\ny = Exq(x)\n", file: "net.graph")
    }
    #expect(
      error?.description == """
        net.graph:3:5: there is no operation or function named Exq; did you mean Exp?
          y = Exq(x)
              ^
        """)
  }

  @Test func whatAnotherFileDefinesIsNamedWithTheFile() {
    let error = #expect(throws: GraphTextError.self) {
      try Graph(text: "include \"one.graph\"\nb = float[] [3]", file: "two.graph") { _ in
        "a = float[] [1]\n\n\nb = float[] [2]\n"
      }
    }
    #expect(
      error?.message == "b is defined already, on line 4 of one.graph; in a loop, a part in braces"
        + " makes names differ: b_{i}")
    #expect(error?.file == "two.graph" && error?.line == 2)
  }

  @Test func ofALongLineAPartIsShown() throws {
    let list = (0..<1000).map(String.init).joined(separator: ", ")
    let error = #expect(throws: GraphTextError.self) {
      try Graph(text: "x = float[1000] [\(list), oops]")
    }
    let excerpt = try #require(error?.excerpt)
    #expect(excerpt.count < 130 && excerpt.contains("999") && excerpt.hasPrefix("…"))
  }

  @Test func unknownParametersAreNamed() {
    let error = #expect(throws: GraphError.self) {
      try Graph(text: "parameter rate = 1", file: "a.graph", parameters: ["rat": "2"])
    }
    #expect(
      error?.message == "a.graph has no parameter rat; did you mean rate?; parameters: rate")
    let wrong = #expect(throws: GraphTextError.self) {
      try Graph(text: "parameter rate = 1", parameters: ["rate": "2 +"])
    }
    #expect(wrong?.file == "parameter rate" && wrong?.column == 4)
  }

  @Test(arguments: ["(", "-", "not ", "x ^ ", "x + ", "Tanh(", "[", "if true {\n", "x and "])
  func whatLiesTooDeepIsRefused(part: String) {
    let line = String(repeating: part, count: 5000)
    let error = #expect(throws: GraphTextError.self) {
      try Graph(text: "x = placeholder(float[2])\ny = " + line)
    }
    let blocks = #expect(throws: GraphTextError.self) {
      try Graph(text: "x = placeholder(float[2])\n" + line)
    }
    let errors = [error, blocks].compactMap { $0?.message }
    #expect(errors.contains { $0.hasPrefix("more than 100 parts lie in each other") })
  }

  @Test func damagedTextsAreErrorsNotTraps() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, ["n", 2], name: "x")
    _ = try graph.variable(Tensor([1.5, -2]), name: "a-b")
    _ = try conditional(sum(x) .> 0, then: { _ in [tanh(x)] }, else: { _ in [x] })
    let bytes = Array(graph.text.utf8)
    var generator = PhiloxGenerator(seed: 3)
    let letters = Array("()[]{}^@:,=\"`#-/ax1 \n".utf8)
    for _ in 0..<3000 {
      var damaged = bytes
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        let place = Int.random(in: 0..<damaged.count, using: &generator)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: damaged[place] = letters.randomElement(using: &generator)!
        case 1: damaged.remove(at: place)
        default: damaged.insert(letters.randomElement(using: &generator)!, at: place)
        }
      }
      do {
        let survivor = try Graph(text: String(decoding: damaged, as: UTF8.self))
        #expect(try Graph(text: survivor.text).text == survivor.text)
      } catch is GraphTextError {}
    }
  }
}
