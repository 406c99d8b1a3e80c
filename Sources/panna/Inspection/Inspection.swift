import Dataflow
import Foundation

/// What is in a file: named parts in an order, for text and for JSON.
indirect enum Inspection {
  case fields([(name: String, value: Inspection)])
  case list([Inspection])
  case text(String)
  case integer(Int)
  case number(Double)
  case flag(Bool)
  /// An array, whose elements are shown only where they were asked for.
  case array(Tensor)

  // MARK: Text

  /// Lines with what belongs together indented.
  func text(showsValues: Bool) -> String { lines(showsValues).joined(separator: "\n") }

  private func lines(_ showsValues: Bool) -> [String] {
    switch self {
    case .fields(let fields):
      return fields.flatMap { name, value in
        value.isShort
          ? ["\(name): \(value.lines(showsValues)[0])"]
          : ["\(name):"] + value.lines(showsValues).map { "  \($0)" }
      }
    case .list(let values):
      return values.flatMap { value in
        value.lines(showsValues).enumerated().map { ($0 == 0 ? "- " : "  ") + $1 }
      }
    case .text(let text): return [text]
    case .integer(let value): return ["\(value)"]
    case .number(let value): return ["\(value)"]
    case .flag(let value): return ["\(value)"]
    case .array(let tensor): return [Self.summary(tensor, showsValues)]
    }
  }

  /// Whether it has its place after the name.
  private var isShort: Bool {
    switch self {
    case .fields, .list: false
    default: true
    }
  }

  private static func summary(_ tensor: Tensor, _ showsValues: Bool) -> String {
    if showsValues || tensor.elementCount == 1 { return tensor.text() }
    let name = "\(tensor.elementType)\(tensor.shape)"
    guard let (low, high, mean) = tensor.statistics else { return name }
    return "\(name) from \(low) to \(high), mean \(mean)"
  }

  // MARK: JSON

  /// JSON, fields in their order; numbers that JSON does not have are the strings "nan", "inf", "-inf".
  func json(showsValues: Bool) -> String {
    func list(_ parts: [String], _ open: String, _ close: String) -> String {
      open + parts.joined(separator: ",") + close
    }
    switch self {
    case .fields(let fields):
      let parts = fields.map { "\(Self.quoted($0)):\($1.json(showsValues: showsValues))" }
      return list(parts, "{", "}")
    case .list(let values): return list(values.map { $0.json(showsValues: showsValues) }, "[", "]")
    case .text(let text): return Self.quoted(text)
    case .integer(let value): return "\(value)"
    case .number(let value): return Self.written(value)
    case .flag(let value): return "\(value)"
    case .array(let tensor): return Self.json(tensor, showsValues)
    }
  }

  private static func json(_ tensor: Tensor, _ showsValues: Bool) -> String {
    var parts = [
      "\"type\":\"\(tensor.elementType)\"",
      "\"shape\":[\(tensor.shape.dimensions.map(String.init).joined(separator: ","))]",
    ]
    if let (low, high, mean) = tensor.statistics {
      parts += ["\"minimum\":\(low)", "\"maximum\":\(high)", "\"mean\":\(written(mean))"]
    }
    if showsValues { parts.append("\"values\":[\(tensor.elements.joined(separator: ","))]") }
    return "{\(parts.joined(separator: ","))}"
  }

  fileprivate static func written(_ value: some BinaryFloatingPoint & LosslessStringConvertible)
    -> String
  { value.isFinite ? "\(value)" : value.isNaN ? "\"nan\"" : "\"\(value)\"" }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case "\u{0}"..<"\u{20}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

extension Tensor {
  /// The least, the greatest and the mean element; nil for truth values and where there are none.
  fileprivate var statistics: (low: String, high: String, mean: Double)? {
    switch elementType {
    case .float32: Self.statistics(scalars(as: Float.self).map(Double.init))
    case .float64: Self.statistics(scalars(as: Double.self))
    case .float16: Self.statistics(scalars(as: Float16.self).map(Double.init))
    case .int32: Self.statistics(scalars(as: Int32.self).map(Int.init))
    case .int64: Self.statistics(scalars(as: Int64.self).map(Int.init))
    case .uint8: Self.statistics(scalars(as: UInt8.self).map(Int.init))
    case .bool, .resource: nil
    }
  }

  private static func statistics(_ numbers: [Double]) -> (String, String, Double)? {
    guard let low = numbers.min(), let high = numbers.max() else { return nil }
    let mean = numbers.reduce(0, +) / Double(numbers.count)
    return (Inspection.written(low), Inspection.written(high), mean)
  }

  /// A real number would not be exact for all of them.
  private static func statistics(_ numbers: [Int]) -> (String, String, Double)? {
    guard let low = numbers.min(), let high = numbers.max() else { return nil }
    return ("\(low)", "\(high)", numbers.reduce(0) { $0 + Double($1) } / Double(numbers.count))
  }

  /// The elements as JSON, row by row.
  fileprivate var elements: [String] {
    switch elementType {
    case .float32: scalars(as: Float.self).map { Inspection.written($0) }
    case .float64: scalars(as: Double.self).map { Inspection.written($0) }
    case .float16: scalars(as: Float16.self).map { Inspection.written($0) }
    case .int32: scalars(as: Int32.self).map { "\($0)" }
    case .int64: scalars(as: Int64.self).map { "\($0)" }
    case .uint8: scalars(as: UInt8.self).map { "\($0)" }
    case .bool: scalars(as: Bool.self).map { "\($0)" }
    case .resource: []
    }
  }
}
