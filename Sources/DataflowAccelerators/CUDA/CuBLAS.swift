import DataflowGraph
import Tensors

/// What multiplies matrices on a device, where that has a library for it.
protocol MatrixProducts: AnyObject, Sendable {
  /// Asks for `target[rows, columns] = left · right`, all row-major and none empty.
  func multiply(_ product: MatrixProductShape, _ type: ElementType, _ operands: MatrixOperands)
    throws
}

struct MatrixProductShape: Equatable {
  var rows: Int
  var inner: Int
  var columns: Int
  var transposeA: Bool
  var transposeB: Bool
}

struct MatrixOperands {
  let left: UnsafeMutableRawPointer
  let right: UnsafeMutableRawPointer
  let target: UnsafeMutableRawPointer
}

/// NVIDIA's library of matrix products. Float products are of single precision throughout: TF32 is off
/// unless somebody asks for it.
final class CuBLAS: MatrixProducts, @unchecked Sendable {
  typealias Handle = UnsafeMutableRawPointer
  typealias GEMM =
    @convention(c) (
      Handle, Int32, Int32, Int32, Int32, Int32, UnsafeRawPointer, Handle, Int32, Handle, Int32,
      UnsafeRawPointer, Handle, Int32
    ) -> Int32

  /// The functions that are used.
  struct Library: Sendable {
    let path: String
    let create: @convention(c) (UnsafeMutablePointer<Handle?>) -> Int32
    let destroy: @convention(c) (Handle) -> Int32
    let setStream: @convention(c) (Handle, Handle) -> Int32
    let float: GEMM
    let double: GEMM
  }

  private let library: Library
  private let handle: Handle
  // A product may be several kernels, which share the handle's memory.
  private let turn = Guarded(Turn())
  private let useStream: @Sendable () throws -> Handle

  private struct Turn: @unchecked Sendable {
    /// In which products are computed.
    var stream: Handle?
  }

  /// - Parameter useStream: makes the device's context the thread's, and tells in which stream the
  ///   thread's products are computed.
  init(_ library: Library, useStream: @escaping @Sendable () throws -> Handle) throws {
    self.library = library
    self.useStream = useStream
    _ = try useStream()
    var handle: Handle?
    let code = library.create(&handle)
    guard code == 0, let handle else { throw AcceleratorError("cuBLAS: error \(code)") }
    self.handle = handle
  }

  deinit { _ = library.destroy(handle) }

  func multiply(
    _ product: MatrixProductShape, _ type: ElementType, _ operands: MatrixOperands
  ) throws {
    let stream = try useStream()
    try turn.withLock { turn in
      if turn.stream != stream {
        turn.stream = nil
        let status = library.setStream(handle, stream)
        guard status == 0 else { throw AcceleratorError("cuBLAS: error \(status)") }
        turn.stream = stream
      }
      if type == .float32 {
        try multiply(library.float, product, operands, Float.self)
      } else {
        try multiply(library.double, product, operands, Double.self)
      }
    }
  }

  /// The library's matrices are column-major: the transposed product of the factors in the other order.
  private func multiply<T: BinaryFloatingPoint & BitwiseCopyable>(
    _ gemm: GEMM, _ product: MatrixProductShape, _ operands: MatrixOperands, _: T.Type
  ) throws {
    var (one, zero): (T, T) = (1, 0)
    let (rows, inner, columns) = (
      Int32(product.rows), Int32(product.inner), Int32(product.columns)
    )
    let code = gemm(
      handle, product.transposeB ? 1 : 0, product.transposeA ? 1 : 0, columns, rows, inner, &one,
      operands.right, product.transposeB ? inner : columns, operands.left,
      product.transposeA ? rows : inner, &zero, operands.target, columns)
    guard code == 0 else {
      throw AcceleratorError("cuBLAS: a product of \(rows)x\(inner)x\(columns): error \(code)")
    }
  }
}

extension CuBLAS.Library {
  /// - Throws: `AcceleratorError` where it is nowhere that `CUDAFolders` knows.
  init() throws {
    let library = try DynamicSymbols(
      CUDAFolders.ofThisMachine().paths(of: "cublas", versions: [13, 12, 11]))
    path = library.path
    create = try library.function("cublasCreate_v2")
    destroy = try library.function("cublasDestroy_v2")
    setStream = try library.function("cublasSetStream_v2")
    float = try library.function("cublasSgemm_v2")
    double = try library.function("cublasDgemm_v2")
  }
}
