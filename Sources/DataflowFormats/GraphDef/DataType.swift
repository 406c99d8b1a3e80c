import Tensors

/// A type of TensorFlow's, also one that tensors here do not have: its number and its name.
public struct DataType: Hashable, Sendable {
  /// TensorFlow's number; 100 more for a variable's own buffer.
  public var number: Int

  /// The type of a number, whether or not TensorFlow gives it a name.
  public init(number: Int) { self.number = number }

  /// The type of an element type here.
  public init(_ elementType: ElementType) { number = elementType.dataType }

  public static let invalid = DataType(number: 0)
  public static let float = DataType(number: 1)
  public static let string = DataType(number: 7)
  public static let half = DataType(number: 19)
  public static let bfloat16 = DataType(number: 14)
  public static let resource = DataType(number: 20)
  public static let variant = DataType(number: 21)

  /// The element type here, nil where there is none; of a variable's buffer, that of its elements.
  public var elementType: ElementType? {
    ElementType(dataType: number > 100 ? number - 100 : number)
  }

  /// `DT_FLOAT`, `DT_FLOAT_REF`; the number where there is no name.
  public var name: String {
    if let name = Self.names[number] { return name }
    if number > 100, let name = Self.names[number - 100] { return "\(name)_REF" }
    return String(number)
  }

  /// The type of a name such as `DT_FLOAT`, nil where there is none.
  public init?(name: String) {
    let isReference = name.hasSuffix("_REF")
    guard let number = Self.numbers[isReference ? String(name.dropLast(4)) : name] else {
      return nil
    }
    self.number = isReference ? number + 100 : number
  }

  private static let names: [Int: String] = [
    0: "DT_INVALID", 1: "DT_FLOAT", 2: "DT_DOUBLE", 3: "DT_INT32", 4: "DT_UINT8",
    5: "DT_INT16", 6: "DT_INT8", 7: "DT_STRING", 8: "DT_COMPLEX64", 9: "DT_INT64", 10: "DT_BOOL",
    11: "DT_QINT8", 12: "DT_QUINT8", 13: "DT_QINT32", 14: "DT_BFLOAT16", 15: "DT_QINT16",
    16: "DT_QUINT16", 17: "DT_UINT16", 18: "DT_COMPLEX128", 19: "DT_HALF", 20: "DT_RESOURCE",
    21: "DT_VARIANT", 22: "DT_UINT32", 23: "DT_UINT64", 24: "DT_FLOAT8_E5M2",
    25: "DT_FLOAT8_E4M3FN", 29: "DT_INT4", 30: "DT_UINT4",
  ]

  private static let numbers = Dictionary(uniqueKeysWithValues: names.map { ($1, $0) })
}

extension DataType: CustomStringConvertible {
  public var description: String { name }
}

extension DataType: ProtobufVarint {
  package init() { number = 0 }
  init(bits: UInt64) { number = Int(Int32(truncatingIfNeeded: bits)) }
  var bits: UInt64 { UInt64(truncatingIfNeeded: number) }
  var text: String { name }
  static var expectation: String { "type such as DT_FLOAT" }

  init?(word: String) {
    if let number = Int32(word) {
      self.init(number: Int(number))
    } else {
      self.init(name: word)
    }
  }
}
