/// The sizes of a tensor's dimensions, outermost first; a scalar has none.
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
  public var dimensions: [Int]

  /// - Precondition: no size is negative.
  public init(_ dimensions: [Int]) {
    precondition(dimensions.allSatisfy { $0 >= 0 }, "negative dimension in \(dimensions)")
    self.dimensions = dimensions
  }

  public init(arrayLiteral elements: Int...) { self.init(elements) }

  public static let scalar = Shape([])

  @inlinable public var rank: Int { dimensions.count }

  /// The product of all sizes: 1 for a scalar.
  @inlinable public var elementCount: Int { dimensions.reduce(1, *) }

  /// The product of all sizes where it is no more than `most`, nil else.
  public func elementCount(atMost most: Int) -> Int? {
    if dimensions.contains(0) { return 0 }
    return dimensions.reduce(Optional(1)) { count, size in
      count.flatMap { size <= most / $0 ? $0 * size : nil }
    }
  }

  @inlinable public subscript(axis: Int) -> Int {
    get { dimensions[axis] }
    set { dimensions[axis] = newValue }
  }

  /// `[2, 3]`, as TensorFlow prints it.
  public var description: String {
    "[" + dimensions.map(String.init).joined(separator: ", ") + "]"
  }
}
