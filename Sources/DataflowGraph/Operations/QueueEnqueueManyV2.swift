import Tensors

/// Puts the rows of its inputs into a queue as elements, waiting for room. TensorFlow's
/// `QueueEnqueueManyV2`.
///
/// Inputs: the queue, the elements' tensors, each `[elements, …]`.
public struct QueueEnqueueManyV2: QueueUser {
  public static let name = "QueueEnqueueManyV2"
  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(types: ["Tcomponents": .inputs(from: 1)])
  }

  var componentTypes: [ElementType] { [] }
  var shapes: [SymbolicShape] { [] }

  public init() {}
  public init(attributes: Attributes) {}

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expectQueue(inputs, components: max(1, inputs.count - 1))
    for input in inputs.dropFirst() {
      guard let rows = input.shape.dimensions.first,
        rows.couldEqual(inputs[1].shape.dimensions.first ?? 0)
      else {
        throw GraphError("\(input.shape) and \(inputs[1].shape) are not as many elements")
      }
    }
    return []
  }

  public func makeKernel(at site: KernelSite) -> any Kernel {
    let (node, resources, types) = (site.node.name, site.resources, site.inputs.map(\.elementType))
    return FunctionKernel { context in
      let queue = try resources.resource(context.inputs[0].handle, as: TensorQueue.self)
      var columns: [[Tensor]] = []
      for index in 1..<types.count {
        columns.append(context.inputs[index].tensor(of: types[index]).rows)
      }
      let elements = columns[0].indices.map { row in columns.map { $0[row] } }
      let outcome = try queue.enqueue(elements, cancellation: context.state.cancellation)
      if case .ended = outcome { throw QueueEnded(node: node, isEnqueue: true) }
    }
  }
}

extension Tensor {
  /// The parts along the first dimension.
  fileprivate var rows: [Tensor] {
    let rest = Shape(Array(shape.dimensions.dropFirst()))
    let bytes = rest.elementCount * elementType.size
    return (0..<shape[0]).map { row in
      var part = Tensor(zeros: rest, elementType: elementType)
      withBytes { source in
        part.withMutableBytes {
          $0.copyMemory(
            from: UnsafeRawBufferPointer(rebasing: source[row * bytes..<(row + 1) * bytes]))
        }
      }
      return part
    }
  }
}
