import Tensors

/// A scalar expression as statements of the dialect, one for each function.
struct DeviceExpression {
  private(set) var statements: [String] = []
  private(set) var result = ""
  private let type: ElementType
  private let inputs: [String]
  private var count = 0

  /// - Parameter inputs: the names of variables that hold the inputs.
  /// - Returns: nil where there is a function that the type has on the CPU alone.
  init?(_ expression: ScalarExpression, type: ElementType, inputs: [String]) {
    self.type = type
    self.inputs = inputs
    guard let result = add(expression) else { return nil }
    self.result = result
  }

  private var typeName: String { DeviceDialect.name(of: type) }

  private mutating func add(_ expression: ScalarExpression) -> String? {
    switch expression {
    case .input(let index): return inputs[index]
    case .constant(let value): return DeviceDialect.literal(value, type)
    case .unary(let function, let operand):
      guard let a = add(operand) else { return nil }
      return function.text(a, type).map { define($0) }
    case .binary(let function, let left, let right):
      guard let a = add(left), let b = add(right) else { return nil }
      if function.isDivision, !type.isFloatingPoint { return addDivision(function, a, b) }
      if function == .flooredRemainder, type.isFloatingPoint {
        let rest = define("fmod(\(a), \(b))")
        return define("\(rest) != 0 && (\(rest) < 0) != (\(b) < 0) ? \(rest) + \(b) : \(rest)")
      }
      return function.text(a, b, type).map { define($0) }
    case .select(let condition, let first, let second):
      guard let c = add(condition), let a = add(first), let b = add(second) else { return nil }
      return define("\(c) != 0 ? \(a) : \(b)")
    }
  }

  /// Whole numbers, of which 0 and -1 are no divisors that every processor takes.
  private mutating func addDivision(_ function: BinaryFunction, _ a: String, _ b: String) -> String
  {
    let unsigned = DeviceDialect.unsigned(type)
    let isSigned = unsigned != typeName
    let negated = isSigned ? "\(b) == -1 ? (\(typeName))(0 - (\(unsigned))\(a)) : " : ""
    let none = isSigned ? "\(b) == 0 || \(b) == -1" : "\(b) == 0"
    let quotient = define("\(b) == 0 ? 0 : \(negated)\(a) / \(b)")
    if function == .divide || function == .truncatedQuotient { return quotient }
    let rest = define("\(none) ? 0 : \(a) % \(b)")
    if function == .truncatedRemainder { return rest }
    let isBelow = "\(rest) != 0 && (\(a) < 0) != (\(b) < 0)"
    return function == .flooredQuotient
      ? define("\(isBelow) ? \(quotient) - 1 : \(quotient)")
      : define("\(isBelow) ? \(rest) + \(b) : \(rest)")
  }

  private mutating func define(_ text: String) -> String {
    let name = "t\(count)"
    count += 1
    statements.append("const \(typeName) \(name) = \(text);")
    return name
  }
}

extension UnaryFunction {
  fileprivate func text(_ a: String, _ type: ElementType) -> String? {
    let (name, unsigned) = (DeviceDialect.name(of: type), DeviceDialect.unsigned(type))
    switch self {
    // NaN is its own sign, and so is zero.
    case .sign: return "\(a) > 0 ? (\(name))1 : \(a) < 0 ? (\(name))-1 : \(a)"
    case .relu: return "\(a) < 0 ? (\(name))0 : \(a)"
    default: break
    }
    guard type.isFloatingPoint else {
      switch self {
      case .negate: return "(\(name))(0 - (\(unsigned))\(a))"
      case .absolute: return "\(a) < 0 ? (\(name))(0 - (\(unsigned))\(a)) : \(a)"
      case .square: return "(\(name))((\(unsigned))\(a) * (\(unsigned))\(a))"
      case .floor, .ceil, .round: return a
      default: return nil
      }
    }
    switch self {
    case .negate: return "-\(a)"
    case .absolute: return "fabs(\(a))"
    case .square: return "\(a) * \(a)"
    case .squareRoot: return "sqrt(\(a))"
    case .reciprocal: return "1 / \(a)"
    case .round: return "rint(\(a))"
    default: return "\(self)(\(a))"
    }
  }
}

extension BinaryFunction {
  fileprivate func text(_ a: String, _ b: String, _ type: ElementType) -> String? {
    let (name, unsigned) = (DeviceDialect.name(of: type), DeviceDialect.unsigned(type))
    switch self {
    // A NaN in either operand is the result.
    case .maximum: return "\(a) > \(b) || \(a) != \(a) ? \(a) : \(b)"
    case .minimum: return "\(a) < \(b) || \(a) != \(a) ? \(a) : \(b)"
    case .greater: return "(\(name))(\(a) > \(b))"
    case .greaterOrEqual: return "(\(name))(\(a) >= \(b))"
    case .less: return "(\(name))(\(a) < \(b))"
    case .lessOrEqual: return "(\(name))(\(a) <= \(b))"
    case .equal: return "(\(name))(\(a) == \(b))"
    case .notEqual: return "(\(name))(\(a) != \(b))"
    case .add: return "(\(name))((\(unsigned))\(a) + (\(unsigned))\(b))"
    case .subtract: return "(\(name))((\(unsigned))\(a) - (\(unsigned))\(b))"
    case .multiply: return "(\(name))((\(unsigned))\(a) * (\(unsigned))\(b))"
    default: break
    }
    // Of whole numbers, quotients take more than an expression, and powers may not exist.
    guard type.isFloatingPoint else { return nil }
    switch self {
    case .divide: return "\(a) / \(b)"
    case .power: return "pow(\(a), \(b))"
    case .atan2: return "atan2(\(a), \(b))"
    case .truncatedQuotient: return "trunc(\(a) / \(b))"
    case .truncatedRemainder: return "fmod(\(a), \(b))"
    case .flooredQuotient: return "floor(\(a) / \(b))"
    default: return nil
    }
  }

  /// Two variables of the type, combined; for `add`, `multiply`, `maximum` and `minimum`.
  func combining(_ a: String, _ b: String, _ type: ElementType) -> String {
    text(a, b, type)!
  }

  /// What changes nothing when it is combined with something.
  func identityText(_ type: ElementType) -> String {
    switch self {
    case .add: DeviceDialect.literal(0, type)
    case .multiply: DeviceDialect.literal(1, type)
    case .maximum: DeviceDialect.extreme(type, isHighest: false)
    default: DeviceDialect.extreme(type, isHighest: true)
    }
  }
}
