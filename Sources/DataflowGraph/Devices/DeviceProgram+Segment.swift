import Tensors

extension DeviceProgram {
  /// Longer segments are combined by a group each. An atom of a dense material has some hundred blocks of derivatives.
  private static let longest = 2048

  /// Rows with equal ids, combined in the order of the rows.
  ///
  /// Rows are put into the order of their ids first: they are counted, each takes a place in its segment
  /// as threads come, and places are then exchanged so that a segment's rows ascend. Long segments, for
  /// which that takes long, are combined by a group each that looks at all ids.
  ///
  /// - Parameters:
  ///   - function: `add`, `multiply`, `maximum` or `minimum`.
  ///   - start: what a segment without rows is, as a literal.
  static func segments(
    _ function: BinaryFunction, _ type: ElementType, ids: ElementType, start: String
  ) -> DeviceProgram {
    let (name, id) = (DeviceDialect.name(of: type), DeviceDialect.name(of: ids))
    let combined = function.combining("total", "next", type)
    let source = """
      #define LONG \(longest)
      KERNEL(clear)(BUFFER(int, counts), INDEX count) {
        OPEN(int, counts)
        FOR_EACH(i, count) { counts[i] = 0; }
      }
      KERNEL(countRows)(BUFFER(\(id), ids), BUFFER(int, counts), INDEX rows, INDEX segments,
          BUFFER(int, fault)) {
        OPEN(\(id), ids)
        OPEN(int, counts)
        OPEN(int, fault)
        FOR_EACH(row, rows) {
          const \(id) segment = ids[row];
          if (segment >= segments) REPORT(row)
          else if (segment >= 0) ATOMIC_ADD(counts + segment, 1);
        }
      }
      KERNEL(addUp)(BUFFER(int, counts), BUFFER(int, starts), BUFFER(int, next), INDEX segments) {
        OPEN(int, counts)
        OPEN(int, starts)
        OPEN(int, next)
        SHARED int sums[GROUP_SIZE];
        const INDEX length = (segments + GROUP_SIZE - 1) / GROUP_SIZE;
        const INDEX first = THREAD * length;
        const INDEX end = first + length < segments ? first + length : segments;
        int sum = 0;
        for (INDEX i = first; i < end; i++) sum += counts[i];
        sums[THREAD] = sum;
        SYNC;
        int start = 0;
        for (INDEX i = 0; i < THREAD; i++) start += sums[i];
        for (INDEX i = first; i < end; i++) {
          starts[i] = next[i] = start;
          start += counts[i];
        }
        if (end == segments && first <= segments) starts[segments] = start;
      }
      KERNEL(place)(BUFFER(\(id), ids), BUFFER(int, next), BUFFER(int, places), INDEX rows,
          INDEX segments) {
        OPEN(\(id), ids)
        OPEN(int, next)
        OPEN(int, places)
        FOR_EACH(row, rows) {
          const \(id) segment = ids[row];
          if (segment >= 0 && segment < segments)
            places[ATOMIC_ADD(next + segment, 1)] = (int)row;
        }
      }
      KERNEL(order)(BUFFER(\(id), ids), BUFFER(int, starts), BUFFER(int, places),
          BUFFER(int, ordered), INDEX segments) {
        OPEN(\(id), ids)
        OPEN(int, starts)
        OPEN(int, places)
        OPEN(int, ordered)
        FOR_EACH(i, starts[segments]) {
          const int row = places[i];
          const int start = starts[ids[row]], end = starts[ids[row] + 1];
          int rank = 0;
          if (end - start <= LONG)
            for (int k = start; k < end; k++) rank += places[k] < row;
          if (end - start <= LONG) ordered[start + rank] = row;
        }
      }
      KERNEL(combineShort)(BUFFER(\(name), x), BUFFER(int, starts), BUFFER(int, ordered),
          BUFFER(\(name), y), INDEX segments, INDEX inner) {
        OPEN(\(name), x)
        OPEN(int, starts)
        OPEN(int, ordered)
        OPEN(\(name), y)
        FOR_EACH(i, segments * inner) {
          const INDEX segment = i / inner, column = i % inner;
          const int start = starts[segment], end = starts[segment + 1];
          \(name) total = \(start);
          if (end - start <= LONG) {
            for (int k = start; k < end; k++) {
              const \(name) next = x[ordered[k] * inner + column];
              total = \(combined);
            }
            y[i] = total;
          }
        }
      }
      KERNEL(combineLong)(BUFFER(\(name), x), BUFFER(\(id), ids), BUFFER(int, starts),
          BUFFER(\(name), y), INDEX rows, INDEX segments, INDEX inner) {
        OPEN(\(name), x)
        OPEN(\(id), ids)
        OPEN(int, starts)
        OPEN(\(name), y)
        SHARED \(name) sums[GROUP_SIZE];
        for (INDEX segment = GROUP; segment < segments; segment += GROUPS) {
          if (starts[segment + 1] - starts[segment] > LONG) {
            for (INDEX column = 0; column < inner; column++) {
              \(name) total = \(start);
              for (INDEX row = THREAD; row < rows; row += GROUP_SIZE) {
                if (ids[row] == segment) {
                  const \(name) next = x[row * inner + column];
                  total = \(combined);
                }
              }
              sums[THREAD] = total;
              SYNC;
              for (int span = GROUP_SIZE / 2; span > 0; span /= 2) {
                if (THREAD < span) {
                  const \(name) next = sums[THREAD + span];
                  total = sums[THREAD];
                  sums[THREAD] = \(combined);
                }
                SYNC;
              }
              if (THREAD == 0) y[segment * inner + column] = sums[0];
              SYNC;
            }
          }
        }
      }

      """
    return DeviceProgram(source: source, types: [type, ids]) { sizes in
      let (data, ids, segments) = (sizes.inputs[0], sizes.inputs[1], sizes.outputs[0][0])
      guard data.rank >= ids.rank, Array(data.dimensions.prefix(ids.rank)) == ids.dimensions else {
        throw GraphError("\(ids) ids do not fit the rows of \(data)")
      }
      let inner = data.dimensions.dropFirst(ids.rank).reduce(1, *)
      guard max(ids.elementCount, segments) < Int(Int32.max) else {
        throw GraphError("\(ids) ids of \(segments) segments; a device takes fewer than 2^31")
      }
      return schedule(rows: ids.elementCount, segments, inner)
    }
  }

  private static func schedule(rows: Int, _ segments: Int, _ inner: Int) -> DeviceSchedule {
    var bytes = 0
    func scratch(_ count: Int) -> DeviceArgument {
      defer { bytes += (4 * count).roundedUp(toMultipleOf: AlignedStorage.alignment) }
      return .scratch(bytes)
    }
    let (counts, starts, next) = (scratch(segments), scratch(segments + 1), scratch(segments))
    let (places, ordered) = (scratch(rows), scratch(rows))
    let (allRows, all) = (DeviceArgument.index(rows), DeviceArgument.index(segments))
    let width = DeviceArgument.index(inner)
    var launches = [
      DeviceLaunch("clear", items: segments, [counts, all]),
      DeviceLaunch("countRows", items: rows, [.input(1), counts, allRows, all, .fault]),
      DeviceLaunch("addUp", groups: 1, [counts, starts, next, all]),
      DeviceLaunch("place", items: rows, [.input(1), next, places, allRows, all]),
      DeviceLaunch("order", items: rows, [.input(1), starts, places, ordered, all]),
      DeviceLaunch(
        "combineShort", items: segments * inner,
        [.input(0), starts, ordered, .output(0), all, width]),
    ]
    if rows > longest {
      launches.append(
        DeviceLaunch(
          "combineLong", groups: min(segments, 1024),
          [.input(0), .input(1), starts, .output(0), allRows, all, width]))
    }
    return DeviceSchedule(launches.filter { $0.groups > 0 }, scratchBytes: bytes) {
      outOfRange($0, segments)
    }
  }
}
