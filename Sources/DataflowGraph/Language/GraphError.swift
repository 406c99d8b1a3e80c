/// Something in a graph that cannot be: with the node it concerns, as far as that is known.
public struct GraphError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What is wrong, what was found and what is allowed.
  public var message: String
  /// The node's name.
  public var node: String?
  /// The node's operation.
  public var operation: String?
  /// What the node's inputs are.
  public var inputs: [String]

  public init(
    _ message: String, node: String? = nil, operation: String? = nil, inputs: [String] = []
  ) {
    self.message = message
    self.node = node
    self.operation = operation
    self.inputs = inputs
  }

  /// `MatMul "layer_0/MatMul" (float[4, 3], float[2, 5]): …`
  public var description: String {
    guard let operation else { return message }
    let name = node.map { " \"\($0)\"" } ?? ""
    return "\(operation)\(name) (\(inputs.joined(separator: ", "))): \(message)"
  }
}
