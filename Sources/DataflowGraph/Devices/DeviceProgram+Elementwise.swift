import Tensors

extension DeviceProgram {
  /// One kernel for an expression of corresponding elements.
  ///
  /// - Returns: nil where only the CPU has one of its functions.
  static func elementwise(
    _ expression: ScalarExpression, computing type: ElementType, inputs: [TensorSpec],
    output: TensorSpec
  ) -> DeviceProgram? {
    let text = ElementwiseText(inputs, output)
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
  private let places: [Place]

  init(_ inputs: [TensorSpec], _ output: TensorSpec) {
    self.inputs = inputs
    self.output = output
    places = inputs.map { input in
      if input.shape == output.shape { return .same }
      return input.shape.elementCount == 1 ? .first : .strided
    }
  }

  private var rank: Int { output.shape.rank }
  private var strided: [Int] { places.indices.filter { places[$0] == .strided } }

  func kernel(_ body: DeviceExpression, _ type: ElementType) -> String {
    func name(_ spec: TensorSpec) -> String { DeviceDialect.name(of: spec.elementType) }
    let buffers = inputs.indices.map { "BUFFER(\(name(inputs[$0])), x\($0))" }
    let sizes = strided.isEmpty ? [] : (0..<rank).map { "INDEX d\($0)" }
    let strides = strided.flatMap { input in (0..<rank).map { "INDEX s\(input)_\($0)" } }
    let parameters =
      buffers + ["BUFFER(\(name(output)), y)", "INDEX count"] + sizes + strides
    var lines = ["KERNEL(elementwise)(\(parameters.joined(separator: ", "))) {"]
    lines += inputs.indices.map { "  OPEN(\(name(inputs[$0])), x\($0))" }
    lines += ["  OPEN(\(name(output)), y)", "  FOR_EACH(i, count) {"]
    if !strided.isEmpty {
      lines.append("    INDEX rest = i;")
      for axis in (0..<rank).reversed() {
        lines.append("    const INDEX c\(axis) = rest % d\(axis);")
        lines.append("    rest /= d\(axis);")
      }
    }
    for index in inputs.indices {
      let element = "x\(index)[\(place(index))]"
      let value =
        inputs[index].elementType == .bool ? "\(element) != 0" : element
      lines.append("    const \(DeviceDialect.name(of: type)) v\(index) = \(value);")
    }
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
      let terms = (0..<rank).map { "c\($0) * s\(input)_\($0)" }
      return terms.isEmpty ? "0" : terms.joined(separator: " + ")
    }
  }

  func schedule(_ sizes: KernelSizes) throws -> DeviceSchedule {
    let (shape, count) = (sizes.outputs[0], sizes.outputs[0].elementCount)
    let strides = try sizes.inputs.map { try $0.strides(broadcastTo: shape) }
    guard count > 0 else { return DeviceSchedule([]) }
    var arguments = inputs.indices.map { DeviceArgument.input($0) }
    arguments += [.output(0), .index(count)]
    if !strided.isEmpty { arguments += shape.dimensions.map { .index($0) } }
    arguments += strided.flatMap { strides[$0].map { .index($0) } }
    return DeviceSchedule([DeviceLaunch("elementwise", items: count, arguments)])
  }
}

extension Shape {
  /// How far to step in a tensor of this shape along each dimension of what it broadcasts to: 0 where it
  /// is repeated.
  ///
  /// - Throws: `GraphError` where it does not broadcast.
  func strides(broadcastTo output: Shape) throws -> [Int] {
    let added = output.rank - rank
    guard added >= 0 else { throw GraphError("\(self) does not broadcast to \(output)") }
    let own = strides
    return try output.dimensions.indices.map { axis in
      let size = axis >= added ? self[axis - added] : 1
      guard size == output[axis] || size == 1 else {
        throw GraphError("\(self) does not broadcast to \(output)")
      }
      return size == 1 ? 0 : own[axis - added]
    }
  }
}
