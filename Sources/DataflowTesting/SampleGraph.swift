import Dataflow

/// A graph of one operation.
final class SampleGraph {
  let graph = Graph()
  private let tensors: [Tensor]
  private(set) var inputs: [Value] = []
  private let outputs: [Value]
  /// A weighted sum of the outputs.
  private(set) lazy var loss = weighted(
    outputs.filter(\.elementType.isFloatingPoint), seed: 55, shapes: floatShapes)
  /// The shapes of the floating-point outputs, some of which only a run finds out.
  private let floatShapes: [Shape]

  /// - Parameters:
  ///   - given: what to feed, the sample's own inputs if nil.
  ///   - namesSizes: whether all sizes above 1 are names.
  ///   - copiesInputs: whether the inputs are values that nothing else reads.
  init(
    _ sample: OperationSample, inputs given: [Tensor]? = nil, namesSizes: Bool = false,
    copiesInputs: Bool = false
  ) throws {
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
    outputs = try graph.add(sample.operation, arguments).outputs
  }

  /// Computes the outputs, with a look at what is done to memory.
  func run(on executor: any ParallelExecutor = SerialExecutor()) throws -> [Tensor] {
    try Session(checking: graph, executor: executor).run(outputs, feeds: feeds)
  }

  /// Computes the outputs of the graph that this one's text gives.
  func runPrinted() throws -> [Tensor] {
    let copy = try Graph(text: graph.text)
    var feeds: [Value: Tensor] = [:]
    for (value, tensor) in self.feeds { feeds[try copy.value(named: value.name)] = tensor }
    return try Session(copy).run(try outputs.map { try copy.value(named: $0.name) }, feeds: feeds)
  }

  private var feeds: [Value: Tensor] { Dictionary(uniqueKeysWithValues: zip(inputs, tensors)) }

  /// A sum of the values' elements with weights that are drawn at random.
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

  /// Where central differences of `value` are not what `gradient` says.
  func differences(of value: Value, from gradient: Value, input: Int) throws -> [String] {
    let session = Session(graph)
    let result = try session.run([gradient], feeds: feeds)[0].scalars(as: Double.self)
    let elements = tensors[input].scalars(as: Double.self)
    let step = 1e-5
    return try stride(from: 0, to: elements.count, by: max(1, elements.count / 40)).compactMap {
      position in
      func shifted(by delta: Double) throws -> Double {
        var moved = elements
        moved[position] += delta
        var feeds = feeds
        feeds[inputs[input]] = Tensor(shape: tensors[input].shape, scalars: moved)
        return try session.run([value], feeds: feeds)[0].scalar(as: Double.self)
      }
      let difference = (try shifted(by: step) - shifted(by: -step)) / (2 * step)
      return abs(result[position] - difference) <= 1e-7 * max(1, abs(difference))
        ? nil : "input \(input)[\(position)]: \(result[position]), by differences \(difference)"
    }
  }
}
