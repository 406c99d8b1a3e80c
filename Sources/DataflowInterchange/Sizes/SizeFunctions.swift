import DataflowFormats
import DataflowGraph
import Tensors

/// What a node computes of whole numbers, worked out while its graph is imported.
///
/// TensorFlow computes shapes and axes with ordinary operations; here they are part of operations.
struct SizeFunction: Sendable {
  /// The outputs, nil for those that are not known; nil where none is. Numbers may be larger than the outputs' type holds.
  let evaluate: @Sendable (SizeArguments) -> [SizeTensor?]?
  /// Where the outputs' types come from, the last one for all further ones.
  private var types: [TypeSource] = [.inputs("T")]

  private enum TypeSource {
    /// An attribute, or the inputs where it is missing.
    case inputs(String)
    /// An attribute, or int32 where it is missing.
    case option(String)
    case int32
    /// The input of the output's number.
    case own
  }

  private init(_ evaluate: @escaping @Sendable (SizeArguments) -> [SizeTensor?]?) {
    self.evaluate = evaluate
  }

  private static func one(_ evaluate: @escaping @Sendable (SizeArguments) -> SizeTensor?)
    -> SizeFunction
  {
    SizeFunction { arguments in evaluate(arguments).map { [$0] } }
  }

  /// The outputs, without numbers that their types do not hold: TensorFlow computes those with an overflow.
  func outputs(for arguments: SizeArguments) -> [SizeTensor?]? {
    evaluate(arguments)?.enumerated().map { index, output in
      output?.held(by: type(ofOutput: index, arguments))
    }
  }

  /// The type of an output that is whole numbers.
  func type(ofOutput index: Int, _ arguments: SizeArguments) -> ElementType {
    switch types[min(index, types.count - 1)] {
    case .inputs(let name): arguments.type(name) ?? arguments.wholeType ?? .int32
    case .option(let name): arguments.type(name) ?? .int32
    case .int32: .int32
    case .own: arguments.types[index] ?? .int32
    }
  }

  private func typed(_ types: TypeSource...) -> SizeFunction {
    var function = self
    function.types = types
    return function
  }

  private static func binary(
    _ function: @escaping @Sendable (Dimension, Dimension) -> Dimension?
  ) -> SizeFunction {
    one { arguments in
      guard let a = arguments[0], let b = arguments[1] else { return nil }
      return a.combined(with: b, function)
    }
  }

  /// The functions by the names of TensorFlow's operations.
  static let named: [String: SizeFunction] = [
    "Const": one { $0.constant }.typed(.option("dtype")),
    "Identity": one { $0[0] }, "Snapshot": one { $0[0] }, "StopGradient": one { $0[0] },
    "PreventGradient": one { $0[0] },
    "Cast": one { $0.isWholeCast ? $0[0] : nil }.typed(.option("DstT")),
    "IdentityN": SizeFunction { $0.inputs }.typed(.own),
    "Switch": SizeFunction { [$0[0], $0[0]] },
    "Merge": SizeFunction { arguments in
      let same = Set(arguments.inputs.map { $0?.elements }).count == 1
      return same ? [arguments[0], nil] : nil
    },
    "Shape": one { $0.shape.map { SizeTensor(vector: $0.dimensions) } }.typed(.option("out_type")),
    "ShapeN": SizeFunction { $0.shapes.map { $0.map { SizeTensor(vector: $0.dimensions) } } }
      .typed(.option("out_type")),
    "Size": one { $0.shape.map { SizeTensor(scalar: $0.elementCount) } }.typed(.option("out_type")),
    "Rank": one { $0.shape.map { SizeTensor(scalar: Dimension($0.rank)) } }.typed(.int32),
    "AddV2": binary(+), "Add": binary(+), "Sub": binary(-), "Mul": binary(*),
    "FloorDiv": binary { $0.divided(by: $1) }, "FloorMod": binary { $0.remainder(by: $1) },
    "Maximum": binary { $0.maximum($1) }, "Minimum": binary { $0.minimum($1) },
    "Neg": one { arguments in
      arguments[0].flatMap { x in SizeTensor(scalar: 0).combined(with: x, -) }
    },
    "ZerosLike": one { arguments in
      arguments[0].flatMap { x in SizeTensor(scalar: 0).combined(with: x) { zero, _ in zero } }
    },
    "OnesLike": one { arguments in
      arguments[0].flatMap { x in SizeTensor(scalar: 1).combined(with: x) { one, _ in one } }
    },
    "Pack": one { $0.packed() }, "Unpack": SizeFunction { $0.unpacked() },
    "ConcatV2": one { $0.concatenated(axisAt: $0.inputs.count - 1) },
    "Concat": one { $0.concatenated(axisAt: 0) },
    "Reshape": one { $0.reshaped() }, "Squeeze": one { $0.reshapedLikeOutput() },
    "ExpandDims": one { $0.expanded() },
    "Fill": one { $0.filled() }, "Tile": one { $0.tiled() },
    "Range": one { $0.range() }.typed(.inputs("Tidx")),
    "Slice": one { $0.sliced() }, "StridedSlice": one { $0.stridedSlice() },
    "GatherV2": one { $0.gathered() }.typed(.inputs("Tparams")),
    "Gather": one { $0.gathered() }.typed(.inputs("Tparams")),
    "Prod": one { $0.reduced(1, *) }, "Sum": one { $0.reduced(0, +) },
    "Transpose": one { $0.transposed() },
    "InvertPermutation": one { arguments in
      guard let order = arguments[0]?.numbers, order.sorted() == Array(order.indices) else {
        return nil
      }
      return SizeTensor(
        vector: order.indices.map { Dimension(order.firstIndex(of: $0)!) })
    },
    "ListDiff": SizeFunction { $0.listDifference() }.typed(.inputs("T"), .option("out_idx")),
    "DynamicStitch": one { $0.stitched() }, "ParallelDynamicStitch": one { $0.stitched() },
    "ConcatOffset": SizeFunction { $0.concatenationOffsets() }.typed(.inputs("shape_type")),
    "BroadcastGradientArgs": SizeFunction { $0.broadcastAxes() },
    "BroadcastArgs": one { $0.broadcastShape() },
  ]
}

extension Shape {
  /// A shape of sizes that a file gives, nil where one is negative or there are too many elements.
  init?(nonnegative sizes: [Int]) {
    var count = 1
    for size in sizes {
      guard size >= 0 else { return nil }
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      guard !overflow else { return nil }
      count = product
    }
    self.init(sizes)
  }
}
