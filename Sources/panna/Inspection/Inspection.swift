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
    // Every kind of NaN is the usual one.
    case .number(let value): return [value.isNaN ? "nan" : "\(value)"]
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
    let statistics = tensor.statistics
    var result = "\(tensor.elementType)\(tensor.shape)"
    if let (low, high, mean) = statistics.range {
      let texts = [low, high, mean].map { $0.text(showsValues: true) }
      result += " from \(texts[0]) to \(texts[1]), mean \(texts[2])"
    }
    let count = statistics.nanCount
    return count == 0 ? result : "\(result), \(count) of \(tensor.elementCount) nan"
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
    let statistics = tensor.statistics
    if let (low, high, mean) = statistics.range {
      for (name, value) in [("minimum", low), ("maximum", high), ("mean", mean)] {
        parts.append("\"\(name)\":\(value.json(showsValues: true))")
      }
    }
    if statistics.nanCount > 0 { parts.append("\"nan_count\":\(statistics.nanCount)") }
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

/// What an array's numbers are like.
private struct Statistics {
  /// Of all that is not NaN; nil where there is no number.
  var range: (low: Inspection, high: Inspection, mean: Inspection)?
  var nanCount = 0

  /// Of truth values.
  init() {}

  init(_ elements: [Double]) {
    let numbers = elements.filter { !$0.isNaN }
    nanCount = elements.count - numbers.count
    guard let low = numbers.min(), let high = numbers.max() else { return }
    let mean = numbers.reduce(0, +) / Double(numbers.count)
    range = (.number(low), .number(high), .number(mean))
  }

  /// A real number would not be exact for all of them.
  init(_ numbers: [Int]) {
    guard let low = numbers.min(), let high = numbers.max() else { return }
    let mean = numbers.reduce(0) { $0 + Double($1) } / Double(numbers.count)
    range = (.integer(low), .integer(high), .number(mean))
  }
}

extension Tensor {
  fileprivate var statistics: Statistics {
    switch elementType {
    case .float32: Statistics(scalars(as: Float.self).map(Double.init))
    case .float64: Statistics(scalars(as: Double.self))
    case .float16: Statistics(scalars(as: Float16.self).map(Double.init))
    case .int32: Statistics(scalars(as: Int32.self).map(Int.init))
    case .int64: Statistics(scalars(as: Int64.self).map(Int.init))
    case .uint8: Statistics(scalars(as: UInt8.self).map(Int.init))
    case .bool, .resource: Statistics()
    }
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
