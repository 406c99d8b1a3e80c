/// Makes statements of a graph's text.
///
/// The grammar, where `{ }` repeats, `[ ]` may be left out and quoted signs stand for themselves:
///
///     text       = { statement }                      one a line
///     statement  = "include" string
///                | "parameter" name "=" expression
///                | "function" name "(" [ declared { "," declared } ] ")" block
///                | "for" [ name "," ] name "in" expression block
///                | "if" expression block [ "else" ( block | "if" … ) ]
///                | "scope" name block | "device" place block | "after" "^"name { "," "^"name } block
///                | "return" expression { "," expression }
///                | [ name { "," name } "=" ] expression { "@" place }
///     declared   = name [ ":" type ] [ "=" expression ]
///     block      = "{" { statement } "}"
///     place      = device name | "^"name
///     expression = comparisons of sums of products of powers, with "and", "or", "not"
///     primary    = number | string | name | name":"number | "^"name | "(" expression ")" | list
///                | primary "(" arguments ")" | primary "[" sizes "]"
///     list       = "[" [ expression { "," expression } ] "]"
///                | "[" expression "for" [ name "," ] name "in" expression "]"
///     arguments  = [ argument { "," argument } ]      argument = [ name ":" ] expression
struct GraphParser {
  let source: SourceText
  var lexer: Lexer
  var current: Token
  /// How many expressions and blocks are around the current token.
  private var depth = 0
  /// How deep they may lie in each other, and how many signs may follow each other, so that the stack
  /// holds what is done with them.
  static let depthLimit = 100

  /// - Parameter range: the bytes to read, all if nil.
  init(_ source: SourceText, _ range: Range<Int>? = nil) throws {
    self.source = source
    lexer = Lexer(source, range)
    current = try lexer.next()
  }

  /// All statements of the text.
  mutating func parse() throws -> [Statement] {
    var statements: [Statement] = []
    while current.kind != .end {
      statements.append(try statement())
      try endStatement()
    }
    return statements
  }

  /// The whole text as one expression.
  mutating func parseExpression() throws -> Expression {
    let result = try expression()
    if current.kind == .newline { try advance() }
    guard current.kind == .end else { throw unexpected("the end of the expression") }
    return result
  }

  // MARK: Statements

  mutating func statement() throws -> Statement {
    let offset = current.range.lowerBound
    return Statement(kind: try nested { try $0.statementKind() }, offset: offset)
  }

  private mutating func statementKind() throws -> Statement.Kind {
    switch current.word {
    case "include":
      try advance()
      guard case .string(let path) = current.kind else { throw unexpected("a file in quotes") }
      try advance()
      return .include(path)
    case "parameter":
      try advance()
      let name = try plainName("a parameter's name")
      try expect("=")
      return .parameter(name, try expression())
    case "function": return .function(try function())
    case "for":
      try advance()
      return .loop(try loop(), try block())
    case "if": return try condition()
    case "scope":
      try advance()
      return .scope(try name("a scope's name"), try block())
    case "device": return .device(try place(), try block())
    case "after":
      try advance()
      return .after(try commaSeparated { try $0.control() }, try block())
    case "return":
      try advance()
      if isAtEndOfStatement { return .result([]) }
      return .result(try commaSeparated { try $0.expression() })
    default: return try assignment()
    }
  }

  private var isAtEndOfStatement: Bool {
    current.kind == .newline || current.kind == .end || isAt("}")
  }

  private mutating func endStatement() throws {
    if current.kind == .newline {
      try advance()
    } else if !isAtEndOfStatement {
      throw unexpected("the end of the line")
    }
  }

  mutating func block() throws -> [Statement] {
    let open = current.range.lowerBound
    try expect("{")
    var statements: [Statement] = []
    while !isAt("}") {
      if current.kind == .end { throw source.error("this brace is not closed", at: open) }
      if current.kind == .newline {
        try advance()
        continue
      }
      statements.append(try statement())
      try endStatement()
    }
    try advance()
    return statements
  }

  private mutating func condition() throws -> Statement.Kind {
    try advance()
    let condition = try expression()
    let then = try block()
    guard current.word == "else" else { return .condition(condition, then: then, otherwise: []) }
    try advance()
    if current.word == "if" {
      return .condition(condition, then: then, otherwise: [try statement()])
    }
    return .condition(condition, then: then, otherwise: try block())
  }

  private mutating func function() throws -> FunctionSyntax {
    try advance()
    let offset = current.range.lowerBound
    let name = try plainName("a function's name")
    try expect("(")
    var arguments: [FunctionSyntax.Argument] = []
    while !isAt(")") {
      if !arguments.isEmpty { try expect(",") }
      let argument = try plainName("an argument's name")
      let type = try skip(":") ? try expression() : nil
      let standard = try skip("=") ? try expression() : nil
      arguments.append(.init(name: argument, type: type, standard: standard))
    }
    try advance()
    return FunctionSyntax(name: name, arguments: arguments, body: try block(), offset: offset)
  }

  mutating func loop() throws -> LoopSyntax {
    let first = try name("a name")
    let second = try skip(",") ? try name("a name") : nil
    guard current.word == "in" else { throw unexpected("\"in\"") }
    try advance()
    let list = try expression()
    return LoopSyntax(index: second == nil ? nil : first, name: second ?? first, list: list)
  }

  /// The place that follows the current token, `@` or `device`.
  private mutating func place() throws -> PlaceSyntax {
    var ahead = lexer
    let next = try? ahead.next()
    if next?.kind == .symbol("^") {
      try advance()
      return .node(try control())
    }
    let token = lexer.readPlace(after: current)
    guard case .string(let text) = token.kind, !text.isEmpty else {
      throw source.error(
        "expected a device such as /device:CPU:0, or ^ and a node", at: token.range.lowerBound)
    }
    try advance()
    return .device(text, offset: token.range.lowerBound)
  }

  private mutating func places() throws -> [PlaceSyntax] {
    var places: [PlaceSyntax] = []
    while isAt("@") { places.append(try place()) }
    return places
  }

  private mutating func assignment() throws -> Statement.Kind {
    let first = try commaSeparated { try $0.expression() }
    guard isAt("=") else {
      guard first.count == 1 else { throw unexpected("\"=\"") }
      return .expression(first[0], try places())
    }
    let names = try first.map { expression in
      guard case .name(let name) = expression.kind else {
        throw source.error("expected a name before \"=\"", at: expression.offset)
      }
      return name
    }
    try advance()
    return .assignment(names, try expression(), try places())
  }

  // MARK: Tokens

  mutating func advance() throws { current = try lexer.next() }

  /// Reads what lies within what is being read.
  mutating func nested<T>(_ part: (inout GraphParser) throws -> T) throws -> T {
    guard depth < Self.depthLimit else { throw tooDeep }
    depth += 1
    defer { depth -= 1 }
    return try part(&self)
  }

  var tooDeep: GraphTextError {
    source.error(
      "more than \(Self.depthLimit) parts lie in each other or follow each other; give some of them"
        + " names", at: current.range.lowerBound)
  }

  func isAt(_ symbol: String) -> Bool { current.kind == .symbol(symbol) }

  /// Goes on after the symbol if it is there.
  mutating func skip(_ symbol: String) throws -> Bool {
    guard isAt(symbol) else { return false }
    try advance()
    return true
  }

  mutating func expect(_ symbol: String) throws {
    guard try skip(symbol) else { throw unexpected("\"\(symbol)\"") }
  }

  func unexpected(_ expected: String) -> GraphTextError {
    source.error(
      "expected \(expected), found \(current.description)", at: current.range.lowerBound)
  }

  mutating func commaSeparated<T>(_ part: (inout GraphParser) throws -> T) throws -> [T] {
    var parts = [try part(&self)]
    while try skip(",") { parts.append(try part(&self)) }
    return parts
  }

  mutating func plainName(_ what: String) throws -> String {
    let offset = current.range.lowerBound
    let name = try name(what)
    guard name.parts.count == 1, case .text(let text) = name.parts[0] else {
      throw source.error("\(what) has no parts in braces", at: offset)
    }
    return text
  }

  mutating func name(_ what: String) throws -> NameSyntax {
    guard case .name(let parts, let isQuoted) = current.kind,
      isQuoted || !Keyword.all.contains(current.word ?? "")
    else { throw unexpected(what) }
    let offset = current.range.lowerBound
    let syntax = try parts.map { part -> NameSyntax.Part in
      switch part {
      case .text(let text): return .text(text)
      case .expression(let range):
        var inner = try GraphParser(source, range)
        return .expression(try inner.parseExpression())
      }
    }
    try advance()
    return NameSyntax(parts: syntax, isQuoted: isQuoted, offset: offset)
  }
}
