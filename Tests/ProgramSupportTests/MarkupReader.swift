import Foundation
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Reads markup as any XML parser does, so that what is not well-formed fails.
enum MarkupReader {
  static func root(_ text: String) throws -> XMLElement {
    let document = try XMLDocument(xmlString: text, options: [])
    return try #require(document.rootElement())
  }
}

extension XMLElement {
  /// All elements below this one with a name and, where it is given, a class.
  func all(_ name: String, class wanted: String? = nil) -> [XMLElement] {
    (children ?? []).compactMap { $0 as? XMLElement }.flatMap { child in
      let isWanted = child.name == name && (wanted == nil || child.classes.contains(wanted!))
      return (isWanted ? [child] : []) + child.all(name, class: wanted)
    }
  }

  var classes: [String] {
    (self["class"] ?? "").split(separator: " ").map(String.init)
  }

  subscript(attribute: String) -> String? { self.attribute(forName: attribute)?.stringValue }
}

/// The places that a path's commands M, L, H, V and h lead to.
func pathPoints(_ data: String) -> [(x: Double, y: Double)] {
  var (points, place, command) = ([(x: Double, y: Double)](), (x: 0.0, y: 0.0), Character("M"))
  var numbers: [Double] = []
  var text = ""
  func flush() {
    if let number = Double(text) { numbers.append(number) }
    text = ""
    let needed = command == "M" || command == "L" ? 2 : 1
    guard numbers.count == needed else { return }
    switch command {
    case "H": place.x = numbers[0]
    case "V": place.y = numbers[0]
    case "h": place.x += numbers[0]
    default: place = (numbers[0], numbers[1])
    }
    points.append(place)
    numbers = []
  }
  for character in data {
    if character.isLetter {
      flush()
      command = character
    } else if character == " " {
      flush()
    } else {
      text.append(character)
    }
  }
  flush()
  return points
}
