import Tensors

/// Runs an `ElementwiseProgram` over tensors that broadcast, block by block.
final class ElementwiseKernel<T: KernelFloat>: Kernel {
  private let program: ElementwiseProgram
  private let inputTypes: [ElementType]
  private let outputType: ElementType
  private let nanoseconds: Double
  private var readers: [BroadcastReader] = []
  private var sharding = Sharding(count: 0, nanoseconds: 0)

  init(_ expression: ScalarExpression, inputTypes: [ElementType], outputType: ElementType) {
    program = ElementwiseProgram(expression, inputCount: inputTypes.count)
    self.inputTypes = inputTypes
    self.outputType = outputType
    nanoseconds = expression.nanoseconds + 0.25
  }

  /// Every shard has registers of its own, and a table of where they are.
  private var bytesPerShard: Int {
    let registers = program.registerCount * ElementwiseProgram.blockSize * MemoryLayout<T>.stride
    let table = program.registerCount * MemoryLayout<UnsafeMutablePointer<T>>.stride
    return registers + table.roundedUp(toMultipleOf: AlignedStorage.alignment)
  }

  func prepare(_ sizes: KernelSizes) throws -> Int {
    readers = try sizes.inputs.map { try BroadcastReader(input: $0, output: sizes.outputs[0]) }
    sharding = Sharding(count: sizes.outputs[0].elementCount, nanoseconds: nanoseconds)
    return bytesPerShard * sharding.shards
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  func run(_ context: borrowing KernelContext) {
    let (inputs, output, workspace) = (context.inputs, context.outputs[0], context.workspace)
    context.forEachShard(sharding) { shard, range in
      run(range, inputs, output, workspace + shard * bytesPerShard)
    }
  }

  private func run(
    _ range: Range<Int>, _ inputs: UnsafePointer<TensorView>, _ output: TensorView,
    _ scratch: UnsafeMutableRawPointer
  ) {
    let block = ElementwiseProgram.blockSize
    let values = scratch.assumingMemoryBound(to: T.self)
    let registers = (scratch + program.registerCount * block * MemoryLayout<T>.stride)
      .assumingMemoryBound(to: UnsafeMutablePointer<T>.self)
    for register in 0..<program.registerCount { registers[register] = values + register * block }
    for (index, constant) in program.constants.enumerated() {
      registers[program.inputCount + index].update(repeating: T(constant), count: block)
    }
    for start in stride(from: range.lowerBound, to: range.upperBound, by: block) {
      let elements = start..<min(start + block, range.upperBound)
      load(elements, inputs, values, registers)
      if outputType == T.elementType, !program.instructions.isEmpty {
        registers[program.result] = output.elements(T.self) + start
        program.run(registers, count: elements.count)
      } else {
        program.run(registers, count: elements.count)
        store(registers[program.result], elements, output)
      }
    }
  }

  private func load(
    _ elements: Range<Int>, _ inputs: UnsafePointer<TensorView>,
    _ values: UnsafeMutablePointer<T>, _ registers: UnsafeMutablePointer<UnsafeMutablePointer<T>>
  ) {
    for index in 0..<program.inputCount {
      let reader = readers[index]
      let target = values + index * ElementwiseProgram.blockSize
      if inputTypes[index] == T.elementType {
        let source = inputs[index].elements(T.self)
        if reader.isContiguous && inputs[index].count > 1 {
          registers[index] = source + elements.lowerBound
        } else {
          reader.read(source, elements, into: target) { $0 }
        }
      } else {
        convert(inputs[index], inputTypes[index], reader, elements, into: target)
      }
    }
  }

  private func convert(
    _ input: TensorView, _ type: ElementType, _ reader: BroadcastReader, _ elements: Range<Int>,
    into target: UnsafeMutablePointer<T>
  ) {
    switch type {
    case .float32: reader.read(input.elements(Float.self), elements, into: target) { T($0) }
    case .float64: reader.read(input.elements(Double.self), elements, into: target) { T($0) }
    case .int32: reader.read(input.elements(Int32.self), elements, into: target) { T($0) }
    case .int64: reader.read(input.elements(Int64.self), elements, into: target) { T($0) }
    case .uint8: reader.read(input.elements(UInt8.self), elements, into: target) { T($0) }
    case .bool: reader.read(input.elements(Bool.self), elements, into: target) { $0 ? 1 : 0 }
    case .resource: preconditionFailure("a handle is no number")
    }
  }

  private func store(
    _ values: UnsafeMutablePointer<T>, _ elements: Range<Int>, _ output: TensorView
  ) {
    func write<S: TensorElement>(_: S.Type, _ convert: (T) -> S) {
      let target = output.elements(S.self) + elements.lowerBound
      for index in 0..<elements.count { target[index] = convert(values[index]) }
    }
    switch outputType {
    case .float32: write(Float.self) { Float($0) }
    case .float64: write(Double.self) { Double($0) }
    case .bool: write(Bool.self) { $0 != 0 }
    case .int32, .int64, .uint8, .resource:
      preconditionFailure("elementwise results are not \(outputType)")
    }
  }
}
