import Dataflow
import ProgramSupport

/// A graph as a diagram: a box for each node, or for a whole name scope.
///
/// A variable, its initial value and its initialiser are one box.
struct GraphDrawing {
  private(set) var diagram = Diagram()

  /// - Parameter depth: how many name scopes are opened, all if nil.
  init(_ graph: Graph, depth: Int? = nil) {
    let owners = Self.initialisation(of: graph)
    var boxes: [String: Int] = [:]
    var names: [Node: String] = [:]
    var members: [String: [Node]] = [:]
    for node in graph.nodes {
      let name = Self.scope((owners[node] ?? node).name, depth)
      names[node] = name
      members[name, default: []].append(node)
    }
    for node in graph.nodes {
      let name = names[node]!
      if boxes[name] == nil { boxes[name] = diagram.add(Self.box(name, members[name]!)) }
    }
    for node in graph.nodes {
      let end = boxes[names[node]!]!
      for input in node.inputs { diagram.connect(boxes[names[input.node]!]!, to: end) }
      for control in node.controlInputs {
        diagram.connect(boxes[names[control]!]!, to: end, isDashed: true)
      }
    }
  }

  /// The nodes that nothing but a variable's initialiser needs, and the variable.
  private static func initialisation(of graph: Graph) -> [Node: Node] {
    var owners: [Node: Node] = [:]
    for variable in graph.variables { owners[variable.initializer] = variable.value.node }
    var readers: [Node: [Node]] = [:]
    for node in graph.nodes {
      for input in node.inputs.map(\.node) + node.controlInputs {
        readers[input, default: []].append(node)
      }
    }
    for node in graph.nodes.reversed() where !(node.operation is VariableV2) {
      let found = Set((readers[node] ?? []).map { owners[$0] })
      if found.count == 1, let owner = found.first! { owners[node] = owner }
    }
    return owners
  }

  private static func scope(_ name: String, _ depth: Int?) -> String {
    guard let depth else { return name }
    let parts = name.split(separator: "/")
    return parts.count > depth ? parts.prefix(depth).joined(separator: "/") : name
  }

  private static func box(_ name: String, _ nodes: [Node]) -> Diagram.Box {
    let own = nodes.first { $0.name == name }
    let isVariable = own?.operation is VariableV2
    if let own, isVariable || nodes.count == 1 { return box(own) }
    let result = own?.outputSpecs.first.map { " \($0)" } ?? ""
    return Diagram.Box(
      shortened(name), detail: "\(nodes.count) operations\(result)",
      tip: nodes.prefix(40).map(\.description).joined(separator: "\n"), kind: 4)
  }

  private static func box(_ node: Node) -> Diagram.Box {
    let specs = node.outputSpecs.map { "\($0.elementType)\($0.shape)" }.joined(separator: ", ")
    let kind =
      switch node.operation {
      case is Placeholder: 0
      case is VariableV2: 1
      case is Const: 2
      default: 3
      }
    let what = kind == 1 ? "variable" : node.operationName
    return Diagram.Box(
      shortened(node.name), detail: shortened("\(what) \(specs)"), tip: node.description, kind: kind
    )
  }

  /// The end of a long name, which tells more than its beginning.
  private static func shortened(_ text: String) -> String {
    text.count > 40 ? "…" + text.suffix(39) : text
  }
}
