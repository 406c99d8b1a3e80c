import DataflowFormats
import DataflowGraph
import Tensors
import Testing

@testable import DataflowInterchange

@Suite struct SizeTests {
  private let n: Dimension = "n"
  private let m: Dimension = "m"

  @Test func polynomialsAreDividedWhereNothingIsLeftOver() {
    #expect((n * m * 6).divided(by: n * 2) == m * 3)
    #expect((n * n + n * 3 + 2).divided(by: n + 1) == n + 2)
    #expect((n * 3).divided(by: 2) == nil)
    #expect(n.divided(by: m) == nil)
    #expect(n.divided(by: 0) == nil)
    #expect(Dimension(-7).divided(by: 2) == -4)
    #expect(Dimension(0).divided(by: n) == 0)
    #expect((n * 4).remainder(by: 2) == 0)
    #expect(Dimension(-1).remainder(by: 3) == 2)
    #expect(n.remainder(by: 2) == nil)
  }

  @Test func extremesAreFoundWhereTheyAreKnown() {
    #expect(n.maximum(1) == nil)
    #expect(n.maximum(0) == n)
    #expect(Dimension(0).maximum(n * m) == n * m)
    #expect((n + 2).maximum(n) == n + 2)
    #expect(n.maximum(2) == nil)
    #expect((n - m).maximum(1) == nil)
    #expect(n.minimum(n + 1) == n)
    #expect(n.minimum(1) == nil)
  }

  private func evaluate(
    _ op: String, _ inputs: [SizeTensor?], _ attributes: [String: AttrValue] = [:],
    shapes: [SymbolicShape?]? = nil, type: ElementType? = nil
  ) -> [SizeTensor?]? {
    let node = NodeDef(name: "node", op: op, attributes: attributes)
    let shapes = shapes ?? inputs.map { $0.map { SymbolicShape($0.shape) } }
    return SizeFunction.named[op]?.outputs(
      for: SizeArguments(
        node: node, inputs: inputs, shapes: shapes, types: inputs.map { _ in type }))
  }

  private func vector(_ elements: Dimension?...) -> SizeTensor { SizeTensor(vector: elements) }
  private func scalar(_ element: Dimension?) -> SizeTensor { SizeTensor(scalar: element) }

  @Test func shapesAreFollowed() {
    #expect(evaluate("Shape", [nil], shapes: [[n, 3]]) == [vector(n, 3)])
    #expect(evaluate("Size", [nil], shapes: [[n, 3]]) == [scalar(n * 3)])
    #expect(evaluate("Rank", [nil], shapes: [[n, 3]]) == [scalar(2)])
    #expect(evaluate("Shape", [nil], shapes: [nil]) == nil)
    #expect(evaluate("Mul", [vector(n, 2), scalar(m)]) == [vector(n * m, m * 2)])
    #expect(evaluate("FloorDiv", [vector(n * 6, 7), vector(n, 2)]) == [vector(6, 3)])
    #expect(evaluate("Prod", [vector(n, m, 2), vector(0)]) == [scalar(n * m * 2)])
    #expect(evaluate("Fill", [vector(2), scalar(n)]) == [vector(n, n)])
    #expect(evaluate("Tile", [vector(n, 1), vector(2)]) == [vector(n, 1, n, 1)])
    #expect(evaluate("Tile", [vector(1), vector(0)]) == [vector()])
    #expect(evaluate("Range", [scalar(0), scalar(5), scalar(2)]) == [vector(0, 2, 4)])
    #expect(
      evaluate(
        "StridedSlice", [vector(n, m, 5), vector(1), vector(2), vector(1)],
        ["shrink_axis_mask": .int(1)]) == [scalar(m)])
    #expect(
      evaluate(
        "StridedSlice", [vector(n, m, 5), vector(0), vector(0), vector(-1)],
        ["begin_mask": .int(1), "end_mask": .int(1)]) == [vector(5, m, n)])
    #expect(evaluate("GatherV2", [vector(n, m, 5), vector(2, 0), scalar(0)]) == [vector(5, n)])
    #expect(evaluate("Squeeze", [SizeTensor(shape: [1, 2], elements: [n, 3])]) == [vector(n, 3)])
  }

  @Test func reductionsKeepTheRank() {
    let keep = ["keep_dims": AttrValue.bool(true)]
    #expect(evaluate("Sum", [scalar(3), vector()], keep) == [scalar(3)])
    #expect(evaluate("Prod", [vector(n, 2), vector(0)], keep) == [vector(n * 2)])
  }

  /// Rows that stand at places are no numbers that do.
  @Test func onlySingleNumbersAreStitched() {
    let rows = SizeTensor(shape: [2, 1], elements: [1, 2])
    #expect(evaluate("DynamicStitch", [vector(0, 1), rows]) == nil)
    #expect(
      evaluate("DynamicStitch", [vector(0), scalar(1), vector(n), scalar(2)]) == [vector(n, 2)])
  }

  @Test func unknownElementsStayApart() {
    let packed = evaluate("Pack", [scalar(n), nil], shapes: [[], []])
    #expect(packed == [vector(n, nil)])
    #expect(packed?[0]?.sizes == nil)
    #expect(evaluate("AddV2", [packed![0], scalar(1)]) == [vector(n + 1, nil)])
    #expect(
      evaluate("ConcatV2", [vector(2), nil, scalar(0)], shapes: [[1], [2], []])
        == [vector(2, nil, nil)])
  }

  @Test func gradientsShapesAreFollowed() {
    #expect(
      evaluate("BroadcastGradientArgs", [vector(n, 1, 4), vector(3, 4)])
        == [vector(1), vector(0)])
    #expect(evaluate("BroadcastGradientArgs", [vector(n), vector()]) == [vector(), vector(0)])
    #expect(
      evaluate("ConcatOffset", [scalar(1), vector(2, n), vector(2, 5)])
        == [vector(0, 0), vector(0, n)])
    #expect(
      evaluate("DynamicStitch", [vector(0, 2), vector(1), vector(n, 1), vector(7)])
        == [vector(n, 7, 1)])
    #expect(evaluate("ListDiff", [vector(0, 1, 2), vector(1)])?[0] == vector(0, 2))
    #expect(evaluate("InvertPermutation", [vector(2, 0, 1)]) == [vector(1, 2, 0)])
    #expect(
      evaluate(
        "Transpose", [SizeTensor(shape: [2, 3], elements: [1, 2, 3, 4, 5, 6]), vector(1, 0)])
        == [SizeTensor(shape: [3, 2], elements: [1, 4, 2, 5, 3, 6])])
    #expect(
      evaluate(
        "Slice", [SizeTensor(shape: [2, 2], elements: [1, 2, n, m]), vector(0, 1), vector(-1, 1)])
        == [SizeTensor(shape: [2, 1], elements: [2, m])])
  }

  /// TensorFlow computes in the type at hand, and so does the run.
  @Test func numbersThatTheirTypeDoesNotHoldAreLeftToTheRun() {
    let most = Dimension(Int(Int32.max))
    #expect(evaluate("AddV2", [vector(most, 1, n), scalar(1)]) == [vector(nil, 2, n + 1)])
    #expect(evaluate("AddV2", [scalar(most), scalar(1)], type: .int64) == [scalar(most + 1)])
    #expect(evaluate("Neg", [scalar(Dimension(Int(Int32.min)))]) == [scalar(nil)])
    func cast(_ type: DataType) -> [SizeTensor?]? {
      evaluate("Cast", [vector(most + 1, 5)], ["DstT": .type(type)], type: .int64)
    }
    #expect(cast(DataType(.int64)) == [vector(most + 1, 5)])
    #expect(cast(DataType(.int32)) == [vector(nil, 5)])
    for name in ["INT8", "INT16", "UINT8", "UINT16", "UINT32", "HALF", "BFLOAT16", "FLOAT", "BOOL"]
    {
      #expect(DataType(name: "DT_\(name)").map(cast) == .some(nil))
    }
  }

  @Test func typesAreTensorFlows() {
    func type(_ op: String, _ attributes: [String: AttrValue], output: Int = 0) -> ElementType? {
      let node = NodeDef(name: "node", op: op, attributes: attributes)
      return SizeFunction.named[op]?.type(
        ofOutput: output,
        SizeArguments(node: node, inputs: [vector(1)], shapes: [[1]], types: [.int64]))
    }
    let long = AttrValue.type(DataType(.int64))
    #expect(type("Rank", ["T": long]) == .int32)
    #expect(type("Shape", ["T": long]) == .int32)
    #expect(type("Shape", ["out_type": long]) == .int64)
    #expect(type("Neg", ["T": long]) == .int64)
    #expect(type("Neg", [:]) == .int64)
    #expect(type("ListDiff", ["T": long], output: 1) == .int32)
    #expect(type("Cast", ["SrcT": long, "DstT": .type(DataType(.int32))]) == .int32)
  }

  /// Numbers that a file may hold do not overflow.
  @Test func largeNumbersAreGivenUp() {
    let large = scalar(Dimension(Int(Int32.max)))
    let huge = Dimension(1 << 40)
    let larger = evaluate("Mul", [large, large])
    #expect(evaluate("Mul", [larger?[0], large]) == [scalar(nil)])
    #expect(evaluate("Fill", [vector(huge, huge), scalar(1)]) == nil)
    #expect(evaluate("Tile", [vector(1, 1), vector(huge)]) == nil)
    #expect(evaluate("Range", [scalar(0), scalar(huge), scalar(1)]) == nil)
    #expect(evaluate("Reshape", [vector(1, 2), vector(-2, -1)]) == nil)
  }
}
