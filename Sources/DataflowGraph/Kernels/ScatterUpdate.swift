import Tensors

/// An operation that changes rows of a variable in place, those that indices name, and returns the
/// variable: inputs are the variable, indices, and for each of these a row.
public protocol ScatterUpdate: PlainOperation {
  /// What becomes of an element and its update; nil for the update itself.
  static var function: BinaryFunction? { get }
}

extension ScatterUpdate {
  public static var samples: [OperationSample] { [] }

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(types: ["T": .input(0), "Tindices": .input(1)])
  }

  public var mutatedInputs: [Int] { [0] }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 3)
    try expectSameType([inputs[0], inputs[2]], among: .numbers)
    try expectSameType([inputs[1]], among: .indices)
    let (variable, indices, updates) = (inputs[0].shape, inputs[1].shape, inputs[2].shape)
    guard variable.rank > 0 else { throw GraphError("there are no rows in a scalar") }
    let expected = SymbolicShape(indices.dimensions + variable.dimensions.dropFirst())
    guard updates.couldEqual(expected) else {
      throw GraphError("the updates' shape is \(updates), expected \(expected)")
    }
    return [inputs[0]]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    let type = inputs[1].elementType
    func make<T: KernelNumber>(_: T.Type) -> any Kernel {
      // One row after the other: several indices may name the same one.
      FunctionKernel { context in
        let (variable, indices) = (context.inputs[0], context.inputs[1])
        try checkIndices(indices, type, below: variable.dimensions[0])
        let inner = variable.count(from: 1)
        guard context.inputs[2].count == indices.count * inner else {
          throw GraphError(
            "\(context.inputs[2].count) updates for \(indices.count) rows of \(inner)")
        }
        var updates = context.inputs[2].elements(T.self)
        // Rows of the variable itself are what they were before the first one is changed.
        let isOwn = updates == variable.elements(T.self)
        if isOwn {
          updates = .allocate(capacity: variable.count)
          updates.update(from: variable.elements(T.self), count: variable.count)
        }
        defer { if isOwn { updates.deallocate() } }
        for position in 0..<indices.count {
          let row = variable.elements(T.self) + indices.integer(at: position, type) * inner
          let update = updates + position * inner
          if let function = Self.function {
            function.apply(row, update, row, inner)
          } else {
            row.update(from: update, count: inner)
          }
        }
      }
    }
    return make(try inputs[0].elementType.kernelNumber)
  }
}
