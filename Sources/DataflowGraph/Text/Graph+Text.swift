extension Graph {
  /// A graph from its text, in the graph language.
  ///
  ///     # A layer that is used twice.
  ///     function layer(x, units) {
  ///       weights = variable(normal(float[size(x, 1), units], seed: 1))
  ///       return Tanh(MatMul(x, weights))
  ///     }
  ///     x = placeholder(float[rows, 3])
  ///     y = layer(layer(x, 8), 1)
  ///     dy_dx = gradient(y, x)
  ///
  /// `Graphs/README.md` describes the language.
  ///
  /// - Parameters:
  ///   - file: what errors call the text.
  ///   - parameters: expressions that take the place of those of the text's parameters.
  ///   - read: gives the text of a file that `include` names; without it there are none.
  /// - Throws: `GraphTextError` with line and column; `GraphError` for a parameter that the text does
  ///   not declare.
  public convenience init(
    text: String, file: String = "text", parameters: [String: String] = [:],
    reading read: @escaping (String) throws -> String = { _ in throw GraphError("not available") }
  ) throws {
    self.init()
    let state = BuildState(parameters: parameters, read: read)
    let scope = LanguageScope(parent: nil, graph: self, prefix: "")
    try GraphBuilder(SourceText(text, file: file), state).run(in: scope)
    try state.checkParameters(file)
  }

  /// The graph in the graph language, whole: one operation a line, functions first, variables last.
  ///
  /// `Graph(text:)` makes an equal graph of it.
  public var text: String { GraphPrinter(elementLimit: nil).text(of: self) }
}

extension Graph: CustomStringConvertible {
  /// The graph's text, of large constants only the first elements.
  public var description: String { GraphPrinter(elementLimit: 8).text(of: self) }
}

extension Node: CustomStringConvertible {
  /// The node's line in the graph's text, of a large constant only the first elements:
  /// `layer/MatMul = MatMul(x, layer/weights, transpose_a: false, transpose_b: false)`
  public var description: String { GraphPrinter(elementLimit: 8).line(of: self) }
}

extension AttributeValue: CustomStringConvertible {
  /// As in the graph's text, of a large tensor only the first elements.
  public var description: String { GraphPrinter(elementLimit: 8).text(of: self) }
}
