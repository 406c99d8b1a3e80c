import Tensors

extension DeviceProgram {
  /// The product of two matrices, by tiles of the result that a group computes from tiles of the factors
  /// in its memory; where the result is small and the inner dimension long, parts of that are summed
  /// up at the end.
  static func matMul(
    _ type: ElementType, transposeA: Bool, transposeB: Bool
  ) -> DeviceProgram {
    let name = DeviceDialect.name(of: type)
    // Of the threads that fill a tile, neighbours read neighbouring elements.
    let (rowA, innerA) = transposeA ? ("l % TILE", "l / TILE") : ("l / DEPTH", "l % DEPTH")
    let (columnB, innerB) = transposeB ? ("l / DEPTH", "l % DEPTH") : ("l % TILE", "l / TILE")
    let placeA = transposeA ? "k * rows + r" : "r * inner + k"
    let placeB = transposeB ? "c * inner + k" : "k * columns + c"
    let source = """
      #define TILE 64
      #define DEPTH 16
      KERNEL(multiply)(BUFFER(\(name), a), BUFFER(\(name), b), BUFFER(\(name), y), INDEX rows,
          INDEX inner, INDEX columns, INDEX length) {
        OPEN(\(name), a)
        OPEN(\(name), b)
        OPEN(\(name), y)
        SHARED \(name) left[DEPTH][TILE + 1];
        SHARED \(name) right[DEPTH][TILE + 1];
        const INDEX across = (columns + TILE - 1) / TILE;
        const INDEX tiles = (rows + TILE - 1) / TILE * across;
        const int x = (int)(THREAD % 16), z = (int)(THREAD / 16);
        const INDEX part = GROUP / tiles;
        const INDEX tile = GROUP % tiles;
        const INDEX row = tile / across * TILE, column = tile % across * TILE;
        const INDEX end = (part + 1) * length < inner ? (part + 1) * length : inner;
        \(name) sums[4][4];
        for (int i = 0; i < 4; i++) for (int j = 0; j < 4; j++) sums[i][j] = 0;
        for (INDEX first = part * length; first < end; first += DEPTH) {
          for (int l = (int)THREAD; l < TILE * DEPTH; l += GROUP_SIZE) {
            {
              const INDEX r = row + \(rowA), k = first + \(innerA);
              left[\(innerA)][\(rowA)] = r < rows && k < end ? a[\(placeA)] : 0;
            }
            {
              const INDEX c = column + \(columnB), k = first + \(innerB);
              right[\(innerB)][\(columnB)] = c < columns && k < end ? b[\(placeB)] : 0;
            }
          }
          SYNC;
          for (int k = 0; k < DEPTH; k++) {
            \(name) p[4], q[4];
            for (int i = 0; i < 4; i++) {
              p[i] = left[k][z + 16 * i];
              q[i] = right[k][x + 16 * i];
            }
            for (int i = 0; i < 4; i++)
              for (int j = 0; j < 4; j++) sums[i][j] = fma(p[i], q[j], sums[i][j]);
          }
          SYNC;
        }
        for (int i = 0; i < 4; i++)
          for (int j = 0; j < 4; j++) {
            const INDEX r = row + z + 16 * i, c = column + x + 16 * j;
            if (r < rows && c < columns) y[(part * rows + r) * columns + c] = sums[i][j];
          }
      }
      KERNEL(addParts)(BUFFER(\(name), x), BUFFER(\(name), y), INDEX count, INDEX parts) {
        OPEN(\(name), x)
        OPEN(\(name), y)
        FOR_EACH(i, count) {
          \(name) total = 0;
          for (INDEX part = 0; part < parts; part++) total += x[part * count + i];
          y[i] = total;
        }
      }

      """
    return DeviceProgram(source: source, types: [type]) { sizes in
      let inner = sizes.inputs[0][transposeA ? 0 : 1]
      guard inner == sizes.inputs[1][transposeB ? 1 : 0] else {
        throw GraphError("the inner sizes of \(sizes.inputs[0]) and \(sizes.inputs[1]) differ")
      }
      return schedule(sizes.outputs[0][0], inner, sizes.outputs[0][1], type.size)
    }
  }

  private static func schedule(
    _ rows: Int, _ inner: Int, _ columns: Int, _ elementSize: Int
  ) -> DeviceSchedule {
    let count = rows * columns
    guard count > 0 else { return DeviceSchedule([]) }
    let tiles = ((rows + 63) / 64) * ((columns + 63) / 64)
    // Some groups for each processor of a large device, with enough to do.
    let wanted = min((512 + tiles - 1) / tiles, max(1, inner / 256))
    let length = max(16, ((inner + wanted - 1) / wanted).roundedUp(toMultipleOf: 16))
    let parts = max(1, (inner + length - 1) / length)
    func multiply(into target: DeviceArgument) -> DeviceLaunch {
      DeviceLaunch(
        "multiply", groups: tiles * parts,
        [
          .input(0), .input(1), target, .index(rows), .index(inner), .index(columns),
          .index(length),
        ])
    }
    if parts == 1 { return DeviceSchedule([multiply(into: .output(0))]) }
    let add = DeviceLaunch(
      "addParts", items: count, [.scratch(0), .output(0), .index(count), .index(parts)])
    return DeviceSchedule(
      [multiply(into: .scratch(0)), add], scratchBytes: parts * count * elementSize)
  }
}
