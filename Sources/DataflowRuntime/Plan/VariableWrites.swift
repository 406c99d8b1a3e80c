import DataflowGraph

/// Which writes of variables a node depends on.
///
/// A variable on another device is read by way of a copy, which has to be made between the same writes as
/// the reader would read the variable itself.
final class VariableWrites {
  let accesses: [VariableAccess]
  private let predecessors: [Int: Set<Int>]
  private let indexOfBuffer: [Value: Int]
  /// The nodes that write variables, by their ids.
  private let writers: Set<Int>
  /// Those of them that a node depends on.
  private var known: [Node: Set<Int>] = [:]

  /// - Parameters:
  ///   - nodes: in an order in which inputs come first.
  ///   - predecessors: the nodes that each depends on; what `directPredecessors` finds if nil.
  init(_ nodes: [Node], _ predecessors: [Int: Set<Int>]? = nil) {
    self.predecessors = predecessors ?? directPredecessors(nodes)
    (accesses, indexOfBuffer) = variableAccesses(nodes)
    writers = Set(accesses.flatMap(\.writers).map(\.id))
  }

  /// The nodes that write the variable which a value is, under whatever name; none for other values.
  func all(of value: Value) -> [Node] { indexOfBuffer[value].map { accesses[$0].writers } ?? [] }

  /// The nodes that write the variable which a value is, under whatever name, and that the reader depends
  /// on; none for other values.
  func before(_ reader: Node, of value: Value) -> [Node] {
    let writers = all(of: value)
    return writers.isEmpty ? [] : writers.filter { isDependent(reader, on: $0) }
  }

  /// Whether two nodes depend on the same writes, of any variables.
  func areSame(before first: Node, and second: Node) -> Bool {
    writersBefore(first) == writersBefore(second)
  }

  /// Whether a node depends on one that writes a variable.
  func isDependent(_ node: Node, on writer: Node) -> Bool {
    writersBefore(node).contains(writer.id)
  }

  private func writersBefore(_ node: Node) -> Set<Int> {
    if let found = known[node] { return found }
    let found = ancestors(of: node.id, predecessors).intersection(writers)
    known[node] = found
    return found
  }
}
