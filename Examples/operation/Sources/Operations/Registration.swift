import Dataflow

/// Makes the operations known by name, to the graph language and to imported graphs.
///
/// - Throws: `GraphError` where other operations have their names.
public func registerOperations() throws {
  for operation in [Mish.self, PairDistances.self] as [any Operation.Type] {
    try OperationRegistry.register(operation)
  }
}
