import Tensors

extension DeviceProgram {
  /// One kernel for an expression of corresponding elements.
  ///
  /// - Parameter divisors: the inputs that are divided by; whole numbers among them must not be 0.
  /// - Returns: nil where only the CPU has one of its functions.
  static func elementwise(
    _ expression: ScalarExpression, computing type: ElementType, inputs: [TensorSpec],
    output: TensorSpec, divisors: [Int] = []
  ) -> DeviceProgram? {
    let text = ElementwiseText(inputs, output, divisors: type.isFloatingPoint ? [] : divisors)
    if Set(text.divisors).count > 1 { return nil }
    guard
      let body = DeviceExpression(
        expression, type: type, inputs: inputs.indices.map { "v\($0)" })
    else { return nil }
    let source = text.kernel(body, type)
    return DeviceProgram(
      source: source, types: Set([type, output.elementType] + inputs.map(\.elementType))
    ) { sizes in
      try text.schedule(sizes)
    }
  }
}

/// How an elementwise kernel finds its inputs' elements.
private struct ElementwiseText: Sendable {
  private enum Place: Equatable {
    /// Where the output's element is.
    case same
    /// There is only one.
    case first
    /// At distances along the output's dimensions, 0 where it is repeated.
    case strided
  }

  private let inputs: [TensorSpec]
  private let output: TensorSpec
  /// Those that a fault is reported for where they are 0.
  let divisors: [Int]
  private let places: [Place]
  /// The dimensions that strided inputs are stepped through.
  private let steps: [BroadcastStep]

  init(_ inputs: [TensorSpec], _ output: TensorSpec, divisors: [Int]) {
    self.inputs = inputs
    self.divisors = divisors
    self.output = output
    let places: [Place] = inputs.map { input in
      if input.shape == output.shape { return .same }
      return input.shape.elementCount == 1 ? .first : .strided
    }
    self.places = places
    let strided = inputs.indices.filter { places[$0] == .strided }
    steps = BroadcastStep.steps(of: strided.map { inputs[$0].shape }, in: output.shape)
  }

  private var strided: [Int] { places.indices.filter { places[$0] == .strided } }

  func kernel(_ body: DeviceExpression, _ type: ElementType) -> String {
    func name(_ spec: TensorSpec) -> String { DeviceDialect.name(of: spec.elementType) }
    let buffers = inputs.indices.map { "BUFFER(\(name(inputs[$0])), x\($0))" }
    let sizes = steps.indices.map { "INDEX d\($0)" }
    let strides = strided.flatMap { input in steps.indices.map { "INDEX s\(input)_\($0)" } }
    let parameters =
      buffers + ["BUFFER(\(name(output)), y)", "INDEX count"] + sizes + strides
      + (divisors.isEmpty ? [] : ["BUFFER(int, fault)"])
    var lines = ["KERNEL(elementwise)(\(parameters.joined(separator: ", "))) {"]
    lines += inputs.indices.map { "  OPEN(\(name(inputs[$0])), x\($0))" }
    if !divisors.isEmpty { lines.append("  OPEN(int, fault)") }
    lines += ["  OPEN(\(name(output)), y)", "  FOR_EACH(i, count) {"]
    if !steps.isEmpty { lines.append("    INDEX rest = i;") }
    for step in steps.indices.reversed() {
      lines.append("    const INDEX c\(step) = rest % d\(step);")
      lines.append("    rest /= d\(step);")
    }
    for index in inputs.indices {
      let element = "x\(index)[\(place(index))]"
      let value =
        inputs[index].elementType == .bool ? "\(element) != 0" : element
      lines.append("    const \(DeviceDialect.name(of: type)) v\(index) = \(value);")
    }
    lines += divisors.map { "    if (v\($0) == 0) REPORT(\(place($0)))" }
    lines += body.statements.map { "    \($0)" }
    let result = output.elementType == .bool ? "\(body.result) != 0" : body.result
    lines += ["    y[i] = \(result);", "  }", "}"]
    return lines.joined(separator: "\n") + "\n"
  }

  private func place(_ input: Int) -> String {
    switch places[input] {
    case .same: return "i"
    case .first: return "0"
    case .strided:
      let terms = steps.indices.map { "c\($0) * s\(input)_\($0)" }
      return terms.isEmpty ? "0" : terms.joined(separator: " + ")
    }
  }

  func schedule(_ sizes: KernelSizes) throws -> DeviceSchedule {
    let (shape, count) = (sizes.outputs[0], sizes.outputs[0].elementCount)
    for input in sizes.inputs { try input.checkBroadcasts(to: shape) }
    guard count > 0 else { return DeviceSchedule([]) }
    var arguments = inputs.indices.map { DeviceArgument.input($0) }
    arguments += [.output(0), .index(count)]
    arguments += steps.map { .index($0.size(in: shape)) }
    for (number, input) in strided.enumerated() {
      arguments += steps.map { .index($0.stride(sizes.inputs[input], number, in: shape)) }
    }
    guard let divisor = divisors.first else {
      return DeviceSchedule([DeviceLaunch("elementwise", items: count, arguments)])
    }
    return DeviceSchedule([
      DeviceLaunch("elementwise", items: count, arguments + [.fault])
    ]) { "division by zero: element \($0) of input \(divisor) is 0" }
  }
}

/// Neighbouring dimensions of the output that every strided input is stepped through alike, as one: what
/// is known of that beforehand need not be divided by for each element.
private struct BroadcastStep: Sendable {
  /// What an input has in place of dimensions of the output.
  enum Kind {
    /// The same dimensions.
    case same
    /// None, or a single element.
    case one
    /// Only a run finds out.
    case unknown
  }

  private var axes: Range<Int>
  /// Of each strided input.
  private let kinds: [Kind]

  /// Outermost first; dimensions of size 1 need no step.
  static func steps(of inputs: [SymbolicShape], in output: SymbolicShape) -> [BroadcastStep] {
    guard !inputs.isEmpty else { return [] }
    var steps: [BroadcastStep] = []
    for axis in output.dimensions.indices where output[axis] != 1 {
      let kinds = inputs.map { input -> Kind in
        let own = axis - (output.rank - input.rank)
        if own < 0 || input[own] == 1 { return .one }
        return input[own] == output[axis] ? .same : .unknown
      }
      if let last = steps.last, last.kinds == kinds, !kinds.contains(.unknown) {
        steps[steps.count - 1].axes = last.axes.lowerBound..<axis + 1
      } else {
        steps.append(BroadcastStep(axes: axis..<axis + 1, kinds: kinds))
      }
    }
    return steps
  }

  func size(in output: Shape) -> Int { axes.reduce(1) { $0 * output[$1] } }

  /// How far to step in an input.
  ///
  /// - Parameter number: the input's among the strided ones.
  func stride(_ input: Shape, _ number: Int, in output: Shape) -> Int {
    let own = axes.upperBound - 1 - (output.rank - input.rank)
    if kinds[number] == .one || own < 0 || (kinds[number] == .unknown && input[own] == 1) {
      return 0
    }
    return input.strides[own]
  }
}

extension Shape {
  /// - Throws: `GraphError` where a tensor of this shape cannot be repeated to one of the other.
  func checkBroadcasts(to output: Shape) throws {
    let added = output.rank - rank
    let fits =
      added >= 0
      && dimensions.indices.allSatisfy {
        self[$0] == 1 || self[$0] == output[$0 + added]
      }
    guard fits else { throw GraphError("\(self) does not broadcast to \(output)") }
  }
}
