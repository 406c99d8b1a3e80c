extension ExtendedXYZ {
  /// The `key=value` pairs of a frame's second line; words alone are a title, whatever they are. Blanks may stand around
  /// `=` where the line has `Lattice` or `Properties`; in others, such as `energy = -76.4 Ha`, they are a title's too.
  struct Pairs {
    private var pairs: [(key: String, value: String, isLoose: Bool)] = []
    private let line: Int

    init(_ comment: Substring, line: Int) throws {
      self.line = line
      var rest = comment
      while true {
        rest = rest.drop(while: ExtendedXYZ.isBlank)
        if rest.isEmpty { break }
        guard let (key, isBehindBlank) = try ExtendedXYZ.key(&rest, line) else { continue }
        let isBeforeBlank = rest.first.map(ExtendedXYZ.isBlank) ?? false
        pairs.append(
          (key, try ExtendedXYZ.value(&rest, line), isBehindBlank || isBeforeBlank))
      }
      let isTitle = !pairs.contains { ["lattice", "properties"].contains($0.key.lowercased()) }
      guard isTitle else { return }
      if pairs.allSatisfy(\.isLoose) { pairs = [] }
      // Beside pairs that count, such as an energy's, nobody knows whether these do, such as its unit.
      for index in pairs.indices where pairs[index].isLoose { pairs[index].value = "" }
    }

    /// The value of the key that is spelled so, else of the one that differs by case alone.
    ///
    /// - Throws: `AtomisticsError` where several values might be meant.
    subscript(key: String) -> String? {
      get throws {
        let exact = pairs.filter { $0.key == key }
        let found =
          exact.isEmpty ? pairs.filter { $0.key.lowercased() == key.lowercased() } : exact
        guard Set(found.map(\.value)).count <= 1 else {
          throw AtomisticsError(
            line: line, key: key,
            found: found.map { "\($0.key)=\($0.value)" }.joined(separator: ", "),
            allowed: "one of them")
        }
        return found.first?.value
      }
    }
  }

  private static func isBlank(_ character: Character) -> Bool {
    character == " " || character == "\t"
  }

  /// Takes a word from the front of a line, and the `=` behind it; nil where there is none.
  private static func key(
    _ rest: inout Substring, _ line: Int
  ) throws -> (word: String, isBehindBlank: Bool)? {
    let key = try word(&rest, endsAt: "=", line)
    let isBehindBlank = rest.first.map(isBlank) ?? false
    rest = rest.drop(while: isBlank)
    guard rest.first == "=" else { return nil }
    rest.removeFirst()
    return (key, isBehindBlank)
  }

  /// Takes a value from the front of a line: a word or what brackets enclose. Nothing is one too, where blanks and
  /// then the next key follow.
  private static func value(_ rest: inout Substring, _ line: Int) throws -> String {
    if let first = rest.first, isBlank(first) {
      var ahead = rest.drop(while: isBlank)
      if ahead.isEmpty { return "" }
      let start = ahead
      if try key(&ahead, line) != nil { return "" }
      rest = start
    }
    return try bracketed(&rest) ?? word(&rest, endsAt: nil, line)
  }

  /// Takes what begins with a bracket up to the one that closes it; nil where none does at the end of a word.
  private static func bracketed(_ rest: inout Substring) -> String? {
    guard rest.first == "[" || rest.first == "{" else { return nil }
    var depth = 0
    var (isQuoted, isEscaped) = (false, false)
    for (index, character) in zip(rest.indices, rest) {
      switch character {
      case _ where isEscaped: isEscaped = false
      case "\\": isEscaped = true
      case "\"": isQuoted.toggle()
      case _ where isQuoted: break
      // The next pair's: what the bracket encloses has none.
      case "=": return nil
      case "[", "{": depth += 1
      case "]", "}": depth -= 1
      default: break
      }
      guard depth == 0 else { continue }
      let (text, behind) = (rest[...index], rest[rest.index(after: index)...])
      guard behind.first.map(isBlank) ?? true else { return nil }
      rest = behind
      return String(text)
    }
    return nil
  }

  /// The elements of a list, whether blanks or commas are between them and whatever brackets are around it.
  static func elements(_ list: String) -> [Substring] {
    list.split { isBlank($0) || "[]{},".contains($0) }
  }

  /// Takes a word, bare or in quotes, from the front of a line.
  private static func word(
    _ rest: inout Substring, endsAt end: Character?, _ line: Int
  ) throws -> String {
    guard let quote = rest.first, quote == "\"" || quote == "'" else {
      let word = rest.prefix { $0 != " " && $0 != "\t" && $0 != end }
      rest = rest[word.endIndex...]
      return String(word)
    }
    var word = ""
    rest.removeFirst()
    while let character = rest.popFirst() {
      if character == quote { return word }
      if character == "\\", let escaped = rest.popFirst() {
        word.append(escaped)
      } else {
        word.append(character)
      }
    }
    throw AtomisticsError(
      line: line, key: "comment", found: "a quote that does not end", allowed: "a closing \(quote)")
  }
}
