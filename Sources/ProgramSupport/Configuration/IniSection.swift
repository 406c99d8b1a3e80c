import Foundation

/// One section of a configuration file, with typed access to its values.
///
/// Every error names file, line, section, key, what was found and what is allowed.
public struct IniSection: Sendable, Equatable {
  struct Entry: Sendable, Equatable {
    let key: String
    var value: String
    let line: Int
  }

  /// As it stands between the brackets.
  public let name: String
  let path: String
  /// Where the section begins; 0 where it is not in the file.
  let line: Int
  var entries: [Entry] = []

  init(name: String, path: String, line: Int) {
    self.name = name
    self.path = path
    self.line = line
  }

  var place: String { line > 0 ? "\(path):\(line): " : "\(path): " }

  func entry(_ key: String) -> Entry? {
    entries.first { $0.key.lowercased() == key.lowercased() }
  }

  mutating func extendLastValue(with line: String) {
    entries[entries.count - 1].value += "\n" + line
  }

  /// Gives a key a value, in place of the one that it may have.
  public mutating func set(_ key: String, to value: String) {
    entries.removeAll { $0.key.lowercased() == key.lowercased() }
    entries.append(Entry(key: key, value: value, line: 0))
  }

  /// Whether the key is given.
  public func has(_ key: String) -> Bool { entry(key) != nil }

  /// The keys as they are written, in the order of the file.
  public var keys: [String] { entries.map(\.key) }

  /// The section as it stands in a file, without comments.
  public var text: String {
    entries.reduce(into: "[\(name)]\n") { text, entry in
      // Lines of a value are told from keys by their indentation.
      text += "\(entry.key) = \(entry.value.replacing("\n", with: "\n  "))\n"
    }
  }

  /// Where an entry stands; line 0 is what the command line set.
  func place(of entry: Entry) -> String {
    entry.line > 0 ? "\(path):\(entry.line)" : "\(path) with --set"
  }

  /// An error about a key's value.
  public func error(_ key: String, _ expected: String) -> UsageError {
    guard let entry = entry(key) else {
      return UsageError("\(place)[\(name)] \(key) is missing: expected \(expected)")
    }
    let found = entry.value.isEmpty ? "(nothing)" : entry.value
    return UsageError("\(place(of: entry)): [\(name)] \(key) = \(found): expected \(expected)")
  }

  // MARK: Values

  /// A value as `read` understands it; `fallback` where the key is missing.
  private func value<T>(
    _ key: String, default fallback: T?, _ expected: String, _ read: (String) -> T?
  ) throws -> T {
    guard let entry = entry(key) else {
      if let fallback { return fallback }
      throw error(key, expected)
    }
    guard let result = read(entry.value) else { throw error(key, expected) }
    return result
  }

  /// A text, which must not be empty unless that is allowed.
  public func string(
    _ key: String, default fallback: String? = nil, allowsEmpty: Bool = false
  ) throws -> String {
    try value(key, default: fallback, "a text") { $0.isEmpty && !allowsEmpty ? nil : $0 }
  }

  /// A path, relative to the folder the program runs in; `~` is the home folder.
  public func url(_ key: String, default fallback: String? = nil) throws -> URL {
    let text = try value(key, default: fallback, "a path") { $0.isEmpty ? nil : $0 }
    return URL(configuredPath: text)
  }

  /// A whole number.
  public func int(
    _ key: String, default fallback: Int? = nil, in range: ClosedRange<Int> = Int.min...Int.max
  ) throws -> Int {
    try value(key, default: fallback, "a whole number\(describe(range))") {
      Int($0).flatMap { range.contains($0) ? $0 : nil }
    }
  }

  private func describe(_ range: ClosedRange<Int>) -> String {
    switch (range.lowerBound, range.upperBound) {
    case (.min, .max): ""
    case (let low, .max): " from \(low)"
    case (let low, let high): " from \(low) to \(high)"
    }
  }

  /// A finite number.
  public func double(
    _ key: String, default fallback: Double? = nil, above bound: Double? = nil,
    atLeast minimum: Double? = nil
  ) throws -> Double {
    let allowed =
      bound.map { " above \($0)" } ?? minimum.map { " of at least \($0)" } ?? ""
    return try value(key, default: fallback, "a number\(allowed)") { text in
      guard let number = Self.number(text) else { return nil }
      if let bound, number <= bound { return nil }
      if let minimum, number < minimum { return nil }
      return number
    }
  }

  /// Python's spellings of truth values.
  public func bool(_ key: String, default fallback: Bool? = nil) throws -> Bool {
    try value(key, default: fallback, "True or False (or yes, no, on, off, 1, 0)", Self.truth)
  }

  /// One of some named choices.
  public func choice<T: RawRepresentable & CaseIterable>(
    _ key: String, default fallback: T? = nil
  ) throws -> T where T.RawValue == String {
    let names = T.allCases.map(\.rawValue).joined(separator: ", ")
    return try value(key, default: fallback, "one of \(names)") { T(rawValue: $0) }
  }

  /// Parts between commas.
  public func strings(
    _ key: String, default fallback: [String]? = nil, separator: Character = ","
  ) throws -> [String] {
    try value(key, default: fallback, "a list separated by \"\(separator)\"") { text in
      let parts = text.split(separator: separator, omittingEmptySubsequences: false)
        .map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
      return parts.contains("") ? nil : parts
    }
  }

  /// Finite numbers between commas.
  public func doubles(_ key: String, default fallback: [Double]? = nil) throws -> [Double] {
    try list(key, default: fallback, ",", "numbers", Self.number)
  }

  /// Whole numbers between colons, as layers are given.
  public func colonInts(_ key: String, default fallback: [Int]? = nil) throws -> [Int] {
    try list(key, default: fallback, ":", "whole numbers") { Int($0) }
  }

  /// Truth values between colons.
  public func colonBools(_ key: String, default fallback: [Bool]? = nil) throws -> [Bool] {
    try list(key, default: fallback, ":", "truth values", Self.truth)
  }

  private func list<T>(
    _ key: String, default fallback: [T]?, _ separator: Character, _ what: String,
    _ read: (String) -> T?
  ) throws -> [T] {
    guard has(key) || fallback == nil else { return fallback! }
    let parts = try strings(key, separator: separator)
    let result = parts.compactMap(read)
    guard result.count == parts.count else {
      throw error(key, "\(what) separated by \"\(separator)\"")
    }
    return result
  }
}

extension IniSection {
  /// A finite number in decimals, nil for another text; Swift would take `0x10` for 16.
  private static func number(_ text: String) -> Double? {
    guard !text.contains(where: { "xX".contains($0) }) else { return nil }
    return Double(text).flatMap { $0.isFinite ? $0 : nil }
  }

  /// ConfigParser's truth values, nil for another text.
  public static func truth(_ text: String) -> Bool? {
    switch text.lowercased() {
    case "1", "true", "yes", "on": true
    case "0", "false", "no", "off": false
    default: nil
    }
  }
}

extension URL {
  /// The file or folder that a configuration names: relative to the folder the program runs in; `~` is `$HOME`, as for
  /// shells.
  public init(
    configuredPath text: String, home: String? = ProcessInfo.processInfo.environment["HOME"]
  ) {
    let isOfHome = text == "~" || text.hasPrefix("~/")
    let path =
      if isOfHome, let home, !home.isEmpty { home + text.dropFirst() } else {
        NSString(string: text).expandingTildeInPath
      }
    self.init(fileURLWithPath: path)
  }
}
