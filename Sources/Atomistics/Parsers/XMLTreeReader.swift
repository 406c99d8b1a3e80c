import Foundation

/// Reads an XML file from front to back, and gives away the elements that are wanted as they end, so
/// that a file of any size needs the memory of one of them.
///
/// Foundation's reader traps on damaged files; this one is for the XML that programs write. It knows elements,
/// attributes, text, CDATA, references to characters and to the five names of XML itself, passes over comments
/// and instructions, and refuses declarations of a document's own. Text is UTF-8, or ISO-8859-1 where the file
/// says so. Blank text is left out.
struct XMLTreeReader {
  /// What is found where a file ends too early, as that of a run that was interrupted does.
  static let ending = "XML that ends too early"
  private static let deepest = 256

  private let bytes: UnsafeRawBufferPointer
  private var position = 0
  private var isLatin = false
  private var open: [XMLTree] = []
  private var root: XMLTree?
  private let wanted: Set<String>
  private let take: (XMLTree) throws -> Void

  /// - Parameters:
  ///   - wanted: names of elements that `take` is given, and that are left out of the tree.
  /// - Returns: the outermost element, without what was given away.
  /// - Throws: what `take` throws; `AtomisticsError` with the line where the file is no XML or ends too
  ///   early, after everything before that was given away.
  static func read(
    _ data: Data, wanted: Set<String> = [], _ take: (XMLTree) throws -> Void = { _ in }
  ) throws -> XMLTree {
    try data.withUnsafeBytes { bytes in
      try withoutActuallyEscaping(take) { take in
        var reader = XMLTreeReader(bytes, wanted, take)
        return try reader.document()
      }
    }
  }

  private init(
    _ bytes: UnsafeRawBufferPointer, _ wanted: Set<String>,
    _ take: @escaping (XMLTree) throws -> Void
  ) {
    (self.bytes, self.wanted, self.take) = (bytes, wanted, take)
  }

  // MARK: Structure

  private mutating func document() throws -> XMLTree {
    if starts(with: "\u{FEFF}") { position += 3 }
    while position < bytes.count {
      let start = position
      position = bytes[start...].firstIndex(of: UInt8(ascii: "<")) ?? bytes.count
      try text(start..<position)
      if position < bytes.count { try markup() }
    }
    guard open.isEmpty, let root else { throw ended() }
    return root
  }

  private mutating func markup() throws {
    if starts(with: "<!--") {
      try pass("-->")
    } else if starts(with: "<![CDATA[") {
      position += 9
      let inside = try pass("]]>")
      try append(string(inside))
    } else if starts(with: "<?") {
      try instruction()
    } else if starts(with: "<!DOCTYPE") {
      let inside = try pass(">")
      if bytes[inside].contains(UInt8(ascii: "[")) {
        throw wrong("a document type with declarations", "one without")
      }
    } else if starts(with: "</") {
      try endTag()
    } else {
      try startTag()
    }
  }

  /// `<?xml … encoding="ISO-8859-1"?>` and whatever else there may be.
  private mutating func instruction() throws {
    let inside = String(decoding: bytes[try pass("?>")], as: UTF8.self).lowercased()
    guard inside.hasPrefix("<?xml "), let key = inside.range(of: "encoding") else { return }
    let quoted = inside[key.upperBound...].split { "=\"' ?".contains($0) }.first ?? ""
    switch quoted {
    case "utf-8", "us-ascii": isLatin = false
    case "iso-8859-1": isLatin = true
    default: throw wrong("encoding \(quoted)", "UTF-8, ISO-8859-1")
    }
  }

  private mutating func startTag() throws {
    position += 1
    let name = try self.name()
    var attributes: [String: String] = [:]
    while true {
      skipBlanks()
      guard let byte = peek else { throw ended() }
      if byte == UInt8(ascii: ">") || byte == UInt8(ascii: "/") { break }
      let (key, value) = try attribute()
      guard attributes.updateValue(value, forKey: key) == nil else {
        throw wrong("\(key) twice in <\(name)>", "once")
      }
    }
    guard root == nil else { throw wrong("<\(name)> after the end", "one outermost element") }
    guard open.count < Self.deepest else {
      throw wrong("more than \(Self.deepest) elements in each other", "no more")
    }
    let isEmpty = peek == UInt8(ascii: "/")
    if isEmpty { position += 1 }
    try expect(UInt8(ascii: ">"))
    open.append(XMLTree(name: bare(name), attributes: attributes))
    opened.append(name)
    if isEmpty { try close() }
  }

  /// The names of open elements with their prefixes.
  private var opened: [String] = []

  private mutating func endTag() throws {
    position += 2
    let name = try self.name()
    skipBlanks()
    guard name == opened.last else {
      throw wrong("</\(name)>", opened.last.map { "</\($0)>" } ?? "nothing after the end")
    }
    try expect(UInt8(ascii: ">"))
    try close()
  }

  private mutating func close() throws {
    opened.removeLast()
    let element = open.removeLast()
    if wanted.contains(element.name) {
      try take(element)
      if open.isEmpty { root = element }
    } else if let parent = open.last {
      parent.children.append(element)
    } else {
      root = element
    }
  }

  private func bare(_ name: String) -> String {
    name.split(separator: ":").last.map(String.init) ?? name
  }

  private mutating func attribute() throws -> (key: String, value: String) {
    let key = try name()
    skipBlanks()
    try expect(UInt8(ascii: "="))
    skipBlanks()
    guard let quote = peek else { throw ended() }
    guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
      throw wrong("\(key) without quotes", "\(key)=\"…\"")
    }
    position += 1
    let start = position
    guard let end = bytes[start...].firstIndex(of: quote) else { throw ended() }
    guard !bytes[start..<end].contains(UInt8(ascii: "<")) else {
      throw wrong("< in the value of \(key)", "&lt;")
    }
    let value = try resolved(start..<end)
    position = end + 1
    return (key, value)
  }

  // MARK: Text

  private mutating func text(_ range: Range<Int>) throws {
    if bytes[range].allSatisfy(isBlank) { return }
    guard !open.isEmpty else {
      position = range.lowerBound
      throw wrong("text outside of all elements", "<")
    }
    try append(resolved(range))
  }

  private func append(_ text: String) throws {
    guard let last = open.last else { throw wrong("text outside of all elements", "<") }
    last.text += text
  }

  /// Text with its references resolved.
  private func resolved(_ range: Range<Int>) throws -> String {
    let ampersand = UInt8(ascii: "&")
    guard bytes[range].contains(ampersand) else { return try string(range) }
    var (result, start) = ("", range.lowerBound)
    while let place = bytes[start..<range.upperBound].firstIndex(of: ampersand) {
      result += try string(start..<place)
      let rest = place + 1..<min(range.upperBound, place + 12)
      guard let end = bytes[rest].firstIndex(of: UInt8(ascii: ";")) else {
        throw wrong("& without a name", "&amp;")
      }
      result.unicodeScalars.append(try reference(try string(place + 1..<end)))
      start = end + 1
    }
    return result + (try string(start..<range.upperBound))
  }

  private func reference(_ name: String) throws -> Unicode.Scalar {
    let known: [String: Unicode.Scalar] = [
      "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'",
    ]
    let hexadecimal = name.hasPrefix("#x") ? UInt32(name.dropFirst(2), radix: 16) : nil
    let decimal = name.hasPrefix("#") ? UInt32(name.dropFirst()) : nil
    guard let scalar = known[name] ?? (hexadecimal ?? decimal).flatMap(Unicode.Scalar.init) else {
      throw wrong("&\(name);", "&amp; &lt; &gt; &quot; &apos; &#…;")
    }
    return scalar
  }

  private func string(_ range: Range<Int>) throws -> String {
    let part = UnsafeRawBufferPointer(rebasing: bytes[range])
    if isLatin, part.contains(where: { $0 >= 0x80 }) {
      return String(String.UnicodeScalarView(part.map { Unicode.Scalar($0) }))
    }
    guard let text = String(validating: part, as: UTF8.self) else {
      throw wrong("bytes that are no UTF-8", "UTF-8")
    }
    return text
  }

  // MARK: Bytes

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private func isBlank(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
  }

  private func starts(with text: String) -> Bool {
    bytes[position...].prefix(text.utf8.count).elementsEqual(text.utf8)
  }

  private mutating func skipBlanks() {
    while let byte = peek, isBlank(byte) { position += 1 }
  }

  private mutating func expect(_ byte: UInt8) throws {
    guard let found = peek else { throw ended() }
    guard found == byte else {
      throw wrong(String(Unicode.Scalar(found)), String(Unicode.Scalar(byte)))
    }
    position += 1
  }

  /// Goes on after the next such text.
  ///
  /// - Returns: what is before it.
  @discardableResult
  private mutating func pass(_ text: String) throws -> Range<Int> {
    let (start, first) = (position, text.utf8.first!)
    while let next = bytes[position...].firstIndex(of: first) {
      position = next
      if starts(with: text) {
        position += text.utf8.count
        return start..<next
      }
      position += 1
    }
    throw ended()
  }

  /// The name of an element or an attribute.
  private mutating func name() throws -> String {
    let start = position
    let ends = "/>=<&\"'?".utf8
    while let byte = peek, !isBlank(byte), !ends.contains(byte) { position += 1 }
    guard position < bytes.count else { throw ended() }
    guard let first = bytes[start..<position].first, !"-.0123456789".utf8.contains(first) else {
      throw wrong("no name", "the name of an element or an attribute")
    }
    return try string(start..<position)
  }

  // MARK: Errors

  private func ended() -> AtomisticsError {
    AtomisticsError(
      line: line(max(0, bytes.count - 1)), found: Self.ending, allowed: "a whole XML file")
  }

  private func wrong(_ found: String, _ allowed: String) -> AtomisticsError {
    AtomisticsError(line: line(position), found: found, allowed: allowed)
  }

  private func line(_ position: Int) -> Int {
    1 + bytes[..<position].count { $0 == UInt8(ascii: "\n") }
  }
}
