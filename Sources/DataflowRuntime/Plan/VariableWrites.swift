import DataflowGraph

/// Which writes of variables a node depends on.
///
/// A variable on another device is read by way of a copy, which has to be made between the same writes as
/// the reader would read the variable itself.
final class VariableWrites {
  let accesses: [VariableAccess]
  private let dependencies: Dependencies
  private let indexOfBuffer: [Value: Int]
  /// The nodes that write variables, each with its place among them.
  private let placeOfWriter: [Node: Int]
  /// The places of those that a node depends on.
  private var known: [Node: BitSet] = [:]

  /// - Parameters:
  ///   - nodes: in an order in which inputs come first.
  ///   - dependencies: what they need of each other if nil.
  init(_ nodes: [Node], _ dependencies: Dependencies? = nil) {
    self.dependencies = dependencies ?? Dependencies(nodes)
    (accesses, indexOfBuffer) = variableAccesses(nodes)
    var places: [Node: Int] = [:]
    for writer in accesses.flatMap(\.writers) where places[writer] == nil {
      places[writer] = places.count
    }
    placeOfWriter = places
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
    writersBefore(node).contains(placeOfWriter[writer]!)
  }

  private func writersBefore(_ node: Node) -> BitSet {
    if let found = known[node] { return found }
    let before = dependencies.ancestors(of: node)
    var found = BitSet(below: placeOfWriter.count)
    for (writer, place) in placeOfWriter where before.contains(writer.id) { found.insert(place) }
    known[node] = found
    return found
  }
}
