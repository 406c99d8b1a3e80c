import Tensors

extension DeviceProgram {
  /// The sum of tensors of one shape, in their order: more of them than a kernel has parameters, so a kernel adds some
  /// to what there is so far. That lies in memory of its own, since the output may lie where an input does that comes
  /// again.
  static func sum(_ type: ElementType, inputCount: Int) -> DeviceProgram {
    let most = DeviceDialect.mostParameters
    let parts = stride(from: 0, to: inputCount, by: most).map {
      $0..<min($0 + most, inputCount)
    }
    let launches = parts.map { part in
      let isFirst = part.lowerBound == 0
      let isLast = part.upperBound == inputCount
      return (
        terms: (isFirst ? [] : [.scratch(0)]) + part.map { DeviceArgument.input($0) },
        target: isLast ? DeviceArgument.output(0) : .scratch(0)
      )
    }
    let kernels = Set(launches.map(\.terms.count)).sorted().map { kernel(type, terms: $0) }
    return DeviceProgram(source: kernels.joined(), types: [type]) { sizes in
      let count = sizes.outputs[0].elementCount
      guard count > 0 else { return DeviceSchedule([]) }
      return DeviceSchedule(
        launches.map { terms, target in
          DeviceLaunch("sum\(terms.count)", items: count, terms + [target, .index(count)])
        }, scratchBytes: count * type.size)
    }
  }

  private static func kernel(_ type: ElementType, terms: Int) -> String {
    let name = DeviceDialect.name(of: type)
    let buffers = (0..<terms).map { "x\($0)" } + ["y"]
    let parameters = buffers.map { "BUFFER(\(name), \($0))" } + ["INDEX count"]
    let steps = (1..<terms).map { index in
      "    sum = \(BinaryFunction.add.combining("sum", "x\(index)[i]", type));"
    }
    return """
      KERNEL(sum\(terms))(\(parameters.joined(separator: ", "))) {
      \(buffers.map { "  OPEN(\(name), \($0))" }.joined(separator: "\n"))
        FOR_EACH(i, count) {
          \(name) sum = x0[i];
      \(steps.joined(separator: "\n"))
          y[i] = sum;
        }
      }

      """
  }
}
