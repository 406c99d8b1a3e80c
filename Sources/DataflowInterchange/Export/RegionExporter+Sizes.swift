import DataflowFormats
import DataflowGraph
import Tensors

// Sizes are attributes here and tensors in TensorFlow.
extension RegionExporter {
  /// A vector of sizes.
  func exportSizes(_ sizes: [Dimension], name: String) throws -> String {
    let known = sizes.compactMap(\.known)
    if known.count == sizes.count {
      return constant(Tensor(known.map { Int32(truncatingIfNeeded: $0) }), name: name)
    }
    let parts = try sizes.enumerated().map { try exportSize($1, name: "\(name)/\($0)") }
    return add(
      "Pack", parts, name: name,
      attributes: ["N": .int(Int64(parts.count)), "T": .type(.int32), "axis": .int(0)])
  }

  /// A size: the sum of its terms.
  func exportSize(_ size: Dimension, name: String) throws -> String {
    if let known = size.known {
      return constant(Tensor(Int32(truncatingIfNeeded: known)), name: name)
    }
    var sum: String?
    for (coefficient, factors) in size.sortedTerms {
      var product: String?
      if coefficient != 1 || factors.isEmpty {
        product = constant(Tensor(Int32(truncatingIfNeeded: coefficient)), name: "\(name)/factor")
      }
      for factor in factors {
        let value = try symbol(factor)
        product = product.map { arithmetic("Mul", $0, value, name: "\(name)/product") } ?? value
      }
      sum = sum.map { arithmetic("AddV2", $0, product!, name: "\(name)/sum") } ?? product
    }
    return sum!
  }

  private func arithmetic(_ op: String, _ a: String, _ b: String, name: String) -> String {
    add(op, [a, b], name: name, attributes: ["T": .type(.int32)])
  }

  /// A size that has a name, as a scalar.
  private func symbol(_ symbol: String) throws -> String {
    if let known = symbols[symbol] { return known }
    let tensor: String
    if let own = try fixedHere(symbol) {
      tensor = own
    } else if let parent {
      tensor = enteredName(of: try parent.symbol(symbol), .int32)
    } else {
      throw GraphError("no value fixes the size \"\(symbol)\"")
    }
    symbols[symbol] = tensor
    return tensor
  }

  /// The size read off the first value of this region that has it, nil where there is none.
  private func fixedHere(_ symbol: String) throws -> String? {
    for node in graph.nodes {
      for output in node.outputs {
        guard let axis = output.shape.dimensions.firstIndex(where: { $0.soleSymbol == symbol })
        else { continue }
        if node.operation is BindSizes { return boundSize(node.inputs[0], axis) }
        guard hasName(output) else { continue }
        let shape = add(
          "Shape", [name(of: output)], name: "\(node.name)/sizes",
          attributes: ["T": .type(DataType(output.elementType)), "out_type": .type(.int32)])
        return element(axis, of: shape, .int32, name: "\(node.name)/size")
      }
    }
    return nil
  }

  private func boundSize(_ value: Value, _ index: Int) -> String {
    let stem = "\(value.node.name)/size"
    let tensor = name(of: value)
    let scalar =
      value.shape.rank == 0 ? tensor : element(index, of: tensor, value.elementType, name: stem)
    guard value.elementType == .int64 else { return scalar }
    return cast(scalar, from: .int64, to: .int32, name: "\(stem)/narrow")
  }

  /// A tensor as another type.
  func cast(_ tensor: String, from: ElementType, to: ElementType, name: String) -> String {
    add(
      "Cast", [tensor], name: name,
      attributes: [
        "SrcT": .type(DataType(from)), "DstT": .type(DataType(to)), "Truncate": .bool(false),
      ])
  }

  /// One element of a vector.
  private func element(
    _ index: Int, of vector: String, _ type: ElementType, name: String
  ) -> String {
    let begin = constant(Tensor([Int32(index)]), name: "\(name)/begin")
    let count = constant(Tensor([Int32(1)]), name: "\(name)/count")
    let part = add(
      "Slice", [vector, begin, count], name: "\(name)/part",
      attributes: ["T": .type(DataType(type)), "Index": .type(.int32)])
    let scalar = constant(Tensor([Int32]()), name: "\(name)/shape")
    return add(
      "Reshape", [part, scalar], name: name,
      attributes: ["T": .type(DataType(type)), "Tshape": .type(.int32)])
  }
}
