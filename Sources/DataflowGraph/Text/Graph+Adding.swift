extension Graph {
  /// Adds what a text in the graph language says to this graph.
  ///
  /// - Parameters:
  ///   - file: what errors call the text.
  ///   - prefix: what the names of its nodes and variables begin with, before a slash.
  ///   - placeholders: values of this graph that take the place of the text's placeholders of these
  ///     names; a size that a placeholder's shape names means the value's size from there on.
  ///   - parameters: expressions for the text's parameters; what it does not declare has no effect.
  ///   - read: gives the text of a file that `include` names; without it there are none.
  /// - Throws: `GraphTextError` with line and column, also where a value does not fit its placeholder.
  public func add(
    text: String, file: String = "text", prefix: String, placeholders: [String: Value] = [:],
    parameters: [String: String] = [:],
    reading read: @escaping (String) throws -> String = { _ in throw GraphError("not available") }
  ) throws {
    let state = BuildState(parameters: parameters, read: read)
    for (name, value) in placeholders { state.placeholders[join(prefix, name)] = value }
    let scope = LanguageScope(parent: nil, graph: self, prefix: prefix)
    try GraphBuilder(SourceText(text, file: file), state).run(in: scope)
  }
}

extension LanguageCall {
  /// The value that takes the place of a placeholder, nil where there is none.
  ///
  /// - Throws: `GraphError` where it is of another type or shape.
  func givenPlaceholder(_ spec: TensorSpec) throws -> Value? {
    guard let name = naming.name, let value = builder.state.placeholders[name] else { return nil }
    let (declared, found) = (spec.shape, value.shape)
    let fits =
      declared.rank == found.rank
      && (0..<declared.rank).allSatisfy { axis in
        declared[axis].known == nil || declared[axis] == found[axis]
      }
    guard fits, spec.elementType == value.elementType else {
      throw GraphError("\(name) is \(spec) here, but what takes its place is \(value.spec)")
    }
    for axis in 0..<declared.rank {
      guard let symbol = declared[axis].soleSymbol, scope.find(symbol) == nil else { continue }
      let size = found[axis]
      scope.owner.bind(
        symbol, size.known.map { .int($0) } ?? .size(size), at: offset, of: builder.source)
    }
    return value
  }
}
