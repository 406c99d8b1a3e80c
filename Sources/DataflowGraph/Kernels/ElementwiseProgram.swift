import Tensors

/// An expression as instructions on registers, each a block of consecutive elements.
///
/// Registers are numbered: inputs first, then constants, then intermediate results. A block fits the
/// first-level cache, so that an expression of many functions reads and writes main memory once.
struct ElementwiseProgram {
  enum Instruction {
    case unary(UnaryFunction, from: Int, to: Int)
    case binary(BinaryFunction, Int, Int, to: Int)
    case select(Int, Int, Int, to: Int)
  }

  static let blockSize = 512

  let inputCount: Int
  private(set) var constants: [Double] = []
  private(set) var instructions: [Instruction] = []
  private(set) var registerCount = 0
  /// The register that holds the result.
  private(set) var result = 0
  /// The first register that is neither an input nor a constant.
  private var firstOwn = 0
  /// Registers whose contents were used.
  private var free: [Int] = []

  init(_ expression: ScalarExpression, inputCount: Int) {
    self.inputCount = inputCount
    collectConstants(expression)
    firstOwn = inputCount + constants.count
    registerCount = firstOwn
    result = compile(expression, isResult: true)
  }

  private mutating func collectConstants(_ expression: ScalarExpression) {
    switch expression {
    case .input: break
    case .constant(let value): if place(of: value) == nil { constants.append(value) }
    case .unary(_, let operand): collectConstants(operand)
    case .binary(_, let left, let right):
      collectConstants(left)
      collectConstants(right)
    case .select(let condition, let first, let second):
      collectConstants(condition)
      collectConstants(first)
      collectConstants(second)
    }
  }

  /// Constants are alike where their bits are: NaN is like itself, and zeros of different signs are not alike.
  private func place(of constant: Double) -> Int? {
    constants.firstIndex { $0.bitPattern == constant.bitPattern }
  }

  /// A register for what is computed from `sources`, which nothing reads afterwards. The result has one
  /// of its own: it may lie in the memory of an input that is still to be read.
  private mutating func target(for sources: [Int], isResult: Bool) -> Int {
    free += sources.filter { $0 >= firstOwn }
    if !isResult, let register = free.popLast() { return register }
    registerCount += 1
    return registerCount - 1
  }

  private mutating func compile(_ expression: ScalarExpression, isResult: Bool = false) -> Int {
    switch expression {
    case .input(let index): return index
    case .constant(let value): return inputCount + place(of: value)!
    case .unary(let function, let operand):
      let source = compile(operand)
      let target = target(for: [source], isResult: isResult)
      instructions.append(.unary(function, from: source, to: target))
      return target
    case .binary(let function, let left, let right):
      let sources = (compile(left), compile(right))
      let target = target(for: [sources.0, sources.1], isResult: isResult)
      instructions.append(.binary(function, sources.0, sources.1, to: target))
      return target
    case .select(let condition, let first, let second):
      let sources = (compile(condition), compile(first), compile(second))
      let target = target(for: [sources.0, sources.1, sources.2], isResult: isResult)
      instructions.append(.select(sources.0, sources.1, sources.2, to: target))
      return target
    }
  }

  /// The inputs that the program divides by: whole numbers among them must not be 0.
  var divisors: [Int] { secondInputs(of: \.isDivision) }

  /// The inputs that are exponents: whole numbers among them must not be negative.
  var exponents: [Int] { secondInputs { $0 == .power } }

  private func secondInputs(of isMeant: (BinaryFunction) -> Bool) -> [Int] {
    instructions.compactMap { instruction in
      guard case .binary(let function, _, let right, _) = instruction, right < inputCount else {
        return nil
      }
      return isMeant(function) ? right : nil
    }
  }

  /// Runs the instructions over `count` elements of every register.
  func run<T: KernelNumber>(_ registers: UnsafePointer<UnsafeMutablePointer<T>>, count: Int) {
    for instruction in instructions {
      switch instruction {
      case .unary(let function, let source, let target):
        function.apply(registers[source], registers[target], count)
      case .binary(let function, let left, let right, let target):
        function.apply(registers[left], registers[right], registers[target], count)
      case .select(let condition, let first, let second, let target):
        let (mask, a, b, y) = (
          registers[condition], registers[first], registers[second], registers[target]
        )
        for index in 0..<count { y[index] = mask[index] != 0 ? a[index] : b[index] }
      }
    }
  }
}
