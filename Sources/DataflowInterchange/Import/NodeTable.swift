import DataflowFormats
import DataflowGraph

/// The nodes of a graph with their inputs found by name.
struct NodeTable {
  /// An output of a node.
  struct Tensor: Hashable {
    var node: Int
    var output: Int
  }

  let nodes: [NodeDef]
  private(set) var inputs: [[Tensor]] = []
  private(set) var controls: [[Int]] = []
  private let index: [String: Int]
  private var used: Set<Int> = []

  /// - Throws: `GraphError` where two nodes have one name, or one that no graph here has, and where an input is no node.
  init(_ nodes: [NodeDef]) throws {
    self.nodes = nodes
    var index: [String: Int] = [:]
    for (number, node) in nodes.enumerated() {
      guard node.name.isWritableName else {
        throw GraphError("node \(node.name.debugDescription) (\(node.op)): \(Self.namesAllowed)")
      }
      guard index.updateValue(number, forKey: node.name) == nil else {
        throw node.error("there are two nodes of this name")
      }
    }
    self.index = index
    for node in nodes {
      var (data, control): ([Tensor], [Int]) = ([], [])
      for input in node.inputs {
        let (name, output) = try Self.split(input, of: node)
        guard let source = index[name] else {
          throw node.error("input \(input) is no node of the graph\(hint(for: name))")
        }
        used.insert(source)
        if let output { data.append(Tensor(node: source, output: output)) }
        if output == nil { control.append(source) }
      }
      inputs.append(data)
      controls.append(control)
    }
  }

  /// What the graph language can write.
  static let namesAllowed = "a name is not empty and has neither line ends nor backquotes"

  /// The number of the node of that name.
  func node(named name: String) -> Int? { index[name] }

  /// What a node with one input reads.
  func input(of node: Int) throws -> Tensor {
    guard let first = inputs[node].first else {
      throw nodes[node].error("takes 1 input, got 0")
    }
    return first
  }

  /// The name of the node whose output a tensor such as `split:1` is.
  static func nodeName(of tensor: String) -> String {
    tensor.split(separator: ":", maxSplits: 1).first.map(String.init) ?? tensor
  }

  /// A node that has the name or, of a tensor such as `split:1`, the name before the colon.
  func node(of tensor: String) throws -> Int {
    let name = Self.nodeName(of: tensor)
    guard let number = index[name] else {
      throw GraphError("the graph has no node \(name)\(hint(for: name))")
    }
    return number
  }

  /// `node`, `node:1` or `^node`: the node's name and the output, nil for a control input.
  private static func split(_ input: String, of node: NodeDef) throws -> (String, Int?) {
    if input.hasPrefix("^") { return (String(input.dropFirst()), nil) }
    guard let colon = input.lastIndex(of: ":") else { return (input, 0) }
    guard let output = Int(input[input.index(after: colon)...]), output >= 0 else {
      throw node.error("input \(input) is not understood; allowed: name, name:output, ^name")
    }
    return (String(input[..<colon]), output)
  }

  private func hint(for name: String) -> String {
    nearestNames(to: name, among: nodes.map(\.name)).hint
  }

  /// Whether another node reads the node or waits for it.
  func isUsed(_ node: Int) -> Bool { used.contains(node) }

  /// The assignment that gives a variable its initial value, nil where there is none: the first one, or the one of its name.
  func initializer(of variable: String) -> Int? {
    guard let number = index[variable] else { return nil }
    func assigns(_ node: Int) -> Bool {
      ["Assign", "AssignVariableOp"].contains(nodes[node].op) && inputs[node].first?.node == number
    }
    if let own = index["\(variable)/Assign"], assigns(own) { return own }
    return nodes.indices.first(where: assigns)
  }

  // MARK: Order

  /// The nodes that `roots` need, each after those it depends on; else in the order of the roots.
  ///
  /// - Throws: `GraphError` that names the nodes of a cycle.
  func ordered(_ roots: [Int], dependencies: (Int) throws -> [Int]) throws -> [Int] {
    var result: [Int] = []
    var states = Array(repeating: VisitState.new, count: nodes.count)
    for root in roots where states[root] == .new {
      // With a stack of its own: graphs are deeper than a thread's stack allows.
      var path: [(node: Int, rest: ArraySlice<Int>)] = [(root, try dependencies(root)[...])]
      states[root] = .open
      while let top = path.last {
        guard let next = top.rest.first else {
          states[top.node] = .done
          result.append(top.node)
          path.removeLast()
          continue
        }
        path[path.count - 1].rest.removeFirst()
        switch states[next] {
        case .done: continue
        case .open: throw cycleError(path.map(\.node), back: next)
        case .new:
          states[next] = .open
          path.append((next, try dependencies(next)[...]))
        }
      }
    }
    return result
  }

  private enum VisitState { case new, open, done }

  private func cycleError(_ path: [Int], back: Int) -> GraphError {
    let cycle = path[path.firstIndex(of: back)!...] + [back]
    let names = cycle.reversed().map { nodes[$0].name }
    return nodes[back].error("depends on itself: \(names.joined(separator: " -> "))")
  }
}

extension NodeDef {
  /// An error that names this node.
  func error(_ message: String) -> GraphError {
    GraphError(message, node: name, operation: op, inputs: inputs)
  }
}
