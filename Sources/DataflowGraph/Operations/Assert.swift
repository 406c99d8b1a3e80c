import Tensors

/// An error with the elements of the other inputs where the first one is false. TensorFlow's `Assert`.
public struct Assert: Operation {
  public static let name = "Assert"
  public static var samples: [OperationSample] { [] }

  let summarize: Int

  /// - Parameter summarize: how many elements of each tensor the error shows.
  public init(summarize: Int = 3) { self.summarize = summarize }

  public init(attributes: Attributes) throws {
    summarize = try attributes.int("summarize", default: 3)
  }

  public var attributes: Attributes { ["summarize": .int(summarize)] }
  public var isStateful: Bool { true }

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(types: ["T": .inputs(from: 1)])
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    guard let condition = inputs.first else { throw GraphError("takes at least 1 input, got 0") }
    try expect(condition, type: .bool, "the condition")
    try expect(condition, rank: 0, "the condition")
    return []
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) -> any Kernel {
    let (types, summarize) = (inputs.map(\.elementType), summarize)
    return FunctionKernel { context in
      if context.inputs[0].elements(Bool.self)[0] { return }
      let values = types.indices.dropFirst().map {
        context.inputs[$0].tensor(of: types[$0]).summary(of: summarize)
      }
      throw GraphError("assertion failed: " + values.joined(separator: " "))
    }
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    node.inputs.map { _ in nil }
  }
}

extension Graph {
  /// Adds a node that fails with the elements of `data` where `condition`, a boolean scalar, is false.
  ///
  /// It takes effect where it is a target or a control dependency.
  public func assert(
    _ condition: Value, _ data: [Value] = [], summarize: Int = 3, name: String? = nil
  ) throws -> Node {
    try add(Assert(summarize: summarize), [condition] + data, name: name)
  }
}

extension Tensor {
  /// The first elements in brackets: `[1 2 3...]`.
  func summary(of count: Int) -> String {
    func list<T: TensorElement>(_: T.Type) -> String {
      let elements = scalars(as: T.self)
      let shown = elements.prefix(count < 0 ? elements.count : count).map { "\($0)" }
      return "[" + shown.joined(separator: " ") + (shown.count < elements.count ? "...]" : "]")
    }
    switch elementType {
    case .float32: return list(Float.self)
    case .float64: return list(Double.self)
    case .float16: return list(Float16.self)
    case .int32: return list(Int32.self)
    case .int64: return list(Int64.self)
    case .uint8: return list(UInt8.self)
    case .bool: return list(Bool.self)
    case .resource: return "[resource]"
    }
  }
}
