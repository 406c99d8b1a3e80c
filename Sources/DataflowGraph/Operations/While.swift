import Tensors

/// A loop: while the condition holds of the loop variables, the body makes new ones of them. TensorFlow's
/// `While`.
///
/// Inputs: the `n` loop variables at the start, what the condition captures, what the body captures.
/// Outputs: the loop variables at the end; then, not in TensorFlow, what each was at the start of each
/// iteration, `[iterations, …]`, which the gradient wants, or `[0, …]` where nothing uses it;
/// and the number of iterations, `int32`.
public struct While: Operation {
  public static let name = "While"
  public static var samples: [OperationSample] { [] }

  public let condition: GraphFunction
  public let body: GraphFunction

  /// - Parameters:
  ///   - condition: gives one `bool` for the loop variables.
  ///   - body: gives the next loop variables.
  public init(condition: GraphFunction, body: GraphFunction) {
    self.condition = condition
    self.body = body
  }

  public init(attributes: Attributes) throws {
    self.init(condition: try attributes.function("cond"), body: try attributes.function("body"))
  }

  public var attributes: Attributes {
    ["cond": .function(condition), "body": .function(body)]
  }

  public var functions: [GraphFunction] { [condition, body] }

  /// How many loop variables there are.
  public var variableCount: Int { body.declaredCount }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    let count = variableCount
    try expect(inputs, count: count + condition.captures.count + body.captures.count)
    guard condition.declaredCount == count, body.outputs.count == count else {
      throw GraphError(
        "\(count) loop variables, but the condition takes \(condition.declaredCount) and the body"
          + " gives \(body.outputs.count)")
    }
    guard condition.outputs.count == 1, condition.outputs[0].elementType == .bool,
      condition.outputs[0].shape.rank == 0
    else {
      throw GraphError("the condition gives \(condition.outputs.map(\.spec)), expected [bool[]]")
    }
    let finals = try (0..<count).map { index in
      try final(
        inputs[index], within: body.inputs[index].spec, next: body.outputs[index].spec, index)
    }
    var late = LateSizes()
    let outputs = finals.map { spec, varying in
      TensorSpec(
        spec.elementType,
        SymbolicShape(zip(spec.shape.dimensions, varying).map { $1 ? late.next() : $0 }))
    }
    let histories = outputs.map {
      TensorSpec($0.elementType, SymbolicShape([late.next()] + $0.shape.dimensions))
    }
    return outputs + histories + [TensorSpec(.int32, .scalar)]
  }

  /// A loop variable's type and shape, and along which axes its size changes from one iteration to
  /// the next.
  private func final(
    _ start: TensorSpec, within declared: TensorSpec, next: TensorSpec, _ index: Int
  ) throws -> (TensorSpec, [Bool]) {
    guard next.elementType == start.elementType, next.shape.rank == start.shape.rank,
      declared.elementType == start.elementType, declared.shape.couldEqual(start.shape),
      next.shape.couldEqual(declared.shape)
    else {
      throw GraphError(
        "loop variable \(index) starts as \(start), is declared as \(declared) and becomes \(next)")
    }
    let varying = next.shape.dimensions.indices.map {
      next.shape[$0] != start.shape[$0] || next.shape[$0].isLocal(to: body.graph)
    }
    return (TensorSpec(start.elementType, start.shape), varying)
  }

  public var isStateful: Bool { condition.isStateful || body.isStateful }

  public func makeKernel(at site: KernelSite) throws -> any Kernel {
    WhileKernel(
      self, site, condition: try site.makeRunner(condition), body: try site.makeRunner(body))
  }
}

/// Repeats `body` while `condition` holds; returns the loop variables at the end.
///
///     // The power of two above n.
///     let power = try whileLoop([one], condition: { _, v in v[0] <= n }) { _, v in [v[0] * 2] }
///
/// - Parameters:
///   - variables: the loop variables at the start.
///   - shapes: the variables' shapes in all iterations, with names of their own for sizes that change;
///     those at the start if nil.
///   - condition: gives a scalar `bool`.
///   - body: gives the next variables, of the same types.
/// - Throws: `GraphError` where types or shapes do not fit.
public func whileLoop(
  _ variables: [Value], shapes: [SymbolicShape]? = nil, name: String = "while",
  condition: (Graph, [Value]) throws -> Value, body: (Graph, [Value]) throws -> [Value]
) throws -> [Value] {
  let node = try addLoop(
    variables, shapes: shapes, name: name, condition: condition, body: body)
  return Array(node.outputs.prefix(variables.count))
}

func addLoop(
  _ variables: [Value], shapes: [SymbolicShape]? = nil, name: String,
  condition: (Graph, [Value]) throws -> Value, body: (Graph, [Value]) throws -> [Value]
) throws -> Node {
  guard let graph = variables.first?.graph else { throw GraphError("a loop without variables") }
  let specs = variables.enumerated().map { index, variable in
    TensorSpec(variable.elementType, shapes?[index] ?? variable.shape)
  }
  let conditionFunction = try GraphFunction(name: "\(name)_cond", in: graph, inputs: specs) {
    [try condition($0, $1)]
  }
  let bodyFunction = try GraphFunction(name: "\(name)_body", in: graph, inputs: specs, body: body)
  return try graph.add(
    While(condition: conditionFunction, body: bodyFunction),
    variables + conditionFunction.captures + bodyFunction.captures, name: name)
}

private final class WhileKernel: FunctionCallKernel, FunctionCaller {
  private let loop: While
  private let condition: any FunctionRunner
  private let body: any FunctionRunner
  private let isRecorded: [Bool]

  init(
    _ loop: While, _ site: KernelSite, condition: any FunctionRunner, body: any FunctionRunner
  ) {
    self.loop = loop
    self.condition = condition
    self.body = body
    let count = loop.variableCount
    isRecorded = Array(site.isOutputUsed[count..<2 * count])
    super.init(site)
  }

  var functionRunners: [any FunctionRunner] { [condition, body] }

  override func compute(_ context: borrowing KernelContext) throws -> [Tensor] {
    let inputs = self.inputs(context)
    let count = loop.variableCount
    var variables = Array(inputs[..<count])
    let conditionCaptures = Array(inputs[count..<count + loop.condition.captures.count])
    let bodyCaptures = Array(inputs[(count + conditionCaptures.count)...])
    var histories: [[Tensor]] = Array(repeating: [], count: count)
    var iterations = 0
    while try condition.run(variables + conditionCaptures, in: context)[0].scalar(as: Bool.self) {
      try context.state.check()
      for index in 0..<count where isRecorded[index] { histories[index].append(variables[index]) }
      variables = try body.run(variables + bodyCaptures, in: context)
      iterations += 1
    }
    let records = try zip(variables, histories).enumerated().map { index, pair in
      try stacked(pair.1, like: pair.0, index)
    }
    return variables + records + [Tensor(Int32(iterations))]
  }

  /// The iterations' values one after the other.
  private func stacked(_ parts: [Tensor], like last: Tensor, _ index: Int) throws -> Tensor {
    var result = Tensor(
      zeros: Shape([parts.count] + last.shape.dimensions), elementType: last.elementType)
    for part in parts where part.shape != last.shape {
      throw GraphError(
        "the gradient needs all values of loop variable \(index), but its shape changes from "
          + "\(part.shape) to \(last.shape)")
    }
    result.withMutableBytes { target in
      for (position, part) in parts.enumerated() {
        part.withBytes { source in
          UnsafeMutableRawBufferPointer(rebasing: target[(position * source.count)...])
            .copyMemory(from: source)
        }
      }
    }
    return result
  }
}
