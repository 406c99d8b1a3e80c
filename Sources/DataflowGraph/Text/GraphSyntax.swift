/// A name as it is written.
struct NameSyntax {
  enum Part {
    case text(String)
    case expression(Expression)
  }

  let parts: [Part]
  /// Whether it stands in backquotes, so that it means a node or a size and nothing else.
  let isQuoted: Bool
  let offset: Int
}

/// Something that has a value.
struct Expression {
  indirect enum Kind {
    case number(String)
    case string(String)
    case bool(Bool)
    case name(NameSyntax)
    /// `name:1`, or an attribute of that name in the arguments of a call.
    case output(NameSyntax, Int)
    /// A list of nothing but numbers and truth values, however long.
    case literals([String])
    case list([Expression])
    case comprehension(Expression, LoopSyntax)
    /// `float[2, 3]`, `float[2] [1, 2]`, `sizes[0]`.
    case brackets(Expression, Expression)
    case call(Expression, [ArgumentSyntax])
    /// `^node`
    case control(Expression)
    case negation(Expression)
    case not(Expression)
    case binary(String, Expression, Expression)
    /// `?`: a size that nobody named.
    case unknownSize
  }

  let kind: Kind
  let offset: Int
}

/// What a call is given, by place or by name.
struct ArgumentSyntax {
  let label: String?
  let value: Expression
}

/// `index, name in list`
struct LoopSyntax {
  let index: NameSyntax?
  let name: NameSyntax
  let list: Expression
}

/// Where nodes are to run.
enum PlaceSyntax {
  case device(String, offset: Int)
  case node(Expression)
}

/// A function as it is written.
final class FunctionSyntax: Sendable {
  struct Argument: Sendable {
    let name: String
    let type: Expression?
    let standard: Expression?
  }

  let name: String
  let arguments: [Argument]
  let body: [Statement]
  let offset: Int

  init(name: String, arguments: [Argument], body: [Statement], offset: Int) {
    self.name = name
    self.arguments = arguments
    self.body = body
    self.offset = offset
  }
}

/// One line of a graph's text, or a block of lines.
struct Statement: Sendable {
  indirect enum Kind {
    case include(String)
    case parameter(String, Expression)
    case function(FunctionSyntax)
    case loop(LoopSyntax, [Statement])
    case condition(Expression, then: [Statement], otherwise: [Statement])
    case scope(NameSyntax, [Statement])
    case device(PlaceSyntax, [Statement])
    case after([Expression], [Statement])
    case result([Expression])
    case assignment([NameSyntax], Expression, [PlaceSyntax])
    case expression(Expression, [PlaceSyntax])
  }

  let kind: Kind
  let offset: Int
}

extension NameSyntax: Sendable {}
extension NameSyntax.Part: Sendable {}
extension Expression: Sendable {}
extension Expression.Kind: Sendable {}
extension ArgumentSyntax: Sendable {}
extension LoopSyntax: Sendable {}
extension PlaceSyntax: Sendable {}
extension Statement.Kind: Sendable {}
