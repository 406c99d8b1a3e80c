import Tensors

/// What is known of a value before it is computed.
public struct TensorSpec: Hashable, Sendable, CustomStringConvertible {
  public var elementType: ElementType
  public var shape: SymbolicShape
  /// Whether the value is a variable's own buffer, which operations such as `Assign` may write.
  public var isReference: Bool

  public init(_ elementType: ElementType, _ shape: SymbolicShape, isReference: Bool = false) {
    self.elementType = elementType
    self.shape = shape
    self.isReference = isReference
  }

  /// `float[atoms, 48]`
  public var description: String { "\(elementType)\(shape)\(isReference ? " reference" : "")" }
}
