import Tensors

extension TensorProto {
  /// What a list whose last element repeats may grow to, in bytes.
  static let repetitionLimit = 1 << 30

  /// A tensor in TensorFlow's form.
  public init(_ tensor: Tensor) {
    self.init()
    type = DataType(tensor.elementType)
    shape = TensorShapeProto(sizes: tensor.shape.dimensions)
    if tensor.elementCount == 1 {
      setScalar(of: tensor)
    } else {
      content = tensor.withBytes { Array($0) }
    }
  }

  /// A scalar is readable as a number in the text form.
  private mutating func setScalar(of tensor: Tensor) {
    switch tensor.elementType {
    case .float32: floats = tensor.scalars()
    case .float64: doubles = tensor.scalars()
    case .int32: ints = tensor.scalars()
    case .int64: int64s = tensor.scalars()
    case .uint8: ints = tensor.scalars(as: UInt8.self).map(Int32.init)
    case .bool: bools = tensor.scalars()
    default: content = tensor.withBytes { Array($0) }
    }
  }

  /// The tensor.
  ///
  /// - Throws: `FormatError` for a type that tensors here do not have, an unknown size, and elements
  ///   that do not fit the shape.
  public func tensor() throws(FormatError) -> Tensor {
    guard let elementType = type.elementType, elementType != .resource else {
      let names = ElementType.allCases.filter { $0 != .resource }.map { DataType($0).name }
      throw FormatError(
        "a tensor is of type \(type); allowed: \(names.joined(separator: ", "))")
    }
    let dimensions = try knownSizes()
    if !content.isEmpty { return try decodeContent(dimensions, elementType) }
    let count = try elementCount(of: dimensions, elementType)
    let shape = Shape(dimensions)
    switch elementType {
    case .float32: return try filled(shape, count, floats)
    case .float64: return try filled(shape, count, doubles)
    case .float16:
      return try filled(
        shape, count, halves.map { Float16(bitPattern: UInt16(truncatingIfNeeded: $0)) })
    case .int32: return try filled(shape, count, ints)
    case .int64: return try filled(shape, count, int64s)
    case .uint8: return try filled(shape, count, ints.map { UInt8(truncatingIfNeeded: $0) })
    case .bool: return try filled(shape, count, bools)
    default: preconditionFailure("\(elementType) was excluded")
    }
  }

  /// The only element as a number; nil where there is not one, or where it is of a type that is not for numbers.
  ///
  /// - Throws: `FormatError` for elements that do not fit the shape.
  func number() throws(FormatError) -> Double? {
    guard let sizes = shape.sizes, sizes.allSatisfy({ $0 == 1 }) else { return nil }
    if type == .bfloat16 { return try withoutBFloat16.number() }
    return switch type.elementType {
    case .float32: Double(try tensor().scalar(as: Float.self))
    case .float64: try tensor().scalar(as: Double.self)
    case .float16: Double(try tensor().scalar(as: Float16.self))
    case .int32: Double(try tensor().scalar(as: Int32.self))
    case .int64: Double(try tensor().scalar(as: Int64.self))
    default: nil
    }
  }

  /// In single precision, of which `bfloat16` is the first half, for one element.
  private var withoutBFloat16: Self {
    var result = TensorProto()
    result.type = .float
    result.shape = shape
    result.content = content.isEmpty ? [] : [0, 0] + content
    result.floats = halves.map { Float(bitPattern: UInt32(truncatingIfNeeded: $0) << 16) }
    return result
  }

  private func knownSizes() throws(FormatError) -> [Int] {
    guard let sizes = shape.sizes else { throw FormatError("a tensor's shape is unknown") }
    let known = sizes.compactMap { $0 }
    guard known.count == sizes.count else {
      throw FormatError("a tensor's shape has an unknown size")
    }
    return known
  }

  private func decodeContent(
    _ dimensions: [Int], _ elementType: ElementType
  ) throws(FormatError) -> Tensor {
    var failure: FormatError?
    let tensor = content.withUnsafeBytes { bytes -> Tensor? in
      do throws(FormatError) {
        return try Tensor(
          contentOfFile: bytes, dimensions: dimensions, elementType: elementType)
      } catch {
        failure = error
        return nil
      }
    }
    guard let tensor else { throw failure! }
    return tensor
  }

  /// The product of the sizes, as far as memory for so many elements may be asked for.
  private func elementCount(
    of dimensions: [Int], _ type: ElementType
  ) throws(FormatError) -> Int {
    if dimensions.contains(0) {
      let (_, overflow) = Self.product(dimensions.filter { $0 != 0 })
      if !overflow { return 0 }
    }
    let (bytes, overflow) = Self.product(dimensions + [type.size])
    guard !overflow, bytes <= Self.repetitionLimit else {
      throw FormatError(
        "a tensor of shape \(dimensions) repeats an element to more than "
          + "\(Self.repetitionLimit) bytes")
    }
    return bytes / type.size
  }

  private static func product(_ factors: [Int]) -> (Int, overflow: Bool) {
    var (product, overflow) = (1, false)
    for factor in factors where !overflow {
      (product, overflow) = product.multipliedReportingOverflow(by: factor)
    }
    return (product, overflow)
  }

  private func filled<T: TensorElement>(
    _ shape: Shape, _ count: Int, _ list: [T]
  ) throws(FormatError) -> Tensor {
    guard list.count <= count else {
      throw FormatError("a tensor of shape \(shape) has \(list.count) elements")
    }
    var tensor = Tensor(zeros: shape, elementType: T.elementType)
    guard let last = list.last else { return tensor }
    tensor.withMutableElements(as: T.self) { elements in
      for index in 0..<count { elements[index] = index < list.count ? list[index] : last }
    }
    return tensor
  }
}
