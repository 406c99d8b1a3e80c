import Dataflow
import DataflowGraph
import Synchronization
import TestSupport
import Testing

/// The checks of operations find what is wrong.
@Suite struct OperationCheckTests {
  @Test(arguments: OperationCheck.allCases) func nothingIsWrongWithARightOne(
    check: OperationCheck
  ) throws {
    try OperationRegistry.register(Faulty<Right>.self)
    #expect(try check.findings(of: Faulty<Right>.self) == [])
  }

  @Test func wrongValues() throws {
    #expect(try OperationCheck.reference.findings(of: Faulty<WrongValue>.self).count > 1)
    #expect(try OperationCheck.singlePrecision.findings(of: Faulty<WrongValue>.self).count > 1)
    #expect(try OperationCheck.gradient.findings(of: Faulty<WrongValue>.self) == [])
  }

  @Test func wrongGradients() throws {
    #expect(try OperationCheck.reference.findings(of: Faulty<WrongGradient>.self) == [])
    let found = try OperationCheck.gradient.findings(of: Faulty<WrongGradient>.self)
    #expect(found.contains { $0.hasPrefix("Faulty, sample 0: input 0[0]: ") })
  }

  @Test func wrongSecondGradients() throws {
    #expect(try OperationCheck.gradient.findings(of: Faulty<WrongSecondGradient>.self) == [])
    #expect(
      try OperationCheck.secondGradient.findings(of: Faulty<WrongSecondGradient>.self).count > 1)
  }

  @Test(arguments: [OperationCheck.threads, .namedSizes, .overwriting])
  func otherBitsInEveryRun(check: OperationCheck) throws {
    #expect(try check.findings(of: Faulty<Moody>.self).count > 1)
  }

  @Test func attributesThatAreLost() throws {
    #expect(try OperationCheck.attributes.findings(of: Faulty<Forgetful>.self).count > 1)
    #expect(try OperationCheck.attributes.findings(of: Faulty<Right>.self) == [])
  }

  @Test func inputsOfAnyNumber() throws {
    #expect(
      try OperationCheck.wrongInputs.findings(of: Faulty<Greedy>.self)[0]
        == "Faulty, sample 0: takes an input too many")
  }

  @Test func elementsThatAreNotWritten() throws {
    #expect(try OperationCheck.reference.findings(of: Faulty<Lazy>.self).count > 1)
  }
}

private protocol Fault: Sendable {}
private enum Right: Fault {}
private enum WrongValue: Fault {}
private enum WrongGradient: Fault {}
private enum WrongSecondGradient: Fault {}
private enum Moody: Fault {}
private enum Forgetful: Fault {}
private enum Greedy: Fault {}
private enum Lazy: Fault {}

/// Cubes elements, or does something else.
private struct Faulty<F: Fault>: DataflowGraph.Operation {
  static var name: String { "Faulty" }

  let power: Int

  init(power: Int) { self.power = power }
  init(attributes: Attributes) throws {
    power = F.self == Forgetful.self ? 7 : try attributes.int("power")
  }

  var attributes: Attributes { ["power": .int(power)] }

  func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    if F.self != Greedy.self || inputs.isEmpty { try expect(inputs, count: 1) }
    return [inputs[0]]
  }

  func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) -> any Kernel {
    inputs[0].elementType == .float32 ? FaultyKernel<F, Float>() : FaultyKernel<F, Double>()
  }

  func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let (x, g) = (node.inputs[0], outputGradients[0]!)
    if F.self == WrongGradient.self { return [g * x] }
    return [g * square(F.self == WrongSecondGradient.self ? stopGradient(x) : x) * 3]
  }

  static var samples: [OperationSample] {
    [[3], [2, 2]].map { shape in
      OperationSample(Faulty(power: 3), [.random(shape, seed: 8)]) { inputs in
        let cubes = inputs[0].scalars(as: Double.self).map { $0 * $0 * $0 }
        return [Tensor(shape: shape, scalars: cubes)]
      }
    }
  }
}

private final class Counter: Sendable {
  private let value = Atomic<Int>(0)
  func next() -> Int { value.wrappingAdd(1, ordering: .relaxed).newValue }
}

private let counter = Counter()

private final class FaultyKernel<F: Fault, T: BinaryFloatingPoint & TensorElement>: Kernel {
  func prepare(_ sizes: KernelSizes) -> Int { 0 }

  func run(_ context: borrowing KernelContext) {
    let (x, y) = (context.inputs[0].elements(T.self), context.outputs[0].elements(T.self))
    let count = context.inputs[0].count
    let change: T = F.self == WrongValue.self ? 1 : F.self == Moody.self ? T(counter.next()) : 0
    for index in 0..<(F.self == Lazy.self ? count - 1 : count) {
      y[index] = x[index] * x[index] * x[index] + change
    }
  }
}
