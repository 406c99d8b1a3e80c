import Dataflow

extension DeviceProgram {
  /// A thread adds up one component of an atom's force and what belongs to it of the virial.
  static func neighbourForces(_ type: ElementType) -> DeviceProgram {
    let name = DeviceDialect.name(of: type)
    let source = """
      KERNEL(collect)(BUFFER(\(name), slopes), BUFFER(\(name), d), BUFFER(int, starts),
          BUFFER(int, otherStarts), BUFFER(int, others), BUFFER(\(name), forces),
          BUFFER(\(name), virials), INDEX rows, INDEX pairs, BUFFER(int, fault)) {
        OPEN(\(name), slopes)
        OPEN(\(name), d)
        OPEN(int, starts)
        OPEN(int, otherStarts)
        OPEN(int, others)
        OPEN(\(name), forces)
        OPEN(\(name), virials)
        OPEN(int, fault)
        FOR_EACH(i, 3 * rows) {
          const INDEX row = i / 3, c = i % 3;
          const int isWrong = starts[row] < 0 || starts[row + 1] < starts[row] ||
            starts[row + 1] > pairs || (row == 0 && starts[0] != 0) ||
            (row == rows - 1 && starts[rows] != pairs);
          const int isOtherWrong = otherStarts[row] < 0 ||
            otherStarts[row + 1] < otherStarts[row] || otherStarts[row + 1] > pairs ||
            (row == 0 && otherStarts[0] != 0) || (row == rows - 1 && otherStarts[rows] != pairs);
          if (isWrong || isOtherWrong) REPORT(row)
          \(name) force = 0, x = 0, y = 0, z = 0;
          const INDEX end = isWrong ? 0 : starts[row + 1];
          for (INDEX pair = isWrong ? 0 : starts[row]; pair < end; pair++) {
            const \(name) slope = slopes[3 * pair + c];
            force += slope;
            x -= d[3 * pair] * slope;
            y -= d[3 * pair + 1] * slope;
            z -= d[3 * pair + 2] * slope;
          }
          const INDEX otherEnd = isOtherWrong ? 0 : otherStarts[row + 1];
          for (INDEX k = isOtherWrong ? 0 : otherStarts[row]; k < otherEnd; k++) {
            const int pair = others[k];
            if (pair < 0 || pair >= pairs) REPORT(rows + k)
            else force -= slopes[3 * (INDEX)pair + c];
          }
          forces[i] = force;
          virials[9 * row + c] = x;
          virials[9 * row + 3 + c] = y;
          virials[9 * row + 6 + c] = z;
        }
      }

      """
    return DeviceProgram(source: source, types: [type, .int32]) { sizes in
      try NeighbourForces.check(sizes)
      let (pairs, rows) = (sizes.inputs[0][0], sizes.outputs[0][0])
      guard pairs + rows < Int(Int32.max) else {
        throw GraphError(
          "\(rows) atoms and \(pairs) pairs; a device takes fewer than 2^31 together")
      }
      guard rows > 0 else {
        if pairs == 0 { return DeviceSchedule([]) }
        throw GraphError(wrongStarts(0, pairs))
      }
      let launch = DeviceLaunch(
        "collect", items: 3 * rows,
        (0..<5).map { .input($0) } + [.output(0), .output(1), .index(rows), .index(pairs), .fault])
      return DeviceSchedule([launch]) { number in
        number < rows
          ? wrongStarts(number, pairs) : NeighbourForces.wrongPair(number - rows, pairs)
      }
    }
  }
}
