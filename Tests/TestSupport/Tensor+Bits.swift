import Dataflow

extension Tensor {
  /// Whether types, shapes and all bits are equal.
  public func hasSameBits(as other: Tensor) -> Bool {
    elementType == other.elementType && shape == other.shape
      && withBytes { a in other.withBytes { a.elementsEqual($0) } }
  }
}
