/// Pieces of JSON: numbers with all their digits, lists of them, quoted texts.
enum JSONText {
  /// A number.
  ///
  /// - Throws: `AtomisticsError` when it is not finite, which JSON cannot say.
  static func number(_ number: Double) throws -> String {
    guard number.isFinite else {
      throw AtomisticsError(found: "\(number)", allowed: "finite numbers")
    }
    return "\(number)"
  }

  static func list(_ numbers: [Double]) throws -> String {
    "[" + (try numbers.map(number)).joined(separator: ", ") + "]"
  }

  static func list(_ v: SIMD3<Double>) throws -> String { try list([v.x, v.y, v.z]) }

  static func list(_ m: Matrix3) throws -> String { try list([m.a, m.b, m.c]) }

  static func list(_ vectors: [SIMD3<Double>]) throws -> String {
    "[" + (try vectors.map { try list($0) }).joined(separator: ", ") + "]"
  }

  static func string(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": quoted += "\\\(scalar)"
      case "\0"..<" ":
        quoted += "\\u00" + (scalar.value < 16 ? "0" : "")
        quoted += String(scalar.value, radix: 16)
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
