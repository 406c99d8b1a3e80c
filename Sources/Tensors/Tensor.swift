/// An n-dimensional array of one element type, row-major, with value semantics.
///
///     let weights = Tensor(shape: [2, 3], scalars: [1, 2, 3, 4, 5, 6] as [Float])
///     weights.scalars(as: Float.self)  // [1, 2, 3, 4, 5, 6]
public struct Tensor: Sendable {
  public let elementType: ElementType
  public let shape: Shape
  private var storage: AlignedStorage

  /// A tensor of zeros (`false` for `bool`).
  public init(zeros shape: Shape, elementType: ElementType) {
    self.init(
      storage: AlignedStorage(byteCount: shape.elementCount * elementType.size), shape: shape,
      elementType: elementType)
  }

  /// A tensor with the given elements in row-major order.
  ///
  /// - Precondition: `scalars.count` is the shape's element count.
  public init<T: TensorElement>(shape: Shape, scalars: [T]) {
    precondition(
      scalars.count == shape.elementCount,
      "\(scalars.count) elements do not fill the shape \(shape)")
    let storage = AlignedStorage(uninitialized: shape.elementCount * T.elementType.size)
    scalars.withUnsafeBytes { source in
      guard let start = source.baseAddress else { return }
      storage.base.copyMemory(from: start, byteCount: source.count)
    }
    self.init(storage: storage, shape: shape, elementType: T.elementType)
  }

  /// A tensor whose elements `body` writes, all of them.
  package init<T: TensorElement>(
    shape: Shape, fill body: (UnsafeMutableBufferPointer<T>) throws -> Void
  ) rethrows {
    let storage = AlignedStorage(uninitialized: shape.elementCount * T.elementType.size)
    let start = storage.base.bindMemory(to: T.self, capacity: shape.elementCount)
    try body(UnsafeMutableBufferPointer(start: start, count: shape.elementCount))
    self.init(storage: storage, shape: shape, elementType: T.elementType)
  }

  /// A scalar, shape `[]`.
  public init<T: TensorElement>(_ scalar: T) { self.init(shape: .scalar, scalars: [scalar]) }

  /// A vector, shape `[scalars.count]`.
  public init<T: TensorElement>(_ scalars: [T]) {
    self.init(shape: [scalars.count], scalars: scalars)
  }

  package init(storage: AlignedStorage, shape: Shape, elementType: ElementType) {
    precondition(storage.byteCount >= shape.elementCount * elementType.size)
    self.storage = storage
    self.shape = shape
    self.elementType = elementType
  }

  /// Elements that somebody else keeps as long as this tensor and its copies live.
  package init(borrowing base: UnsafeMutableRawPointer, shape: Shape, elementType: ElementType) {
    self.init(
      storage: AlignedStorage(
        borrowing: base, byteCount: shape.elementCount * elementType.size), shape: shape,
      elementType: elementType)
  }

  /// Whether the elements are somebody else's, so that other elements may lie there when this tensor is gone.
  package var isBorrowed: Bool { !storage.isOwner }

  public var elementCount: Int { shape.elementCount }
  public var byteCount: Int { elementCount * elementType.size }

  /// The elements in row-major order.
  ///
  /// - Precondition: `T` is the tensor's element type.
  public func scalars<T: TensorElement>(as type: T.Type = T.self) -> [T] {
    withElements(as: type) { Array($0) }
  }

  /// The single element of a tensor with one element.
  public func scalar<T: TensorElement>(as type: T.Type = T.self) -> T {
    precondition(elementCount == 1, "\(shape) is not one element")
    return withElements(as: type) { $0[0] }
  }

  /// The same elements under another shape.
  public func reshaped(to shape: Shape) -> Tensor {
    precondition(shape.elementCount == elementCount, "\(self.shape) cannot become \(shape)")
    return Tensor(storage: storage, shape: shape, elementType: elementType)
  }

  package func withElements<T: TensorElement, R>(
    as type: T.Type = T.self, _ body: (UnsafeBufferPointer<T>) throws -> R
  ) rethrows -> R {
    precondition(T.elementType == elementType, "the elements are \(elementType), not \(T.self)")
    let start = UnsafePointer(storage.base.assumingMemoryBound(to: T.self))
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeBufferPointer(start: start, count: elementCount))
  }

  package mutating func withMutableElements<T: TensorElement, R>(
    as type: T.Type = T.self, _ body: (UnsafeMutableBufferPointer<T>) throws -> R
  ) rethrows -> R {
    precondition(T.elementType == elementType, "the elements are \(elementType), not \(T.self)")
    makeUnique()
    let start = storage.base.assumingMemoryBound(to: T.self)
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeMutableBufferPointer(start: start, count: elementCount))
  }

  package func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeRawBufferPointer(start: storage.base, count: byteCount))
  }

  package mutating func withMutableBytes<R>(
    _ body: (UnsafeMutableRawBufferPointer) throws -> R
  ) rethrows -> R {
    makeUnique()
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeMutableRawBufferPointer(start: storage.base, count: byteCount))
  }

  private mutating func makeUnique() {
    guard !storage.isOwner || !isKnownUniquelyReferenced(&storage) else { return }
    let copy = AlignedStorage(uninitialized: byteCount)
    copy.base.copyMemory(from: storage.base, byteCount: byteCount)
    storage = copy
  }
}

extension Tensor: Equatable {
  /// Equal types, shapes and elements; by elements, so a NaN differs from itself.
  public static func == (left: Tensor, right: Tensor) -> Bool {
    guard left.elementType == right.elementType, left.shape == right.shape else { return false }
    func same<T: TensorElement>(_: T.Type) -> Bool {
      left.withElements(as: T.self) { a in
        right.withElements(as: T.self) { b in a.elementsEqual(b) }
      }
    }
    switch left.elementType {
    case .float32: return same(Float.self)
    case .float64: return same(Double.self)
    case .float16: return same(Float16.self)
    case .int32: return same(Int32.self)
    case .int64: return same(Int64.self)
    case .uint8: return same(UInt8.self)
    case .bool: return same(Bool.self)
    case .resource: return true
    }
  }
}

extension Tensor: CustomStringConvertible {
  /// Type, shape and the first elements.
  public var description: String {
    func first<T: TensorElement>(_: T.Type) -> String {
      let shown = withElements(as: T.self) { $0.prefix(8).map { "\($0)" } }
      return shown.joined(separator: ", ") + (elementCount > shown.count ? ", …" : "")
    }
    let text =
      switch elementType {
      case .float32: first(Float.self)
      case .float64: first(Double.self)
      case .float16: first(Float16.self)
      case .int32: first(Int32.self)
      case .int64: first(Int64.self)
      case .uint8: first(UInt8.self)
      case .bool: first(Bool.self)
      case .resource: "handle"
      }
    return "\(elementType)\(shape) [\(text)]"
  }
}
