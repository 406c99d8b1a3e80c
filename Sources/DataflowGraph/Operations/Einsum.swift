import Tensors

/// Einstein's sum over the labels that are not in the result, of one or two tensors: `ij,jk->ik`.
/// TensorFlow's `Einsum`.
public struct Einsum: Operation {
  public static let name = "Einsum"

  let equation: String

  /// - Parameter equation: a letter for each dimension, operands apart by commas, then `->` and the
  ///   result's letters; `...` stands for further dimensions, which broadcast.
  public init(equation: String) { self.equation = equation }
  public init(attributes: Attributes) throws { equation = try attributes.string("equation") }

  public var attributes: Attributes { ["equation": .string(equation)] }

  public static var tensorFlowForm: TensorFlowForm { TensorFlowForm(count: "N") }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    guard (1...2).contains(inputs.count) else {
      throw GraphError("takes 1 or 2 inputs, got \(inputs.count)")
    }
    try expectSameType(inputs, among: .floats)
    let labels = try EinsumEquation(equation, ranks: inputs.map(\.shape.rank))
    let sizes = try labelSizes(labels, inputs.map(\.shape))
    return [TensorSpec(inputs[0].elementType, SymbolicShape(labels.output.map { sizes[$0]! }))]
  }

  private func labelSizes(
    _ labels: EinsumEquation, _ shapes: [SymbolicShape]
  ) throws -> [Character: Dimension] {
    var sizes: [Character: Dimension] = [:]
    for (names, shape) in zip(labels.inputs, shapes) {
      for (label, size) in zip(names, shape.dimensions) {
        let known = sizes[label] ?? size
        guard EinsumEquation.isHidden(label) || known.couldEqual(size) else {
          throw GraphError("label \"\(label)\" of \"\(equation)\" is \(known) and \(size)")
        }
        sizes[label] = try SymbolicShape([known]).broadcast(with: [size])[0]
      }
    }
    return sizes
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    let labels = try EinsumEquation(equation, ranks: inputs.map(\.shape.rank))
    return try makeFloatKernel(inputs[0].elementType) {
      EinsumKernel<Float>(labels)
    } _: {
      EinsumKernel<Double>(labels)
    }
  }

  /// The gradient of an operand is the einsum of the result's gradient and the other operand; labels
  /// that were summed over alone are repeated.
  public func gradients(of node: Node, outputGradients: [Value?]) throws -> [Value?] {
    let labels = try EinsumEquation(equation, ranks: node.inputs.map(\.shape.rank))
    return try node.inputs.indices.map { index in
      let others = node.inputs.indices.filter { $0 != index }
      let known = Set(labels.output + others.flatMap { labels.inputs[$0] })
      let target = labels.inputs[index]
      let kept = target.filter(known.contains)
      let sum = try sum(
        of: [outputGradients[0]!] + others.map { node.inputs[$0] },
        [labels.output] + others.map { labels.inputs[$0] }, to: kept)
      return kept.count == target.count
        ? sum : try spread(sum, kept, over: target, node.inputs[index])
    }
  }

  /// The einsum of labelled operands; of the dimensions under `...`, those that the result lacks are
  /// summed over apart, since an equation keeps them all.
  private func sum(
    of operands: [Value], _ labels: [[Character]], to kept: [Character]
  ) throws -> Value {
    let hidden = Set(labels.joined().filter(EinsumEquation.isHidden)).sorted()
    let place = kept.firstIndex(where: EinsumEquation.isHidden) ?? 0
    let rest = kept[place...].drop(while: EinsumEquation.isHidden)
    let equation =
      labels.map(EinsumEquation.text).joined(separator: ",") + "->"
      + EinsumEquation.text(kept[..<place] + hidden + rest)
    let product = try operands[0].graph.add(Einsum(equation: equation), operands).output
    let added = Array(place..<place + product.shape.rank - kept.count)
    if added.isEmpty { return product }
    return try product.graph.add(Sum(axes: added, keepDims: false), [product]).output
  }

  /// A tensor repeated along the labels that it lacks; where a label comes twice, its elements are
  /// on the diagonal.
  private func spread(
    _ sum: Value, _ kept: [Character], over target: [Character], _ operand: Value
  ) throws -> Value {
    let labels = target.indices.filter { target.firstIndex(of: target[$0]) == $0 }
    func shape(_ size: (Int, Character) -> Dimension) -> SymbolicShape {
      SymbolicShape(labels.map { size($0, target[$0]) })
    }
    // A kept label that comes twice has made a diagonal already, of which one is enough.
    let unique = labels.map { target[$0] }.filter(kept.contains)
    func renamed(_ value: Value, _ from: [Character], _ to: [Character]) throws -> Value {
      if from == to { return value }
      return try einsum("\(EinsumEquation.text(from))->\(EinsumEquation.text(to))", value)
    }
    let single = try renamed(sum, kept, unique)
    let open = shape { _, label in unique.firstIndex(of: label).map { single.shape[$0] } ?? 1 }
    let repeated = shape { place, label in
      kept.contains(label) ? open[labels.firstIndex(of: place)!] : operand.shape[place]
    }
    let full = broadcast(reshape(single, open), to: repeated)
    return try renamed(full, labels.map { target[$0] }, target)
  }

  public static var samples: [OperationSample] {
    let cases: [(String, [Shape])] = [
      ("ij,jk->ik", [[2, 3], [3, 4]]), ("ij->ji", [[2, 3]]), ("ij->", [[2, 3]]),
      ("ii->i", [[3, 3]]), ("i->ii", [[3]]), ("ii->", [[3, 3]]), ("iij->j", [[2, 2, 3]]),
      ("iijk,kl->lj", [[2, 2, 3, 2], [2, 3]]), ("iijj->j", [[2, 2, 3, 3]]),
      ("ij,ij->", [[2, 3], [2, 3]]),
      ("bij,bjk->bik", [[2, 2, 3], [2, 3, 2]]), ("i,j->ij", [[3], [2]]),
      ("ijk,lk->lij", [[2, 3, 2], [4, 2]]), ("ij,k->i", [[2, 3], [4]]),
      ("ij,jk->", [[0, 3], [3, 2]]),
      (",i->i", [[], [3]]), ("ab,bc->cab", [[30, 20], [20, 40]]),
    ]
    return cases.map { equation, shapes in
      OperationSample(
        Einsum(equation: equation),
        shapes.enumerated().map { .random($1, seed: UInt64($0)) },
        differentiable: shapes[0].elementCount > 100 ? [] : nil
      ) { [plainSum(equation, $0)] }
    } + [
      OperationSample(
        Einsum(equation: "...ij,...jk->...ik"),
        [.random([2, 1, 3, 2]), .random([4, 2, 3], seed: 2)]
      ) { [plainSum("xyij,yjk->xyik", $0)] },
      OperationSample(
        Einsum(equation: "i...,i...->i..."), [.random([2, 3, 4]), .random([2, 4], seed: 2)]
      ) { [plainSum("ixy,iy->ixy", $0)] },
      OperationSample(
        Einsum(equation: "i...,ij->j..."), [.random([2, 3, 4]), .random([2, 5], seed: 2)]
      ) { [plainSum("ixy,ij->jxy", $0)] },
    ]
  }

  private static func plainSum(_ equation: String, _ inputs: [Tensor]) -> Tensor {
    let labels = try! EinsumEquation(equation, ranks: inputs.map(\.shape.rank))
    var sizes: [Character: Int] = [:]
    for (names, input) in zip(labels.inputs, inputs) {
      for (label, size) in zip(names, input.shape.dimensions) {
        sizes[label] = max(size, size == 0 ? 0 : sizes[label] ?? 0)
      }
    }
    let all = labels.labels
    let shape = Shape(labels.output.map { sizes[$0]! })
    var sums = Array(repeating: 0.0, count: shape.elementCount)
    let elements = inputs.map(\.doubles)
    for place in Shape(all.map { sizes[$0]! }).positions {
      func offset(_ names: [Character], _ shape: Shape) -> Int {
        zip(place, EinsumEquation.strides(all, in: names, shape)).reduce(0) { $0 + $1.0 * $1.1 }
      }
      let product = inputs.indices.reduce(1.0) {
        $0 * elements[$1][offset(labels.inputs[$1], inputs[$1].shape)]
      }
      sums[offset(labels.output, shape)] += product
    }
    return Tensor(shape: shape, scalars: sums)
  }
}

/// Einstein's sum of one or two tensors: `einsum("ij,jk->ik", a, b)`.
///
/// - Throws: `GraphError` where the equation does not fit.
public func einsum(_ equation: String, _ operands: Value..., name: String? = nil) throws -> Value {
  guard let first = operands.first else { throw GraphError("einsum of nothing") }
  return try first.graph.add(Einsum(equation: equation), operands, name: name).output
}

/// Gathers the operands into matrices, multiplies these, and scatters the products.
private final class EinsumKernel<T: MatrixElement>: Kernel {
  private let labels: EinsumEquation
  private var copies: [StridedCopy] = []
  private var result: StridedCopy?
  private var product = BatchedProduct(rows: 0, inner: 0, columns: 0, startsA: [], startsB: [])
  private var counts = (a: 0, b: 0, result: 0)

  init(_ labels: EinsumEquation) {
    self.labels = labels
  }

  func prepare(_ sizes: KernelSizes) throws -> Int {
    var lengths: [Character: Int] = [:]
    for (names, shape) in zip(labels.inputs, sizes.inputs) {
      for (label, size) in zip(names, shape.dimensions) where lengths[label] ?? 1 != size {
        guard lengths[label] ?? 1 == 1 || size == 1 else {
          throw GraphError("label \"\(label)\" is \(lengths[label]!) and \(size)")
        }
        if size != 1 { lengths[label] = size }
      }
    }
    let (left, right) = (Set(labels.inputs[0]), Set(labels.inputs.dropFirst().joined()))
    let kept = Set(labels.output)
    let all = labels.labels
    let batch = all.filter { kept.contains($0) && left.contains($0) && right.contains($0) }
    let rows = all.filter { kept.contains($0) && left.contains($0) && !right.contains($0) }
    let columns = all.filter { kept.contains($0) && !left.contains($0) }
    let inner = all.filter { !kept.contains($0) }
    func count(_ labels: [Character]) -> Int { labels.reduce(1) { $0 * (lengths[$1] ?? 1) } }
    func gather(_ order: [Character], _ names: [Character], _ shape: Shape) -> StridedCopy {
      let packed = Shape(order.map { lengths[$0] ?? 1 })
      let strides = EinsumEquation.strides(order, in: names, shape)
      return StridedCopy(
        sizes: packed.dimensions, from: .init(strides: strides), to: packed.layout)
    }
    copies = [gather(batch + rows + inner, labels.inputs[0], sizes.inputs[0])]
    if sizes.inputs.count == 2 {
      copies.append(gather(batch + inner + columns, labels.inputs[1], sizes.inputs[1]))
    }
    let order = batch + rows + columns
    let packed = Shape(order.map { lengths[$0] ?? 1 })
    result = StridedCopy(
      sizes: packed.dimensions, from: packed.layout,
      to: .init(strides: EinsumEquation.strides(order, in: labels.output, sizes.outputs[0])))
    let (b, m, k, n) = (count(batch), count(rows), count(inner), count(columns))
    product = BatchedProduct(
      rows: m, inner: k, columns: n, startsA: (0..<b).map { $0 * m * k },
      startsB: (0..<b).map { $0 * k * n })
    counts = (b * m * k, b * k * n, b * m * n)
    return (counts.a + counts.b + counts.result) * MemoryLayout<T>.stride
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  func run(_ context: borrowing KernelContext) {
    let a = context.workspace.assumingMemoryBound(to: T.self)
    let (b, c) = (a + counts.a, a + counts.a + counts.b)
    let output = context.outputs[0]
    let size = MemoryLayout<T>.stride
    b.update(repeating: 1, count: counts.b)
    for (index, copy) in copies.enumerated() {
      copy.run(
        0..<copy.rows, from: context.inputs[index].base, to: index == 0 ? a : b, elementSize: size)
    }
    product.run(a, b, into: c, context)
    output.elements(T.self).update(repeating: 0, count: output.count)
    guard let result else { return }
    result.run(0..<result.rows, from: c, to: output.base, elementSize: size)
  }
}
