import Tensors

/// The arguments of a call, in the order they were written.
struct CallArguments {
  struct Labelled {
    let label: String
    let value: Expression
  }

  var positional: [(value: LanguageValue, offset: Int)] = []
  var controls: [Node] = []
  var labelled: [Labelled] = []
}

extension GraphBuilder {
  func call(
    _ callee: Expression, _ arguments: [ArgumentSyntax], in scope: LanguageScope, _ naming: Naming,
    _ offset: Int
  ) throws -> LanguageValue {
    let target = try self.callee(callee, in: scope)
    // What is captured has its name where the function is used.
    var argumentScope = scope
    if case .helper(let function) = target, function.name == "capture", let site = scope.site {
      argumentScope = site
    }
    let arguments = try self.arguments(arguments, in: argumentScope, naming.inner)
    return try nested(at: offset) {
      switch target {
      case .function(let closure):
        return try inline(closure, arguments, in: scope, naming, offset)
      case .operation(let operation):
        return try add(operation, arguments, in: scope, naming, offset)
      case .helper(let function):
        let call = LanguageCall(
          builder: self, arguments: arguments, scope: scope, naming: naming, offset: offset,
          name: function.name)
        return try at(offset) { try function.body(call) }
      case .type(let type): return try convert(arguments, to: type, in: scope, naming, offset)
      default: throw error("\(target.kind) cannot be called", offset)
      }
    }
  }

  /// What a call's first part names: values with the name of an operation are not meant.
  private func callee(_ callee: Expression, in scope: LanguageScope) throws -> LanguageValue {
    guard case .name(let name) = callee.kind else { return try evaluate(callee, in: scope) }
    let text = try text(of: name, in: scope)
    if let found = scope.find(text) {
      switch found {
      case .function, .operation, .helper, .type: return found
      default: break
      }
    }
    if let type = ElementType(rawValue: text) { return .type(type) }
    if let found = callable(text) { return found }
    if let found = scope.find(text) {
      throw error("\(found.kind) cannot be called", name.offset)
    }
    let near = nearestNames(
      to: text,
      among: OperationRegistry.names + LanguageFunction.all.keys.sorted() + scope.names)
    throw error("there is no operation or function named \(text)\(near.hint)", name.offset)
  }

  private func arguments(
    _ arguments: [ArgumentSyntax], in scope: LanguageScope, _ naming: Naming
  ) throws -> CallArguments {
    var result = CallArguments()
    for argument in arguments {
      if let label = argument.label {
        result.labelled.append(.init(label: label, value: argument.value))
      } else if let attribute = try attribute(argument.value, in: scope) {
        result.labelled.append(attribute)
      } else {
        let value = try evaluate(argument.value, in: scope, naming)
        if case .control(let node) = value {
          result.controls.append(node)
        } else {
          result.positional.append((value, argument.value.offset))
        }
      }
    }
    for (index, argument) in result.labelled.enumerated()
    where result.labelled[..<index].contains(where: { $0.label == argument.label }) {
      throw error("\(argument.label) is given twice", argument.value.offset)
    }
    return result
  }

  /// `k:3` without a blank is an attribute where no value is named `k`.
  private func attribute(
    _ expression: Expression, in scope: LanguageScope
  ) throws -> CallArguments.Labelled? {
    guard case .output(let name, let index) = expression.kind else { return nil }
    let text = try text(of: name, in: scope)
    if scope.find(text)?.asNode != nil { return nil }
    return .init(
      label: text, value: Expression(kind: .number("\(index)"), offset: expression.offset))
  }

  // MARK: Operations

  private func add(
    _ type: any Operation.Type, _ arguments: CallArguments, in scope: LanguageScope,
    _ naming: Naming, _ offset: Int
  ) throws -> LanguageValue {
    let inputs = try at(offset) {
      try self.inputs(arguments.positional.map(\.value), of: type, in: scope, naming.inner)
    }
    let attributes = try attributes(arguments.labelled, inputs, in: scope, naming.inner)
    let operation = try at(offset) { try make(type, attributes) }
    for argument in arguments.labelled where operation.attributes[argument.label] == nil {
      let allowed = operation.attributes.values.keys.sorted()
      throw error(
        "\(type.name) has no attribute \(argument.label)"
          + nearestNames(to: argument.label, among: allowed).hint
          + (allowed.isEmpty ? "" : "; it has: \(allowed.joined(separator: ", "))"),
        argument.value.offset)
    }
    let captured = operation.functions.filter {
      !state.explicitCaptures.contains(ObjectIdentifier($0))
    }
    .flatMap(\.captures)
    return try at(offset) {
      .node(
        try scope.graph.add(
          operation, inputs + captured, name: naming.nodeName(type.name),
          controlInputs: arguments.controls))
    }
  }

  /// The attributes of an operation; functions become graphs in the order in which they stand.
  private func attributes(
    _ arguments: [CallArguments.Labelled], _ inputs: [Value], in scope: LanguageScope,
    _ naming: Naming
  ) throws -> Attributes {
    let values = try arguments.map {
      ($0, try evaluate($0.value, in: scope, naming, asAttribute: true))
    }
    var attributes: Attributes = [:]
    for (argument, value) in values.sorted(by: { $0.1.functionOffset < $1.1.functionOffset }) {
      attributes[argument.label] = try attribute(value, inputs, in: scope, argument.value.offset)
    }
    return attributes
  }

  private func make(
    _ type: any Operation.Type, _ attributes: Attributes
  ) throws -> any Operation {
    do { return try type.init(attributes: attributes) } catch let failure as GraphError {
      throw GraphError("\(type.name): \(failure.message)")
    }
  }

  /// A value as an attribute; a function becomes a graph.
  private func attribute(
    _ value: LanguageValue, _ inputs: [Value], in scope: LanguageScope, _ offset: Int
  ) throws -> AttributeValue {
    switch value {
    case .int(let number): return .int(number)
    case .real(let number): return .float(number)
    case .bool(let truth): return .bool(truth)
    case .string(let text): return .string(text)
    case .size(let size): return .shape([size])
    case .type(let type): return .type(type)
    case .tensor(let tensor): return .tensor(tensor)
    case .spec(let spec):
      throw error("the type \(spec) is no attribute; a tensor has elements after it", offset)
    case .function(let closure):
      return .function(try graphFunction(closure, for: inputs, in: scope, offset))
    case .list(let elements):
      guard let list = AttributeValue(list: elements) else {
        throw error("the elements of an attribute must be of one kind", offset)
      }
      return list
    default: throw error("\(value.kind) is no attribute", offset)
    }
  }

  /// `int32(2)`, `double(x)`
  private func convert(
    _ arguments: CallArguments, to type: ElementType, in scope: LanguageScope, _ naming: Naming,
    _ offset: Int
  ) throws -> LanguageValue {
    guard arguments.positional.count == 1, arguments.labelled.isEmpty else {
      throw error("\(type)(…) converts one value", offset)
    }
    let operand = arguments.positional[0].value
    return try at(offset) {
      if operand.number != nil {
        return .value(try value(operand, type, in: scope, naming))
      }
      let input = try value(operand, in: scope, naming.inner)
      return .node(try scope.graph.add(Cast(to: type), [input], name: naming.nodeName("Cast")))
    }
  }
}

extension AttributeValue {
  /// A list of equal kinds; nil for a mixture. Numbers may be whole or not, sizes may be numbers.
  init?(list: [LanguageValue]) {
    func all<T>(_ part: (LanguageValue) -> T?) -> [T]? {
      let parts = list.compactMap(part)
      return parts.count == list.count ? parts : nil
    }
    if let values = all(\.int) {
      self = .ints(values)
    } else if let sizes = all(\.dimension) {
      self = .shape(SymbolicShape(sizes))
    } else if let values = all(\.number) {
      self = .floats(values)
    } else if let texts = all({ if case .string(let text) = $0 { text } else { nil } }) {
      self = .strings(texts)
    } else if let types = all({ if case .type(let type) = $0 { type } else { nil } }) {
      self = .types(types)
    } else if let shapes = all({ element -> SymbolicShape? in
      guard case .list(let sizes) = element else { return nil }
      let dimensions = sizes.compactMap(\.dimension)
      return dimensions.count == sizes.count ? SymbolicShape(dimensions) : nil
    }) {
      self = .shapes(shapes)
    } else {
      return nil
    }
  }
}
