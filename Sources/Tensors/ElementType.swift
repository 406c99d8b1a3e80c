/// The type of a tensor's elements, with TensorFlow's names (`DT_FLOAT` is `float`).
public enum ElementType: String, Sendable, CaseIterable, CustomStringConvertible {
  case float32 = "float"
  case float64 = "double"
  /// Half precision, in which numbers are stored but not computed with.
  case float16 = "half"
  case int32
  case int64
  case uint8
  case bool
  /// A handle of something a session holds, such as a queue; it has no elements to read.
  case resource

  /// Bytes of one element.
  public var size: Int {
    switch self {
    case .float32, .int32: 4
    case .float64, .int64, .resource: 8
    case .float16: 2
    case .uint8, .bool: 1
    }
  }

  /// Whether gradients flow through values of this type.
  public var isFloatingPoint: Bool { self == .float32 || self == .float64 }

  /// Whether the elements are whole numbers.
  public var isInteger: Bool { [.int32, .int64, .uint8].contains(self) }

  public var description: String { rawValue }
}

/// A Swift type that can be a tensor's element.
public protocol TensorElement: BitwiseCopyable, Sendable, Equatable {
  static var elementType: ElementType { get }
}

extension Float: TensorElement { public static var elementType: ElementType { .float32 } }
extension Double: TensorElement { public static var elementType: ElementType { .float64 } }
extension Float16: TensorElement { public static var elementType: ElementType { .float16 } }
extension Int32: TensorElement { public static var elementType: ElementType { .int32 } }
extension Int64: TensorElement { public static var elementType: ElementType { .int64 } }
extension UInt8: TensorElement { public static var elementType: ElementType { .uint8 } }
extension Bool: TensorElement { public static var elementType: ElementType { .bool } }
