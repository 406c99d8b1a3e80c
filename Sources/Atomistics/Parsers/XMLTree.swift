import Foundation

/// An element of an XML file with its attributes, text and children; names without their prefixes.
final class XMLTree {
  let name: String
  let attributes: [String: String]
  var text = ""
  var children: [XMLTree] = []

  init(name: String, attributes: [String: String]) {
    self.name = name
    self.attributes = attributes
  }

  /// The text without the blanks around it.
  var trimmedText: String { text.trimmingCharacters(in: .whitespacesAndNewlines) }

  /// The first child of that name.
  func child(_ name: String) -> XMLTree? { children.first { $0.name == name } }

  /// All children of that name.
  func children(_ name: String) -> [XMLTree] { children.filter { $0.name == name } }

  /// The first element that a path of names leads to.
  func at(_ path: String) -> XMLTree? {
    path.split(separator: "/").reduce(Optional(self)) { $0?.child(String($1)) }
  }

  /// The first child of that name with a `name` attribute of that value, as VASP has them.
  func child(_ element: String, named name: String) -> XMLTree? {
    children.first { $0.name == element && $0.attributes["name"] == name }
  }

  /// The numbers of the text.
  ///
  /// - Throws: `AtomisticsError` where there are other things or another number of them.
  func numbers(_ count: Int? = nil) throws -> [Double] {
    let fields = text.split { $0.isWhitespace }
    let numbers = fields.compactMap { Double($0).flatMap { $0.isFinite ? $0 : nil } }
    guard numbers.count == fields.count, count == nil || numbers.count == count else {
      throw AtomisticsError(
        key: name, found: "\"\(trimmedText.prefix(80))\"",
        allowed: count.map { $0 == 1 ? "a number" : "\($0) numbers" } ?? "numbers")
    }
    return numbers
  }

  /// Vectors of three numbers.
  func vectors(_ count: Int) throws -> [SIMD3<Double>] {
    let flat = try numbers(3 * count)
    return (0..<count).map { [flat[3 * $0], flat[3 * $0 + 1], flat[3 * $0 + 2]] }
  }
}
