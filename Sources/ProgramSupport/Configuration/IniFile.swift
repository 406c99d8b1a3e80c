import Foundation

/// A configuration file in the dialect of Python's ConfigParser that PANNA uses.
///
/// `[SECTION]` lines, `key = value` or `key: value`, whole-line comments with `#` or `;`, values that go
/// on in lines indented deeper than their key. Keys are case-insensitive, sections are not; neither may be
/// given twice.
public struct IniFile: Sendable, Equatable {
  /// The file's path, for messages.
  public let path: String
  /// In the order of the file.
  public private(set) var sections: [IniSection] = []
  /// How far the last key was indented; nil where no value can go on.
  private var keyIndentation: Int?

  /// Reads a file.
  ///
  /// - Parameter overrides: `SECTION.key=value`, which replace or add keys.
  /// - Throws: `UsageError` with file and line.
  public init(path: String, overrides: [String] = []) throws {
    // Also of pipes, such as shells make of `<(…)`.
    guard let file = FileHandle(forReadingAtPath: path), let data = try? file.readToEnd() ?? Data()
    else {
      throw UsageError("\(path): cannot be read")
    }
    guard let text = String(validating: data, as: UTF8.self) else {
      throw UsageError("\(path): is no text in UTF-8")
    }
    try self.init(text: text, path: path, overrides: overrides)
  }

  /// Reads a text that was found in a file at `path`.
  ///
  /// - Throws: `UsageError` with file and line.
  public init(text: String, path: String, overrides: [String] = []) throws {
    self.path = path
    // Some editors begin a file with a byte-order mark.
    let content = text.hasPrefix("\u{FEFF}") ? text.dropFirst() : text[...]
    let lines = content.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (index, line) in lines.enumerated() { try parse(line, number: index + 1) }
    keyIndentation = nil
    for override in overrides { try apply(override) }
  }

  private mutating func parse(_ line: Substring, number: Int) throws {
    let content = line.trimmingCharacters(in: .whitespaces)
    if content.isEmpty || content.hasPrefix("#") || content.hasPrefix(";") { return }
    let indentation = line.prefix { $0.isWhitespace }.count
    if let keyIndentation, indentation > keyIndentation {
      sections[sections.count - 1].extendLastValue(with: content)
    } else if content.hasPrefix("[") {
      try addSection(content, number)
      keyIndentation = nil
    } else {
      try addEntry(content, number)
      keyIndentation = indentation
    }
  }

  private mutating func addSection(_ content: String, _ number: Int) throws {
    guard content.hasSuffix("]"), content.count > 2 else {
      throw UsageError("\(path):\(number): \"\(content)\" is no section: expected [NAME]")
    }
    let name = String(content.dropFirst().dropLast())
    if let earlier = self[name] {
      throw UsageError(
        "\(path):\(number): section [\(name)] was already in line \(earlier.line)")
    }
    sections.append(IniSection(name: name, path: path, line: number))
  }

  private mutating func addEntry(_ content: String, _ number: Int) throws {
    guard let separator = content.firstIndex(where: { $0 == "=" || $0 == ":" }) else {
      throw UsageError("\(path):\(number): \"\(content)\": expected key = value")
    }
    guard let section = sections.indices.last else {
      throw UsageError("\(path):\(number): \"\(content)\" stands before the first [SECTION]")
    }
    let key = content[..<separator].trimmingCharacters(in: .whitespaces)
    guard !key.isEmpty else {
      throw UsageError("\(path):\(number): \"\(content)\": expected a key before the value")
    }
    let value = content[content.index(after: separator)...].trimmingCharacters(in: .whitespaces)
    if let earlier = sections[section].entry(key) {
      throw UsageError(
        "\(path):\(number): [\(sections[section].name)] \(key) was already in line \(earlier.line)")
    }
    sections[section].entries.append(IniSection.Entry(key: key, value: value, line: number))
  }

  private mutating func apply(_ override: String) throws {
    guard let equals = override.firstIndex(of: "="),
      let dot = override[..<equals].firstIndex(of: ".")
    else { throw UsageError("--set \(override): expected SECTION.key=value") }
    let name = override[..<dot].trimmingCharacters(in: .whitespaces)
    let key = override[override.index(after: dot)..<equals].trimmingCharacters(in: .whitespaces)
    let value = override[override.index(after: equals)...].trimmingCharacters(in: .whitespaces)
    guard !name.isEmpty, !key.isEmpty else {
      throw UsageError("--set \(override): expected SECTION.key=value")
    }
    if self[name] == nil { sections.append(IniSection(name: name, path: path, line: 0)) }
    let section = sections.firstIndex { $0.name == name }!
    sections[section].set(key, to: value)
  }

  /// All sections and keys as lists in Markdown.
  public var markdown: String {
    sections.map { section in
      let lines = section.entries.map {
        "- `\($0.key)` = `\($0.value.replacing("\n", with: " "))`\n"
      }
      return "**\(section.name)**\n\n" + lines.joined()
    }.joined(separator: "\n")
  }

  /// A section, nil where the file has none of that name.
  public subscript(name: String) -> IniSection? { sections.first { $0.name == name } }

  /// A section that must be there.
  public func section(_ name: String) throws -> IniSection {
    guard let section = self[name] else {
      let names = sections.map { "[\($0.name)]" }.joined(separator: " ")
      throw UsageError("\(path): section [\(name)] is missing; found: \(names)")
    }
    return section
  }

  /// A section that need not be there: an empty one then.
  public func optionalSection(_ name: String) -> IniSection {
    self[name] ?? IniSection(name: name, path: path, line: 0)
  }

  /// Checks that all sections and keys are known.
  ///
  /// - Parameters:
  ///   - known: for each section its keys.
  ///   - others: the keys of sections with any other name; nil where there may be none.
  /// - Throws: `UsageError` that names the nearest known section or key.
  public func check(known: [String: [String]], others: [String]? = nil) throws {
    for section in sections {
      guard let keys = known[section.name] ?? others else {
        let hint = section.name.nearest(among: known.keys).map { "; did you mean [\($0)]?" } ?? "."
        let allowed = known.keys.sorted().map { "[\($0)]" }.joined(separator: " ")
        throw UsageError(
          "\(section.place)section [\(section.name)] is unknown\(hint) Allowed: \(allowed)")
      }
      let lower = Set(keys.map { $0.lowercased() })
      for entry in section.entries where !lower.contains(entry.key.lowercased()) {
        let hint = entry.key.nearest(among: keys).map { "; did you mean \($0)?" } ?? "."
        throw UsageError(
          "\(section.place(of: entry)): [\(section.name)] \(entry.key) is an unknown key\(hint)"
            + " Allowed: \(keys.sorted().joined(separator: ", "))")
      }
    }
  }
}
