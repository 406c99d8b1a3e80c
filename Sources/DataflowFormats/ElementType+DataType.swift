import Tensors

extension ElementType {
  /// TensorFlow's number for the type (`DT_FLOAT` is 1), which files hold.
  package var dataType: Int {
    switch self {
    case .float32: 1
    case .float64: 2
    case .int32: 3
    case .uint8: 4
    case .int64: 9
    case .bool: 10
    case .float16: 19
    case .resource: 20
    }
  }

  /// The type with one of TensorFlow's numbers, nil where there is none here.
  package init?(dataType: Int) {
    guard let type = Self.allCases.first(where: { $0.dataType == dataType }) else { return nil }
    self = type
  }
}

extension Tensor {
  /// A tensor with the bytes that a file holds, row-major and little endian.
  ///
  /// - Throws: `FormatError` where they are too many or too few for the shape, or a truth value is
  ///   neither 0 nor 1.
  init(
    contentOfFile bytes: UnsafeRawBufferPointer, dimensions: [Int], elementType: ElementType
  ) throws(FormatError) {
    var (size, overflow) = (elementType.size, false)
    // Without the zeros, as the shape's own product may not overflow before it meets one.
    for dimension in dimensions where dimension != 0 && !overflow {
      (size, overflow) = size.multipliedReportingOverflow(by: dimension)
    }
    if dimensions.contains(0) && !overflow { size = 0 }
    guard !overflow, size == bytes.count else {
      let needed = overflow ? "more than any file" : "\(size)"
      throw FormatError(
        "holds \(bytes.count) bytes of data, \(elementType)\(dimensions) has \(needed)")
    }
    // Any other byte is no value of Bool at all.
    if elementType == .bool, let wrong = bytes.firstIndex(where: { $0 > 1 }) {
      throw FormatError("the truth value at element \(wrong) is \(bytes[wrong]); allowed: 0, 1")
    }
    self.init(zeros: Shape(dimensions), elementType: elementType)
    withMutableBytes { $0.copyMemory(from: bytes) }
  }
}
