import Tensors

/// What goes along a line, one element after the other.
enum LineRecurrence {
  /// Everything so far, combined: the element itself left out where it is exclusive.
  case combined(BinaryFunction, exclusive: Bool)
  /// `y[i] = a[i] · y[i-1] + b[i]`, the inputs being a and b.
  case linear

  /// Whether a line may be cut into pieces that are summed up first. Products of pieces may overflow where
  /// those of the elements in their order do not.
  fileprivate var isSum: Bool {
    if case .combined(.add, _) = self { true } else { false }
  }
}

extension DeviceProgram {
  /// A recurrence along one dimension, in a thread for each line. Where lines are few and long, a group takes
  /// a running sum: of each piece of a line the sum comes first, so that every thread knows where its own
  /// begins.
  static func lines(
    _ recurrence: LineRecurrence, _ type: ElementType, axis: Int, reverse: Bool
  ) -> DeviceProgram {
    let text = LineText(recurrence, type, reverse: reverse)
    let source = text.lines + (recurrence.isSum ? text.pieces : "")
    return DeviceProgram(source: source, types: [type]) { sizes in
      let shape = sizes.outputs[0]
      guard sizes.inputs.allSatisfy({ $0 == shape }) else {
        throw GraphError("the factors \(sizes.inputs[0]) do not fit the summands \(shape)")
      }
      guard shape.elementCount > 0 else { return DeviceSchedule([]) }
      let inner = shape.dimensions.dropFirst(axis + 1).reduce(1, *)
      let (length, lines) = (shape[axis], shape.elementCount / shape[axis])
      let arguments =
        sizes.inputs.indices.map { DeviceArgument.input($0) }
        + [.output(0), .index(lines), .index(length), .index(inner)]
      return DeviceSchedule([
        recurrence.isSum && length >= 1024 && lines < 4096
          ? DeviceLaunch("pieces", groups: lines, arguments)
          : DeviceLaunch("lines", items: lines, arguments)
      ])
    }
  }
}

/// The kernels' texts: `i` is an element's place, `k` its number in the line, `total` what there is so far.
private struct LineText {
  private let name: String
  private let buffers: [String]
  /// What there is in front of the first element.
  private let start: String
  /// Takes the number `next` in.
  private let take: String
  /// Takes an element in and writes its result.
  private let store: String
  private let place: String

  init(_ recurrence: LineRecurrence, _ type: ElementType, reverse: Bool) {
    name = DeviceDialect.name(of: type)
    place = "first + \(reverse ? "(length - 1 - k)" : "k") * inner"
    switch recurrence {
    case .combined(let function, let exclusive):
      buffers = ["x"]
      start = function.identityText(type)
      take = "total = \(function.combining("total", "next", type));"
      let result = exclusive ? "before" : "total"
      store =
        "const \(name) next = x[i], before = total; \(take) y[i] = \(result);"
    case .linear:
      buffers = ["a", "b"]
      (start, take) = ("0", "")
      // Nothing comes before the first element, whatever its factor is.
      store = "total = k > 0 ? b[i] + a[i] * total : b[i]; y[i] = total;"
    }
  }

  private func kernel(_ kernel: String, _ body: String) -> String {
    let all = buffers + ["y"]
    return """
      KERNEL(\(kernel))(\(all.map { "BUFFER(\(name), \($0))" }.joined(separator: ", ")),
          INDEX lines, INDEX length, INDEX inner) {
      \(all.map { "  OPEN(\(name), \($0))" }.joined(separator: "\n"))
      \(body)
      }

      """
  }

  var lines: String {
    kernel(
      "lines",
      """
        FOR_EACH(line, lines) {
          const INDEX first = line / inner * length * inner + line % inner;
          \(name) total = \(start);
          for (INDEX k = 0; k < length; k++) {
            const INDEX i = \(place);
            \(store)
          }
        }
      """)
  }

  var pieces: String {
    kernel(
      "pieces",
      """
        SHARED \(name) sums[GROUP_SIZE];
        const INDEX piece = (length + GROUP_SIZE - 1) / GROUP_SIZE;
        const INDEX begin = THREAD * piece < length ? THREAD * piece : length;
        const INDEX end = begin + piece < length ? begin + piece : length;
        for (INDEX line = GROUP; line < lines; line += GROUPS) {
          const INDEX first = line / inner * length * inner + line % inner;
          \(name) total = \(start);
          for (INDEX k = begin; k < end; k++) {
            const \(name) next = x[\(place)];
            \(take)
          }
          sums[THREAD] = total;
          SYNC;
          total = \(start);
          for (INDEX other = 0; other < THREAD; other++) {
            const \(name) next = sums[other];
            \(take)
          }
          SYNC;
          for (INDEX k = begin; k < end; k++) {
            const INDEX i = \(place);
            \(store)
          }
        }
      """)
  }
}
