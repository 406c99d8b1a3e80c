import Tensors
import TestSupport
import Testing

@testable import DataflowGraph

/// What the sentences of the graph language mean: the graphs they make, as text.
@Suite struct GraphLanguageTests {
  private func lines(_ text: String, _ parameters: [String: String] = [:]) throws -> [String] {
    try Graph(text: text, parameters: parameters).text.split(separator: "\n").map(String.init)
  }

  @Test func infixArithmeticNamesItsNodes() throws {
    let found = try lines(
      """
      x = placeholder(float[n])   # the input
      y = -x ^ 2 * 3 + 0.5 / x
      z = x < 1 and not (x == y)
      """)
    #expect(
      found == [
        "x = Placeholder(dtype: float, shape: [n])",
        "y/Square = Square(x)",
        "y/Neg = Neg(y/Square)",
        "y/Const = Const(dtype: float, value: float[] [3.0])",
        "y/Mul = Mul(y/Neg, y/Const)",
        "y/Const_1 = Const(dtype: float, value: float[] [0.5])",
        "y/RealDiv = RealDiv(y/Const_1, x)",
        "y = AddV2(y/Mul, y/RealDiv)",
        "z/Const = Const(dtype: float, value: float[] [1.0])",
        "z/Less = Less(x, z/Const)",
        "z/Equal = Equal(x, y)",
        "z/LogicalNot = LogicalNot(z/Equal)",
        "z = LogicalAnd(z/Less, z/LogicalNot)",
      ])
  }

  @Test func numbersTakeTheTypeOfTheOtherOperand() throws {
    let found = try lines(
      """
      a = placeholder(double[])
      b = a * 2
      i = placeholder(int64[])
      j = i % 3
      k = Maximum(i, 7)
      """)
    #expect(found[1] == "b/Const = Const(dtype: double, value: double[] [2.0])")
    #expect(found[4] == "j/Const = Const(dtype: int64, value: int64[] [3])")
    #expect(found[6] == "k/Const = Const(dtype: int64, value: int64[] [7])")
  }

  /// What may have another type than the indices does not take theirs.
  @Test func numbersBesideIndicesHaveATypeOfTheirOwn() throws {
    let graph = try Graph(
      text: """
        i = placeholder(int64[2])
        x = placeholder(double[4])
        v = variable(ones(double[4]))
        real = OneHot(i, 1.0, 0.0, depth: 3)
        whole = OneHot(i, 1, 0, depth: 3)
        like = OneHot(i, 1, Sum(x, axes: [0], keep_dims: false), depth: 3)
        first = GatherV2(x, 0)
        added = ScatterAdd(v, int32(1), 2)
        queue = FIFOQueueV2(component_types: [int32, float], shapes: [[], []], capacity: 1)
        put = QueueEnqueueV2(queue, 1, 2.5)
        """)
    #expect(graph.node(named: "put")?.inputs.map(\.elementType) == [.resource, .int32, .float32])
    let types = ["real", "whole", "like", "first"].map {
      graph.node(named: $0)?.output.elementType
    }
    #expect(types == [.float32, .int32, .float64, .float64])
    let first = try #require(graph.node(named: "first"))
    #expect(first.inputs[1].elementType == .int32)
    let added = try #require(graph.node(named: "added"))
    #expect(added.inputs.map(\.elementType) == [.float64, .int32, .float64])
  }

  /// Numbers with a point stay such, whatever is computed of them.
  @Test(arguments: ["2.0 + 1.0", "2.0 * 3", "6.0 / 3.0", "2.0 ^ 3.0", "7.0 % 4.0", "2 ^ 3.0"])
  func realNumbersStayReal(text: String) throws {
    let graph = try Graph(text: "x = Identity(\(text))")
    #expect(graph.node(named: "x")?.output.elementType == .float32)
  }

  @Test func aFunctionIsWrittenOnceAndHasAScopeForEachUse() throws {
    let found = try lines(
      """
      function layer(x: float[n, k], units, activation = Tanh) {
        weights = variable(zeros(float[size(x, 1), units]))
        return activation(MatMul(x, weights))
      }
      x = placeholder(float[rows, 4])
      hidden = layer(x, 2)
      y = layer(layer(hidden, 3), units: 1, activation: Relu)
      """)
    #expect(
      found.filter { !$0.contains("/weights/") && !$0.hasPrefix("variable") } == [
        "x = Placeholder(dtype: float, shape: [rows, 4])",
        "hidden/weights = VariableV2(dtype: float, shape: [4, 2])",
        "hidden/MatMul = MatMul(x, hidden/weights, transpose_a: false, transpose_b: false)",
        "hidden = Tanh(hidden/MatMul)",
        "y/layer/weights = VariableV2(dtype: float, shape: [2, 3])",
        "y/layer/MatMul = MatMul(hidden, y/layer/weights, transpose_a: false, transpose_b: false)",
        "y/layer/Tanh = Tanh(y/layer/MatMul)",
        "y/weights = VariableV2(dtype: float, shape: [3, 1])",
        "y/MatMul = MatMul(y/layer/Tanh, y/weights, transpose_a: false, transpose_b: false)",
        "y = Relu(y/MatMul)",
      ])
  }

  @Test func loopsMakeNamesFromLists() throws {
    let text = """
      parameter species = ["H", "O"]
      parameter sizes = [4, 2]
      for s in species {
        x_{s} = placeholder(float[atoms_{s}, 3])
        h_{s}_0 = x_{s}
        for i, size in sizes { h_{s}_{i + 1} = h_{s}_{i} * size }
      }
      total = AddN([h_{s}_{count(sizes)} for s in species])
      """
    let graph = try Graph(text: text, parameters: ["sizes": "[2] + [3]"])
    #expect(graph.node(named: "h_H_1")?.description == "h_H_1 = Mul(h_H_0, h_H_1/Const)")
    #expect(graph.node(named: "total")?.description == "total = AddN(h_H_2, h_O_2)")
    #expect(graph.node(named: "x_O")?.output.shape == ["atoms_O", 3])
    #expect(graph.node(named: "h_O_2/Const")?.description.hasSuffix("float[] [3.0])") == true)
  }

  /// Whole numbers are computed and compared as such, however large.
  @Test func wholeNumbersAreExact() throws {
    let text = """
      parameter large = 9007199254740993
      parameter lowest = -9223372036854775808
      if large == 9007199254740992 or large <= 9007199254740992 { same = int32(1) }
      rest = int64(large % 10)
      rests = int64[4] [-7 % 3, 7 % -3, lowest % -1, 6 % -3]
      powers = int64[5] [3 ^ 39, (-2) ^ 63, 0 ^ 0, (-1) ^ 9223372036854775807, 2 ^ 0]
      quotient = int64(lowest / 2)
      seeded = RandomUniform(shape: [2], seed: lowest, seed2: -9223372036854775808)
      """
    let found = try lines(text)
    #expect(
      found.dropLast() == [
        "rest = Const(dtype: int64, value: int64[] [3])",
        "rests = Const(dtype: int64, value: int64[4] [2, -2, 0, 0])",
        "powers = Const(dtype: int64, value: int64[5] "
          + "[4052555153018976267, -9223372036854775808, 1, -1, 1])",
        "quotient = Const(dtype: int64, value: int64[] [-4611686018427387904])",
      ])
    let graph = try Graph(text: text)
    #expect(graph.text.contains("seed: -9223372036854775808, seed2: -9223372036854775808"))
    #expect(try Graph(text: graph.text).text == graph.text)
    // What fits no whole number is a number all the same.
    #expect(
      try lines("x = double(10 ^ 30)") == ["x = Const(dtype: double, value: double[] [1e+30])"])
  }

  @Test func conditionsAreDecidedWhenTheTextIsRead() throws {
    let text = """
      parameter kind = "small"
      if kind == "small" { x = float[1] [1] } else if kind == "large" { x = float[2] [1, 2] } else {
        x = float[0] []
      }
      """
    #expect(try lines(text) == ["x = Const(dtype: float, value: float[1] [1.0])"])
    #expect(try lines(text, ["kind": "\"large\""]).last?.hasSuffix("float[2] [1.0, 2.0])") == true)
  }

  @Test func placesScopesAndOrder() throws {
    let found = try lines(
      """
      x = placeholder(float[?, 2])
      scope outer {
        a = Tanh(x) @/device:GPU:1
        device /job:ps { b = Exp(a, ^a) @^x }
      }
      after ^outer/a, ^outer/b { c = Neg(outer/b) }
      """)
    #expect(
      found == [
        "x = Placeholder(dtype: float, shape: [x_0, 2])",
        "outer/a = Tanh(x) @/device:GPU:1",
        "outer/b = Exp(outer/a, ^outer/a) @^x",
        "c = Neg(outer/b, ^outer/a, ^outer/b)",
      ])
  }

  @Test func severalOutputsHaveNames() throws {
    let found = try lines(
      """
      x = placeholder(float[2])
      p = placeholder(bool[])
      no, yes = Switch(x, p)
      s = Switch(x, p)
      sum = s + s:1
      """)
    #expect(
      found.suffix(4) == [
        "no = Switch(x, p)", "yes = Identity(no:1)", "s = Switch(x, p)", "sum = AddV2(s, s:1)",
      ])
  }

  @Test func loopsAndBranchesTakeFunctions() throws {
    let graph = try Graph(
      text: """
        x = placeholder(float[n])
        scale = placeholder(float[])
        function below(i, v) { return i < 3 }
        function step(i, v) { return i + 1, v * scale }
        i, y = While(int32(0), x, cond: below, body: step)
        function twice() { return y * 2 }
        function same() { return y }
        z = If(i == 3, then_branch: twice, else_branch: same)
        dz_dx = gradient(z, x)
        """)
    #expect(graph.node(named: "i")?.inputs.map(\.name) == ["i/Const", "x", "scale"])
    #expect(graph.node(named: "z")?.inputs.map(\.name) == ["z/Equal", "y", "y"])
    #expect(graph.node(named: "dz_dx")?.output.shape == ["n"])
    let again = try Graph(text: graph.text)
    #expect(firstDifference(graph, again) == nil)
    #expect(again.text == graph.text)
  }

  @Test func randomTensorsDependOnTheSeedAlone() throws {
    func tensor(_ expression: String) throws -> Tensor {
      let graph = try Graph(text: "x = \(expression)")
      return try #require(graph.nodes[0].operation as? Const).value
    }
    let normal = try tensor("normal(double[4000], mean: 1, stddev: 2, seed: 7)")
    #expect(try tensor("normal(double[4000], mean: 1, stddev: 2, seed: 7)") == normal)
    #expect(try tensor("normal(double[4000], mean: 1, stddev: 2, seed: 8)") != normal)
    let elements = normal.scalars(as: Double.self)
    let mean = elements.reduce(0, +) / 4000
    let variance = elements.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / 4000
    #expect(abs(mean - 1) < 0.15 && abs(variance - 4) < 0.4)
    let truncated = try tensor("truncated_normal(float[4000], stddev: 0.5)").scalars(as: Float.self)
    #expect(truncated.allSatisfy { abs($0) <= 1 } && truncated.contains { abs($0) > 0.9 })
    let uniform = try tensor("uniform(float[4000], low: -3, high: -1)").scalars(as: Float.self)
    #expect(uniform.allSatisfy { -3..<(-1) ~= $0 })
  }

  @Test func variablesAreTrainableUnlessSaidOtherwise() throws {
    let graph = try Graph(
      text: """
        w = variable(float[2] [1, 2])
        offset = variable(float 0 + 1, trainable: false)
        """.replacing("float 0 + 1", with: "fill(float[1], 0.5)"))
    #expect(graph.variables.map(\.name) == ["w", "offset"])
    #expect(graph.variables.map(\.isTrainable) == [true, false])
    #expect(graph.variables.map(\.initializer.name) == ["w/Assign", "offset/Assign"])
    let more = try Graph(text: graph.text + "\nn = AddN(trainable_variables())")
    #expect(more.node(named: "n")?.inputs.map(\.name) == ["w"])
  }
}
