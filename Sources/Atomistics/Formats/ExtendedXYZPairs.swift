extension ExtendedXYZ {
  /// The `key=value` pairs of a frame's second line; words alone are a title, whatever they are.
  struct Pairs {
    private var pairs: [(key: String, value: String)] = []
    private let line: Int

    init(_ comment: Substring, line: Int) throws {
      self.line = line
      var rest = comment
      func skipBlanks() { rest = rest.drop { $0 == " " || $0 == "\t" } }
      while true {
        skipBlanks()
        if rest.isEmpty { return }
        let key = try ExtendedXYZ.word(&rest, endsAt: "=", line)
        skipBlanks()
        guard rest.first == "=" else { continue }
        rest.removeFirst()
        pairs.append((key, try ExtendedXYZ.word(&rest, endsAt: nil, line)))
      }
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
