import Tensors

/// The texts of the kernels that multiply matrices.
struct ProductText: Sendable {
  let type: ElementType
  let transposeA: Bool
  let transposeB: Bool
  /// The dimensions in front of the matrices'.
  var batchDimensions = 0
  /// What is made of each element; parts of the inner dimension are summed up first.
  var epilogue: ProductEpilogue?

  private static let tile = 64

  init(_ type: ElementType, transposeA: Bool, transposeB: Bool) {
    (self.type, self.transposeA, self.transposeB) = (type, transposeA, transposeB)
  }

  /// The groups that one product takes.
  static func tiles(_ rows: Int, _ columns: Int) -> Int {
    ((rows + tile - 1) / tile) * ((columns + tile - 1) / tile)
  }

  private var name: String { DeviceDialect.name(of: type) }

  var multiply: String {
    // Of the threads that fill a tile, neighbours read neighbouring elements.
    let (rowA, innerA) = transposeA ? ("l % TILE", "l / TILE") : ("l / DEPTH", "l % DEPTH")
    let (columnB, innerB) = transposeB ? ("l / DEPTH", "l % DEPTH") : ("l % TILE", "l / TILE")
    let placeA = transposeA ? "k * rows + r" : "r * inner + k"
    let placeB = transposeB ? "c * inner + k" : "k * columns + c"
    let parameters = batchParameters + (epilogue?.parameters ?? "")
    return """
      #define TILE \(Self.tile)
      #define DEPTH 16
      KERNEL(multiply)(BUFFER(\(name), a), BUFFER(\(name), b), BUFFER(\(name), y), INDEX rows,
          INDEX inner, INDEX columns, INDEX length, INDEX parts\(parameters)) {
        OPEN(\(name), a)
        OPEN(\(name), b)
        OPEN(\(name), y)
      \(epilogue?.openings ?? "")\
        SHARED \(name) left[DEPTH][TILE + 1];
        SHARED \(name) right[DEPTH][TILE + 1];
        const INDEX across = (columns + TILE - 1) / TILE;
        const INDEX tiles = (rows + TILE - 1) / TILE * across;
        const int x = (int)(THREAD % 16), z = (int)(THREAD / 16);
        const INDEX part = GROUP / tiles;
        const INDEX tile = GROUP % tiles;
        const INDEX row = tile / across * TILE, column = tile % across * TILE;
      \(range)
        \(name) sums[4][4];
        for (int i = 0; i < 4; i++) for (int j = 0; j < 4; j++) sums[i][j] = 0;
        for (INDEX first = begin; first < end; first += DEPTH) {
          for (int l = (int)THREAD; l < TILE * DEPTH; l += GROUP_SIZE) {
            {
              const INDEX r = row + \(rowA), k = first + \(innerA);
              left[\(innerA)][\(rowA)] = r < rows && k < end ? a[startA + \(placeA)] : 0;
            }
            {
              const INDEX c = column + \(columnB), k = first + \(innerB);
              right[\(innerB)][\(columnB)] = c < columns && k < end ? b[startB + \(placeB)] : 0;
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
            if (r < rows && c < columns) {
              \(name) value = sums[i][j];
              \(epilogue.map { "if (parts == 1) { \($0.statements) }" } ?? "")
              y[(part * rows + r) * columns + c] = value;
            }
          }
      }

      """
  }

  /// What a group adds up, and where its matrices begin: a part of the inner dimension, or one product of
  /// many.
  private var range: String {
    guard batchDimensions > 0 else {
      return """
          const INDEX startA = 0, startB = 0, begin = part * length;
          const INDEX end = begin + length < inner ? begin + length : inner;
        """
    }
    let steps = (0..<batchDimensions).reversed().map { axis in
      """
          {
            const INDEX place = rest % d\(axis);
            rest /= d\(axis);
            startA += place * s\(axis);
            startB += place * t\(axis);
          }
      """
    }
    return """
        INDEX startA = 0, startB = 0, rest = part;
      \(steps.joined(separator: "\n"))
        const INDEX begin = 0, end = inner;
      """
  }

  private var batchParameters: String {
    let axes = 0..<batchDimensions
    return ["d", "s", "t"].flatMap { letter in axes.map { ", INDEX \(letter)\($0)" } }.joined()
  }

  var addParts: String {
    let place = "const INDEX r = i / columns, c = i % columns;"
    return """
      KERNEL(addParts)(BUFFER(\(name), sums), BUFFER(\(name), y), INDEX count, INDEX parts,
          INDEX columns\(epilogue?.parameters ?? "")) {
        OPEN(\(name), sums)
        OPEN(\(name), y)
      \(epilogue?.openings ?? "")\
        FOR_EACH(i, count) {
          \(name) value = 0;
          for (INDEX part = 0; part < parts; part++) value += sums[part * count + i];
          \(epilogue.map { "\(place) \($0.statements)" } ?? "")
          y[i] = value;
        }
      }

      """
  }
}
