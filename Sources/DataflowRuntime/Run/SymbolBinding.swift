import DataflowGraph
import Tensors

/// Finds the sizes that the fed tensors give to the names in the fed values' shapes.
///
/// - Parameter outer: sizes that are known already; feeds that name them otherwise prevail.
/// - Throws: `GraphError` that names the feed whose type or shape does not fit.
func bindSymbols(
  _ feeds: [Value], to tensors: [Tensor], among outer: [String: Int] = [:]
) throws -> [String: Int] {
  var sizes = outer
  var origins: [String: String] = [:]
  for (feed, tensor) in zip(feeds, tensors) {
    try check(feed, tensor)
    for (axis, dimension) in feed.shape.dimensions.enumerated() {
      guard let symbol = dimension.soleSymbol else { continue }
      if let origin = origins[symbol], sizes[symbol]! != tensor.shape[axis] {
        throw misfit(
          feed, tensor,
          "\"\(symbol)\" is \(tensor.shape[axis]), but \(sizes[symbol]!) in \(origin)")
      }
      sizes[symbol] = tensor.shape[axis]
      origins[symbol] = feed.name
    }
  }
  for (feed, tensor) in zip(feeds, tensors) {
    for (axis, dimension) in feed.shape.dimensions.enumerated() {
      let size = try dimension.evaluated(with: sizes)
      if size != tensor.shape[axis] {
        throw misfit(feed, tensor, "dimension \(axis) is \(tensor.shape[axis]), expected \(size)")
      }
    }
  }
  return sizes
}

private func check(_ feed: Value, _ tensor: Tensor) throws {
  if tensor.elementType != feed.elementType {
    throw misfit(feed, tensor, "the types differ")
  }
  if tensor.shape.rank != feed.shape.rank {
    throw misfit(feed, tensor, "the ranks differ")
  }
}

private func misfit(_ feed: Value, _ tensor: Tensor, _ reason: String) -> GraphError {
  GraphError(
    "feed \(feed.name) is \(feed.spec), got \(tensor.elementType)\(tensor.shape): \(reason)")
}
