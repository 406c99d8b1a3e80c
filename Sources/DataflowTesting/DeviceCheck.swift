import Dataflow

/// What an operation computes on a device beside what it computes on a CPU: values, gradients and
/// gradients of gradients of all its samples.
public struct DeviceCheck {
  private let device: any Device
  private let types: [ElementType]
  /// Whether memory is poisoned before runs and looked at after them.
  package var checksMemory = true

  /// - Parameter hasDouble: whether the device computes in `double`.
  public init(_ device: any Device, hasDouble: Bool) {
    self.device = device
    types = hasDouble ? [.float32, .float64] : [.float32]
  }

  /// What is wrong, a line each: differences above 1e-5 in `float` and 1e-12 in `double`, memory that is
  /// not written or written outside, and runs that differ from each other in a bit.
  ///
  /// - Returns: nil where the device has no kernel for any of the samples.
  public func findings(of operation: any Operation.Type) throws -> [String]? {
    // Together, since the device's compiler takes most of its time for beginning at all.
    let graph = Graph()
    let cases = try operation.samples.enumerated().flatMap { index, sample in
      try types.map { try DeviceSample(sample, index, $0, in: graph) }
    }.filter { device.canRun($0.node) }
    guard !cases.isEmpty else { return nil }
    let feeds = cases.reduce(into: [:]) { $0.merge($1.feeds) { $1 } }
    let fetches = cases.flatMap(\.fetches)
    let expected = try Session(graph).run(fetches, feeds: feeds)
    let session = Session(graph, options: options)
    let results = try session.run(fetches, feeds: feeds)
    var lines = bitDifferences(
      results, try session.run(fetches, feeds: feeds), "\(operation.name): a second run")
    var start = 0
    for sample in cases {
      let range = start..<start + sample.fetches.count
      lines += try findings(of: sample, Array(results[range]), Array(expected[range])).map {
        "\(operation.name), sample \(sample.index) in \(sample.type): \($0)"
      }
      start = range.upperBound
    }
    return lines
  }

  private var options: SessionOptions {
    var options = SessionOptions()
    options.placement.devices = [CPUDevice(), device]
    options.placement.defaultDevice = device.name
    options.isOptimized = false
    options.checksMemory = checksMemory
    return options
  }

  private func findings(
    of sample: DeviceSample, _ results: [Tensor], _ expected: [Tensor]
  ) throws -> [String] {
    // Only a plan of one step shows what is written outside.
    let outputs = sample.node.outputs
    let alone = try Session(sample.node.graph, options: options).run(outputs, feeds: sample.feeds)
    return differences(
      results.map(\.inDoublePrecision), expected.map(\.inDoublePrecision),
      relative: sample.type == .float32 ? 1e-5 : 1e-12)
      + bitDifferences(Array(results.prefix(outputs.count)), alone, "the operation alone")
  }
}

/// A sample in a graph with all its first and second derivatives.
private struct DeviceSample {
  let index: Int
  let type: ElementType
  let node: Node
  private(set) var feeds: [Value: Tensor] = [:]
  private(set) var fetches: [Value] = []

  init(_ sample: OperationSample, _ index: Int, _ type: ElementType, in graph: Graph) throws {
    (self.index, self.type) = (index, type)
    // A conversion's types are its own.
    let keepsTypes = sample.operation is Cast
    let tensors = sample.inputs.map { tensor in
      tensor.elementType.isFloatingPoint && !keepsTypes ? tensor.floats(as: type) : tensor
    }
    let inputs = tensors.map { graph.placeholder($0.elementType, SymbolicShape($0.shape)) }
    node = try graph.add(sample.operation, inputs)
    feeds = Dictionary(uniqueKeysWithValues: zip(inputs, tensors))
    fetches = node.outputs
    let floats = node.outputs.filter { $0.elementType == type }
    guard !floats.isEmpty, !keepsTypes else { return }
    for first in sample.differentiable {
      let gradient = try graph.gradient(
        of: Self.weighted(floats, 55, type, graph), withRespectTo: inputs[first])
      fetches.append(gradient)
      for second in sample.differentiable {
        let loss = Self.weighted([gradient], 77, type, graph)
        fetches.append(try graph.gradient(of: loss, withRespectTo: inputs[second]))
      }
    }
  }

  private static func weighted(
    _ values: [Value], _ seed: UInt64, _ type: ElementType, _ graph: Graph
  ) -> Value {
    values.enumerated().map { index, value in
      guard let shape = value.shape.known else { return sum(value) }
      let weights = Tensor.random(shape, seed: seed + UInt64(index)).floats(as: type)
      return sum(value * graph.constant(weights))
    }.reduce(graph.constant(0, type), +)
  }
}

extension Tensor {
  fileprivate func floats(as type: ElementType) -> Tensor {
    type == .float32 ? inSinglePrecision : inDoublePrecision
  }
}
