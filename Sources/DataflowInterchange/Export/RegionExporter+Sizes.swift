import DataflowFormats
import DataflowGraph
import Tensors

// Sizes are attributes here and tensors in TensorFlow.
extension RegionExporter {
  /// A vector of sizes.
  ///
  /// - Throws: `GraphError` for a number that the type does not hold.
  func exportSizes(_ sizes: [Dimension], _ type: ElementType, name: String) throws -> String {
    let known = sizes.compactMap(\.known)
    if known.count == sizes.count {
      return constant(try Tensor(whole: known, [known.count], type), name: name)
    }
    let parts = try sizes.enumerated().map { try exportSize($1, type, name: "\(name)/\($0)") }
    return add(
      "Pack", parts, name: name,
      attributes: [
        "N": .int(Int64(parts.count)), "T": .type(DataType(type)), "axis": .int(0),
      ])
  }

  /// A size: the sum of its terms.
  ///
  /// - Throws: `GraphError` for a number that the type does not hold.
  func exportSize(_ size: Dimension, _ type: ElementType, name: String) throws -> String {
    func number(_ value: Int, name: String) throws -> String {
      constant(try Tensor(whole: [value], [], type), name: name)
    }
    func arithmetic(_ op: String, _ a: String, _ b: String, name: String) -> String {
      add(op, [a, b], name: name, attributes: ["T": .type(DataType(type))])
    }
    if let known = size.known { return try number(known, name: name) }
    var sum: String?
    for (coefficient, factors) in size.sortedTerms {
      var product: String?
      if coefficient != 1 || factors.isEmpty {
        product = try number(coefficient, name: "\(name)/factor")
      }
      for factor in factors {
        let value = try symbol(factor, type)
        product = product.map { arithmetic("Mul", $0, value, name: "\(name)/product") } ?? value
      }
      sum = sum.map { arithmetic("AddV2", $0, product!, name: "\(name)/sum") } ?? product
    }
    return sum!
  }

  /// A size that has a name, as a scalar.
  private func symbol(_ symbol: String, _ type: ElementType) throws -> String {
    if let known = symbols[symbol]?[type] { return known }
    let tensor: String
    if let own = fixedHere(symbol, type) {
      tensor = own
    } else if let parent {
      tensor = enteredName(of: try parent.symbol(symbol, type), type)
    } else {
      throw GraphError("no value fixes the size \"\(symbol)\"")
    }
    symbols[symbol, default: [:]][type] = tensor
    return tensor
  }

  /// The size read off the first value of this region that has it, nil where there is none.
  private func fixedHere(_ symbol: String, _ type: ElementType) -> String? {
    for node in graph.nodes {
      for output in node.outputs {
        guard let axis = output.shape.dimensions.firstIndex(where: { $0.soleSymbol == symbol })
        else { continue }
        if node.operation is BindSizes { return boundSize(node.inputs[0], axis, type) }
        guard hasName(output) else { continue }
        let shape = add(
          "Shape", [name(of: output)], name: "\(node.name)/sizes",
          attributes: [
            "T": .type(DataType(output.elementType)), "out_type": .type(DataType(type)),
          ])
        return element(axis, of: shape, type, name: "\(node.name)/size")
      }
    }
    return nil
  }

  private func boundSize(_ value: Value, _ index: Int, _ type: ElementType) -> String {
    let stem = "\(value.node.name)/size"
    let tensor = name(of: value)
    let scalar =
      value.shape.rank == 0 ? tensor : element(index, of: tensor, value.elementType, name: stem)
    return cast(scalar, from: value.elementType, to: type, name: "\(stem)/typed")
  }

  /// A tensor as another type, or itself.
  func cast(_ tensor: String, from: ElementType, to: ElementType, name: String) -> String {
    if from == to { return tensor }
    return add(
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

extension Tensor {
  /// Whole numbers.
  ///
  /// - Parameter type: `int32` or `int64`.
  /// - Throws: `GraphError` for a number that the type does not hold.
  fileprivate init(whole numbers: [Int], _ shape: Shape, _ type: ElementType) throws {
    if type == .int64 {
      self.init(shape: shape, scalars: numbers.map { Int64($0) })
      return
    }
    let scalars = try numbers.map { number in
      guard let scalar = Int32(exactly: number) else {
        throw GraphError("TensorFlow takes \(number) as int32, which does not hold it")
      }
      return scalar
    }
    self.init(shape: shape, scalars: scalars)
  }
}
