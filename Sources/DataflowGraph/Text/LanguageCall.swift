import Tensors

/// A call of one of the language's own functions.
struct LanguageCall {
  let builder: GraphBuilder
  let arguments: CallArguments
  let scope: LanguageScope
  let naming: Naming
  let offset: Int
  let name: String

  var graph: Graph { scope.graph }

  // MARK: Arguments

  /// Checks how many arguments there are and which have labels.
  func expect(_ count: Int, labels: [String] = []) throws {
    let wrong = arguments.labelled.first { !labels.contains($0.label) }
    guard arguments.positional.count == count, wrong == nil, arguments.controls.isEmpty else {
      let found = wrong.map { "\($0.label) is unknown" } ?? "got \(arguments.positional.count)"
      throw GraphError("write \(LanguageFunction.all[name]!.usage); \(found)")
    }
  }

  func value(_ index: Int) throws -> Value {
    try builder.value(arguments.positional[index].value, in: scope, naming.inner)
  }

  func int(_ index: Int) throws -> Int {
    let argument = arguments.positional[index].value
    guard let value = argument.int else {
      throw GraphError("\(name): expected a whole number, found \(argument.kind)")
    }
    return value
  }

  func spec(_ index: Int) throws -> TensorSpec {
    switch arguments.positional[index].value {
    case .spec(let spec): return spec
    case .type(let type): return TensorSpec(type, .scalar)
    case let other:
      throw GraphError("\(name): expected a type such as float[2, 3], found \(other.kind)")
    }
  }

  func labelled(_ label: String) throws -> LanguageValue? {
    try arguments.labelled.first { $0.label == label }.map {
      try builder.evaluate($0.value, in: scope, naming.inner)
    }
  }

  func number(_ label: String, _ standard: Double) throws -> Double {
    guard let given = try labelled(label) else { return standard }
    guard let number = given.number else {
      throw GraphError("\(name): \(label) is \(given.kind), expected a number")
    }
    return number
  }

  // MARK: Tensors

  /// A tensor that holds one number everywhere.
  func filled(_ number: LanguageValue) throws -> LanguageValue {
    let spec = try spec(0)
    let scalar = try builder.value(number, spec.elementType, in: scope, naming.inner)
    return .node(
      try graph.add(
        BroadcastTo(shape: spec.shape), [scalar], name: naming.nodeName(BroadcastTo.name)))
  }

  /// Initial values are made when a text is read, where a slip of the pen should not take all memory; a
  /// GraphDef file cannot hold more either.
  private static let mostElements = 1 << 28

  /// A tensor of reproducible random numbers.
  func random(_ number: (inout PhiloxGenerator) -> Double) throws -> Tensor {
    let spec = try spec(0)
    guard let shape = spec.shape.known else {
      throw GraphError("\(name): every size must be known, found \(spec)")
    }
    guard let count = shape.elementCount(atMost: Self.mostElements) else {
      throw GraphError("\(name): \(spec) has more than \(Self.mostElements) elements")
    }
    let seed = try self.number("seed", 0)
    guard let key = UInt64(exactly: seed) else {
      throw GraphError("\(name): the seed is \(seed), expected a whole number from 0")
    }
    var generator = PhiloxGenerator(seed: key)
    let elements = (0..<count).map { _ in number(&generator) }
    switch spec.elementType {
    case .float32: return Tensor(shape: shape, scalars: elements.map(Float.init))
    case .float64: return Tensor(shape: shape, scalars: elements)
    default: throw GraphError("\(name): random numbers are float or double, not \(spec)")
    }
  }

  // MARK: Graphs

  /// A new variable; with `initializer` an existing node becomes known as one.
  func variable() throws -> LanguageValue {
    let trainable = try labelled("trainable") ?? .bool(true)
    guard case .bool(let isTrainable) = trainable else {
      throw GraphError("trainable is \(trainable.kind), expected true or false")
    }
    if let given = try labelled("initializer") {
      guard let initializer = given.asNode else {
        throw GraphError("initializer is \(given.kind), expected ^ and a node")
      }
      let value = try value(0)
      graph.register(Variable(value: value, initializer: initializer, isTrainable: isTrainable))
      return .value(value)
    }
    let full = naming.nodeName("variable")
    let initial = try builder.value(
      arguments.positional[0].value, in: scope, Naming(["\(full)/initial_value"], prefix: full))
    return .value(try graph.variable(initial, name: full, isTrainable: isTrainable).value)
  }

  /// A value from where a function is used, within the function.
  func captured() throws -> Value {
    guard let site = scope.site else {
      throw GraphError("capture(…) belongs in the body of a loop or a branch")
    }
    let outer = arguments.positional[0].value
    let value = try builder.value(outer, in: site, naming.inner)
    guard let own = site.graph.capture(value) else {
      throw GraphError("\(value.name) is not from around the function")
    }
    builder.state.captureSites.insert(ObjectIdentifier(graph))
    return graph.addCapture(own, name: naming.name)
  }

  /// The gradient with respect to one value, or a list of them.
  func gradient() throws -> LanguageValue {
    let target = try value(0)
    let start = try labelled("from").map {
      try builder.value($0, target.elementType, in: scope, naming.inner)
    }
    func gradients(_ sources: [Value]) throws -> [LanguageValue] {
      let found = try graph.gradients(
        of: [target], withRespectTo: sources, outputGradients: start.map { [$0] })
      return try zip(sources, found).map { .value(try $1 ?? graph.noGradient(of: $0)) }
    }
    let prefix = naming.inner.prefix
    func scoped(_ sources: [Value]) throws -> [LanguageValue] {
      if prefix.isEmpty { return try gradients(sources) }
      return try graph.withNameScope(prefix) { try gradients(sources) }
    }
    if case .list(let sources) = arguments.positional[1].value {
      return .list(
        try scoped(sources.map { try builder.value($0, in: scope, naming.inner) }))
    }
    return try scoped([try value(1)])[0]
  }
}

extension PhiloxGenerator {
  /// A number from the standard normal distribution (Box and Muller's form).
  mutating func normal() -> Double {
    let radius = (-2 * Platform.log(1 - uniform())).squareRoot()
    return radius * Platform.cos(2 * .pi * uniform())
  }

  /// One that is at most two standard deviations from 0: others are drawn again.
  mutating func truncatedNormal() -> Double {
    while true {
      let number = normal()
      if number.magnitude <= 2 { return number }
    }
  }
}
