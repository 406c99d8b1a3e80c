import DataflowGraph

/// Puts the reads of variables before the writes that they do not depend on.
///
/// A variable's other name, an alias, says when the variable is read, however much later the name is. Readers of
/// the name come before the writes that follow it, if they can; else what the variable was is kept for them.
struct ReadsBeforeWrites {
  private(set) var dependencies: Dependencies
  /// The aliases that keep what their variables were.
  private(set) var snapshots: Set<Node> = []
  private let writes: VariableWrites

  /// - Parameters:
  ///   - nodes: in an order in which inputs come first.
  ///   - dependencies: what they need of each other.
  /// - Throws: `GraphError` for a read that would have to come before a write and after it, and for two writes of which
  ///   neither comes first.
  init(_ nodes: [Node], fetches: [Value], _ dependencies: Dependencies) throws {
    self.dependencies = dependencies
    writes = VariableWrites(nodes, dependencies)
    let written = writes.accesses.filter { !$0.writers.isEmpty }
    if written.isEmpty { return }
    findSnapshots(nodes, fetches)
    for access in written { try putReadsFirst(access) }
    for access in written { putReadsOfAliasesFirst(access) }
    for access in written { try checkWrites(access) }
  }

  /// Aliases whose readers depend on other writes than they.
  private mutating func findSnapshots(_ nodes: [Node], _ fetches: [Value]) {
    func own(_ value: Value) -> [Node] { writes.before(value.node, of: value.node.inputs[0]) }
    for node in nodes {
      for input in node.inputs where input.node.operation.isAlias {
        if writes.before(node, of: input) != own(input) { snapshots.insert(input.node) }
      }
    }
    for fetch in fetches where fetch.node.operation.isAlias {
      if writes.all(of: fetch) != own(fetch) { snapshots.insert(fetch.node) }
    }
  }

  private mutating func putReadsFirst(_ access: VariableAccess) throws {
    for read in access.reads where read.alias == nil {
      if let writer = putFirst(read.node, access.writers) {
        throw read.node.error(
          "reads the variable \(access.variable.name) before \(writer.name) writes it, which it does"
            + " not depend on, and after that, since other variables too are read before they are"
            + " written: a control dependency must say which comes first, or an Identity of the"
            + " variable be read instead")
      }
    }
  }

  private mutating func putReadsOfAliasesFirst(_ access: VariableAccess) {
    for read in access.reads {
      guard let alias = read.alias, !snapshots.contains(alias) else { continue }
      if putFirst(read.node, access.writers) != nil { snapshots.insert(alias) }
    }
  }

  /// Puts a reader before the first of the writers that it does not depend on: the others come after that one, or
  /// are found to have no order.
  ///
  /// - Returns: a writer that comes before it all the same, if there is one.
  private mutating func putFirst(_ reader: Node, _ writers: [Node]) -> Node? {
    let before = dependencies.ancestors(of: reader)
    var isFirst = true
    for writer in writers where writer != reader {
      if !before.contains(writer.id) {
        if isFirst { dependencies.put(reader, before: writer) }
        isFirst = false
      } else if !writes.isDependent(reader, on: writer) {
        return writer
      }
    }
    return nil
  }

  private func checkWrites(_ access: VariableAccess) throws {
    let writers = access.writers.sorted { $0.id < $1.id }
    for (other, writer) in zip(writers, writers.dropFirst())
    where !dependencies.ancestors(of: writer).contains(other.id) {
      throw writer.error(
        "writes the variable \(access.variable.name), and so does \(other.name): a control"
          + " dependency must say which comes first")
    }
  }
}
