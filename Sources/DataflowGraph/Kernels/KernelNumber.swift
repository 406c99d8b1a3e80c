import Tensors

/// A number type that elementwise programs compute in; booleans are computed as `UInt8`.
package protocol KernelNumber: TensorElement, Numeric, Comparable, Hashable, Codable,
  SIMDScalar
{
  /// Whether numbers are whole: sums and products wrap around, quotients are truncated.
  static var isInteger: Bool { get }
  /// -1, or its bits for a type without a sign.
  static var minusOne: Self { get }
  /// The number below which there is none, and the one above which there is none.
  static var lowest: Self { get }
  static var highest: Self { get }
  /// The lowest and the highest number that is not infinite.
  static var lowestFinite: Self { get }
  static var highestFinite: Self { get }

  /// A whole number, less the bits that do not fit.
  init(truncating value: Int)

  /// A constant of an expression.
  init(constant: Double)

  static func apply(
    _ function: UnaryFunction, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>,
    _ count: Int)

  /// The sum of consecutive elements, in an order that depends on their number alone.
  static func sum(_ x: UnsafePointer<Self>, _ count: Int) -> Self

  static func apply(
    _ function: BinaryFunction, _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>,
    _ y: UnsafeMutablePointer<Self>, _ count: Int)
}

extension ElementType {
  /// What elements of this type are computed in.
  ///
  /// - Throws: `GraphError` for handles, which are no numbers.
  var kernelNumber: any KernelNumber.Type {
    get throws {
      switch self {
      case .float32: Float.self
      case .float64: Double.self
      case .int32: Int32.self
      case .int64: Int64.self
      case .uint8, .bool: UInt8.self
      case .float16, .resource: throw GraphError("there is no kernel for \(self)")
      }
    }
  }

  /// The floating-point type of that name.
  ///
  /// - Throws: `GraphError` for all others.
  var kernelFloat: any KernelFloat.Type {
    get throws {
      switch self {
      case .float32: Float.self
      case .float64: Double.self
      default: throw GraphError("there is no kernel for \(self); allowed: float, double")
      }
    }
  }
}
