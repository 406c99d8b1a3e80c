import Dataflow

/// The operations of graphs that know of atoms: what a potential is on a device.
public enum AtomisticOperations {
  /// One line an operation.
  public static let all: [any Operation.Type] = [
    DescriptorContraction.self,
    DescriptorValues.self,
    NeighbourForces.self,
  ]

  /// Makes them known by name, to the graph language and to imported graphs.
  ///
  /// - Throws: `GraphError` where other operations have their names.
  public static func register() throws {
    for operation in all { try OperationRegistry.register(operation) }
  }
}
