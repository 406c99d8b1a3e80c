extension GraphParser {
  /// Infix operators from those that bind least to those that bind most; powers are apart.
  private static let levels: [[String]] = [
    ["or"], ["and"], ["==", "!=", "<", "<=", ">", ">="], ["+", "-"], ["*", "/", "%"],
  ]

  mutating func expression() throws -> Expression { try nested { try $0.infix(level: 0) } }

  private mutating func infix(level: Int) throws -> Expression {
    guard level < Self.levels.count else { return try prefix() }
    var left = try infix(level: level + 1)
    var count = 0
    while let sign = infixSign(level) {
      count += 1
      guard count < Self.depthLimit else { throw tooDeep }
      let offset = current.range.lowerBound
      try advance()
      if level < 2 { try skipNewlines() }
      let right = try infix(level: level + 1)
      left = Expression(kind: .binary(sign, left, right), offset: offset)
    }
    return left
  }

  private func infixSign(_ level: Int) -> String? {
    let sign: String?
    switch current.kind {
    case .symbol(let text): sign = text
    default: sign = current.word
    }
    return sign.flatMap { Self.levels[level].contains($0) ? $0 : nil }
  }

  private mutating func skipNewlines() throws {
    while current.kind == .newline { try advance() }
  }

  private mutating func prefix() throws -> Expression {
    let offset = current.range.lowerBound
    if try skip("-") {
      return Expression(kind: .negation(try nested { try $0.prefix() }), offset: offset)
    }
    if current.word == "not" {
      try advance()
      return Expression(kind: .not(try nested { try $0.infix(level: 2) }), offset: offset)
    }
    return try power()
  }

  /// `a ^ b ^ c` is `a ^ (b ^ c)`, and `-a ^ b` is `-(a ^ b)`.
  private mutating func power() throws -> Expression {
    let base = try postfix()
    let offset = current.range.lowerBound
    guard try skip("^") else { return base }
    let exponent = try nested { try $0.prefix() }
    return Expression(kind: .binary("^", base, exponent), offset: offset)
  }

  private mutating func postfix() throws -> Expression {
    var result = try primary()
    for _ in 0..<Self.depthLimit {
      let offset = current.range.lowerBound
      if isAt("(") {
        result = Expression(kind: .call(result, try arguments()), offset: result.offset)
      } else if isAt("[") {
        let inner = try list()
        result = Expression(kind: .brackets(result, inner), offset: offset)
      } else {
        return result
      }
    }
    throw tooDeep
  }

  private mutating func primary() throws -> Expression {
    let offset = current.range.lowerBound
    switch current.kind {
    case .number(let text):
      try advance()
      return Expression(kind: .number(text), offset: offset)
    case .string(let text):
      try advance()
      return Expression(kind: .string(text), offset: offset)
    case .name: return Expression(kind: try word(), offset: offset)
    case .symbol("("):
      try advance()
      let inner = try expression()
      try expect(")")
      return inner
    case .symbol("["): return try list()
    case .symbol("^"): return try control()
    case .symbol("?"):
      try advance()
      return Expression(kind: .unknownSize, offset: offset)
    default: throw unexpected("a value")
    }
  }

  mutating func control() throws -> Expression {
    let offset = current.range.lowerBound
    try expect("^")
    let start = current.range.lowerBound
    let node = Expression(kind: .name(try name("a node's name")), offset: start)
    return Expression(kind: .control(node), offset: offset)
  }

  private mutating func word() throws -> Expression.Kind {
    switch current.word {
    case "true", "false":
      let value = current.word == "true"
      try advance()
      return .bool(value)
    case "nan", "inf":
      let text = current.word!
      try advance()
      return .number(text)
    default:
      let end = current.range.upperBound
      let name = try name("a value")
      guard let index = try outputIndex(after: end) else { return .name(name) }
      return .output(name, index)
    }
  }

  /// The 1 of `name:1`, without blanks between.
  private mutating func outputIndex(after end: Int) throws -> Int? {
    guard isAt(":"), current.range.lowerBound == end else { return nil }
    var ahead = lexer
    let next = try ahead.next()
    guard next.range.lowerBound == end + 1, case .number(let text) = next.kind,
      let index = Int(text)
    else { return nil }
    try advance()
    try advance()
    return index
  }

  private mutating func arguments() throws -> [ArgumentSyntax] {
    try expect("(")
    var arguments: [ArgumentSyntax] = []
    while !isAt(")") {
      if !arguments.isEmpty { try expect(",") }
      arguments.append(try argument())
    }
    try advance()
    return arguments
  }

  private mutating func argument() throws -> ArgumentSyntax {
    if let label = try keywordLabel() {
      return ArgumentSyntax(label: label, value: try expression())
    }
    let value = try expression()
    guard case .name(let name) = value.kind, isAt(":") else {
      return ArgumentSyntax(label: nil, value: value)
    }
    guard name.parts.count == 1, case .text(let label) = name.parts[0] else {
      throw source.error("an attribute's name has no parts in braces", at: value.offset)
    }
    try advance()
    return ArgumentSyntax(label: label, value: try expression())
  }

  /// An attribute whose name is a word of the language, such as `after` of `Pad`.
  private mutating func keywordLabel() throws -> String? {
    guard let word = current.word, Keyword.all.contains(word) else { return nil }
    var ahead = lexer
    guard try ahead.next().kind == .symbol(":") else { return nil }
    try advance()
    try advance()
    return word
  }

  // MARK: Lists

  private mutating func list() throws -> Expression {
    let offset = current.range.lowerBound
    try expect("[")
    var literals: [String] = []
    var elements: [Expression] = []
    while !isAt("]") {
      if !(literals.isEmpty && elements.isEmpty) { try expect(",") }
      let element = try expression()
      if current.word == "for" { return try comprehension(of: element, offset) }
      if elements.isEmpty, let literal = element.literal {
        literals.append(literal)
      } else {
        // What came before is of the same kind again.
        elements += literals.map { Expression(literal: $0, offset: offset) } + [element]
        literals = []
      }
    }
    try advance()
    return Expression(
      kind: elements.isEmpty ? .literals(literals) : .list(elements), offset: offset)
  }

  private mutating func comprehension(of element: Expression, _ offset: Int) throws -> Expression {
    try advance()
    let loop = try loop()
    try expect("]")
    return Expression(kind: .comprehension(element, loop), offset: offset)
  }
}

extension Expression {
  /// The text of a number, with its sign, or of a truth value.
  fileprivate var literal: String? {
    switch kind {
    case .number(let text): text
    case .bool(let value): value ? "true" : "false"
    case .negation(let inner): inner.number.map { "-" + $0 }
    default: nil
    }
  }

  private var number: String? { if case .number(let text) = kind { text } else { nil } }

  /// What `literal` was made of.
  init(literal: String, offset: Int) {
    self.offset = offset
    if literal.hasPrefix("-") {
      let inner = Expression(kind: .number(String(literal.dropFirst())), offset: offset)
      kind = .negation(inner)
    } else if literal == "true" || literal == "false" {
      kind = .bool(literal == "true")
    } else {
      kind = .number(literal)
    }
  }
}
