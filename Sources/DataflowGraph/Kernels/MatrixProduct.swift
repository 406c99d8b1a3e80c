import COpenBLAS
import CProcessor
import CProducts
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

/// The floating-point types whose matrices are multiplied.
protocol MatrixElement: KernelFloat {
  /// What this processor can compute without the library, the fastest first.
  static var directProducts: [DirectProduct] { get }

  /// target[rows, columns] = left[rows, inner] · right[inner, columns], by one call of the library.
  ///
  /// - Parameter adding: whether the product is added to what `target` holds.
  static func multiplyByLibrary(
    _ left: MatrixOperand<Self>, _ right: MatrixOperand<Self>,
    into target: UnsafeMutablePointer<Self>, rows: Int, inner: Int, columns: Int, adding: Bool)
}

extension MatrixElement {
  /// target[rows, columns] = left[rows, inner] · right[inner, columns], all row-major.
  ///
  /// - Parameter adding: whether the product is added to what `target` holds.
  static func multiply(
    _ left: MatrixOperand<Self>, _ right: MatrixOperand<Self>,
    into target: UnsafeMutablePointer<Self>, rows: Int, inner: Int, columns: Int,
    adding: Bool = false
  ) {
    if !right.isTransposed,
      let direct = DirectProduct(
        rows: rows, inner: inner, columns: columns, isTransposed: left.isTransposed, of: Self.self)
    {
      direct.multiply(
        left, right, into: target, rows: rows, inner: 0..<inner, columns: columns, adding: adding)
    } else {
      multiplyByLibrary(
        left, right, into: target, rows: rows, inner: inner, columns: columns, adding: adding)
    }
  }
}

private func flag(_ isTransposed: Bool) -> CBLAS_TRANSPOSE {
  isTransposed ? CblasTrans : CblasNoTrans
}

extension Float: MatrixElement {
  static let directProducts = DirectProduct.all(product_of_singles)

  static func multiplyByLibrary(
    _ left: MatrixOperand<Float>, _ right: MatrixOperand<Float>,
    into target: UnsafeMutablePointer<Float>, rows: Int, inner: Int, columns: Int, adding: Bool
  ) {
    cblas_sgemm(
      CblasRowMajor, flag(left.isTransposed), flag(right.isTransposed), blasint(rows),
      blasint(columns), blasint(inner), 1, left.base, blasint(left.stride), right.base,
      blasint(right.stride), adding ? 1 : 0, target, blasint(columns))
  }
}

extension Double: MatrixElement {
  static let directProducts = DirectProduct.all(product_of_doubles)

  static func multiplyByLibrary(
    _ left: MatrixOperand<Double>, _ right: MatrixOperand<Double>,
    into target: UnsafeMutablePointer<Double>, rows: Int, inner: Int, columns: Int, adding: Bool
  ) {
    cblas_dgemm(
      CblasRowMajor, flag(left.isTransposed), flag(right.isTransposed), blasint(rows),
      blasint(columns), blasint(inner), 1, left.base, blasint(left.stride), right.base,
      blasint(right.stride), adding ? 1 : 0, target, blasint(columns))
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
