import Tensors

/// A function called for each slice of a batch, its results added up or put one after the other.
///
/// Inputs: starts `int64 [n, slices + 1]`, the `n` declared inputs with the rows of all slices, what the function
/// captures. Slice `s` takes the rows `starts[i, s]` up to `starts[i, s + 1]` of input `i`.
/// Outputs: the first `sumCount` of the function's added up over the slices, in their order; then the others with the
/// rows of all slices, whose first dimension is that of a declared input.
///
/// A slice that fits into a processor's cache is read from memory once however often the function reads it. Slices
/// run side by side, each on one thread, and have the same bits on any number of them. Not in TensorFlow,
/// whose programs build a tower of operations for each slice.
///
/// Slices may be dealt out to devices in turn: each computes its own, one after the other, beside the others as
/// far as the session has threads (`intraOpParallelismThreads`). What the function captures is copied to
/// all of them, and the sums are added up in the slices' order as ever.
public struct SlicedCall: Operation {
  public static let name = "SlicedCall"
  public static var samples: [OperationSample] { [] }
  public static var tensorFlowForm: TensorFlowForm { .none }

  public let function: GraphFunction
  public let sumCount: Int
  /// Where the slices are computed, in turn; where everything else is if there are none.
  public let devices: [DeviceName]

  /// - Parameters:
  ///   - function: what is called for each slice.
  ///   - sumCount: how many of its outputs are added up.
  ///   - devices: those that slices are dealt out to; one may be named several times to get more of them.
  public init(function: GraphFunction, sumCount: Int, devices: [DeviceName] = []) {
    self.function = function
    self.sumCount = sumCount
    self.devices = devices
  }

  public init(attributes: Attributes) throws {
    self.init(
      function: try attributes.function("f"), sumCount: try attributes.int("sums"),
      devices: try attributes.strings("devices", default: []).map { try DeviceName($0) })
  }

  public var attributes: Attributes {
    var attributes: Attributes = ["f": .function(function), "sums": .int(sumCount)]
    if !devices.isEmpty { attributes["devices"] = .strings(devices.map(\.description)) }
    return attributes
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    let declared = Array(function.inputs.prefix(function.declaredCount))
    try expect(inputs, count: 1 + function.inputs.count)
    try checkFunction(declared)
    try expect(inputs[0], type: .int64, "starts")
    guard inputs[0].shape.rank == 2, inputs[0].shape[0].couldEqual(Dimension(declared.count)) else {
      throw GraphError(
        "starts has shape \(inputs[0].shape), expected [\(declared.count), slices + 1]")
    }
    for (index, (input, own)) in zip(inputs.dropFirst(), declared).enumerated() {
      guard input.elementType == own.elementType, input.shape.rank == own.shape.rank,
        input.shape.rank > 0, input.shape.slice.couldEqual(own.shape.slice)
      else {
        throw GraphError("input \(index + 1) is \(input), the function's slices are \(own.spec)")
      }
    }
    return try function.outputs.enumerated().map { index, output in
      if index < sumCount { return output.spec }
      let input = try self.input(withRowsOf: index)
      return TensorSpec(
        output.elementType,
        SymbolicShape([inputs[1 + input].shape[0]] + output.shape.slice.dimensions))
    }
  }

  private func checkFunction(_ declared: [Value]) throws {
    let (name, outputs) = (function.name, function.outputs)
    guard (0...outputs.count).contains(sumCount) else {
      throw GraphError("\(sumCount) sums, but \(name) has \(outputs.count) outputs")
    }
    if let node = function.graph.nodes.first(where: {
      $0.operation.isStateful || $0.operation.mayBlock
    }) {
      throw GraphError("\(node.name) of \(name) does more than compute, which slices cannot")
    }
    guard !function.graph.hasLateSizes else {
      throw GraphError("\(name) finds out sizes while it runs, which slices cannot")
    }
    let sliced = declared.reduce(into: Set<String>()) { $0.formUnion($1.shape.symbols) }
    for capture in function.captures where !sliced.isDisjoint(with: capture.shape.symbols) {
      throw GraphError("\(capture) is captured and has sizes that differ between slices")
    }
    for output in outputs.prefix(sumCount) {
      guard output.elementType.isFloatingPoint, sliced.isDisjoint(with: output.shape.symbols) else {
        throw GraphError("\(output) cannot be added up over slices")
      }
    }
  }

  /// The declared input whose rows an output has.
  func input(withRowsOf output: Int) throws -> Int {
    let value = function.outputs[output]
    guard value.shape.rank > 0,
      let index = function.inputs.prefix(function.declaredCount).firstIndex(where: {
        $0.shape.rank > 0 && $0.shape[0] == value.shape[0]
      })
    else { throw GraphError("\(value) has the rows of no input") }
    return index
  }

  public func makeKernel(at site: KernelSite) throws -> any Kernel {
    try SlicedCallKernel(self, site)
  }

  /// Another `SlicedCall`, of the function's gradient.
  public func gradients(of node: Node, outputGradients: [Value?]) throws -> [Value?] {
    let graph = node.graph.innermost(with: outputGradients.compactMap { $0 })
    let count = function.declaredCount
    let (declared, captured) = (node.inputs[1...count], node.inputs[(1 + count)...])
    let targets = outputGradients.indices.filter { outputGradients[$0] != nil }
    let rowTargets = targets.filter { $0 >= sumCount }
    let capturedSources = captured.indices.filter { node.inputs[$0].elementType.isFloatingPoint }
    let declaredSources = declared.indices.filter { node.inputs[$0].elementType.isFloatingPoint }
    let specs =
      function.inputs.prefix(count).map(\.spec) + rowTargets.map { function.outputs[$0].spec }
    let gradient = try GraphFunction(
      name: "\(function.name)_gradient", in: graph, inputs: specs
    ) { body, own in
      let outer = captured.map { body.capture($0)! }
      let outputs = try function.inlined(into: body, own.prefix(count) + outer)
      let sources =
        capturedSources.map { outer[$0 - 1 - count] } + declaredSources.map { own[$0 - 1] }
      let arriving = targets.map { target in
        rowTargets.firstIndex(of: target).map { own[count + $0] }
          ?? body.capture(outputGradients[target]!)!
      }
      let found = try body.gradients(
        of: targets.map { outputs[$0] }, withRespectTo: sources, arriving: arriving)
      return zip(found, sources).map { $0 ?? body.zeros(like: $1) }
    }
    let rows = try (0..<count) + rowTargets.map(input(withRowsOf:))
    let starts = gather(node.inputs[0], graph.constant(Tensor(rows.map { Int32($0) })))
    let result = try graph.add(
      SlicedCall(function: gradient, sumCount: capturedSources.count, devices: devices),
      [starts] + declared + rowTargets.map { outputGradients[$0]! } + gradient.captures)
    var gradients: [Value?] = node.inputs.map { _ in nil }
    for (index, source) in (capturedSources + declaredSources).enumerated() {
      gradients[source] = result.outputs[index]
    }
    return gradients
  }
}

extension SymbolicShape {
  /// The shape of one row.
  fileprivate var slice: SymbolicShape { SymbolicShape(Array(dimensions.dropFirst())) }
}

private final class SlicedCallKernel: FunctionCaller {
  private let call: SlicedCall
  private let site: KernelSite
  private let rowInputs: [Int]
  /// Of each device those that no slice uses now.
  private let runners: [Guarded<[any FunctionRunner]>]
  private let serial = SerialExecutor()
  /// What functions see of the run: their sizes are those of the slices.
  private let state = RunState()

  /// What slices have found, added up as far as all before them are.
  private struct Sums {
    var next = 0
    var waiting: [Int: [Tensor]] = [:]
    var failure: (slice: Int, error: any Error)?
  }

  init(_ call: SlicedCall, _ site: KernelSite) throws {
    self.call = call
    self.site = site
    rowInputs = try (call.sumCount..<call.function.outputs.count).map(call.input(withRowsOf:))
    runners = try (0..<max(1, call.devices.count)).map { number in
      Guarded([try Self.makeRunner(call, site, number)])
    }
  }

  private static func makeRunner(
    _ call: SlicedCall, _ site: KernelSite, _ number: Int
  ) throws -> any FunctionRunner {
    try site.makeRunner(call.function, on: call.devices.isEmpty ? nil : call.devices[number])
  }

  var functionRunners: [any FunctionRunner] { runners.flatMap { $0.withLock { $0 } } }

  func prepare(_ sizes: KernelSizes) -> Int { 0 }

  func run(_ context: borrowing KernelContext) throws {
    let slices = context.inputs[0].dimensions[1] - 1
    try checkStarts(context)
    let (inputs, outputs) = (context.inputs, context.outputs)
    for index in 0..<call.sumCount {
      outputs[index].base.initializeMemory(
        as: UInt8.self, repeating: 0,
        count: outputs[index].count * site.outputs[index].elementType.size)
    }
    state.cancellation = context.state.cancellation
    (state.trace, state.tracesFunctions) = (context.state.trace, true)
    let captures = captures(inputs)
    let sums = Guarded(Sums())
    func run(_ slice: Int, on executor: any ParallelExecutor) {
      if sums.withLock({ $0.failure != nil }) { return }
      do {
        let arguments = arguments(slice, of: slices, inputs) + captures
        let results = try call(
          arguments, inputs, outputs, slice % runners.count, on: executor)
        try write(results, of: slice, slices, inputs, outputs)
        sums.withLock { add(results, of: slice, to: &$0, outputs) }
      } catch {
        sums.withLock { sums in
          if let earlier = sums.failure, earlier.slice < slice { return }
          sums.failure = (slice, error)
        }
      }
    }
    if !call.devices.isEmpty {
      context.executor.run(shards: runners.count) { device in
        for slice in stride(from: device, to: slices, by: runners.count) { run(slice, on: serial) }
      }
      // Few slices would leave threads idle; the work inside each is shared then.
    } else if slices < 2 * context.executor.threads {
      for slice in 0..<slices { run(slice, on: context.executor) }
    } else {
      context.executor.run(shards: slices) { run($0, on: serial) }
    }
    if let failure = sums.withLock({ $0.failure }) { throw failure.error }
  }

  private func checkStarts(_ context: borrowing KernelContext) throws {
    let (starts, columns) = (
      context.inputs[0].elements(Int64.self), context.inputs[0].dimensions[1]
    )
    guard columns > 0 else { throw GraphError("starts has no columns, expected slices + 1") }
    for input in 0..<call.function.declaredCount {
      let row = starts + input * columns
      let isAscending = (1..<max(1, columns)).allSatisfy { row[$0 - 1] <= row[$0] }
      guard row[0] == 0, isAscending,
        Int(row[columns - 1]) == context.inputs[1 + input].dimensions[0]
      else {
        throw GraphError(
          "row \(input) of starts is \((0..<columns).map { row[$0] }), expected ascending from 0 to"
            + " the input's \(context.inputs[1 + input].dimensions[0]) rows")
      }
    }
  }

  /// The rows of an input that belong to a slice.
  private func rows(_ input: Int, of slice: Int, _ inputs: UnsafePointer<TensorView>) -> Range<Int>
  {
    let starts = inputs[0].elements(Int64.self) + input * inputs[0].dimensions[1]
    return Int(starts[slice])..<Int(starts[slice + 1])
  }

  private func arguments(
    _ slice: Int, of slices: Int, _ inputs: UnsafePointer<TensorView>
  ) -> [Tensor] {
    (0..<call.function.declaredCount).map { index in
      let (input, rows) = (inputs[1 + index], rows(index, of: slice, inputs))
      let width = input.count(from: 1)
      let type = site.inputs[1 + index].elementType
      return Tensor(
        borrowing: input.base + rows.lowerBound * width * type.size,
        shape: Shape([rows.count] + (1..<input.rank).map { input.dimensions[$0] }),
        elementType: type)
    }
  }

  private func captures(_ inputs: UnsafePointer<TensorView>) -> [Tensor] {
    (1 + call.function.declaredCount..<site.inputs.count).map { index in
      Tensor(
        borrowing: inputs[index].base, shape: inputs[index].shape,
        elementType: site.inputs[index].elementType)
    }
  }

  private func call(
    _ arguments: [Tensor], _ inputs: UnsafePointer<TensorView>,
    _ outputs: UnsafePointer<TensorView>, _ device: Int, on executor: any ParallelExecutor
  ) throws -> [Tensor] {
    let runner = try runners[device].withLock { idle in
      try idle.popLast() ?? Self.makeRunner(call, site, device)
    }
    defer { runners[device].withLock { $0.append(runner) } }
    return try runner.run(
      arguments,
      in: KernelContext(
        inputs: inputs, outputs: outputs, workspace: outputs[0].base, executor: executor,
        state: state))
  }

  /// Copies a slice's rows to where they belong.
  private func write(
    _ results: [Tensor], of slice: Int, _ slices: Int, _ inputs: UnsafePointer<TensorView>,
    _ outputs: UnsafePointer<TensorView>
  ) throws {
    for (index, input) in zip(call.sumCount..., rowInputs) {
      let (output, result) = (outputs[index], results[index])
      let rows = rows(input, of: slice, inputs)
      let expected = Shape([rows.count] + (1..<output.rank).map { output.dimensions[$0] })
      guard result.shape == expected else {
        throw GraphError(
          "output \(index) of slice \(slice) has the shape \(result.shape), expected \(expected)")
      }
      let width = output.count(from: 1) * result.elementType.size
      result.withBytes {
        UnsafeMutableRawBufferPointer(
          start: output.base + rows.lowerBound * width, count: $0.count
        ).copyMemory(from: $0)
      }
    }
  }

  /// Adds a slice's sums when those of all slices before it are added.
  private func add(
    _ results: [Tensor], of slice: Int, to sums: inout Sums, _ outputs: UnsafePointer<TensorView>
  ) {
    sums.waiting[slice] = Array(results.prefix(call.sumCount))
    while let terms = sums.waiting.removeValue(forKey: sums.next) {
      for (index, term) in terms.enumerated() {
        switch term.elementType {
        case .float64: outputs[index].add(term, as: Double.self)
        default: outputs[index].add(term, as: Float.self)
        }
      }
      sums.next += 1
    }
  }
}

extension TensorView {
  fileprivate func add<T: TensorElement & FloatingPoint>(_ term: Tensor, as type: T.Type) {
    let total = elements(type)
    term.withElements(as: type) { term in
      for index in term.indices { total[index] += term[index] }
    }
  }
}
