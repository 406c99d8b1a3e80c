import DataflowFormats
import DataflowGraph

/// Imports a whole graph: what its regions share.
final class GraphImporter {
  let def: GraphDef
  let options: ImportOptions
  /// The functions by name.
  let functions: [String: FunctionDef]
  /// The nodes that runs feed.
  let fed: Set<String>
  /// How deep calls of functions lie in each other just now.
  var callDepth = 0
  /// What is pushed on stacks, by the stacks' names.
  var stacked: [String: (shape: SymbolicShape, sizes: SizeTensor?)] = [:]
  /// The names of sizes that change from one iteration of a loop to the next.
  var loopSymbols: Set<String> = []
  /// The names of the nodes that are left out because nothing here computes them.
  var leftOut: [String] = []
  private var variables: [(value: Value, node: String)] = []
  private var initializers: [Value: Node] = [:]
  private var updated: Set<Value> = []

  init(_ def: GraphDef, _ options: ImportOptions) {
    self.def = def
    self.options = options
    fed = Set(options.feeds.map { NodeTable.nodeName(of: $0) })
    functions = Dictionary(def.library.functions.map { ($0.signature.name, $0) }) { $1 }
  }

  func importNodes(into graph: Graph) throws {
    let table = try NodeTable(def.nodes)
    let region = RegionImporter(
      self, table, frames: try Frames(table), frame: nil, graph: graph, parent: nil,
      fed: fed)
    let roots = try options.outputs?.map { try table.node(of: $0) } ?? Array(table.nodes.indices)
    try region.importNodes(roots)
    if options.includesInitializers { try importInitializers(in: region, table) }
    for output in options.outputs ?? [] { try region.requireValue(of: output) }
    registerVariables(in: graph)
    graph.leftOut = leftOut
  }

  // MARK: Variables

  /// Imports what gives the variables their initial values, and the variables that it needs with theirs.
  private func importInitializers(in region: RegionImporter, _ table: NodeTable) throws {
    var done = 0
    while done < variables.count {
      if let node = table.initializer(of: variables[done].node) { try region.importNodes([node]) }
      done += 1
    }
  }

  func addVariable(_ value: Value, node: String) { variables.append((value, node)) }

  /// Remembers the first assignment to a variable, which gives it its initial value.
  func addAssignment(_ node: Node, to variable: Value) {
    if initializers[variable] == nil || node.name == "\(variable.node.name)/Assign" {
      initializers[variable] = node
    }
  }

  func addUpdate(of variable: Value) { updated.insert(variable) }

  private func registerVariables(in graph: Graph) {
    for (value, _) in variables {
      guard let initializer = initializers[value] else { continue }
      let isTrainable =
        updated.isEmpty ? value.elementType.isFloatingPoint : updated.contains(value)
      graph.register(Variable(value: value, initializer: initializer, isTrainable: isTrainable))
    }
  }
}
