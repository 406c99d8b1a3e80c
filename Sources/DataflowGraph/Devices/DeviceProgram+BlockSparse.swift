import Tensors

// In all three a group takes a row, and then another one: the lines of a row's blocks follow each other
// in memory, and the group reads them side by side. Blocks in half precision are computed with in single
// precision.

extension DeviceProgram {
  /// What the kernels have in common: the lines of a row, none for row starts that cannot be.
  private static func rows(_ name: String) -> String {
    """
    #define LINES(row) \\
      const int isWrong = starts[row] < 0 || starts[row + 1] < starts[row] || \\
        starts[row + 1] > blockCount || (row == 0 && starts[0] != 0) || \\
        (row == rows - 1 && starts[rows] != blockCount); \\
      if (isWrong && THREAD == 0) REPORT(row) \\
      const INDEX first = isWrong ? 0 : starts[row] * height; \\
      const INDEX end = isWrong ? 0 : starts[row + 1] * height;

    """
  }

  /// `y[p, c] = Σ_g blocks[p, c, g] · x[row(p), g]`
  ///
  /// - Parameter type: the blocks'.
  static func blockSparseProduct(_ type: ElementType) -> DeviceProgram {
    let (stored, computed) = (DeviceDialect.name(of: type), DeviceDialect.computed(type))
    let name = DeviceDialect.name(of: computed)
    let element = DeviceDialect.element("blocks", "r * width + c", type)
    // Eight threads sum up a line: each takes some columns of what all have loaded together.
    let source = """
      \(rows(name))#define TEAM 8
      #define COUNT (GROUP_SIZE / TEAM)
      #define WIDTH 32
      KERNEL(product)(BUFFER(\(stored), blocks), BUFFER(\(name), x), BUFFER(int, starts),
          BUFFER(\(name), y), INDEX rows, INDEX blockCount, INDEX height, INDEX width,
          BUFFER(int, fault)) {
        OPEN(\(stored), blocks)
        OPEN(\(name), x)
        OPEN(int, starts)
        OPEN(\(name), y)
        OPEN(int, fault)
        SHARED \(name) tile[COUNT][WIDTH + 1];
        SHARED \(name) sums[COUNT][TEAM + 1];
        const int own = (int)(THREAD / TEAM), member = (int)(THREAD % TEAM);
        for (INDEX row = GROUP; row < rows; row += GROUPS) {
          LINES(row)
          for (INDEX line = first; line < end; line += COUNT) {
            \(name) total = 0;
            for (INDEX column = 0; column < width; column += WIDTH) {
              for (int l = (int)THREAD; l < COUNT * WIDTH; l += GROUP_SIZE) {
                const INDEX r = line + l / WIDTH, c = column + l % WIDTH;
                tile[l / WIDTH][l % WIDTH] =
                  r < end && c < width ? \(element) * x[row * width + c] : 0;
              }
              SYNC;
              for (int k = member; k < WIDTH; k += TEAM) total += tile[own][k];
              SYNC;
            }
            sums[own][member] = total;
            SYNC;
            if (member == 0 && line + own < end) {
              for (int k = 1; k < TEAM; k++) total += sums[own][k];
              y[line + own] = total;
            }
            SYNC;
          }
        }
      }

      """
    return DeviceProgram(source: source, types: [type, computed]) { sizes in
      let (blocks, x) = (sizes.inputs[0], sizes.inputs[1])
      guard x[1] == blocks[2], sizes.inputs[2][0] == x[0] + 1 else {
        throw GraphError("\(blocks), \(x) and \(sizes.inputs[2]) do not fit")
      }
      return try schedule("product", BlockSparseSizes(x[0], blocks))
    }
  }

  /// `x[i, g] = Σ_{p in row i} Σ_c blocks[p, c, g] · y[p, c]`
  ///
  /// - Parameter type: the blocks'.
  static func blockSparseTransposedProduct(_ type: ElementType) -> DeviceProgram {
    let (stored, computed) = (DeviceDialect.name(of: type), DeviceDialect.computed(type))
    let name = DeviceDialect.name(of: computed)
    let element = DeviceDialect.element("blocks", "line * width + c", type)
    // Teams as wide as a line take a line each; their sums are added up at the end.
    let source = """
      \(rows(name))KERNEL(transposed)(BUFFER(\(stored), blocks), BUFFER(\(name), y),
          BUFFER(int, starts), BUFFER(\(name), x), INDEX rows, INDEX blockCount, INDEX height,
          INDEX width, BUFFER(int, fault)) {
        OPEN(\(stored), blocks)
        OPEN(\(name), y)
        OPEN(int, starts)
        OPEN(\(name), x)
        OPEN(int, fault)
        SHARED \(name) sums[GROUP_SIZE];
        const INDEX span = width < GROUP_SIZE ? width : GROUP_SIZE;
        const INDEX teams = GROUP_SIZE / span;
        const INDEX team = THREAD / span, member = THREAD % span;
        for (INDEX row = GROUP; row < rows; row += GROUPS) {
          LINES(row)
          for (INDEX column = 0; column < width; column += span) {
            const INDEX c = column + member;
            \(name) total = 0;
            if (team < teams && c < width)
              for (INDEX line = first + team; line < end; line += teams)
                total = fma(\(element), y[line], total);
            sums[THREAD] = total;
            SYNC;
            if (team == 0 && c < width) {
              for (INDEX k = 1; k < teams; k++) total += sums[k * span + member];
              x[row * width + c] = total;
            }
            SYNC;
          }
        }
      }

      """
    return DeviceProgram(source: source, types: [type, computed]) { sizes in
      let blocks = sizes.inputs[0]
      guard sizes.inputs[1] == [blocks[0], blocks[1]],
        sizes.inputs[2][0] == sizes.outputs[0][0] + 1
      else {
        throw GraphError("\(blocks), \(sizes.inputs[1]) and \(sizes.inputs[2]) do not fit")
      }
      return try schedule("transposed", BlockSparseSizes(sizes.outputs[0][0], blocks))
    }
  }

  /// `blocks[p, c, g] = x[row(p), g] · y[p, c]`
  static func blockSparseOuterProduct(_ type: ElementType) -> DeviceProgram {
    let name = DeviceDialect.name(of: type)
    let source = """
      \(rows(name))KERNEL(outer)(BUFFER(\(name), x), BUFFER(\(name), y), BUFFER(int, starts),
          BUFFER(\(name), blocks), INDEX rows, INDEX blockCount, INDEX height, INDEX width,
          BUFFER(int, fault)) {
        OPEN(\(name), x)
        OPEN(\(name), y)
        OPEN(int, starts)
        OPEN(\(name), blocks)
        OPEN(int, fault)
        for (INDEX row = GROUP; row < rows; row += GROUPS) {
          LINES(row)
          for (INDEX i = first * width + THREAD; i < end * width; i += GROUP_SIZE)
            blocks[i] = x[row * width + i % width] * y[i / width];
        }
      }

      """
    return DeviceProgram(source: source, types: [type]) { sizes in
      let (x, blocks) = (sizes.inputs[0], sizes.outputs[0])
      guard sizes.inputs[2][0] == x[0] + 1 else {
        throw GraphError("\(x) and row starts \(sizes.inputs[2]) do not fit")
      }
      return try schedule("outer", BlockSparseSizes(x[0], blocks))
    }
  }

  private static func schedule(
    _ kernel: String, _ sizes: BlockSparseSizes
  ) throws -> DeviceSchedule {
    guard sizes.rows > 0 else {
      if sizes.blocks == 0 { return DeviceSchedule([]) }
      throw GraphError("\(sizes.blocks) blocks belong to no row")
    }
    // Only sums over nothing have elements then, which are zeros.
    if sizes.width == 0 && kernel != "product" { return DeviceSchedule([]) }
    let launch = DeviceLaunch(
      kernel, groups: min(sizes.rows, 1 << 16),
      [
        .input(0), .input(1), .input(2), .output(0), .index(sizes.rows), .index(sizes.blocks),
        .index(sizes.height), .index(sizes.width), .fault,
      ])
    return DeviceSchedule([launch]) {
      "the row starts at row \($0) do not ascend from 0 to \(sizes.blocks), the number of blocks"
    }
  }
}

extension BlockSparseSizes {
  fileprivate init(_ rows: Int, _ blocks: Shape) {
    self.init(rows: rows, blocks: blocks[0], height: blocks[1], width: blocks[2])
  }
}
