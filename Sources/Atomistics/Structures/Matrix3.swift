/// A real 3x3 matrix kept as its rows: the vectors of a cell, a virial, a stress.
public struct Matrix3: Sendable, Equatable {
  /// The first row.
  public var a: SIMD3<Double>
  /// The second row.
  public var b: SIMD3<Double>
  /// The third row.
  public var c: SIMD3<Double>

  /// The matrix with these rows.
  public init(_ a: SIMD3<Double>, _ b: SIMD3<Double>, _ c: SIMD3<Double>) {
    self.a = a
    self.b = b
    self.c = c
  }

  /// A matrix of zeros.
  public static let zero = Matrix3(.zero, .zero, .zero)

  /// The matrix with ones on its diagonal.
  public static let identity = Matrix3([1, 0, 0], [0, 1, 0], [0, 0, 1])

  /// The row of this number, 0 to 2.
  public subscript(row: Int) -> SIMD3<Double> {
    get { row == 0 ? a : row == 1 ? b : c }
    set {
      switch row {
      case 0: a = newValue
      case 1: b = newValue
      default: c = newValue
      }
    }
  }

  /// The triple product of the rows.
  public var determinant: Double { dot(a, cross(b, c)) }

  /// The sum of the diagonal.
  public var trace: Double { a.x + b.y + c.z }

  /// Rows and columns exchanged.
  public var transposed: Matrix3 {
    Matrix3([a.x, b.x, c.x], [a.y, b.y, c.y], [a.z, b.z, c.z])
  }

  /// The inverse; its elements are not finite where the determinant is zero.
  public var inverse: Matrix3 {
    let scale = 1 / determinant
    return Matrix3(cross(b, c) * scale, cross(c, a) * scale, cross(a, b) * scale).transposed
  }

  /// The row vector `v` times `m`: `v.x a + v.y b + v.z c`.
  @inlinable
  public static func * (v: SIMD3<Double>, m: Matrix3) -> SIMD3<Double> {
    v.x * m.a + v.y * m.b + v.z * m.c
  }

  /// The matrix product.
  public static func * (left: Matrix3, right: Matrix3) -> Matrix3 {
    Matrix3(left.a * right, left.b * right, left.c * right)
  }

  /// Every element times `factor`.
  public static func * (m: Matrix3, factor: Double) -> Matrix3 {
    Matrix3(m.a * factor, m.b * factor, m.c * factor)
  }

  /// The sum, element by element.
  public static func + (left: Matrix3, right: Matrix3) -> Matrix3 {
    Matrix3(left.a + right.a, left.b + right.b, left.c + right.c)
  }

  /// Adds another matrix, element by element.
  public static func += (left: inout Matrix3, right: Matrix3) { left = left + right }

  /// The matrix `column · row`, as in a virial.
  @inlinable
  public static func outer(_ column: SIMD3<Double>, _ row: SIMD3<Double>) -> Matrix3 {
    Matrix3(column.x * row, column.y * row, column.z * row)
  }
}

/// The scalar product of two vectors.
@inlinable @inline(__always)
package func dot(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> Double {
  a.x * b.x + a.y * b.y + a.z * b.z
}

/// The vector product of two vectors.
package func cross(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> SIMD3<Double> {
  SIMD3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
}

/// The length of a vector.
package func length(_ a: SIMD3<Double>) -> Double { dot(a, a).squareRoot() }
