import DataflowGraph

/// Which writes of a variable come before a node that reads it.
///
/// A variable on another device is read by way of a copy, which has to be made between the same writes as
/// the reader would read the variable itself.
final class VariableWrites {
  private let predecessors: [Int: Set<Int>]
  private let accesses: [VariableAccess]
  private let indexOfBuffer: [Value: Int]
  private var known: [Node: Set<Int>] = [:]

  /// - Parameter nodes: in an order in which inputs come first.
  init(_ nodes: [Node]) {
    predecessors = directPredecessors(nodes)
    (accesses, indexOfBuffer) = variableAccesses(nodes)
  }

  /// The nodes that write the variable which a value is, under whatever name; none for other values.
  func all(of value: Value) -> [Node] { indexOfBuffer[value].map { accesses[$0].writers } ?? [] }

  /// The nodes that write the variable which a value is, under whatever name, and that the reader depends
  /// on; none for other values.
  func before(_ reader: Node, of value: Value) -> [Node] {
    guard let index = indexOfBuffer[value], !accesses[index].writers.isEmpty else { return [] }
    let before = known[reader] ?? ancestors(of: reader.id, predecessors)
    known[reader] = before
    return accesses[index].writers.filter { before.contains($0.id) }
  }
}
