import Tensors

extension DeviceProgram {
  /// The elements along some dimensions, combined.
  ///
  /// Each launch has many threads combine some elements each, so that few results of many elements are
  /// no slower than many of few; which elements those are depends on sizes alone.
  ///
  /// - Parameters:
  ///   - function: `add`, `multiply`, `maximum` or `minimum`.
  ///   - isMean: whether the results are divided by how many elements they are of.
  static func reduction(
    _ function: BinaryFunction, _ type: ElementType, reduced: Set<Int>, isMean: Bool = false
  ) -> DeviceProgram {
    let source = reduction("reduce", function, type, isDivided: isMean)
    return DeviceProgram(source: source, types: [type]) { sizes in
      let (count, results) = (sizes.inputs[0].elementCount, sizes.outputs[0].elementCount)
      let divisor = isMean && results > 0 ? count / results : 1
      return ReductionPasses(sizes, reduced: reduced, type, divisor).schedule
    }
  }

  /// Half the sum of all elements' squares.
  static func halfSquares(_ type: ElementType, rank: Int) -> DeviceProgram {
    let source =
      reduction("reduce", .add, type, isDivided: true)
      + reduction("reduceSquares", .add, type, isDivided: true, isSquared: true)
    return DeviceProgram(source: source, types: [type]) { sizes in
      ReductionPasses(sizes, reduced: Set(0..<rank), type, 2, first: "reduceSquares").schedule
    }
  }

  private static func reduction(
    _ kernel: String, _ function: BinaryFunction, _ type: ElementType, isDivided: Bool,
    isSquared: Bool = false
  ) -> String {
    let name = DeviceDialect.name(of: type)
    let divided = isDivided ? "total / (\(name))divisor" : "total"
    let next = isSquared ? "element * element" : "element"
    return """
      KERNEL(\(kernel))(BUFFER(\(name), x), BUFFER(\(name), y), INDEX outer, INDEX reduced,
          INDEX inner, INDEX splits, INDEX divisor) {
        OPEN(\(name), x)
        OPEN(\(name), y)
        FOR_EACH(i, outer * splits * inner) {
          const INDEX column = i % inner;
          const INDEX split = i / inner % splits;
          const INDEX first = i / inner / splits * reduced * inner + column;
          \(name) total = \(function.identityText(type));
          for (INDEX k = split; k < reduced; k += splits) {
            const \(name) element = x[first + k * inner];
            const \(name) next = \(next);
            total = \(function.combining("total", "next", type));
          }
          y[i] = \(divided);
        }
      }

      """
  }
}

/// The launches of a reduction, one after the other.
private struct ReductionPasses {
  private static let wantedThreads = 1 << 16
  private static let leastElements = 16

  private var launches: [DeviceLaunch] = []
  private var source = DeviceArgument.input(0)
  private var scratch = 0
  private let elementSize: Int
  private var kernel: String

  /// - Parameters:
  ///   - divisor: what the results are divided by.
  ///   - first: the kernel of the first launch; the others' is `reduce`.
  init(
    _ sizes: KernelSizes, reduced: Set<Int>, _ type: ElementType, _ divisor: Int,
    first: String = "reduce"
  ) {
    elementSize = type.size
    kernel = first
    guard sizes.outputs[0].elementCount > 0 else { return }
    let groups = Self.groups(sizes.inputs[0], reduced)
    for (index, group) in groups.enumerated() {
      add(group, isLast: index == groups.count - 1, divisor)
    }
  }

  var schedule: DeviceSchedule { DeviceSchedule(launches, scratchBytes: scratch) }

  private typealias Group = (outer: Int, reduced: Int, inner: Int)

  /// Neighbouring dimensions together, the innermost first; one of a single element where there is nothing
  /// to combine.
  private static func groups(_ shape: Shape, _ reduced: Set<Int>) -> [Group] {
    guard shape.elementCount > 0 else {
      let results = shape.dimensions.indices.map { reduced.contains($0) ? 1 : shape[$0] }
      return [(results.reduce(1, *), 0, 1)]
    }
    var groups: [Group] = []
    var (outer, middle, inner) = (shape.elementCount, 1, 1)
    for axis in shape.dimensions.indices.reversed() {
      outer /= shape[axis]
      if reduced.contains(axis) {
        middle *= shape[axis]
        if axis > 0, reduced.contains(axis - 1) { continue }
        if middle > 1 { groups.append((outer, middle, inner)) }
        middle = 1
      } else {
        inner *= shape[axis]
      }
    }
    return groups.isEmpty ? [(shape.elementCount, 1, 1)] : groups
  }

  private mutating func add(_ group: Group, isLast: Bool, _ divisor: Int) {
    var rest = group.reduced
    let results = group.outer * group.inner
    while true {
      let wanted = (Self.wantedThreads + results - 1) / results
      let possible = (rest + Self.leastElements - 1) / Self.leastElements
      let splits = max(1, min(wanted, possible))
      let isEnd = isLast && splits == 1
      let target = isEnd ? DeviceArgument.output(0) : .scratch(scratch)
      launches.append(
        DeviceLaunch(
          kernel, items: results * splits,
          [
            source, target, .index(group.outer), .index(rest), .index(group.inner), .index(splits),
            .index(isEnd ? divisor : 1),
          ]))
      if !isEnd {
        scratch += (results * splits * elementSize)
          .roundedUp(toMultipleOf: AlignedStorage.alignment)
      }
      source = target
      kernel = "reduce"
      if splits == 1 { return }
      rest = splits
    }
  }
}
