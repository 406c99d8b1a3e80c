import Tensors

extension DeviceProgram {
  /// The product of two matrices, by tiles of the result that a group computes from tiles of the factors
  /// in its memory; where the result is small and the inner dimension long, parts of that are summed
  /// up at the end.
  static func matMul(
    _ type: ElementType, transposeA: Bool, transposeB: Bool
  ) -> DeviceProgram {
    matMul(ProductText(type, transposeA: transposeA, transposeB: transposeB))
  }

  /// A product and functions of its elements, which are computed before these are written.
  ///
  /// - Parameters:
  ///   - expression: of the product's element and those of the inputs behind the factors.
  ///   - inputs: the factors and the others.
  /// - Returns: nil where only the CPU has one of its functions.
  static func fusedProduct(
    _ product: MatMul, _ expression: ScalarExpression, _ inputs: [TensorSpec], _ output: TensorSpec
  ) -> DeviceProgram? {
    fusedText(product, expression, inputs, output).map { matMul($0) }
  }

  /// The functions alone, of a product that is in the output; their text is `fusedProduct`'s.
  static func epilogue(
    _ product: MatMul, _ expression: ScalarExpression, _ inputs: [TensorSpec], _ output: TensorSpec
  ) -> DeviceProgram? {
    fusedText(product, expression, inputs, output).map { text in
      DeviceProgram(source: text.multiply + text.addParts, types: [text.type]) { sizes in
        DeviceSchedule([try text.addParts(from: .output(0), parts: 1, sizes)])
      }
    }
  }

  private static func fusedText(
    _ product: MatMul, _ expression: ScalarExpression, _ inputs: [TensorSpec], _ output: TensorSpec
  ) -> ProductText? {
    let type = output.elementType
    var text = ProductText(type, transposeA: product.transposeA, transposeB: product.transposeB)
    text.epilogue = ProductEpilogue(expression, type: type, others: Array(inputs.dropFirst(2)))
    return text.epilogue == nil ? nil : text
  }

  private static func matMul(_ text: ProductText) -> DeviceProgram {
    DeviceProgram(source: text.multiply + text.addParts, types: [text.type]) { sizes in
      let inner = sizes.inputs[0][text.transposeA ? 0 : 1]
      guard inner == sizes.inputs[1][text.transposeB ? 1 : 0] else {
        throw GraphError("the inner sizes of \(sizes.inputs[0]) and \(sizes.inputs[1]) differ")
      }
      return try text.schedule(sizes, inner: inner)
    }
  }

  /// Products of many matrices of one size; those of an input are repeated where it has fewer.
  ///
  /// - Parameter dimensions: how many the result has in front of the matrices'.
  static func batchMatMul(
    _ type: ElementType, transposeA: Bool, transposeB: Bool, dimensions: Int
  ) -> DeviceProgram {
    var text = ProductText(type, transposeA: transposeA, transposeB: transposeB)
    text.batchDimensions = dimensions
    return DeviceProgram(source: text.multiply, types: [type]) { sizes in
      let (a, b, result) = (sizes.inputs[0], sizes.inputs[1], sizes.outputs[0])
      let inner = a[a.rank - (transposeA ? 2 : 1)]
      guard inner == b[b.rank - (transposeB ? 1 : 2)] else {
        throw GraphError("the inner sizes of \(a) and \(b) differ")
      }
      guard result.elementCount > 0 else { return DeviceSchedule([]) }
      let (rows, columns) = (result[result.rank - 2], result[result.rank - 1])
      let steps = try [a, b].map { try batchStrides($0, in: result) }
      let batch = result.dimensions.dropLast(2)
      let launch = DeviceLaunch(
        "multiply", groups: batch.reduce(1, *) * ProductText.tiles(rows, columns),
        [
          .input(0), .input(1), .output(0), .index(rows), .index(inner), .index(columns),
          .index(inner), .index(1),
        ] + (batch + steps[0] + steps[1]).map { .index($0) })
      return DeviceSchedule([launch])
    }
  }

  /// How far apart an input's matrices lie along each of the result's dimensions, 0 where they are repeated.
  private static func batchStrides(_ shape: Shape, in result: Shape) throws -> [Int] {
    let added = result.rank - shape.rank
    return try (0..<result.rank - 2).map { axis in
      guard axis >= added, shape[axis - added] != 1 else { return 0 }
      guard shape[axis - added] == result[axis] else {
        throw GraphError("the matrices of \(shape) do not broadcast to \(result)")
      }
      return shape.strides[axis - added]
    }
  }
}

extension ProductText {
  fileprivate func schedule(_ sizes: KernelSizes, inner: Int) throws -> DeviceSchedule {
    let (rows, columns) = (sizes.outputs[0][0], sizes.outputs[0][1])
    let count = rows * columns
    guard count > 0 else { return DeviceSchedule([]) }
    let tiles = Self.tiles(rows, columns)
    // Some groups for each processor of a large device, with enough to do.
    let wanted = min((512 + tiles - 1) / tiles, max(1, inner / 256))
    let length = max(16, ((inner + wanted - 1) / wanted).roundedUp(toMultipleOf: 16))
    let parts = max(1, (inner + length - 1) / length)
    let multiply = DeviceLaunch(
      "multiply", groups: tiles * parts,
      [
        .input(0), .input(1), parts == 1 ? .output(0) : .scratch(0), .index(rows), .index(inner),
        .index(columns), .index(length), .index(parts),
      ] + (try epilogue?.arguments(sizes) ?? []))
    if parts == 1 { return DeviceSchedule([multiply]) }
    return DeviceSchedule(
      [multiply, try addParts(from: .scratch(0), parts: parts, sizes)],
      scratchBytes: parts * count * type.size)
  }

  /// Sums up parts of the product and computes what is made of it.
  fileprivate func addParts(
    from sums: DeviceArgument, parts: Int, _ sizes: KernelSizes
  ) throws -> DeviceLaunch {
    let count = sizes.outputs[0].elementCount
    return DeviceLaunch(
      "addParts", items: count,
      [sums, .output(0), .index(count), .index(parts), .index(sizes.outputs[0][1])]
        + (try epilogue?.arguments(sizes) ?? []))
  }
}
