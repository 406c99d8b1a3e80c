import COpenBLAS
import CProcessor
import Tensors

/// A matrix in row-major memory, as stored or transposed.
struct MatrixOperand<T> {
  let base: UnsafePointer<T>
  let isTransposed: Bool
  /// Elements from one stored row to the next.
  let stride: Int

  /// The matrix from an element on.
  subscript(row: Int, column: Int) -> MatrixOperand {
    let (storedRow, storedColumn) = isTransposed ? (column, row) : (row, column)
    return MatrixOperand(
      base: base + (storedRow * stride + storedColumn), isTransposed: isTransposed, stride: stride)
  }
}

/// The floating-point types that BLAS multiplies.
protocol MatrixElement: KernelFloat {
  /// Whether the library computes small products from the factors as they lie, on this processor.
  static var hasSmallKernels: Bool { get }

  /// target[rows, columns] = left[rows, inner] · right[inner, columns], by one call of the library.
  ///
  /// - Parameters:
  ///   - stride: elements from one row of `target` to the next.
  ///   - adding: whether the product is added to what `target` holds.
  static func multiply(
    _ left: MatrixOperand<Self>, _ right: MatrixOperand<Self>,
    into target: UnsafeMutablePointer<Self>, stride: Int, rows: Int, inner: Int, columns: Int,
    adding: Bool)
}

private func flag(_ isTransposed: Bool) -> CBLAS_TRANSPOSE {
  isTransposed ? CblasTrans : CblasNoTrans
}

extension Float: MatrixElement {
  static let hasSmallKernels = {
    typealias Permit = @convention(c) (CInt, CInt, CLong, CLong, CLong, Float, Float) -> CInt
    return ProductTiles.areFast(BLAS.function("sgemm_small_matrix_permit"), of: Float.self) {
      unsafeBitCast($0, to: Permit.self)(0, $1 ? 1 : 0, $4, $2, $3, 1, $5 ? 1 : 0) != 0
    }
  }()

  static func multiply(
    _ left: MatrixOperand<Float>, _ right: MatrixOperand<Float>,
    into target: UnsafeMutablePointer<Float>, stride: Int, rows: Int, inner: Int, columns: Int,
    adding: Bool
  ) {
    cblas_sgemm(
      CblasRowMajor, flag(left.isTransposed), flag(right.isTransposed), blasint(rows),
      blasint(columns), blasint(inner), 1, left.base, blasint(left.stride), right.base,
      blasint(right.stride), adding ? 1 : 0, target, blasint(stride))
  }
}

extension Double: MatrixElement {
  static let hasSmallKernels = {
    typealias Permit = @convention(c) (CInt, CInt, CLong, CLong, CLong, Double, Double) -> CInt
    return ProductTiles.areFast(BLAS.function("dgemm_small_matrix_permit"), of: Double.self) {
      unsafeBitCast($0, to: Permit.self)(0, $1 ? 1 : 0, $4, $2, $3, 1, $5 ? 1 : 0) != 0
    }
  }()

  static func multiply(
    _ left: MatrixOperand<Double>, _ right: MatrixOperand<Double>,
    into target: UnsafeMutablePointer<Double>, stride: Int, rows: Int, inner: Int, columns: Int,
    adding: Bool
  ) {
    cblas_dgemm(
      CblasRowMajor, flag(left.isTransposed), flag(right.isTransposed), blasint(rows),
      blasint(columns), blasint(inner), 1, left.base, blasint(left.stride), right.base,
      blasint(right.stride), adding ? 1 : 0, target, blasint(stride))
  }
}

/// BLAS computes on the calling thread; the engine cuts products into shards itself.
package enum BLAS {
  /// Done once in a process, since OpenBLAS's threads are global, and early: those that it starts when
  /// it is loaded look for work for a tenth of a second before they sleep.
  package static let prepare: Void = {
    openblas_set_num_threads(1)
    // Only builds with threads of their own have it.
    if let shutdown = Platform.function(named: "blas_thread_shutdown_") {
      _ = unsafeBitCast(shutdown, to: (@convention(c) () -> Int32).self)()
    }
    chooseKernels()
  }()

  /// The library's version, and the processor that its kernels are for.
  package static var description: String {
    prepare
    let version = String(cString: openblas_get_config()).split(separator: " ").prefix(2)
    return "\(version.joined(separator: " ")), kernels for \(kernels)"
  }

  /// One of the library's functions for the processor, whose name is its own or, in builds for many processors, ends
  /// with the processor's.
  static func function(_ name: String) -> UnsafeMutableRawPointer? {
    prepare
    return Platform.function(named: "\(name)_\(kernels.uppercased())")
      ?? Platform.function(named: name)
  }

  static var kernels: String { String(cString: openblas_get_corename()) }

  /// What a library takes that does not know the processor, which may be newer: SSE3 alone.
  static let genericKernels = "Prescott"

  /// Has such a library take the kernels that the processor has instructions for, some seven times as fast.
  /// What the user says by `OPENBLAS_CORETYPE` prevails.
  private static func chooseKernels() {
    let variable = "OPENBLAS_CORETYPE"
    guard kernels == genericKernels, Platform.environment(variable) == nil,
      let known = knownProcessor,
      // Only builds for many processors have them.
      let quit = Platform.function(named: "gotoblas_dynamic_quit"),
      let start = Platform.function(named: "gotoblas_dynamic_init")
    else { return }
    Platform.setEnvironment(variable, known)
    for function in [quit, start] {
      unsafeBitCast(function, to: (@convention(c) () -> Void).self)()
    }
    Platform.setEnvironment(variable, nil)
  }

  /// A processor that every library knows and whose instructions this one has.
  static var knownProcessor: String? {
    if processor_has_avx512() != 0 { return "SkylakeX" }
    return processor_has_avx2() != 0 ? "Haswell" : nil
  }
}
