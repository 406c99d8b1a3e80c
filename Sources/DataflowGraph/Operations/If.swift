import Tensors

/// One of two functions, as the first input says. TensorFlow's `If`.
///
/// Inputs: the condition, what the first function captures, what the second one captures. Outputs: the
/// chosen function's. Sizes in which the functions' outputs differ are found out in the run.
public struct If: Operation {
  public static let name = "If"
  public static var samples: [OperationSample] { [] }

  public let thenBranch: GraphFunction
  public let elseBranch: GraphFunction

  /// - Parameters: functions without declared inputs.
  public init(thenBranch: GraphFunction, elseBranch: GraphFunction) {
    self.thenBranch = thenBranch
    self.elseBranch = elseBranch
  }

  public init(attributes: Attributes) throws {
    self.init(
      thenBranch: try attributes.function("then_branch"),
      elseBranch: try attributes.function("else_branch"))
  }

  public var attributes: Attributes {
    ["then_branch": .function(thenBranch), "else_branch": .function(elseBranch)]
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1 + thenBranch.inputs.count + elseBranch.inputs.count)
    try expect(inputs[0], type: .bool, "the condition")
    try expect(inputs[0], rank: 0, "the condition")
    guard thenBranch.outputs.count == elseBranch.outputs.count else {
      throw GraphError(
        "the branches have \(thenBranch.outputs.count) and \(elseBranch.outputs.count) outputs")
    }
    var late = LateSizes()
    return try zip(thenBranch.outputs, elseBranch.outputs).map { first, second in
      try expectSameType([first.spec, second.spec])
      try expect(second.spec, rank: first.shape.rank, "the else branch's output")
      let sizes = zip(first.shape.dimensions, second.shape.dimensions).map {
        $0 == $1 && !$0.isLocal(to: thenBranch.graph) ? $0 : late.next()
      }
      return TensorSpec(first.elementType, SymbolicShape(sizes))
    }
  }

  public var functions: [GraphFunction] { [thenBranch, elseBranch] }
  public var isStateful: Bool { thenBranch.isStateful || elseBranch.isStateful }

  public func makeKernel(at site: KernelSite) throws -> any Kernel {
    IfKernel(
      site, thenRunner: try site.makeRunner(thenBranch),
      elseRunner: try site.makeRunner(elseBranch),
      thenCount: thenBranch.inputs.count)
  }

  /// Another `If`, whose branches are the gradients of the branches.
  ///
  /// - Throws: `GraphError` where a branch draws random numbers or changes something.
  public func gradients(of node: Node, outputGradients: [Value?]) throws -> [Value?] {
    for function in functions { try function.expectRepeatable(by: node) }
    let graph = node.graph.innermost(with: outputGradients.compactMap { $0 })
    let targets = outputGradients.indices.filter { outputGradients[$0] != nil }
    let inputs = node.inputs.dropFirst()
    let sources = inputs.filter(\.elementType.isFloatingPoint)
    func branch(_ function: GraphFunction, offset: Int, name: String) throws -> GraphFunction {
      let own = Array(inputs)[offset..<offset + function.inputs.count]
      return try GraphFunction(name: name, in: graph, inputs: []) { body, _ in
        let arguments = own.map { body.capture($0)! }
        let outputs = try function.inlined(into: body, arguments)
        let used = zip(own, arguments).filter { $0.0.elementType.isFloatingPoint }
        let gradients = try body.gradients(
          of: targets.map { outputs[$0] }, withRespectTo: used.map(\.1),
          arriving: targets.map { body.capture(outputGradients[$0]!)! })
        var found: [Value: Value] = [:]
        for (pair, gradient) in zip(used, gradients) { found[pair.0] = gradient }
        return sources.map { found[$0] ?? body.zeros(like: body.capture($0)!) }
      }
    }
    let first = try branch(thenBranch, offset: 0, name: "\(thenBranch.name)_gradient")
    let second = try branch(
      elseBranch, offset: thenBranch.inputs.count, name: "\(elseBranch.name)_gradient")
    let result = try graph.add(
      If(thenBranch: first, elseBranch: second),
      [node.inputs[0]] + first.captures + second.captures)
    // A value that stands twice among the inputs gets its gradient once.
    var given: Set<Value> = []
    var gradients: [Value?] = [nil]
    for input in inputs {
      let position = sources.firstIndex(of: input)
      gradients.append(given.insert(input).inserted ? position.map { result[$0] } : nil)
    }
    return gradients
  }
}

/// The outputs of one of two functions; values from outside may be used in both.
///
///     let y = try conditional(isLarge, then: { _ in [log(x)] }, else: { _ in [x] })[0]
///
/// Only the chosen one is computed.
public func conditional(
  _ condition: Value, name: String = "cond", then thenBody: (Graph) throws -> [Value],
  else elseBody: (Graph) throws -> [Value]
) throws -> [Value] {
  let graph = condition.graph
  let first = try GraphFunction(name: "\(name)_then", in: graph, inputs: []) { body, _ in
    try thenBody(body)
  }
  let second = try GraphFunction(name: "\(name)_else", in: graph, inputs: []) { body, _ in
    try elseBody(body)
  }
  return try graph.add(
    If(thenBranch: first, elseBranch: second), [condition] + first.captures + second.captures,
    name: name
  ).outputs
}

private final class IfKernel: FunctionCallKernel, FunctionCaller {
  private let thenRunner: any FunctionRunner
  private let elseRunner: any FunctionRunner
  private let thenCount: Int

  init(
    _ site: KernelSite, thenRunner: any FunctionRunner, elseRunner: any FunctionRunner,
    thenCount: Int
  ) {
    self.thenRunner = thenRunner
    self.elseRunner = elseRunner
    self.thenCount = thenCount
    super.init(site)
  }

  var functionRunners: [any FunctionRunner] { [thenRunner, elseRunner] }

  override func compute(_ context: borrowing KernelContext) throws -> [Tensor] {
    let isTrue = context.inputs[0].elements(Bool.self)[0]
    let inputs = self.inputs(context)
    return isTrue
      ? try thenRunner.run(Array(inputs[1..<1 + thenCount]), in: context)
      : try elseRunner.run(Array(inputs[(1 + thenCount)...]), in: context)
  }
}
