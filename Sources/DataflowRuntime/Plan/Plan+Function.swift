import DataflowGraph

extension Plan {
  /// What a function does, run inside a step of another plan.
  ///
  /// - Parameter device: where nodes run that ask for nothing, nil for where the session's do.
  /// - Throws: `GraphError` where the function's graph cannot be planned.
  init(_ function: GraphFunction, on device: DeviceName?, _ placement: Placement) throws {
    var placement = placement
    if let device {
      guard placement.devices.contains(where: { device.matches($0.name) }) else {
        let names = placement.devices.map { $0.name.short }.joined(separator: ", ")
        throw GraphError(
          "\(function.name) is to run on \(device), which is not there; there are: \(names)")
      }
      placement.defaultDevice = device
    }
    // What changes state runs whether or not an output depends on it, in the order it was added.
    let stateful = function.graph.nodes.filter { $0.operation.isStateful }
    try self.init(
      graph: function.graph, feeds: function.inputs, fetches: function.outputs, targets: stateful,
      placement: placement)
  }
}
