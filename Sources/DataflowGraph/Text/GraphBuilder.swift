import Tensors

/// Does what the statements of a graph's text say: adds nodes to a graph.
final class GraphBuilder {
  let source: SourceText
  let state: BuildState

  init(_ source: SourceText, _ state: BuildState) {
    self.source = source
    self.state = state
  }

  /// Does what the text says.
  func run(in scope: LanguageScope) throws {
    var parser = try GraphParser(source)
    guard try run(parser.parse(), in: scope) == nil else {
      throw source.error("return belongs in a function", at: source.bytes.count)
    }
  }

  func error(_ message: String, _ offset: Int) -> GraphTextError {
    source.error(message, at: offset)
  }

  /// What `body` returns; the graph's errors get the place.
  func at<T>(_ offset: Int, _ body: () throws -> T) throws -> T {
    do { return try body() } catch let failure as GraphError {
      throw error(failure.description, offset)
    }
  }

  // MARK: Statements

  /// Does the statements one after the other.
  ///
  /// - Parameter results: the names of what a function returns.
  /// - Returns: what `return` gives, nil where there is none.
  @discardableResult
  func run(
    _ statements: [Statement], in scope: LanguageScope, results: ResultNames = ResultNames()
  ) throws -> [LanguageValue]? {
    for case .function(let function) in statements.map(\.kind) {
      try bind(
        function.name, .function(Closure(function, in: scope, of: self)), in: scope, function.offset
      )
    }
    for statement in statements {
      if let result = try run(statement, in: scope, results) { return result }
    }
    return nil
  }

  private func run(
    _ statement: Statement, in scope: LanguageScope, _ results: ResultNames
  ) throws -> [LanguageValue]? {
    switch statement.kind {
    case .include(let path): try include(path, in: scope, statement.offset)
    case .parameter(let name, let standard):
      try declare(name, standard, in: scope, statement.offset)
    case .function: break
    case .loop(let loop, let body):
      _ = try forEach(loop, in: scope) { inner in
        guard try run(body, in: inner, results: results) == nil else {
          throw error("a loop has no result; return belongs after it", statement.offset)
        }
      }
    case .condition(let condition, let then, let otherwise):
      let isTrue = try bool(condition, in: scope)
      return try run(isTrue ? then : otherwise, in: scope, results: results)
    case .scope(let name, let body):
      let prefix = join(scope.prefix, try text(of: name, in: scope))
      let inner = LanguageScope(parent: scope, graph: scope.graph, prefix: prefix)
      return try run(body, in: inner, results: results)
    case .device(let place, let body):
      return try with([place], in: scope) { try run(body, in: scope, results: results) }
    case .after(let nodes, let body):
      let controls = try nodes.map { try control($0, in: scope) }
      return try scope.graph.withControlDependencies(controls) {
        try run(body, in: scope, results: results)
      }
    case .result(let expressions):
      return try expressions.enumerated().map { index, expression in
        let names = results.names(index, of: expressions.count)
        return try evaluate(expression, in: scope, Naming(names, prefix: scope.prefix))
      }
    case .assignment(let names, let expression, let places):
      try with(places, in: scope) { try assign(expression, to: names, in: scope) }
    case .expression(let expression, let places):
      _ = try with(places, in: scope) { try evaluate(expression, in: scope) }
    }
    return nil
  }

  private func declare(
    _ name: String, _ standard: Expression, in scope: LanguageScope, _ offset: Int
  ) throws {
    guard scope.parent == nil else {
      throw error("parameters belong to the top of the text", offset)
    }
    state.declaredParameters.append(name)
    guard let given = state.parameters[name] else {
      return try bind(name, try evaluate(standard, in: scope), in: scope, offset)
    }
    let text = SourceText(given, file: "parameter \(name)")
    var parser = try GraphParser(text)
    let value = try GraphBuilder(text, state).evaluate(parser.parseExpression(), in: scope)
    try bind(name, value, in: scope, offset)
  }

  /// Does what another file's text says, once.
  private func include(_ path: String, in scope: LanguageScope, _ offset: Int) throws {
    guard scope.parent == nil else { throw error("include belongs to the top of a text", offset) }
    guard state.includedFiles.insert(path).inserted else { return }
    let text: String
    do { text = try state.read(path) } catch { throw self.error("\(error)", offset) }
    try GraphBuilder(SourceText(text, file: path), state).run(in: scope)
  }

  /// Does something for each element of a loop's list.
  func forEach<T>(
    _ loop: LoopSyntax, in scope: LanguageScope, _ body: (LanguageScope) throws -> T
  ) throws -> [T] {
    guard case .list(let elements) = try evaluate(loop.list, in: scope) else {
      throw error("a loop needs a list, such as [1, 2] or range(3)", loop.list.offset)
    }
    let indexName = try loop.index.map { try text(of: $0, in: scope) }
    let name = try text(of: loop.name, in: scope)
    return try elements.enumerated().map { index, element in
      let inner = LanguageScope(turnIn: scope)
      if let indexName { inner.bind(indexName, .int(index), at: loop.list.offset, of: source) }
      inner.bind(name, element, at: loop.list.offset, of: source)
      return try body(inner)
    }
  }

  /// What is said of a node's place itself counts together, whatever its order: the device inside the
  /// colocation, which would hide it otherwise.
  private func with<T>(
    _ places: [PlaceSyntax], in scope: LanguageScope, _ body: () throws -> T
  ) throws -> T {
    let index = places.firstIndex { if case .node = $0 { true } else { false } } ?? 0
    guard places.indices.contains(index) else { return try body() }
    var others = places
    let first = others.remove(at: index)
    func rest() throws -> T { try with(others, in: scope, body) }
    switch first {
    case .device(let text, let offset):
      let device = try at(offset) { try DeviceName(text) }
      return try scope.graph.withDevice(device, rest)
    case .node(let expression):
      return try scope.graph.withColocation(try control(expression, in: scope), rest)
    }
  }

  // MARK: Names

  /// Gives names to what an expression stands for; nodes have the names themselves.
  private func assign(
    _ expression: Expression, to names: [NameSyntax], in scope: LanguageScope
  ) throws {
    let texts = try names.map { try text(of: $0, in: scope) }
    for (name, text) in zip(names, texts) { try checkFree(text, in: scope, name.offset) }
    let full = texts.map { join(scope.prefix, $0) }
    let result = try evaluate(expression, in: scope, Naming(full, prefix: scope.prefix))
    let parts = names.count == 1 ? [result] : try split(result, names.count, expression.offset)
    for (index, part) in parts.enumerated() {
      let value = try at(expression.offset) {
        try named(part, full[index], in: scope, mayBeNode: names.count == 1)
      }
      try bind(texts[index], value, in: scope, names[index].offset)
    }
  }

  private func split(
    _ result: LanguageValue, _ count: Int, _ offset: Int
  ) throws -> [LanguageValue] {
    let parts: [LanguageValue]
    switch result {
    case .list(let elements): parts = elements
    case .node(let node): parts = node.outputs.map { .value($0) }
    default: parts = [result]
    }
    // Outputs that have no name are not wanted.
    var isNode: Bool { if case .node = result { true } else { false } }
    guard parts.count == count || (isNode && parts.count > count) else {
      throw error("\(count) names for \(parts.count) values", offset)
    }
    return Array(parts.prefix(count))
  }

  /// The value under a name of its own: what has another name already gets an `Identity`.
  private func named(
    _ value: LanguageValue, _ name: String, in scope: LanguageScope, mayBeNode: Bool
  ) throws -> LanguageValue {
    switch value {
    case .node(let node) where node.name == name && mayBeNode: return value
    case .node(let node) where !node.outputSpecs.isEmpty:
      return try self.named(.value(node.output), name, in: scope, mayBeNode: mayBeNode)
    case .value(let value) where value.name != name || value.graph !== scope.graph:
      return .value(try scope.graph.add(Identity(), [value], name: name).output)
    case .tensor(let tensor):
      return .value(try scope.graph.add(Const(tensor), name: name).output)
    default: return value
    }
  }

  private func checkFree(_ name: String, in scope: LanguageScope, _ offset: Int) throws {
    if let earlier = scope.owner.bindings[name] {
      throw error(
        "\(name) is defined already, on \(line(of: earlier)); in a loop, a part in braces makes names"
          + " differ: \(name)_{i}", offset)
    }
    if let node = scope.graph.node(named: join(scope.prefix, name)) {
      throw error("there is a node named \(node.name) already", offset)
    }
  }

  private func bind(
    _ name: String, _ value: LanguageValue, in scope: LanguageScope, _ offset: Int
  ) throws {
    if let earlier = scope.owner.bindings[name] {
      throw error("\(name) is defined already, on \(line(of: earlier))", offset)
    }
    scope.owner.bind(name, value, at: offset, of: source)
  }

  /// Where a name was defined, with the file where that is another one.
  private func line(of binding: LanguageScope.Binding) -> String {
    let line = "line \(binding.source.line(of: binding.offset))"
    return binding.source.file == source.file ? line : "\(line) of \(binding.source.file)"
  }

  /// A name with its parts in braces computed.
  func text(of name: NameSyntax, in scope: LanguageScope) throws -> String {
    try name.parts.map { part -> String in
      switch part {
      case .text(let text): return text
      case .expression(let expression):
        switch try evaluate(expression, in: scope) {
        case .int(let value): return "\(value)"
        case .string(let text): return text
        case let other:
          throw error(
            "\(other.kind) cannot be part of a name; allowed: whole numbers and strings",
            expression.offset)
        }
      }
    }.joined()
  }

  /// A name scope that no call has had yet.
  func takeScope(_ name: String, in graph: Graph) -> String {
    var unique = name
    var count = 0
    while !state.takenScopes[ObjectIdentifier(graph), default: []].insert(unique).inserted
      || graph.node(named: unique) != nil
    {
      count += 1
      unique = "\(name)_\(count)"
    }
    return unique
  }

  /// Counts calls that lie in each other, so that one without an end is an error.
  func nested<T>(at offset: Int, _ body: () throws -> T) throws -> T {
    guard state.callDepth < BuildState.callLimit else {
      throw error("\(BuildState.callLimit) calls lie in each other: without an end?", offset)
    }
    state.callDepth += 1
    defer { state.callDepth -= 1 }
    return try body()
  }
}

/// The names of the values that a function returns, where the call gives them names.
struct ResultNames {
  var all: [String] = []

  /// The names for one of `count` results.
  func names(_ index: Int, of count: Int) -> [String] {
    if count == 1 { return all }
    return all.count == count ? [all[index]] : []
  }
}
