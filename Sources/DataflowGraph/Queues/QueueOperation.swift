import Tensors

/// An operation that makes a queue, or finds the one its session has already.
public protocol QueueOperation: Operation {
  /// The types of an element's tensors.
  var componentTypes: [ElementType] { get }
  /// Their shapes; sizes with names differ from element to element.
  var shapes: [SymbolicShape] { get }
  /// A queue; it takes nothing but the operation's `components` where it is made with them.
  func makeQueue() -> TensorQueue
}

extension QueueOperation {
  public static var samples: [OperationSample] { [] }
  public static var tensorFlowForm: TensorFlowForm { TensorFlowForm(types: [:]) }
  public var isStateful: Bool { true }

  /// An element's tensors.
  public var components: [TensorSpec] { zip(componentTypes, shapes).map { TensorSpec($0, $1) } }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 0)
    guard componentTypes.count == shapes.count, !shapes.isEmpty else {
      throw GraphError("\(componentTypes.count) component types and \(shapes.count) shapes")
    }
    return [TensorSpec(.resource, .scalar)]
  }

  public func makeKernel(at site: KernelSite) -> any Kernel {
    let (name, resources) = (site.node.graph.path + site.node.name, site.resources)
    return FunctionKernel { context in
      context.outputs[0].handle = resources.handle(named: name) { makeQueue() }
    }
  }
}

/// An operation that works on the queue that its first input stands for, and may wait for it.
protocol QueueUser: Operation {
  /// The queue's component types and shapes, empty where they do not matter.
  var componentTypes: [ElementType] { get }
  var shapes: [SymbolicShape] { get }
}

extension QueueUser {
  public static var samples: [OperationSample] { [] }
  public var isStateful: Bool { true }
  public var mayBlock: Bool { true }

  func expectQueue(_ inputs: [TensorSpec], components: Int) throws {
    try expect(inputs, count: 1 + components)
    try expectHandle(inputs[0], "the queue")
  }

  /// Types and shapes of what leaves the queue: sizes with names are found out in the run.
  ///
  /// - Parameter leading: the size before them, for several elements at a time.
  func outputSpecs(_ late: inout LateSizes, leading: Dimension? = nil) -> [TensorSpec] {
    zip(componentTypes, shapes).map { type, shape in
      let sizes = shape.dimensions.map { $0.known == nil ? late.next() : $0 }
      return TensorSpec(type, SymbolicShape((leading.map { [$0] } ?? []) + sizes))
    }
  }
}

/// What takes elements out of a queue.
final class DequeueKernel: FunctionCallKernel {
  private let resources: ResourceStore
  private let node: String
  private let take: (TensorQueue, Cancellation?) throws -> [Tensor]?

  init(
    _ site: KernelSite, take: @escaping (TensorQueue, Cancellation?) throws -> [Tensor]?
  ) {
    resources = site.resources
    node = site.node.name
    self.take = take
    super.init(site)
  }

  override func compute(_ context: borrowing KernelContext) throws -> [Tensor] {
    let queue = try resources.resource(context.inputs[0].handle, as: TensorQueue.self)
    guard let result = try take(queue, context.state.cancellation) else {
      throw QueueEnded(node: node)
    }
    return result
  }
}

/// Elements of a queue as one tensor for each component.
///
/// - Parameter pads: whether smaller ones are filled up with zeros at the end of each dimension.
/// - Throws: `GraphError` where they differ in number, type or shape.
func batch(_ elements: [[Tensor]], pads: Bool) throws -> [Tensor] {
  guard let first = elements.first else { return [] }
  if let other = elements.first(where: { $0.count != first.count }) {
    throw GraphError("an element has \(other.count) components, the first one \(first.count)")
  }
  return try first.indices.map { component in
    let parts = elements.map { $0[component] }
    if let other = parts.first(where: {
      $0.elementType != parts[0].elementType || $0.shape.rank != parts[0].shape.rank
    }) {
      throw GraphError(
        "component \(component) is \(other.elementType)\(other.shape), of the first element"
          + " \(parts[0].elementType)\(parts[0].shape)")
    }
    let largest = parts[0].shape.dimensions.indices.map { axis in
      parts.map { $0.shape[axis] }.max()!
    }
    if let other = parts.first(where: { $0.shape.dimensions != largest }), !pads {
      throw GraphError(
        "component \(component) has the shapes \(other.shape) and \(Shape(largest)): only a"
          + " PaddingFIFOQueueV2 makes batches of different shapes")
    }
    var result = Tensor(
      zeros: Shape([parts.count] + largest), elementType: parts[0].elementType)
    result.withMutableBytes { target in
      let stride = target.count / parts.count
      for (index, part) in parts.enumerated() {
        copy(part, into: target, at: index * stride, within: Shape(largest))
      }
    }
    return result
  }
}

/// Copies a tensor to the corner of a larger one.
private func copy(
  _ part: Tensor, into target: UnsafeMutableRawBufferPointer, at start: Int, within shape: Shape
) {
  let size = part.elementType.size
  let rowBytes = (part.shape.dimensions.last ?? 1) * size
  let rows = part.elementCount * size / max(1, rowBytes)
  part.withBytes { source in
    for row in 0..<rows {
      var (rest, offset, stride) = (row, 0, shape.dimensions.last ?? 1)
      for axis in part.shape.dimensions.indices.dropLast().reversed() {
        offset += rest % part.shape[axis] * stride
        rest /= part.shape[axis]
        stride *= shape[axis]
      }
      let from = UnsafeRawBufferPointer(
        rebasing: source[row * rowBytes..<(row + 1) * rowBytes])
      UnsafeMutableRawBufferPointer(rebasing: target[(start + offset * size)...])
        .copyMemory(from: from)
    }
  }
}
