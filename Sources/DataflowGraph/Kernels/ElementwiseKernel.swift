import Tensors

/// Runs an `ElementwiseProgram` over tensors that broadcast, block by block.
final class ElementwiseKernel<T: KernelNumber>: Kernel {
  let expression: ScalarExpression
  private let program: ElementwiseProgram
  private let inputTypes: [ElementType]
  private let outputType: ElementType
  /// The estimated cost of one element.
  let nanoseconds: Double
  let divisors: [Int]
  private let exponents: [Int]
  // A kernel is prepared before it runs, by one thread.
  @exclusivity(unchecked) private var readers: [BroadcastReader]
  private var sharding = Sharding(count: 0, nanoseconds: 0)

  init(_ expression: ScalarExpression, inputTypes: [ElementType], outputType: ElementType) {
    self.expression = expression
    program = ElementwiseProgram(expression, inputCount: inputTypes.count)
    divisors = program.divisors
    exponents = program.exponents
    self.inputTypes = inputTypes
    self.outputType = outputType
    nanoseconds = expression.nanoseconds + 0.25
    readers = inputTypes.map { _ in BroadcastReader() }
  }

  /// Every shard has registers of its own, and a table of where they are.
  var bytesPerShard: Int {
    let registers = program.registerCount * ElementwiseProgram.blockSize * MemoryLayout<T>.stride
    let table = program.registerCount * MemoryLayout<UnsafeMutablePointer<T>>.stride
    return registers + table.roundedUp(toMultipleOf: AlignedStorage.alignment)
  }

  /// Learns the shape of one input in the runs to come.
  ///
  /// - Throws: `GraphError` where it does not broadcast to the output's.
  func follow(_ index: Int, input: Shape, output: Shape) throws {
    try readers[index].follow(input: input, output: output)
  }

  func prepare(_ sizes: KernelSizes) throws -> Int {
    for index in readers.indices {
      try follow(index, input: sizes.inputs[index], output: sizes.outputs[0])
    }
    sharding = Sharding(count: sizes.outputs[0].elementCount, nanoseconds: nanoseconds)
    return bytesPerShard * sharding.shards
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  @specialized(where T == Int32)
  @specialized(where T == Int64)
  @specialized(where T == UInt8)
  func run(_ context: borrowing KernelContext) throws {
    if T.isInteger { try checkOperands(context) }
    let (inputs, output, workspace) = (context.inputs, context.outputs[0], context.workspace)
    context.forEachShard(sharding) { shard, range in
      run(range, inputs, output, workspace + shard * bytesPerShard)
    }
  }

  /// Computes some of the elements.
  ///
  /// - Parameter scratch: `bytesPerShard` bytes that no one else uses meanwhile.
  func run(
    _ range: Range<Int>, _ inputs: UnsafePointer<TensorView>, _ output: TensorView,
    _ scratch: UnsafeMutableRawPointer
  ) {
    let block = ElementwiseProgram.blockSize
    let values = scratch.assumingMemoryBound(to: T.self)
    let registers = (scratch + program.registerCount * block * MemoryLayout<T>.stride)
      .assumingMemoryBound(to: UnsafeMutablePointer<T>.self)
    for register in 0..<program.registerCount { registers[register] = values + register * block }
    for (index, constant) in program.constants.enumerated() {
      registers[program.inputCount + index].update(
        repeating: T(constant: constant), count: min(block, range.count))
    }
    // Readers hold arrays, which would be counted for every block.
    readers.withUnsafeBufferPointer { readers in
      for start in stride(from: range.lowerBound, to: range.upperBound, by: block) {
        let elements = start..<min(start + block, range.upperBound)
        load(elements, readers, inputs, values, registers)
        if outputType == T.elementType, !program.instructions.isEmpty {
          registers[program.result] = output.elements(T.self) + start
          program.run(registers, count: elements.count)
        } else {
          program.run(registers, count: elements.count)
          store(registers[program.result], elements, output)
        }
      }
    }
  }

  private func load(
    _ elements: Range<Int>, _ readers: UnsafeBufferPointer<BroadcastReader>,
    _ inputs: UnsafePointer<TensorView>, _ values: UnsafeMutablePointer<T>,
    _ registers: UnsafeMutablePointer<UnsafeMutablePointer<T>>
  ) {
    for index in 0..<program.inputCount {
      let target = values + index * ElementwiseProgram.blockSize
      if inputTypes[index] == T.elementType {
        let source = inputs[index].elements(T.self)
        if readers[index].isContiguous && inputs[index].count > 1 {
          registers[index] = source + elements.lowerBound
        } else {
          readers[index].read(source, elements, into: target) { $0 }
        }
      } else {
        // Booleans are the only other type.
        readers[index].read(inputs[index].elements(Bool.self), elements, into: target) {
          $0 ? 1 : 0
        }
      }
    }
  }

  private func store(
    _ values: UnsafeMutablePointer<T>, _ elements: Range<Int>, _ output: TensorView
  ) {
    if outputType == .bool {
      let target = output.elements(Bool.self) + elements.lowerBound
      for index in 0..<elements.count { target[index] = values[index] != 0 }
    } else {
      let target = output.elements(T.self) + elements.lowerBound
      target.update(from: values, count: elements.count)
    }
  }

  /// Whole numbers have no quotient by 0 and no negative powers.
  private func checkOperands(_ context: borrowing KernelContext) throws {
    for divisor in divisors {
      let elements = context.inputs[divisor].elements(T.self)
      for index in 0..<context.inputs[divisor].count where elements[index] == 0 {
        throw GraphError("division by zero: element \(index) of input \(divisor) is 0")
      }
    }
    for exponent in exponents {
      let elements = context.inputs[exponent].elements(T.self)
      for index in 0..<context.inputs[exponent].count where elements[index] < 0 {
        throw GraphError(
          "a negative power: element \(index) of input \(exponent) is \(elements[index]); "
            + "whole numbers have none")
      }
    }
  }
}
