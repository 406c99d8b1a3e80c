import Dataflow

/// What every operation satisfies on each of its samples; the engine's own are tested with it, and
/// those that are defined elsewhere can be.
///
///     @Test(arguments: OperationCheck.allCases) func scale(check: OperationCheck) throws {
///       try OperationRegistry.register(Scale.self)
///       #expect(try check.findings(of: Scale.self) == [])
///     }
public enum OperationCheck: String, CaseIterable, Sendable {
  /// In `Double` it computes what its reference does, to 1e-13; every element is written, and none
  /// outside.
  case reference
  /// In `Float` too, to the rounding of its sums.
  case singlePrecision
  /// Sizes with names give the same bits as numbers.
  case namedSizes
  /// It may compute in its input's memory, where it says so, with the same bits.
  case overwriting
  /// The same bits on 1, 2, 3, 4 and 8 threads.
  case threads
  /// Made again of its attributes it is the same.
  case attributes
  /// Printed and read again a graph of it computes the same bits.
  case text
  /// Too few inputs, too many, and other types are errors. Not for operations that take any number of
  /// inputs or types that have nothing to do with each other.
  case wrongInputs
  /// The gradient is that of central differences, to 1e-7.
  case gradient
  /// So is the gradient of the gradient.
  case secondGradient

  /// What is wrong with an operation, a line each; empty where nothing is.
  ///
  /// - Throws: `GraphError` where a sample cannot be run.
  public func findings(of operation: any Operation.Type) throws -> [String] {
    let pools = self == .threads ? [2, 3, 4, 8].map { ComputePool(threads: $0) } : []
    return try operation.samples.enumerated().flatMap { index, sample in
      try findings(of: sample, on: pools).map { "\(operation.name), sample \(index): \($0)" }
    }
  }

  private func findings(of sample: OperationSample, on pools: [ComputePool]) throws -> [String] {
    switch self {
    case .reference:
      return differences(
        try SampleGraph(sample).run(), sample.reference(sample.inputs), relative: 1e-13)
    case .singlePrecision: return try singlePrecision(sample)
    case .namedSizes:
      return sample.needsKnownSizes
        ? []
        : bitDifferences(
          try SampleGraph(sample).run(), try SampleGraph(sample, namesSizes: true).run(),
          "named sizes")
    case .overwriting:
      return bitDifferences(
        try SampleGraph(sample).run(), try SampleGraph(sample, copiesInputs: true).run(),
        "inputs that may be overwritten")
    case .threads: return try threads(sample, pools)
    case .attributes:
      let operation = sample.operation
      let copy = try type(of: operation).init(attributes: operation.attributes)
      return copy.attributes == operation.attributes
        ? [] : ["\(copy.attributes) made of \(operation.attributes)"]
    case .text:
      return bitDifferences(
        try SampleGraph(sample).run(), try SampleGraph(sample).runPrinted(), "printed and read")
    case .wrongInputs: return wrongInputs(sample)
    case .gradient:
      return try sample.differentiable.flatMap { index in
        let graph = try SampleGraph(sample)
        let gradient = try graph.gradient(withRespectTo: index)
        return try graph.differences(of: graph.loss, from: gradient, input: index)
      }
    case .secondGradient: return try secondGradient(sample)
    }
  }

  private func singlePrecision(_ sample: OperationSample) throws -> [String] {
    if sample.operation is Cast { return [] }
    let single = sample.inputs.map(\.inSinglePrecision)
    let results = try SampleGraph(sample, inputs: single).run()
    let references = sample.reference(single.map(\.inDoublePrecision))
    // The error bound of a sum of n terms: n half units in the last place of 24 bits.
    let elements = single.map(\.elementCount).max() ?? 1
    return zip(results, references).flatMap { result, reference in
      let terms = Double(elements) / Double(max(1, reference.elementCount))
      return difference(
        result.inDoublePrecision, reference, relative: max(5e-6, terms * 0x1p-24))
    }
  }

  private func threads(_ sample: OperationSample, _ pools: [ComputePool]) throws -> [String] {
    let single = sample.inputs.map(\.inSinglePrecision)
    let one = try SampleGraph(sample, inputs: single).run()
    return try pools.flatMap { pool in
      bitDifferences(
        one, try SampleGraph(sample, inputs: single).run(on: pool), "\(pool.threads) threads")
    }
  }

  private func wrongInputs(_ sample: OperationSample) -> [String] {
    let operation = sample.operation
    let specs = sample.inputs.map { TensorSpec($0.elementType, SymbolicShape($0.shape)) }
    guard let first = specs.first else { return [] }
    var wrong = [("no inputs", [TensorSpec]()), ("an input too many", specs + [first])]
    if specs.count > 1 {
      var mixed = specs
      mixed[1].elementType = specs.contains { $0.elementType == .uint8 } ? .bool : .uint8
      wrong.append(("a second input of the type \(mixed[1].elementType)", mixed))
    }
    return wrong.compactMap { name, inputs in
      do {
        _ = try operation.outputs(for: inputs)
        return "takes \(name)"
      } catch {
        return error is GraphError ? nil : "\(name): \(error) is no GraphError"
      }
    }
  }

  private func secondGradient(_ sample: OperationSample) throws -> [String] {
    try sample.differentiable.flatMap { first in
      try sample.differentiable.flatMap { second -> [String] in
        let graph = try SampleGraph(sample)
        let gradient = try graph.gradient(withRespectTo: first)
        let loss = graph.weighted([gradient], seed: 77)
        let value = try graph.graph.gradient(of: loss, withRespectTo: graph.inputs[second])
        return try graph.differences(of: loss, from: value, input: second)
          .map { "gradient of input \(first), by \($0)" }
      }
    }
  }
}
