import Tensors

/// Writes graphs in the graph language.
struct GraphPrinter {
  /// How many elements of a tensor are written; all if nil.
  let elementLimit: Int?
  /// How the names of sizes in each graph around begin: really, and in the text, where functions are
  /// counted in the order in which they stand.
  private var paths: [(real: String, written: String)] = []
  /// The names of the functions that the lines use.
  private var functionNames: [ObjectIdentifier: String] = [:]

  init(elementLimit: Int?) { self.elementLimit = elementLimit }

  /// The lines of a graph; without a line end after the last.
  func text(of graph: Graph) -> String {
    (lines(of: graph) + graph.variables.map(line)).joined(separator: "\n")
  }

  /// A graph's functions and nodes.
  ///
  /// - Parameter inputs: nodes that need no line.
  private func lines(of graph: Graph, without inputs: Set<Node> = []) -> [String] {
    let functions = functions(of: graph)
    var printer = self
    printer.functionNames = [:]
    var taken = names(in: graph)
    for function in functions {
      let name = word(function.name).unique(among: &taken)
      printer.functionNames[ObjectIdentifier(function)] = name
    }
    let captures = Dictionary(
      graph.captures.map { ($0.inner.node, $0.outer) }, uniquingKeysWith: { $1 })
    let nodes = graph.nodes.filter { !inputs.contains($0) }.map { node in
      captures[node].map { "\(name(node.name)) = capture(\(name($0)))" } ?? printer.line(of: node)
    }
    return functions.enumerated().flatMap { printer.lines(of: $1, number: $0 + 1) } + nodes
  }

  /// What a name could mean in the graph's lines other than a function: nodes, sizes, and what the language
  /// has by itself.
  private func names(in graph: Graph) -> Set<String> {
    graph.nodes.reduce(into: Self.ownNames) { names, node in
      names.insert(node.name)
      names.formUnion(node.symbols.map(renamed))
    }
  }

  private static var ownNames: Set<String> {
    Keyword.all.union(OperationRegistry.names).union(LanguageFunction.all.keys)
      .union(ElementType.allCases.map(\.rawValue))
  }

  /// A function's name without signs that only names in backquotes have, which means a size as an attribute.
  private func word(_ name: String) -> String {
    if isPlain(name) { return name }
    let letters = name.utf8.map { $0.isLetter || $0.isDigit ? $0 : UInt8(ascii: "_") }
    let word = String(decoding: letters, as: UTF8.self)
    return letters.first?.isLetter == true ? word : "_\(word)"
  }

  /// The functions that a graph's nodes run, in their order, each once.
  private func functions(of graph: Graph) -> [GraphFunction] {
    var found: [GraphFunction] = []
    for function in graph.nodes.flatMap(\.operation.functions) where !found.contains(function) {
      found.append(function)
    }
    return found
  }

  private func lines(of function: GraphFunction, number: Int) -> [String] {
    let declared = function.inputs.prefix(function.declaredCount)
    let arguments = declared.map { "\(name($0.node.name)): \(text(of: $0.spec))" }
    var inner = self
    let outer = paths.first?.written ?? ""
    inner.paths.insert((function.graph.path, "\(outer)\(number)|"), at: 0)
    let results = function.outputs.map(inner.name).joined(separator: ", ")
    let body = inner.lines(of: function.graph, without: Set(declared.map(\.node)))
    return ["function \(written(function))(\(arguments.joined(separator: ", "))) {"]
      + (body + [results.isEmpty ? "return" : "return \(results)"]).map { "  \($0)" } + ["}"]
  }

  private func written(_ function: GraphFunction) -> String {
    name(functionNames[ObjectIdentifier(function)] ?? function.name)
  }

  // MARK: Lines

  func line(of node: Node) -> String {
    let attributes = node.operation.attributes.values.sorted { $0.key < $1.key }
      .map { "\($0.key): \(text(of: $0.value))" }
    let controls = node.controlInputs.map { "^\(name($0.name))" }
    let arguments = (node.inputs.map(name) + controls + attributes).joined(separator: ", ")
    let device = node.device.isEmpty ? "" : " @\(node.device)"
    let place = node.colocation.map { " @^\(name($0.name))" } ?? ""
    return "\(name(node.name)) = \(node.operationName)(\(arguments))\(device)\(place)"
  }

  private func line(of variable: Variable) -> String {
    "variable(\(name(variable.value)), initializer: ^\(name(variable.initializer.name)),"
      + " trainable: \(variable.isTrainable))"
  }

  // MARK: Names

  private func name(_ value: Value) -> String {
    value.index == 0 ? name(value.node.name) : "\(name(value.node.name)):\(value.index)"
  }

  /// A name, in backquotes where it would mean something else without.
  private func name(_ name: String) -> String {
    isPlain(name) && !Keyword.all.contains(name) ? name : "`\(name)`"
  }

  private func isPlain(_ name: String) -> Bool {
    var lexer = Lexer(SourceText(name, file: ""))
    guard let token = try? lexer.next() else { return false }
    return token.word == name
  }

  /// A size's name, in backquotes where a type or the like has it too.
  private func symbol(_ symbol: String) -> String {
    let isTaken = ElementType(rawValue: symbol) != nil
    return isTaken ? "`\(symbol)`" : name(renamed(symbol))
  }

  private func renamed(_ symbol: String) -> String {
    guard symbol.contains("?"), let path = paths.first(where: { symbol.hasPrefix($0.real) }) else {
      return symbol
    }
    return path.written + symbol.dropFirst(path.real.count)
  }

  // MARK: Attributes

  func text(of value: AttributeValue) -> String {
    func list<T>(_ values: [T], _ text: (T) -> String) -> String {
      "[\(values.map(text).joined(separator: ", "))]"
    }
    return switch value {
    case .int(let value): "\(value)"
    case .ints(let values): list(values) { "\($0)" }
    case .float(let value): "\(value)"
    case .floats(let values): list(values) { "\($0)" }
    case .bool(let value): "\(value)"
    case .string(let value): quoted(value)
    case .strings(let values): list(values, quoted)
    case .type(let value): "\(value)"
    case .types(let values): list(values) { "\($0)" }
    case .shape(let value): text(of: value)
    case .shapes(let values): list(values) { text(of: $0) }
    case .tensor(let value): value.text(elementLimit: elementLimit)
    case .function(let value): written(value)
    }
  }

  private func text(of spec: TensorSpec) -> String { "\(spec.elementType)\(text(of: spec.shape))" }

  private func text(of shape: SymbolicShape) -> String {
    "[\(shape.dimensions.map(text).joined(separator: ", "))]"
  }

  /// A size; its terms are in the order of the names that are written.
  private func text(of size: Dimension) -> String { size.renamed(renamed).text(symbol) }

  private func quoted(_ text: String) -> String {
    let escaped = text.utf8.flatMap { byte -> [UInt8] in
      TextEscape.all.first { $0.meaning == byte }.map { [UInt8(ascii: "\\"), $0.letter] } ?? [byte]
    }
    return "\"\(String(decoding: escaped, as: UTF8.self))\""
  }
}

extension String {
  /// The name, with a number where it is taken; it is then taken too.
  func unique(among taken: inout Set<String>) -> String {
    var unique = self
    var count = 0
    while !taken.insert(unique).inserted {
      count += 1
      unique = "\(self)_\(count)"
    }
    return unique
  }
}
