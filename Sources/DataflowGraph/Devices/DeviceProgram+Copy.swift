import Tensors

/// A copy whose dimensions do not continue each other has that many at most.
private let mostCopyDimensions = 10

extension DeviceProgram {
  /// Copies of elements at regular distances, from inputs to outputs.
  ///
  /// - Parameters:
  ///   - clears: whether the copies leave gaps in the first output, which are zeros.
  static func copies(
    _ type: ElementType, clears: Bool,
    _ layout: @escaping @Sendable (KernelSizes) throws -> [StridedCopyKernel.Part]
  ) -> DeviceProgram {
    let name = DeviceDialect.name(of: type)
    let axes = 0..<mostCopyDimensions
    func parameters(_ letter: String) -> String {
      axes.map { "INDEX \(letter)\($0)" }.joined(separator: ", ")
    }
    // Innermost dimension first; divisions are what a copy takes longest for.
    let steps = axes.map { axis in
      """
          if (rank > \(axis)) {
            const INDEX c = rest % n\(axis);
            rest /= n\(axis);
            from += c * s\(axis);
            to += c * t\(axis);
          }
      """
    }
    let source = """
      KERNEL(copy)(BUFFER(\(name), x), BUFFER(\(name), y), INDEX count, INDEX rank,
          INDEX sourceStart, INDEX targetStart, \(parameters("n")), \(parameters("s")), \(parameters("t"))) {
        OPEN(\(name), x)
        OPEN(\(name), y)
        FOR_EACH(i, count) {
          INDEX rest = i, from = sourceStart, to = targetStart;
      \(steps.joined(separator: "\n"))
          y[to] = x[from];
        }
      }
      KERNEL(clear)(BUFFER(\(name), y), INDEX count) {
        OPEN(\(name), y)
        FOR_EACH(i, count) { y[i] = 0; }
      }

      """
    return DeviceProgram(source: source, types: [type]) { sizes in
      let parts = try layout(sizes).filter { $0.copy.rows > 0 && $0.copy.rowLength > 0 }
      if let long = parts.first(where: { $0.copy.axes.count > mostCopyDimensions }) {
        throw GraphError(
          "copies along \(long.copy.axes.count) dimensions; a device does at most \(mostCopyDimensions)"
        )
      }
      let count = sizes.outputs.first?.elementCount ?? 0
      let clearing = DeviceLaunch("clear", items: count, [.output(0), .index(count)])
      return DeviceSchedule(
        (clears && count > 0 ? [clearing] : []) + parts.map { $0.launch(rank: axes.count) })
    }
  }

  /// The elements of one input as they are, into the first output.
  static func copy(_ type: ElementType, input: Int) -> DeviceProgram {
    copies(type, clears: false) { sizes in
      try sizes.checkCount(of: input)
      let flat = Shape([sizes.inputs[input].elementCount])
      return [
        .init(
          input: input,
          copy: StridedCopy(sizes: flat.dimensions, from: flat.layout, to: flat.layout))
      ]
    }
  }
}

extension StridedCopyKernel.Part {
  fileprivate func launch(rank: Int) -> DeviceLaunch {
    func padded(_ numbers: [Int], _ filler: Int) -> [DeviceArgument] {
      (numbers + Array(repeating: filler, count: rank - numbers.count)).map { .index($0) }
    }
    let (axes, count) = (copy.axes, copy.rows * copy.rowLength)
    return DeviceLaunch(
      "copy", items: count,
      [
        .input(input), .output(output), .index(count), .index(axes.count),
        .index(copy.sourceStart), .index(copy.targetStart),
      ] + padded(axes.map(\.size), 1) + padded(axes.map(\.source), 0)
        + padded(axes.map(\.target), 0))
  }
}
