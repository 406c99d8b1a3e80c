import Tensors

extension GraphBuilder {
  /// What an expression stands for.
  func evaluate(_ expression: Expression, in scope: LanguageScope) throws -> LanguageValue {
    try evaluate(expression, in: scope, Naming(prefix: scope.prefix))
  }

  /// What an expression stands for; the nodes on the way there are added.
  ///
  /// - Parameter asAttribute: whether names of values stand for sizes, and other names too.
  func evaluate(
    _ expression: Expression, in scope: LanguageScope, _ naming: Naming,
    asAttribute: Bool = false
  ) throws -> LanguageValue {
    func inner(_ part: Expression) throws -> LanguageValue {
      try evaluate(part, in: scope, naming.inner, asAttribute: asAttribute)
    }
    let offset = expression.offset
    switch expression.kind {
    case .number(let text): return try number(text, offset)
    case .string(let text): return .string(text)
    case .bool(let value): return .bool(value)
    case .name(let name): return try find(name, in: scope, asAttribute: asAttribute)
    case .output(let name, let index): return try output(name, index, in: scope)
    case .unknownSize: throw error("a size that is not known stands in a list of sizes", offset)
    case .literals(let texts): return .list(try texts.map { try literal($0, offset) })
    case .list(let elements):
      return .list(
        try elements.enumerated().map { axis, element in
          if case .unknownSize = element.kind {
            return .size(Dimension(symbol: state.unknownSize("\(naming.inner.prefix)_\(axis)")))
          }
          return try inner(element)
        })
    case .comprehension(let element, let loop):
      return .list(
        try forEach(loop, in: scope) { turn in
          try evaluate(element, in: turn, naming.inner, asAttribute: asAttribute)
        })
    case .brackets(let base, let list):
      return try brackets(base, list, in: scope, naming)
    case .call(let callee, let arguments):
      return try call(callee, arguments, in: scope, naming, offset)
    case .control(let node): return .control(try control(node, in: scope))
    case .negation(let operand):
      // The lowest number is of none that could be negated.
      if case .number(let text) = operand.kind, let value = Int("-" + text) { return .int(value) }
      return try negated(try inner(operand), in: scope, naming, offset)
    case .not(let operand): return try inverted(try inner(operand), in: scope, naming, offset)
    case .binary(let sign, let left, let right):
      return try infix(sign, try inner(left), try inner(right), in: scope, naming, offset)
    }
  }

  // MARK: Names

  private func find(
    _ name: NameSyntax, in scope: LanguageScope, asAttribute: Bool
  ) throws -> LanguageValue {
    let text = try text(of: name, in: scope)
    if asAttribute && name.isQuoted { return .size(Dimension(symbol: text)) }
    if let found = asAttribute ? scope.findConstant(text) : scope.find(text) { return found }
    if !name.isQuoted {
      if let type = ElementType(rawValue: text) { return .type(type) }
      if asAttribute { return .size(Dimension(symbol: text)) }
      if let callable = callable(text) { return callable }
    }
    throw unknown(text, in: scope, name.offset)
  }

  /// A function of the language, or an operation.
  func callable(_ name: String) -> LanguageValue? {
    LanguageFunction.all[name].map { .helper($0) }
      ?? OperationRegistry.operation(named: name).map { .operation($0) }
  }

  private func unknown(
    _ name: String, in scope: LanguageScope, _ offset: Int
  ) -> GraphTextError {
    let parts = name.split(separator: "/")
    if parts.count > 1, parts.allSatisfy({ scope.find(String($0)) != nil }) {
      return error(
        "there is no value named \(name); a quotient has blanks around the slash: "
          + parts.joined(separator: " / "), offset)
    }
    let near = nearestNames(to: name, among: scope.names + scope.graph.nodes.map(\.name))
    return error("there is no value named \(name)\(Set(near).sorted().hint)", offset)
  }

  private func output(
    _ name: NameSyntax, _ index: Int, in scope: LanguageScope
  ) throws -> LanguageValue {
    let found = try find(name, in: scope, asAttribute: false)
    guard let node = found.asNode else {
      throw error("\(found.kind) has no outputs", name.offset)
    }
    guard node.outputSpecs.indices.contains(index) else {
      throw error(
        "\(node.operationName) \(node.name) has \(node.outputSpecs.count) outputs, counted from 0;"
          + " there is no output \(index)", name.offset)
    }
    return .value(node[index])
  }

  /// The node that `^name` names.
  func control(_ expression: Expression, in scope: LanguageScope) throws -> Node {
    if case .control(let inner) = expression.kind { return try control(inner, in: scope) }
    let found = try evaluate(expression, in: scope)
    guard let node = found.asNode else {
      throw error("expected a node, found \(found.kind)", expression.offset)
    }
    return node
  }

  // MARK: Numbers and lists

  private func number(_ text: String, _ offset: Int) throws -> LanguageValue {
    if let value = Int(text) { return .int(value) }
    guard let value = Double(text) else { throw error("\(text) is no number", offset) }
    return .real(value)
  }

  private func literal(_ text: String, _ offset: Int) throws -> LanguageValue {
    text == "true" || text == "false" ? .bool(text == "true") : try number(text, offset)
  }

  /// A type with a shape, a tensor of that type, or an element of a list.
  private func brackets(
    _ base: Expression, _ list: Expression, in scope: LanguageScope, _ naming: Naming
  ) throws -> LanguageValue {
    switch try bracketed(base, in: scope, naming.inner) {
    case .type(let type):
      let sizes = try sizes(list, in: scope, naming)
      return .spec(TensorSpec(type, SymbolicShape(sizes)))
    case .spec(let spec):
      return .tensor(try tensor(spec, list, in: scope))
    case .list(let elements):
      return try element(of: elements, list, in: scope)
    case let other:
      throw error("brackets follow types and lists, not \(other.kind)", base.offset)
    }
  }

  /// What stands before brackets: a type or a list, even where a node has the name too.
  private func bracketed(
    _ base: Expression, in scope: LanguageScope, _ naming: Naming
  ) throws -> LanguageValue {
    if case .name = base.kind {
      let found = try evaluate(base, in: scope, naming, asAttribute: true)
      if case .size = found {} else { return found }
    }
    return try evaluate(base, in: scope, naming)
  }

  private func sizes(
    _ list: Expression, in scope: LanguageScope, _ naming: Naming
  ) throws -> [Dimension] {
    guard
      case .list(let elements) = try evaluate(list, in: scope, naming.inner, asAttribute: true)
    else { throw error("expected sizes", list.offset) }
    return try elements.map { element in
      guard let size = element.dimension, size.known ?? 0 >= 0 else {
        throw error("expected a size, found \(element.kind)", list.offset)
      }
      return size
    }
  }

  private func element(
    of elements: [LanguageValue], _ list: Expression, in scope: LanguageScope
  ) throws -> LanguageValue {
    guard case .list(let indices) = try evaluate(list, in: scope), indices.count == 1,
      let index = indices[0].int
    else { throw error("expected one whole number: the place of an element", list.offset) }
    let place = index < 0 ? index + elements.count : index
    guard elements.indices.contains(place) else {
      throw error("the list has \(elements.count) elements, no element \(index)", list.offset)
    }
    return elements[place]
  }

  func bool(_ expression: Expression, in scope: LanguageScope) throws -> Bool {
    let found = try evaluate(expression, in: scope)
    guard case .bool(let value) = found else {
      throw error(
        "expected true or false, known when the text is read; found \(found.kind)",
        expression.offset)
    }
    return value
  }
}
