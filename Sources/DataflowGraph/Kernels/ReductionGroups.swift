import Tensors

/// The stages of a reduction: groups of neighbouring dimensions, the innermost first. It does not depend on the
/// elements' type: code that is prepared whenever sizes change is compiled once, for all.
struct ReductionGroups {
  /// One group: `[outer, reduced, inner]` becomes `[outer, inner]`.
  struct Stage {
    let outer: Int
    let reduced: Int
    let inner: Int
    let sharding: Sharding
    /// Whether shards are ranges of the reduced dimension, whose sums are added up at the end.
    let isSplit: Bool

    init(outer: Int, reduced: Int, inner: Int) {
      self.outer = outer
      self.reduced = reduced
      self.inner = inner
      isSplit = outer < 32
      let cost = 0.3 * Double(inner) * Double(isSplit ? outer : reduced)
      sharding = Sharding(count: isSplit ? reduced : outer, nanoseconds: cost, maximum: 16)
    }

    var resultCount: Int { outer * inner }
    /// Elements of scratch memory for the shards' sums.
    var partialCount: Int { isSplit && sharding.shards > 1 ? sharding.shards * resultCount : 0 }
  }

  /// There are too few for a set to be faster.
  private let axes: [Int]
  private(set) var stages: [Stage] = []

  init(axes: [Int]) { self.axes = axes }

  /// Learns the shape of what is reduced.
  ///
  /// - Returns: how many elements of scratch memory the stages want.
  mutating func prepare(_ shape: Shape) -> Int {
    stages.removeAll(keepingCapacity: true)
    var (outer, middle, inner) = (shape.elementCount, 1, 1)
    guard outer > 0 else { return 0 }
    for axis in shape.dimensions.indices.reversed() {
      outer /= shape[axis]
      if axes.contains(axis) {
        middle *= shape[axis]
        let isGroupEnd = axis == 0 || !axes.contains(axis - 1)
        if isGroupEnd && middle > 1 {
          stages.append(Stage(outer: outer, reduced: middle, inner: inner))
        }
        if isGroupEnd { middle = 1 }
      } else {
        inner *= shape[axis]
      }
    }
    let between = stages.dropLast().reduce(0) { $0 + $1.resultCount }
    let partial = stages.reduce(0) { max($0, $1.partialCount) }
    return between + partial
  }
}
