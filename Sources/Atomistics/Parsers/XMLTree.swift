import Foundation

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// An element of an XML file with its attributes, text and children; names without their prefixes.
final class XMLTree {
  let name: String
  let attributes: [String: String]
  fileprivate(set) var text = ""
  fileprivate(set) var children: [XMLTree] = []

  init(name: String, attributes: [String: String]) {
    self.name = name
    self.attributes = attributes
  }

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
        key: name, found: "\"\(text.trimmingCharacters(in: .whitespacesAndNewlines).prefix(80))\"",
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

/// Reads an XML file from front to back, and gives away the elements that are wanted as they end, so
/// that a file of any size needs the memory of one of them.
final class XMLTreeReader: NSObject, XMLParserDelegate {
  /// The file's outermost element, without what was given away.
  private(set) var root: XMLTree?
  private var open: [XMLTree] = []
  private let wanted: Set<String>
  private let take: (XMLTree) throws -> Void
  private var failure: (any Error)?

  private init(_ wanted: Set<String>, _ take: @escaping (XMLTree) throws -> Void) {
    self.wanted = wanted
    self.take = take
  }

  /// - Parameters:
  ///   - wanted: names of elements that `take` is given, and that are left out of the tree.
  /// - Returns: the outermost element.
  /// - Throws: what `take` throws; `AtomisticsError` with the line where the file is no XML or ends too
  ///   early, after everything before that was given away.
  static func read(
    _ data: Data, wanted: Set<String> = [], _ take: @escaping (XMLTree) throws -> Void = { _ in }
  ) throws -> XMLTree {
    let reader = XMLTreeReader(wanted, take)
    let parser = XMLParser(data: data)
    parser.delegate = reader
    let isWhole = parser.parse()
    if let failure = reader.failure { throw failure }
    guard isWhole, let root = reader.root else {
      throw AtomisticsError(
        line: max(1, parser.lineNumber), found: "XML that ends too early or is damaged",
        allowed: "a whole XML file")
    }
    return root
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
    qualifiedName: String?, attributes: [String: String]
  ) {
    let bare = name.split(separator: ":").last.map(String.init) ?? name
    open.append(XMLTree(name: bare, attributes: attributes))
  }

  func parser(_ parser: XMLParser, foundCharacters text: String) { open.last?.text += text }

  func parser(
    _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
  ) {
    guard let element = open.popLast() else { return }
    if wanted.contains(element.name) {
      do { try take(element) } catch {
        failure = failure ?? error
        parser.abortParsing()
      }
    } else if let parent = open.last {
      parent.children.append(element)
    } else {
      root = element
    }
  }
}
