import Tensors

/// What an expression in a graph's text stands for.
enum LanguageValue {
  case int(Int)
  case real(Double)
  case bool(Bool)
  case string(String)
  case size(Dimension)
  case type(ElementType)
  case spec(TensorSpec)
  case tensor(Tensor)
  case list([LanguageValue])
  case value(Value)
  case node(Node)
  case control(Node)
  case function(Closure)
  case operation(any Operation.Type)
  case helper(LanguageFunction)

  /// What errors call it.
  var kind: String {
    switch self {
    case .int(let value): "the number \(value)"
    case .real(let value): "the number \(value)"
    case .bool(let value): "\(value)"
    case .string(let text): "the string \"\(text)\""
    case .size(let size): "the size \(size)"
    case .type(let type): "the type \(type)"
    case .spec(let spec): "the type \(spec)"
    case .tensor(let tensor): "a tensor of \(tensor.elementType)\(tensor.shape)"
    case .list(let elements): "a list of \(elements.count) elements"
    case .value(let value): "the value \(value)"
    case .node(let node): "the node \(node.name)"
    case .control(let node): "the control input ^\(node.name)"
    case .function(let closure): "the function \(closure.syntax.name)"
    case .operation(let operation): "the operation \(operation.name)"
    case .helper(let function): "the function \(function.name)"
    }
  }

  var int: Int? { if case .int(let value) = self { value } else { nil } }

  var number: Double? {
    switch self {
    case .int(let value): Double(value)
    case .real(let value): value
    default: nil
    }
  }

  var dimension: Dimension? {
    switch self {
    case .int(let value): Dimension(value)
    case .size(let size): size
    default: nil
    }
  }

  /// Whether it means the same as a size or an attribute as elsewhere, unlike values, whose names
  /// stand for sizes there.
  var isConstant: Bool {
    switch self {
    case .value, .node, .control, .tensor, .operation, .helper: false
    default: true
    }
  }

  /// Where a function stands in the text; before all for anything else.
  var functionOffset: Int {
    if case .function(let closure) = self { closure.syntax.offset } else { -1 }
  }

  /// The node or the value's node.
  var asNode: Node? {
    switch self {
    case .node(let node), .control(let node): node
    case .value(let value): value.node
    default: nil
    }
  }
}

/// A function of a graph's text with the names around it.
final class Closure {
  let syntax: FunctionSyntax
  let scope: LanguageScope
  /// That of the text in which the function stands.
  let builder: GraphBuilder

  init(_ syntax: FunctionSyntax, in scope: LanguageScope, of builder: GraphBuilder) {
    self.syntax = syntax
    self.scope = scope
    self.builder = builder
  }
}

/// Names and what they stand for, within the names around.
final class LanguageScope {
  let parent: LanguageScope?
  let graph: Graph
  /// What the names of nodes begin with here.
  let prefix: String
  /// Of a function's body that is a graph of its own, where it is used.
  let site: LanguageScope?
  /// The scope that names defined here belong to: this one, or that around a loop.
  private let around: LanguageScope?
  private(set) var bindings: [String: Binding] = [:]

  /// What a name stands for, and where in which text that is said.
  struct Binding {
    let value: LanguageValue
    let offset: Int
    let source: SourceText
  }

  init(parent: LanguageScope?, graph: Graph, prefix: String, site: LanguageScope? = nil) {
    self.parent = parent
    self.graph = graph
    self.prefix = prefix
    self.site = site
    around = nil
  }

  /// One turn of a loop: only the loop's own names are bound in it.
  init(turnIn scope: LanguageScope) {
    parent = scope
    graph = scope.graph
    prefix = scope.prefix
    site = scope.site
    around = scope.owner
  }

  var owner: LanguageScope { around ?? self }

  func bind(_ name: String, _ value: LanguageValue, at offset: Int, of source: SourceText) {
    bindings[name] = Binding(value: value, offset: offset, source: source)
  }

  /// What a name stands for here: something bound, or a node by its path.
  func find(_ name: String) -> LanguageValue? {
    var scope: LanguageScope? = self
    while let current = scope {
      if let bound = current.bindings[name] { return bound.value }
      if let node = current.graph.node(named: join(current.prefix, name)) { return .node(node) }
      scope = current.parent
    }
    return nil
  }

  /// What a name stands for where values have no meaning.
  func findConstant(_ name: String) -> LanguageValue? {
    var scope: LanguageScope? = self
    while let current = scope {
      if let bound = current.bindings[name], bound.value.isConstant { return bound.value }
      scope = current.parent
    }
    return nil
  }

  /// Every name that is bound here or around.
  var names: [String] { Array(bindings.keys) + (parent?.names ?? []) }
}

/// What the node that an expression makes is called, and those that it needs on the way.
struct Naming {
  /// One name, or one for each of several results; the graph chooses one where there is none.
  var names: [String]
  let prefix: String

  init(_ names: [String] = [], prefix: String) {
    self.names = names
    self.prefix = prefix
  }

  /// The name, where there is one.
  var name: String? { names.first }

  /// For what an expression is made of.
  var inner: Naming { Naming(prefix: name ?? prefix) }

  /// The name of a node of an operation.
  func nodeName(_ operation: String) -> String { name ?? join(prefix, operation) }
}

/// A node's name within a scope.
func join(_ prefix: String, _ name: String) -> String {
  prefix.isEmpty ? name : "\(prefix)/\(name)"
}
