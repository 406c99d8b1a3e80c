import Tensors

/// What is computed of the exponentials of a row.
enum RowResult {
  /// `exp(x) / Σ exp(x)`, and its logarithm.
  case softmax, logSoftmax
  /// The cross entropy of a row and its probabilities, the second input, and what it changes with x.
  case crossEntropy
  /// The same with the place of the only probability, of the type, as the second input.
  case sparseCrossEntropy(labels: ElementType)
}

extension DeviceProgram {
  /// What there is of the exponentials of rows, along the last dimension. A team of threads takes a row; its
  /// partial results are put together pairwise.
  static func rows(_ result: RowResult, _ type: ElementType) -> DeviceProgram {
    let text = RowText(result, type)
    return DeviceProgram(source: text.source, types: text.types) { sizes in
      let x = sizes.inputs[0]
      let (rows, length) = (x.dimensions.dropLast().reduce(1, *), x.dimensions.last!)
      try text.check(sizes)
      guard rows > 0 else { return DeviceSchedule([]) }
      var width = 1
      while width < min(length, DeviceDialect.groupSize) { width *= 2 }
      let teams = DeviceDialect.groupSize / width
      let sizes: [DeviceArgument] = [.index(rows), .index(length), .index(width)]
      let launch = DeviceLaunch(
        "rows", groups: min((rows + teams - 1) / teams, DeviceDialect.mostGroups),
        text.arguments + sizes + text.fault)
      if text.fault.isEmpty { return DeviceSchedule([launch]) }
      return DeviceSchedule([launch]) { outOfRange($0, length) }
    }
  }
}

private struct RowText: Sendable {
  let source: String
  let types: Set<ElementType>
  let arguments: [DeviceArgument]
  /// The argument for faults, where there may be some.
  let fault: [DeviceArgument]
  private let hasLabels: Bool

  init(_ result: RowResult, _ type: ElementType) {
    let name = DeviceDialect.name(of: type)
    switch result {
    case .softmax, .logSoftmax:
      (types, fault, hasLabels) = ([type], [], false)
      arguments = [.input(0), .output(0)]
    case .crossEntropy:
      (types, fault, hasLabels) = ([type], [], false)
      arguments = [.input(0), .input(1), .output(0), .output(1)]
    case .sparseCrossEntropy(let labels):
      (types, fault, hasLabels) = ([type, labels], [.fault], true)
      arguments = [.input(0), .input(1), .output(0), .output(1)]
    }
    var buffers = [(name, "x")]
    switch result {
    case .softmax, .logSoftmax: break
    case .crossEntropy: buffers += [(name, "p"), (name, "loss")]
    case .sparseCrossEntropy(let labels):
      buffers += [(DeviceDialect.name(of: labels), "labels"), (name, "loss")]
    }
    buffers.append((name, "y"))
    let parameters = buffers.map { "BUFFER(\($0), \($1))" }.joined(separator: ", ")
    source = """
      KERNEL(rows)(\(parameters), INDEX rows, INDEX length, INDEX width\(hasLabels ? ", BUFFER(int, fault)" : "")) {
      \(buffers.map { "  OPEN(\($0), \($1))" }.joined(separator: "\n"))
      \(hasLabels ? "  OPEN(int, fault)" : "")
        SHARED \(name) parts[GROUP_SIZE];
        const INDEX teams = GROUP_SIZE / width;
        const INDEX member = THREAD % width, leader = THREAD - member;
        for (INDEX base = GROUP * teams; base < rows; base += GROUPS * teams) {
          const INDEX row = base + THREAD / width;
          const INDEX end = row < rows ? length : 0;
          const INDEX first = row < rows ? row * length : 0;
          \(name) highest = -INFINITY;
          for (INDEX k = member; k < end; k += width) {
            const \(name) next = x[first + k];
            highest = next > highest ? next : highest;
          }
      \(Self.collected("highest", "next > parts[THREAD] ? next : parts[THREAD]", name))
          \(name) total = 0;
          for (INDEX k = member; k < end; k += width) total += exp(x[first + k] - highest);
      \(Self.collected("total", "parts[THREAD] + next", name))
      \(Self.results(result, name))
        }
      }

      """
  }

  /// Statements after which all threads of a team have what their values are together.
  private static func collected(_ value: String, _ combined: String, _ name: String) -> String {
    """
        parts[THREAD] = \(value);
        SYNC;
        for (INDEX span = width / 2; span > 0; span /= 2) {
          if (member < span) {
            const \(name) next = parts[THREAD + span];
            parts[THREAD] = \(combined);
          }
          SYNC;
        }
        \(value) = parts[leader];
        SYNC;
    """
  }

  private static func results(_ result: RowResult, _ name: String) -> String {
    func each(_ statements: String) -> String {
      "    for (INDEX k = member; k < end; k += width) { \(statements) }"
    }
    switch result {
    case .softmax:
      return each("y[first + k] = exp(x[first + k] - highest) / total;")
    case .logSoftmax:
      return """
            const \(name) logarithm = log(total);
        \(each("y[first + k] = x[first + k] - highest - logarithm;"))
        """
    case .crossEntropy:
      return """
            const \(name) logarithm = log(total);
            \(name) sum = 0;
        \(each(
          "const INDEX i = first + k; sum += p[i] * (logarithm - (x[i] - highest));"
            + " y[i] = exp(x[i] - highest) / total - p[i];"))
        \(collected("sum", "parts[THREAD] + next", name))
            if (member == 0 && row < rows) loss[row] = sum;
        """
    case .sparseCrossEntropy:
      return """
            const Int64 label = row < rows ? labels[row] : 0;
            const int isWrong = row < rows && (label < 0 || label >= length);
            if (isWrong && member == 0) REPORT(row)
        \(each(
          "y[first + k] = exp(x[first + k] - highest) / total - (k == label ? 1 : 0);"))
            if (member == 0 && row < rows)
              loss[row] = isWrong ? 0 : log(total) - (x[first + (INDEX)label] - highest);
        """
    }
  }

  func check(_ sizes: KernelSizes) throws {
    guard sizes.inputs.count == 2 else { return }
    let (x, labels) = (sizes.inputs[0], sizes.inputs[1])
    guard hasLabels ? labels == [x[0]] : labels == x else {
      throw GraphError("the labels' shape \(labels) does not fit \(x)")
    }
  }
}
