import Tensors

/// What a function that becomes a graph is made for.
struct GraphFunctionKey: Hashable {
  let closure: ObjectIdentifier
  let graph: ObjectIdentifier
  let inputs: [TensorSpec]
}

extension GraphBuilder {
  /// Adds the nodes of a function's body, within a name scope of the call's own.
  func inline(
    _ closure: Closure, _ arguments: CallArguments, in scope: LanguageScope, _ naming: Naming,
    _ offset: Int
  ) throws -> LanguageValue {
    let syntax = closure.syntax
    let isNamed = naming.names.count == 1
    let prefix =
      isNamed
      ? naming.names[0] : takeScope(join(naming.inner.prefix, syntax.name), in: scope.graph)
    let inner = LanguageScope(parent: closure.scope, graph: scope.graph, prefix: prefix)
    try bind(arguments, of: closure, to: inner, from: scope, naming.inner, offset)
    let names = ResultNames(all: naming.names)
    guard
      let results = try scope.graph.withControlDependencies(
        arguments.controls,
        {
          try closure.builder.run(syntax.body, in: inner, results: names)
        })
    else { throw error("\(syntax.name) returns nothing", offset) }
    return results.count == 1 ? results[0] : .list(results)
  }

  private func bind(
    _ arguments: CallArguments, of closure: Closure, to inner: LanguageScope,
    from scope: LanguageScope, _ naming: Naming, _ offset: Int
  ) throws {
    let syntax = closure.syntax
    let names = syntax.arguments.map(\.name)
    let list = "\(syntax.name)(\(names.joined(separator: ", ")))"
    guard arguments.positional.count <= names.count else {
      throw error(
        "\(list) takes \(names.count) arguments, got \(arguments.positional.count)", offset)
    }
    for argument in arguments.labelled where !names.contains(argument.label) {
      throw error(
        "\(list) has no argument \(argument.label)"
          + nearestNames(to: argument.label, among: names).hint, argument.value.offset)
    }
    for (index, declared) in syntax.arguments.enumerated() {
      let given = arguments.labelled.first { $0.label == declared.name }
      let value: LanguageValue
      if index < arguments.positional.count {
        if let given { throw error("\(declared.name) is given twice", given.value.offset) }
        value = arguments.positional[index].value
      } else if let given {
        value = try evaluate(given.value, in: scope, naming)
      } else if let standard = declared.standard {
        value = try closure.builder.evaluate(standard, in: closure.scope)
      } else {
        throw error("\(list) needs \(declared.name)", offset)
      }
      try check(value, declared, of: closure, offset)
      inner.bind(declared.name, value, at: syntax.offset, of: closure.builder.source)
    }
  }

  /// Whether an argument is of the type that was declared, as far as both are known.
  private func check(
    _ value: LanguageValue, _ declared: FunctionSyntax.Argument, of closure: Closure, _ offset: Int
  ) throws {
    guard let type = declared.type else { return }
    let wanted = try closure.builder.evaluate(type, in: closure.scope)
    var found: TensorSpec?
    switch value {
    case .value(let value): found = value.spec
    case .node(let node): found = node.outputSpecs.first
    case .tensor(let tensor):
      found = TensorSpec(tensor.elementType, SymbolicShape(tensor.shape))
    default: break
    }
    let fits: Bool
    switch wanted {
    case .type(let type): fits = found?.elementType == type
    case .spec(let spec):
      fits =
        found?.elementType == spec.elementType && found?.shape.couldEqual(spec.shape) ?? false
    default: throw error("expected a type such as float or float[n, 3]", type.offset)
    }
    guard fits else {
      let text = found?.description ?? value.kind
      throw error(
        "\(closure.syntax.name): \(declared.name) is \(text), declared as \(wanted.kind)", offset)
    }
  }

  // MARK: Graphs of their own

  /// The function as a graph, for operations that run it.
  ///
  /// Arguments without a type are like the inputs of the call. Values from around become captured ones,
  /// which the call gets as inputs after those that are written.
  func graphFunction(
    _ closure: Closure, for inputs: [Value], in scope: LanguageScope, _ offset: Int
  ) throws -> GraphFunction {
    let specs = try closure.syntax.arguments.enumerated().map { index, argument in
      try spec(of: argument, like: index < inputs.count ? inputs[index] : nil, closure, offset)
    }
    let key = GraphFunctionKey(
      closure: ObjectIdentifier(closure), graph: ObjectIdentifier(scope.graph), inputs: specs)
    if let known = state.graphFunctions[key] { return known }
    var usesSite = false
    let function = try at(offset) {
      try GraphFunction(
        name: closure.syntax.name, in: scope.graph, inputs: specs,
        names: closure.syntax.arguments.map(\.name)
      ) { graph, values in
        let inner = LanguageScope(parent: closure.scope, graph: graph, prefix: "", site: scope)
        for (argument, value) in zip(closure.syntax.arguments, values) {
          inner.bind(
            argument.name, .value(value), at: closure.syntax.offset, of: closure.builder.source)
        }
        let results =
          try nested(at: offset) { try closure.builder.run(closure.syntax.body, in: inner) } ?? []
        usesSite = state.captureSites.remove(ObjectIdentifier(graph)) != nil
        return try results.map { try value($0, in: inner, Naming(prefix: "")) }
      }
    }
    if usesSite { state.explicitCaptures.insert(ObjectIdentifier(function)) }
    state.graphFunctions[key] = function
    return function
  }

  private func spec(
    of argument: FunctionSyntax.Argument, like input: Value?, _ closure: Closure, _ offset: Int
  ) throws -> TensorSpec {
    let declared = try argument.type.map { try closure.builder.evaluate($0, in: closure.scope) }
    switch (declared, input) {
    case (.spec(let spec), _): return spec
    case (.type(let type), let input?): return TensorSpec(type, input.shape)
    case (nil, let input?): return TensorSpec(input.elementType, input.shape)
    default:
      throw error(
        "\(closure.syntax.name): the type of \(argument.name) is not known; write"
          + " \(argument.name): float[…]", offset)
    }
  }
}
