import Dataflow

/// What an operation computes on a device beside what it computes on a CPU: values, gradients and
/// gradients of gradients of all its samples; also of the samples with numbers in half precision, as far as the
/// operation takes them.
public struct DeviceCheck {
  private let device: any Device
  private let types: [SampleTypes]
  /// Whether memory is poisoned before runs and looked at after them.
  package var checksMemory = true

  /// - Parameter hasDouble: whether the device computes in `double`.
  public init(_ device: any Device, hasDouble: Bool) {
    self.device = device
    types = (hasDouble ? [.float32, .float64] : [.float32]).map { .init(type: $0) }
  }

  /// What is wrong, a line each: differences above 1e-5 in `float` and 1e-12 in `double`, memory that is
  /// not written or written outside, and runs that differ from each other in a bit.
  ///
  /// - Returns: nil where the device has no kernel for any of the samples.
  public func findings(of operation: any Operation.Type) throws -> [String]? {
    // Together, since the device's compiler takes most of its time for beginning at all.
    let graph = Graph()
    let cases = try operation.samples.enumerated().flatMap { index, sample in
      try (types + sample.halfTypes).map { try DeviceSample(sample, index, $0, in: graph) }
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
        "\(operation.name), sample \(sample.index) in \(sample.types): \($0)"
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
      relative: sample.types.type == .float32 ? 1e-5 : 1e-12)
      + bitDifferences(Array(results.prefix(outputs.count)), alone, "the operation alone")
  }
}

/// What a sample's floating-point numbers are given in.
private struct SampleTypes: CustomStringConvertible {
  /// The type of those that are computed with.
  let type: ElementType
  /// The inputs in half precision.
  var halves: Set<Int> = []

  var description: String {
    halves.isEmpty ? "\(type)" : "\(type), inputs \(halves.sorted()) in half precision"
  }

  func tensor(_ input: Int, _ tensor: Tensor) -> Tensor {
    guard tensor.elementType.isFloatingPoint else { return tensor }
    let single = tensor.inSinglePrecision
    if halves.contains(input) {
      let halves = single.scalars(as: Float.self).map { Float16($0) }
      return Tensor(shape: tensor.shape, scalars: halves)
    }
    return type == .float32 ? single : tensor.inDoublePrecision
  }
}

extension OperationSample {
  /// The ways in which the operation takes numbers in half precision: all of them, or those of one input.
  fileprivate var halfTypes: [SampleTypes] {
    let floats = inputs.indices.filter { inputs[$0].elementType.isFloatingPoint }
    let choices = (floats.count > 1 ? floats.map { [$0] } : []) + (floats.isEmpty ? [] : [floats])
    return choices.map { SampleTypes(type: .float32, halves: Set($0)) }.filter { types in
      let specs = inputs.enumerated().map { index, tensor in
        let tensor = types.tensor(index, tensor)
        return TensorSpec(tensor.elementType, SymbolicShape(tensor.shape))
      }
      guard let outputs = try? operation.outputs(for: specs) else { return false }
      return (try? operation.makeKernel(inputs: specs, outputs: outputs)) != nil
    }
  }
}

/// A sample in a graph with all its first and second derivatives.
private struct DeviceSample {
  let index: Int
  let types: SampleTypes
  let node: Node
  private(set) var feeds: [Value: Tensor] = [:]
  private(set) var fetches: [Value] = []

  init(_ sample: OperationSample, _ index: Int, _ types: SampleTypes, in graph: Graph) throws {
    (self.index, self.types) = (index, types)
    // A conversion's types are its own.
    let keepsTypes = sample.operation is Cast && types.halves.isEmpty
    let tensors = sample.inputs.enumerated().map { keepsTypes ? $1 : types.tensor($0, $1) }
    let inputs = tensors.map { graph.placeholder($0.elementType, SymbolicShape($0.shape)) }
    node = try graph.add(sample.operation, inputs)
    feeds = Dictionary(uniqueKeysWithValues: zip(inputs, tensors))
    fetches = node.outputs
    let type = types.type
    let floats = node.outputs.filter { $0.elementType == type }
    guard !floats.isEmpty, !keepsTypes else { return }
    let differentiable = sample.differentiable.filter { !types.halves.contains($0) }
    for first in differentiable {
      let gradient = try graph.gradient(
        of: Self.weighted(floats, 55, type, graph), withRespectTo: inputs[first])
      fetches.append(gradient)
      for second in differentiable {
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
      let random = Tensor.random(shape, seed: seed + UInt64(index))
      let weights = type == .float32 ? random.inSinglePrecision : random
      return sum(value * graph.constant(weights))
    }.reduce(graph.constant(0, type), +)
  }
}
