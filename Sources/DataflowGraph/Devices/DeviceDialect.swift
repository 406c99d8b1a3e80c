import Tensors

/// The language of kernels for devices: what C, CUDA and OpenCL have in common, with a prelude for the
/// rest. CUDA's and OpenCL's preludes are with their drivers.
///
///     KERNEL(scale)(BUFFER(float, x), BUFFER(float, y), INDEX count) {
///       OPEN(float, x)
///       OPEN(float, y)
///       FOR_EACH(i, count) { y[i] = 2 * x[i]; }
///     }
///
/// | | |
/// |---|---|
/// | `KERNEL(name)` | begins a kernel |
/// | `BUFFER(T, x)`, `OPEN(T, x)` | a parameter for memory; the pointer `x` to it |
/// | `INDEX` | the type of sizes and places: of 32 bits, or of 64 where something is large |
/// | `FOR_EACH(i, count)` | a loop that the threads of all groups share |
/// | `THREAD`, `GROUP`, `GROUPS` | a thread's number in its group, the group's, how many there are |
/// | `GROUP_SIZE` | threads of a group, `DeviceDialect.groupSize` |
/// | `SHARED`, `SYNC` | memory of a group; waits for all its threads |
/// | `DEVICE` | begins a function |
/// | `Int64`, `UInt8`, `UInt16`, `UInt32`, `UInt64` | types, beside `int`, `float` and `double` |
/// | `HALF(x, i)` | the element `i` of `UInt16 *x` in global memory, of half precision, as a `float` |
/// | `ATOMIC_ADD`, `ATOMIC_MIN` | on an `int` in memory; return what it was |
/// | `REPORT(number)` | a fault, into the parameter `BUFFER(int, fault)` |
///
/// Texts are compiled together: macros of one name say the same in all of them, and nothing else is
/// declared outside of kernels.
///
/// There are no floating-point atomics, so that no result depends on which thread is first.
public enum DeviceDialect {
  /// Threads of a group.
  public static let groupSize = 256
  /// More groups than that gain nothing.
  static let mostGroups = 8192
  /// Of inputs or sizes of which there may be any number, a kernel takes that many: some devices have 1024 bytes for all
  /// its parameters, and a buffer is 16 of them.
  static let mostParameters = 32

  /// The name of an element type; booleans are bytes, and half precision is its bits, which are moved as they
  /// are and read by `element`.
  public static func name(of type: ElementType) -> String {
    switch type {
    case .float32: "float"
    case .float64: "double"
    case .int32: "int"
    case .int64: "Int64"
    case .float16: "UInt16"
    case .uint8, .bool: "UInt8"
    case .resource: "Int64"
    }
  }

  /// What elements of a type are computed in.
  static func computed(_ type: ElementType) -> ElementType { type == .float16 ? .float32 : type }

  /// An element of a buffer, of the type that it is computed in.
  static func element(_ buffer: String, _ place: String, _ type: ElementType) -> String {
    type == .float16 ? "HALF(\(buffer), \(place))" : "\(buffer)[\(place)]"
  }

  /// A number as a literal of the type.
  public static func literal(_ value: Double, _ type: ElementType) -> String {
    guard type.isFloatingPoint else {
      return value == Double(Int64.min) ? extreme(.int64, isHighest: false) : "(\(Int64(value)))"
    }
    let value = type == .float32 ? Double(Float(value)) : value
    if value.isNaN { return "(\(name(of: type)))NAN" }
    if value.isInfinite { return "(\(name(of: type)))\(value < 0 ? "-" : "")INFINITY" }
    let number = type == .float32 ? "\(Float(value))f" : "\(value)"
    // A sign before it would make one operator of two.
    return value.sign == .minus ? "(\(number))" : number
  }

  /// The smallest or the largest number of the type.
  static func extreme(_ type: ElementType, isHighest: Bool) -> String {
    switch type {
    case .float32, .float64: literal(isHighest ? .infinity : -.infinity, type)
    case .int32: isHighest ? "2147483647" : "(-2147483647 - 1)"
    case .int64: isHighest ? "9223372036854775807" : "(-9223372036854775807 - 1)"
    default: isHighest ? "255" : "0"
    }
  }

  /// The smallest or the largest number of the type that is not infinite.
  static func finiteExtreme(_ type: ElementType, isHighest: Bool) -> String {
    let sign: Double = isHighest ? 1 : -1
    return switch type {
    case .float32: literal(sign * Double(Float.greatestFiniteMagnitude), type)
    case .float64: literal(sign * .greatestFiniteMagnitude, type)
    default: extreme(type, isHighest: isHighest)
    }
  }

  /// Numbers of this type wrap around as this one's do.
  static func unsigned(_ type: ElementType) -> String {
    switch type {
    case .int32: "UInt32"
    case .int64: "UInt64"
    default: name(of: type)
    }
  }
}
