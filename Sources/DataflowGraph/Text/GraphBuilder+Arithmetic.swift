import Tensors

extension GraphBuilder {
  // MARK: Operators

  func negated(
    _ operand: LanguageValue, in scope: LanguageScope, _ naming: Naming, _ offset: Int
  ) throws -> LanguageValue {
    switch operand {
    case .int(let value):
      if value == .min { throw error("-(\(value)) is too large", offset) }
      return .int(-value)
    case .real(let value): return .real(-value)
    case .size(let size): return .size(size * -1)
    default: return try apply(Neg(), [operand], in: scope, naming, offset)
    }
  }

  func inverted(
    _ operand: LanguageValue, in scope: LanguageScope, _ naming: Naming, _ offset: Int
  ) throws -> LanguageValue {
    if case .bool(let value) = operand { return .bool(!value) }
    return try apply(LogicalNot(), [operand], in: scope, naming, offset)
  }

  /// Numbers, sizes, strings and lists are computed at once; anything else becomes a node.
  func infix(
    _ sign: String, _ left: LanguageValue, _ right: LanguageValue, in scope: LanguageScope,
    _ naming: Naming, _ offset: Int
  ) throws -> LanguageValue {
    if let constant = try constant(sign, left, right, offset) { return constant }
    if sign == "^", right.number == 2 {
      return try apply(Square(), [left], in: scope, naming, offset)
    }
    let isWhole = (left.elementType ?? right.elementType)?.isInteger ?? false
    let operation = Self.operation(sign, isWhole: isWhole)
    return try apply(operation, [left, right], in: scope, naming, offset)
  }

  private static func operation(_ sign: String, isWhole: Bool) -> any Operation {
    switch sign {
    case "+": AddV2()
    case "-": Sub()
    case "*": Mul()
    case "/": isWhole ? Div() as any Operation : RealDiv()
    case "%": FloorMod()
    case "^": Pow()
    case "==": Equal()
    case "!=": NotEqual()
    case "<": Less()
    case "<=": LessEqual()
    case ">": Greater()
    case ">=": GreaterEqual()
    case "and": LogicalAnd()
    default: LogicalOr()
    }
  }

  private func apply(
    _ operation: any Operation, _ operands: [LanguageValue], in scope: LanguageScope,
    _ naming: Naming, _ offset: Int
  ) throws -> LanguageValue {
    try at(offset) {
      let inputs = try self.inputs(
        operands, of: type(of: operation), in: scope, naming.inner)
      return .node(
        try scope.graph.add(
          operation, inputs, name: naming.nodeName(type(of: operation).name)))
    }
  }

  // MARK: Constants

  private func constant(
    _ sign: String, _ left: LanguageValue, _ right: LanguageValue, _ offset: Int
  ) throws -> LanguageValue? {
    switch (left, right) {
    case (.int(let a), .int(let b)): return try at(offset) { try whole(sign, a, b) }
    case (.string(let a), .string(let b)):
      return sign == "==" ? .bool(a == b) : sign == "!=" ? .bool(a != b) : nil
    case (.bool(let a), .bool(let b)): return truth(sign, a, b)
    case (.list(let a), .list(let b)) where sign == "+": return .list(a + b)
    default: break
    }
    if let a = left.number, let b = right.number { return real(sign, a, b) }
    if let a = left.dimension, let b = right.dimension { return size(sign, a, b) }
    return nil
  }

  private func whole(_ sign: String, _ a: Int, _ b: Int) throws -> LanguageValue? {
    func checked(_ result: (partialValue: Int, overflow: Bool)) throws -> LanguageValue {
      if result.overflow { throw GraphError("\(a) \(sign) \(b) is too large") }
      return .int(result.partialValue)
    }
    switch sign {
    case "+": return try checked(a.addingReportingOverflow(b))
    case "-": return try checked(a.subtractingReportingOverflow(b))
    case "*": return try checked(a.multipliedReportingOverflow(by: b))
    case "/":
      if b != 0, a.isMultiple(of: b) { return try checked(a.dividedReportingOverflow(by: b)) }
    case "%":
      if b == 0 { throw GraphError("\(a) % 0 is no number") }
      let rest = a.isMultiple(of: b) ? 0 : a % b
      return .int(rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest)
    case "^": if let power = power(a, b) { return .int(power) }
    default: break
    }
    return compared(sign, a, b) ?? real(sign, Double(a), Double(b))
  }

  /// The whole number that is a power; nil where there is none, or none that fits.
  private func power(_ base: Int, _ exponent: Int) -> Int? {
    guard exponent >= 0 else { return nil }
    var (result, factor, rest) = (1, base, exponent)
    while true {
      if rest & 1 == 1 {
        let (product, isTooLarge) = result.multipliedReportingOverflow(by: factor)
        if isTooLarge { return nil }
        result = product
      }
      rest >>= 1
      if rest == 0 { return result }
      let (square, isTooLarge) = factor.multipliedReportingOverflow(by: factor)
      if isTooLarge { return nil }
      factor = square
    }
  }

  private func compared<T: Comparable>(_ sign: String, _ a: T, _ b: T) -> LanguageValue? {
    switch sign {
    case "==": .bool(a == b)
    case "!=": .bool(a != b)
    case "<": .bool(a < b)
    case "<=": .bool(a <= b)
    case ">": .bool(a > b)
    case ">=": .bool(a >= b)
    default: nil
    }
  }

  private func real(_ sign: String, _ a: Double, _ b: Double) -> LanguageValue? {
    switch sign {
    case "+": return .real(a + b)
    case "-": return .real(a - b)
    case "*": return .real(a * b)
    case "/": return .real(a / b)
    case "%":
      let rest = a.truncatingRemainder(dividingBy: b)
      return .real(rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest)
    case "^": return .real(Platform.pow(a, b))
    default: return compared(sign, a, b)
    }
  }

  private func truth(_ sign: String, _ a: Bool, _ b: Bool) -> LanguageValue? {
    switch sign {
    case "and": .bool(a && b)
    case "or": .bool(a || b)
    case "==": .bool(a == b)
    case "!=": .bool(a != b)
    default: nil
    }
  }

  private func size(_ sign: String, _ a: Dimension, _ b: Dimension) -> LanguageValue? {
    switch sign {
    case "+": .size(a + b)
    case "-": .size(a - b)
    case "*": .size(a * b)
    default: nil
    }
  }

  // MARK: Inputs

  /// The values that a node reads; numbers take the type of the first operand that has one, among those of one type
  /// with them.
  func inputs(
    _ operands: [LanguageValue], of operation: any Operation.Type, in scope: LanguageScope,
    _ naming: Naming
  ) throws -> [Value] {
    let flat = operands.flatMap { operand in
      if case .list(let elements) = operand { elements } else { [operand] }
    }
    let heads = operation.tensorFlowForm.inputsOfOneType(flat.count)
    let types = Dictionary(grouping: zip(flat, heads), by: \.1).mapValues { group in
      group.lazy.compactMap(\.0.elementType).first { $0.isInteger || $0.isFloatingPoint }
    }
    return try zip(flat, heads).map { try value($0, types[$1]!, in: scope, naming) }
  }

  /// The value that something is as an input.
  ///
  /// - Parameter type: of numbers; if nil, `int32` for whole ones and `float` for others.
  func value(
    _ operand: LanguageValue, _ type: ElementType? = nil, in scope: LanguageScope,
    _ naming: Naming
  ) throws -> Value {
    func constant(_ tensor: Tensor) throws -> Value {
      try scope.graph.add(Const(tensor), name: naming.nodeName("Const")).output
    }
    switch operand {
    case .value(let value): return value
    case .node(let node):
      guard !node.outputSpecs.isEmpty else { throw node.error("has no output") }
      return node.output
    case .tensor(let tensor): return try constant(tensor)
    case .int(let number):
      return try constant(Tensor(Double(number), exactly: number, type ?? .int32))
    case .real(let number): return try constant(Tensor(number, exactly: nil, type ?? .float32))
    case .bool(let truth): return try constant(Tensor(truth))
    default: throw GraphError("expected a value, found \(operand.kind)")
    }
  }
}

extension LanguageValue {
  /// The type of the value, where it has one by itself.
  var elementType: ElementType? {
    switch self {
    case .value(let value): value.elementType
    case .node(let node): node.outputSpecs.first?.elementType
    case .tensor(let tensor): tensor.elementType
    default: nil
    }
  }
}

extension Tensor {
  /// A number of a type.
  ///
  /// - Throws: `GraphError` where the type has no such number.
  fileprivate init(_ value: Double, exactly whole: Int?, _ type: ElementType) throws {
    func integer<T: FixedWidthInteger & TensorElement>(_: T.Type) throws -> Tensor {
      guard let number = whole.flatMap({ T(exactly: $0) }) ?? T(exactly: value) else {
        let text = whole.map(String.init) ?? "\(value)"
        throw GraphError("\(text) is no \(type)")
      }
      return Tensor(number)
    }
    switch type {
    case .float32: self = Tensor(Float(value))
    case .float64: self = Tensor(value)
    case .float16: self = Tensor(Float16(value))
    case .int32: self = try integer(Int32.self)
    case .int64: self = try integer(Int64.self)
    case .uint8: self = try integer(UInt8.self)
    case .bool, .resource: throw GraphError("a number is no \(type)")
    }
  }
}
