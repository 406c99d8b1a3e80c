import Dataflow
import TestSupport
import Testing

/// What every operation of the registry must satisfy, on each of its samples.
@Suite struct OperationSampleTests {
  static let samples: [LabelledSample] = OperationRegistry.builtIn.flatMap { operation in
    operation.samples.enumerated().map {
      LabelledSample(name: operation.name, index: $0, sample: $1)
    }
  }

  /// The operations whose behaviour other tests show: state, and what a session provides.
  static let withoutSamples: Set<String> = [
    "ApplyAdagrad", "ApplyAdam", "ApplyGradientDescent", "ApplyMomentum", "ApplyRMSProp", "Assert",
    "Assign", "AssignAdd", "AssignSub", "BindSizes", "Const", "FIFOQueueV2", "If", "Merge", "NoOp",
    "PaddingFIFOQueueV2", "Placeholder", "QueueCloseV2", "QueueDequeueManyV2",
    "QueueDequeueUpToV2", "QueueDequeueV2", "QueueEnqueueManyV2", "QueueEnqueueV2", "QueueSizeV2",
    "RandomShuffleQueueV2", "RandomStandardNormal", "RandomUniform", "RandomUniformInt",
    "StackPopV2", "StackPushV2", "StackV2", "StatelessRandomNormal", "StatelessRandomUniform",
    "StatelessTruncatedNormal", "Switch", "TruncatedNormal", "VariableV2", "While",
  ]

  /// The operations with any number of inputs.
  static let variadic: Set<String> = ["AddN", "ConcatV2", "Pack", "ShapeN"]

  /// The operations whose second input may be of any type of numbers, whatever the first one's.
  static let withIndependentTypes: Set<String> = ["ScatterNd"]

  @Test func everyOperationHasSamples() {
    for operation in OperationRegistry.builtIn {
      #expect(operation.samples.isEmpty == Self.withoutSamples.contains(operation.name))
    }
    let names = OperationRegistry.builtIn.map { $0.name }
    #expect(Set(names).count == names.count)
    #expect(names == names.sorted())
  }

  @Test(arguments: samples) func matchesTheReferenceInDouble(_ labelled: LabelledSample) throws {
    let sample = labelled.sample
    let results = try SampleGraph(sample).run()
    let expected = sample.reference(sample.inputs)
    #expect(results.count == expected.count)
    for (result, reference) in zip(results, expected) {
      expectClose(result, reference, relative: 1e-13)
    }
  }

  @Test(arguments: samples) func matchesTheReferenceInFloat(_ labelled: LabelledSample) throws {
    let sample = labelled.sample
    if sample.operation is Cast { return }
    let single = sample.inputs.map(\.inSinglePrecision)
    let results = try SampleGraph(sample, inputs: single).run()
    for (result, reference) in zip(results, sample.reference(single.map(\.inDoublePrecision))) {
      // The error bound of a sum of n terms: n half units in the last place of 24 bits.
      let elements = single.map(\.elementCount).max() ?? 1
      let terms = Double(elements) / Double(max(1, reference.elementCount))
      expectClose(result.inDoublePrecision, reference, relative: max(5e-6, terms * 0x1p-24))
    }
  }

  @Test(arguments: samples) func takesNamedSizes(_ labelled: LabelledSample) throws {
    if labelled.sample.needsKnownSizes { return }
    let known = try SampleGraph(labelled.sample).run()
    let named = try SampleGraph(labelled.sample, namesSizes: true).run()
    #expect(zip(known, named).allSatisfy { $0.hasSameBits(as: $1) })
  }

  @Test(arguments: samples) func overwritesOnlyWhatItMay(_ labelled: LabelledSample) throws {
    let apart = try SampleGraph(labelled.sample).run()
    let over = try SampleGraph(labelled.sample, copiesInputs: true).run()
    #expect(zip(apart, over).allSatisfy { $0.hasSameBits(as: $1) })
  }

  @Test(.timeLimit(.minutes(5)), arguments: [2, 3, 4, 8])
  func hasEqualBitsOnAnyNumberOfThreads(threads: Int) throws {
    let pool = ComputePool(threads: threads)
    for labelled in Self.samples {
      let single = labelled.sample.inputs.map(\.inSinglePrecision)
      let one = try SampleGraph(labelled.sample, inputs: single).run()
      let many = try SampleGraph(labelled.sample, inputs: single).run(on: pool)
      #expect(zip(one, many).allSatisfy { $0.hasSameBits(as: $1) }, "\(labelled)")
    }
  }

  @Test(arguments: samples) func attributesDescribeTheOperation(_ labelled: LabelledSample) throws {
    let operation = labelled.sample.operation
    let copy = try type(of: operation).init(attributes: operation.attributes)
    #expect(copy.attributes == operation.attributes)
  }

  @Test(arguments: samples) func refusesInputsThatDoNotFit(_ labelled: LabelledSample) {
    let operation = labelled.sample.operation
    let specs = labelled.sample.inputs.map { TensorSpec($0.elementType, SymbolicShape($0.shape)) }
    if !specs.isEmpty { #expect(throws: GraphError.self) { try operation.outputs(for: []) } }
    if !Self.variadic.contains(labelled.name), let first = specs.first {
      #expect(throws: GraphError.self) { try operation.outputs(for: specs + [first]) }
    }
    if specs.count > 1 {
      var mixed = specs
      mixed[1].elementType = specs.contains { $0.elementType == .uint8 } ? .bool : .uint8
      if Self.withIndependentTypes.contains(labelled.name) { mixed[1].elementType = .resource }
      #expect(throws: GraphError.self) { try operation.outputs(for: mixed) }
    }
  }

  @Test(arguments: samples) func gradientMatchesDifferences(_ labelled: LabelledSample) throws {
    for index in labelled.sample.differentiable {
      let graph = SampleGraph(labelled.sample)
      let first = try graph.gradient(withRespectTo: index)
      try graph.expectDifferences(of: graph.loss, toMatch: first, input: index, labelled)
    }
  }

  @Test(arguments: samples) func secondGradientMatchesDifferences(_ labelled: LabelledSample) throws
  {
    for first in labelled.sample.differentiable {
      for second in labelled.sample.differentiable {
        let graph = SampleGraph(labelled.sample)
        let gradient = try graph.gradient(withRespectTo: first)
        let loss = graph.weighted([gradient], seed: 77)
        let value = try graph.graph.gradient(of: loss, withRespectTo: graph.inputs[second])
        try graph.expectDifferences(of: loss, toMatch: value, input: second, labelled)
      }
    }
  }
}

struct LabelledSample: CustomTestStringConvertible, Sendable {
  let name: String
  let index: Int
  let sample: OperationSample
  var testDescription: String { "\(name) \(index)" }
}

/// A graph of one operation.
final class SampleGraph {
  let graph = Graph()
  let tensors: [Tensor]
  private(set) var inputs: [Value] = []
  private(set) var outputs: [Value] = []
  /// A weighted sum of the outputs.
  private(set) lazy var loss = weighted(
    outputs.filter(\.elementType.isFloatingPoint), seed: 55, shapes: floatShapes)
  /// The shapes of the floating-point outputs, some of which only a run finds out.
  private let floatShapes: [Shape]

  init(
    _ sample: OperationSample, inputs given: [Tensor]? = nil, namesSizes: Bool = false,
    copiesInputs: Bool = false
  ) {
    tensors = given ?? sample.inputs
    floatShapes = sample.reference(sample.inputs).filter(\.elementType.isFloatingPoint)
      .map(\.shape)
    for (index, tensor) in tensors.enumerated() {
      let shape =
        namesSizes
        ? SymbolicShape(
          tensor.shape.dimensions.enumerated().map { axis, size in
            // A size along which something may be repeated must be known to be 1.
            size == 1 ? 1 : Dimension(symbol: "n\(index)_\(axis)")
          }) : SymbolicShape(tensor.shape)
      inputs.append(graph.placeholder(tensor.elementType, shape))
    }
    let arguments = inputs.map { input in
      copiesInputs && input.elementType.isFloatingPoint ? input * 1 : input
    }
    do {
      outputs = try graph.add(sample.operation, arguments).outputs
    } catch {
      Issue.record(error)
    }
  }

  func run(on executor: any ParallelExecutor = SerialExecutor()) throws -> [Tensor] {
    try Session(checking: graph, executor: executor).run(outputs, feeds: feeds)
  }

  private var feeds: [Value: Tensor] { Dictionary(uniqueKeysWithValues: zip(inputs, tensors)) }

  func weighted(_ values: [Value], seed: UInt64, shapes: [Shape]? = nil) -> Value {
    values.enumerated().map { index, value in
      let shape = shapes?[index] ?? value.shape.known!
      let weights = Tensor.random(shape, seed: seed + UInt64(index))
      return sum(value * graph.constant(weights))
    }.reduce(graph.constant(0, .float64), +)
  }

  func gradient(withRespectTo index: Int) throws -> Value {
    try graph.gradient(of: loss, withRespectTo: inputs[index])
  }

  /// Compares a gradient with central differences.
  func expectDifferences(
    of value: Value, toMatch gradient: Value, input: Int, _ labelled: LabelledSample
  ) throws {
    let session = Session(graph)
    let result = try session.run([gradient], feeds: feeds)[0].scalars(as: Double.self)
    let elements = tensors[input].scalars(as: Double.self)
    let step = 1e-5
    let stride = max(1, elements.count / 40)
    for position in Swift.stride(from: 0, to: elements.count, by: stride) {
      func shifted(by delta: Double) throws -> Double {
        var moved = elements
        moved[position] += delta
        var feeds = feeds
        feeds[inputs[input]] = Tensor(shape: tensors[input].shape, scalars: moved)
        return try session.run([value], feeds: feeds)[0].scalar(as: Double.self)
      }
      let difference = (try shifted(by: step) - shifted(by: -step)) / (2 * step)
      let error = abs(result[position] - difference)
      #expect(
        error <= 1e-7 * max(1, abs(difference)),
        "\(labelled.testDescription), input \(input)[\(position)]: \(result[position]) ≠ \(difference)"
      )
    }
  }
}

func expectClose(_ result: Tensor, _ reference: Tensor, relative: Double) {
  #expect(result.shape == reference.shape)
  #expect(result.elementType == reference.elementType)
  guard result.shape == reference.shape, result.elementType == reference.elementType else { return }
  guard result.elementType == .float64 else {
    #expect(result == reference)
    return
  }
  for (x, y) in zip(result.scalars(as: Double.self), reference.scalars(as: Double.self)) {
    let scale = max(1, abs(y))
    #expect(x == y || abs(x - y) <= relative * scale || (x.isNaN && y.isNaN), "\(x) ≠ \(y)")
  }
}

extension Tensor {
  var inSinglePrecision: Tensor {
    elementType == .float64
      ? Tensor(shape: shape, scalars: scalars(as: Double.self).map { Float($0) }) : self
  }

  var inDoublePrecision: Tensor {
    elementType == .float32
      ? Tensor(shape: shape, scalars: scalars(as: Float.self).map { Double($0) }) : self
  }
}
