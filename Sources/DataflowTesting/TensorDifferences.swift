import Dataflow

/// Where results are not what they should be, a line each.
///
/// - Parameter relative: how far numbers may be apart, of the larger of 1 and the reference.
func differences(
  _ results: [Tensor], _ references: [Tensor], relative: Double
) -> [String] {
  guard results.count == references.count else {
    return ["\(results.count) outputs, the reference has \(references.count)"]
  }
  return zip(results, references).flatMap { difference($0, $1, relative: relative) }
}

func difference(_ result: Tensor, _ reference: Tensor, relative: Double) -> [String] {
  guard result.shape == reference.shape, result.elementType == reference.elementType else {
    return [
      "\(result.elementType)\(result.shape) is not \(reference.elementType)\(reference.shape)"
    ]
  }
  guard result.elementType == .float64 else {
    return result == reference ? [] : ["\(result) is not \(reference)"]
  }
  let pairs = zip(result.scalars(as: Double.self), reference.scalars(as: Double.self))
  return pairs.enumerated().compactMap { index, pair in
    let (x, y) = pair
    let isClose = x == y || abs(x - y) <= relative * max(1, abs(y)) || (x.isNaN && y.isNaN)
    return isClose ? nil : "element \(index) is \(x), not \(y)"
  }
}

/// Where results do not have the same bits.
func bitDifferences(_ results: [Tensor], _ others: [Tensor], _ what: String) -> [String] {
  guard results.count == others.count else { return ["\(what): other outputs"] }
  return zip(results, others).enumerated().compactMap { index, pair in
    pair.0.hasSameBits(as: pair.1) ? nil : "\(what): output \(index) has other bits"
  }
}

extension Tensor {
  /// Whether types, shapes and all bits are equal.
  public func hasSameBits(as other: Tensor) -> Bool {
    elementType == other.elementType && shape == other.shape
      && withBytes { a in other.withBytes { a.elementsEqual($0) } }
  }

  var inSinglePrecision: Tensor {
    elementType == .float64
      ? Tensor(shape: shape, scalars: scalars(as: Double.self).map { Float($0) }) : self
  }

  var inDoublePrecision: Tensor {
    elementType == .float32
      ? Tensor(shape: shape, scalars: scalars(as: Float.self).map { Double($0) }) : self
  }
}
