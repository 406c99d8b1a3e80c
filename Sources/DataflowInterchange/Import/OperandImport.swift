import DataflowFormats
import DataflowGraph
import Tensors

/// Takes those inputs out that are attributes here: sizes and axes.
struct OperandImport {
  private let node: NodeImport
  private(set) var attributes: Attributes
  /// The inputs that stay inputs.
  private(set) var remaining: [ImportedTensor]
  /// What decides whether the inputs that were taken out are computed.
  private(set) var droppedConditions: [Value] = []

  init(_ node: NodeImport, _ inputs: [ImportedTensor], attributes: Attributes) {
    self.node = node
    self.attributes = attributes
    remaining = inputs
  }

  /// - Throws: `GraphError` where an input is missing, or an axis is only known in the run.
  mutating func take(_ operands: [TensorFlowForm.Operand], of operation: String) throws {
    var taken: Set<Int> = []
    for operand in operands {
      let position = operand.position < 0 ? remaining.count + operand.position : operand.position
      guard remaining.indices.contains(position) else {
        throw GraphError(
          "has \(remaining.count) inputs; its input \(position) is expected to be "
            + "\(operand.attribute)")
      }
      taken.insert(position)
      try read(operand, remaining[position], of: operation)
      droppedConditions += remaining[position].conditions
    }
    remaining = remaining.indices.filter { !taken.contains($0) }.map { remaining[$0] }
  }

  private mutating func read(
    _ operand: TensorFlowForm.Operand, _ input: ImportedTensor, of operation: String
  ) throws {
    switch operand.kind {
    case .ints: attributes[operand.attribute] = .ints(try numbers(input, operand.attribute))
    case .places:
      attributes[operand.attribute] =
        if let numbers = input.sizes?.numbers ?? wholeNumbers(input) { .ints(numbers) } else {
          .shape(SymbolicShape(try sizes(input, operand.attribute)))
        }
    case .int:
      let list = try numbers(input, operand.attribute)
      guard list.count == 1 else {
        throw GraphError("\(operand.attribute) has \(list.count) elements, expected 1")
      }
      attributes[operand.attribute] = .int(list[0])
    case .sizes:
      let sizes = try resolved(try self.sizes(input, operand.attribute), operation, operand)
      try node.requireModerate(sizes.compactMap(\.known))
      attributes[operand.attribute] = .shape(SymbolicShape(sizes))
    case .size:
      let list = try sizes(input, operand.attribute)
      guard list.count == 1 else {
        throw GraphError("\(operand.attribute) has \(list.count) elements, expected 1")
      }
      try node.requireModerate(list.compactMap(\.known))
      attributes[operand.attribute] = .shape(SymbolicShape(list))
    case .pairs:
      let list = try sizes(input, operand.attribute)
      for size in list { try node.requireModerate([size].compactMap(\.known)) }
      let pairs = list.count / 2
      attributes["before"] = .shape(SymbolicShape((0..<pairs).map { list[2 * $0] }))
      attributes["after"] = .shape(SymbolicShape((0..<pairs).map { list[2 * $0 + 1] }))
    }
  }

  private func numbers(_ input: ImportedTensor, _ attribute: String) throws -> [Int] {
    guard let numbers = input.sizes?.numbers ?? wholeNumbers(input) else {
      throw GraphError(
        "\(attribute) is only known in the run, but is an attribute here: it must be a constant")
    }
    return numbers
  }

  /// The elements of what is always the same where they are whole numbers: as large as sizes never are, such as the end of all
  /// that there is, or of floating point, as `Range` has them.
  private func wholeNumbers(_ input: ImportedTensor) -> [Int]? {
    guard let value = try? input.value, let constant = node.region.constant(value) else {
      return nil
    }
    let elements: [Double]
    switch constant.elementType {
    case .float32: elements = constant.scalars(as: Float.self).map(Double.init)
    case .float64: elements = constant.scalars()
    case .int64: return constant.scalars(as: Int64.self).map { Int($0) }
    default: return nil
    }
    let numbers = elements.compactMap { Int(exactly: $0) }
    return numbers.count == elements.count ? numbers : nil
  }

  /// The sizes, of which those that are not known are read in the run.
  private func sizes(_ input: ImportedTensor, _ attribute: String) throws -> [Dimension] {
    if let sizes = input.sizes?.sizes { return sizes }
    if let numbers = wholeNumbers(input) { return numbers.map { Dimension($0) } }
    let value = try input.value
    guard let known = input.sizes else { return try boundSizes(of: value, attribute) }
    let flat = reshape(value, [Dimension(known.elements.count)])
    return try known.elements.enumerated().map { index, element in
      if let element { return element }
      return try boundSizes(of: slice(flat, begin: [Dimension(index)], size: [1]), attribute)[0]
    }
  }

  private func boundSizes(of value: Value, _ attribute: String) throws -> [Dimension] {
    guard let count = value.shape.elementCount.known else {
      throw GraphError("how many elements \(attribute) has is only known in the run")
    }
    let vector = value.shape.rank <= 1 ? value : reshape(value, [Dimension(count)])
    return try DataflowGraph.sizes(of: vector, name: "\(node.def.name)/\(attribute)")
  }

  /// The sizes with the -1 that `Reshape` and `Slice` allow put in.
  private func resolved(
    _ sizes: [Dimension], _ operation: String, _ operand: TensorFlowForm.Operand
  ) throws -> [Dimension] {
    guard sizes.contains(-1) else { return sizes }
    if operation == "Reshape", let shape = remaining[0].shape {
      return try reshaped(shape, to: sizes)
    }
    if operation == "Slice", operand.attribute == "size", let shape = remaining[0].shape,
      case .shape(let begin)? = attributes["begin"], begin.rank == sizes.count,
      shape.rank == sizes.count
    {
      return sizes.indices.map { sizes[$0] == -1 ? shape[$0] - begin[$0] : sizes[$0] }
    }
    return sizes
  }

  private func reshaped(_ shape: SymbolicShape, to sizes: [Dimension]) throws -> [Dimension] {
    let others = sizes.filter { $0 != -1 }
    guard others.count == sizes.count - 1 else {
      throw GraphError("the shape \(sizes) leaves more than one size open")
    }
    let product = others.reduce(1, *)
    let open =
      if others.contains(0) { try quotientWithoutZeros(of: shape, by: others) } else {
        try shape.elementCount.divided(by: product) ?? quotient(of: shape, by: product)
      }
    return sizes.map { $0 == -1 ? open : $0 }
  }

  /// The open size of a shape without elements, as TensorFlow has it: the product of the sizes that are not 0 divided by that
  /// of those asked for that are not 0.
  private func quotientWithoutZeros(
    of shape: SymbolicShape, by others: [Dimension]
  ) throws -> Dimension {
    var (sizes, divisors) = (shape.dimensions.filter { $0 != 0 }, others.filter { $0 != 0 })
    let unknown = sizes.filter { $0.known == nil }
    // Some size must be 0; the only one that can be is.
    if sizes.count == shape.rank, unknown.count == 1 {
      sizes.removeAll { $0 == unknown[0] }
      divisors.removeAll { $0 == unknown[0] }
    }
    for (index, size) in divisors.enumerated().reversed() {
      guard let place = sizes.firstIndex(of: size) else { continue }
      sizes.remove(at: place)
      divisors.remove(at: index)
    }
    let known = sizes.filter { $0.known != nil }.reduce(1, *)
    let divisor = divisors.reduce(1, *)
    guard let divisorNumber = divisor.known else {
      throw GraphError("\(shape) without its zeros is not divided by \(divisor) for all sizes")
    }
    if known == sizes.reduce(1, *), let open = known.divided(by: divisor) { return open }
    let one = node.graph.constant(Tensor(Int32(1)))
    var product = node.graph.constant(Tensor(Int32(truncatingIfNeeded: known.known!)))
    for size in sizes where size.known == nil {
      let vector = try node.graph.add(
        RangeOf(start: size, limit: size + 1, elementType: .int32), []
      ).output
      product = try node.operation(
        "Mul", product, try node.operation("Maximum", vector, one))
    }
    let number = node.graph.constant(Tensor(Int32(truncatingIfNeeded: divisorNumber)))
    return try boundSizes(of: try node.operation("FloorDiv", product, number), "open")[0]
  }

  /// The number of elements divided by a number, where only the run knows whether that works out.
  private func quotient(of shape: SymbolicShape, by product: Dimension) throws -> Dimension {
    guard let divisor = product.known else {
      throw GraphError("\(shape.elementCount) elements are not divided by \(product) for all sizes")
    }
    let int32: Attributes = ["out_type": .type(.int32)]
    let count = try node.operation("Size", try remaining[0].value, attributes: int32)
    let number = node.graph.constant(Tensor(Int32(truncatingIfNeeded: divisor)))
    return try boundSizes(of: try node.operation("FloorDiv", count, number), "open")[0]
  }
}
