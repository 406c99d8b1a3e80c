/// How a batch is cut into slices, each computed by itself.
public enum BatchSlicing: Sendable, Equatable {
  /// Not at all.
  case whole
  /// A slice ends with the structure whose derivatives make it so many bytes large, in single precision.
  case derivatives(byteCount: Int)
  /// At most so many slices, each with about as many descriptors and derivatives.
  case count(Int)

  /// The slices of some structures, which are given as a slice each.
  ///
  /// - Parameter width: how many components a block of derivatives has.
  func slices(of structures: [Batch.Slice], width: Int) -> [Batch.Slice] {
    switch self {
    case .whole: return merge(structures) { _, _ in false }
    case .derivatives(let byteCount):
      let blockSize = 3 * width * MemoryLayout<Float>.size
      return merge(structures) { last, _ in last.blocks * blockSize >= byteCount }
    case .count(let count):
      let sizes = structures.map { $0.rows + 3 * $0.blocks }
      let total = max(1, sizes.reduce(0, +))
      var (start, places) = (0, [Int]())
      for size in sizes {
        // A structure belongs where its middle is.
        places.append((2 * start + size) * count / (2 * total))
        start += size
      }
      return merge(structures) { _, next in next > 0 && places[next] > places[next - 1] }
    }
  }

  /// Puts structures together until a slice is full.
  ///
  /// - Parameter isFull: asked with the last slice and the number of the structure that comes next.
  private func merge(
    _ structures: [Batch.Slice], _ isFull: (_ last: Batch.Slice, _ next: Int) -> Bool
  ) -> [Batch.Slice] {
    var slices: [Batch.Slice] = []
    for (index, structure) in structures.enumerated() {
      if let last = slices.last, !isFull(last, index) {
        slices[slices.count - 1].add(structure)
      } else {
        slices.append(structure)
      }
    }
    return slices
  }
}

extension Batch.Slice {
  fileprivate mutating func add(_ other: Self) {
    structures += other.structures
    atoms = zip(atoms, other.atoms).map(+)
    rows += other.rows
    blocks += other.blocks
  }
}
