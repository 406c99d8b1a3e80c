import Tensors

/// A tensor as kernels see it: memory that someone else owns, and the sizes of this run.
public struct TensorView {
  /// Where the first element is; the elements follow in row-major order.
  public var base: UnsafeMutableRawPointer
  /// The sizes, `rank` of them.
  public var dimensions: UnsafeMutablePointer<Int>
  public var rank: Int
  /// The number of elements.
  public var count: Int

  package init(
    base: UnsafeMutableRawPointer, dimensions: UnsafeMutablePointer<Int>, rank: Int, count: Int
  ) {
    self.base = base
    self.dimensions = dimensions
    self.rank = rank
    self.count = count
  }

  /// The elements, which are of the type `T`.
  public func elements<T: TensorElement>(_: T.Type = T.self) -> UnsafeMutablePointer<T> {
    base.assumingMemoryBound(to: T.self)
  }

  /// The product of the sizes from `axis` on.
  public func count(from axis: Int) -> Int {
    var product = 1
    for index in axis..<max(axis, rank) { product *= dimensions[index] }
    return product
  }

  /// The sizes as a shape; asks for memory.
  public var shape: Shape { Shape((0..<rank).map { dimensions[$0] }) }

  /// Copies bytes to the first element and on.
  public func fill(from bytes: UnsafeRawBufferPointer) {
    UnsafeMutableRawBufferPointer(start: base, count: bytes.count).copyMemory(from: bytes)
  }

  /// A copy of the elements.
  public func tensor(of type: ElementType) -> Tensor {
    let byteCount = shape.elementCount * type.size
    let storage = AlignedStorage(uninitialized: byteCount)
    storage.base.copyMemory(from: base, byteCount: byteCount)
    return Tensor(storage: storage, shape: shape, elementType: type)
  }
}
