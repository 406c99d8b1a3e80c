import Foundation

/// Numbers in the form that pages and lines show them in.
enum ReportText {
  /// Three significant digits, without a power of ten where that is short.
  static func number(_ value: Double) -> String {
    guard value.isFinite else { return "\(value)" }
    guard value != 0 else { return "0" }
    let exponent = Int(log10(abs(value)).rounded(.down))
    guard (-4...5).contains(exponent) else { return String(format: "%.2e", value) }
    return String(format: "%.\(max(0, 2 - exponent))f", value)
  }

  /// With so many digits after the point.
  static func fixed(_ value: Double, _ digits: Int) -> String {
    String(format: "%.\(digits)f", value)
  }

  /// A whole number and what it counts.
  static func count(_ count: Int, _ singular: String, _ plural: String) -> String {
    "\(count) \(count == 1 ? singular : plural)"
  }
}

/// Numbers and texts by their names, as JSON.
enum ReportValue: Encodable, Equatable {
  case number(Double)
  case text(String)
  case list([ReportValue])
  case members([String: ReportValue])

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    // JSON has no word for what is not finite.
    case .number(let value) where !value.isFinite: try container.encodeNil()
    case .number(let value): try container.encode(value)
    case .text(let text): try container.encode(text)
    case .list(let values): try container.encode(values)
    case .members(let members): try container.encode(members)
    }
  }

  /// The value as indented text with sorted names.
  var json: Data {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      return try encoder.encode(self) + Data("\n".utf8)
    }
  }
}
