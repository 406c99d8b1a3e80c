/// A word of a graph's text.
struct Token {
  enum Kind: Equatable {
    /// A name; parts in braces are computed, such as `i` in `layer_{i}`.
    case name([NamePart], isQuoted: Bool)
    case number(String)
    case string(String)
    /// Anything else: `(`, `==`, `+`.
    case symbol(String)
    case newline
    case end
  }

  enum NamePart: Equatable {
    case text(String)
    /// The bytes of an expression.
    case expression(Range<Int>)
  }

  let kind: Kind
  /// The bytes it is made of.
  let range: Range<Int>

  /// The name of a plain unquoted word.
  var word: String? {
    if case .name(let parts, isQuoted: false) = kind, parts.count == 1,
      case .text(let text) = parts[0]
    {
      return text
    }
    return nil
  }

  /// What errors call it.
  var description: String {
    switch kind {
    case .name(let parts, _):
      "\"" + parts.map { if case .text(let text) = $0 { text } else { "{…}" } }.joined() + "\""
    case .number(let text): text
    case .string: "a string"
    case .symbol(let text): "\"\(text)\""
    case .newline: "the end of the line"
    case .end: "the end of the text"
    }
  }
}

/// Words that have a meaning of their own; values with such names are written in backquotes.
enum Keyword {
  static let all: Set<String> = [
    "include", "parameter", "function", "for", "in", "if", "else", "scope", "device", "after",
    "return",
    "true",
    "false", "nan", "inf", "and", "or", "not",
  ]
}
