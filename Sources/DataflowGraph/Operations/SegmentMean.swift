import Tensors

/// The means of the rows of `x` with equal `ids`, which ascend; 0 for a segment without rows, truncated where they are
/// whole numbers. TensorFlow's `SegmentMean`, of other operations.
public func segmentMean(_ x: Value, _ ids: Value) -> Value {
  let sums = segmentSum(x, ids)
  return mean(sums, x, ids)
}

/// The means of the rows of `x` with equal `ids`, whole numbers, for the ids `0..<segments`; 0 for a
/// segment without rows. TensorFlow's `unsorted_segment_mean`.
public func unsortedSegmentMean(_ x: Value, _ ids: Value, segments: Dimension) -> Value {
  mean(unsortedSegmentSum(x, ids, segments: segments), x, ids)
}

/// Sums over the rows of segments, each over the number of its rows.
private func mean(_ sums: Value, _ x: Value, _ ids: Value) -> Value {
  let ones = cast(x.graph.ones(like: ids), to: x.elementType)
  let counts = unsortedSegmentSum(ones, ids, segments: sums.shape[0])
  let column = SymbolicShape([sums.shape[0]] + sums.shape.dimensions.dropFirst().map { _ in 1 })
  let divisors = reshape(maximum(counts, x.graph.ones(like: counts)), column)
  return x.elementType.isInteger ? x.graph.apply(Div(), sums, divisors) : sums / divisors
}
