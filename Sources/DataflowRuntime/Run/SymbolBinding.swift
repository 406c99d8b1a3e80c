import DataflowGraph
import Tensors

/// Finds the sizes that the fed tensors of one plan give to the names in the fed values' shapes.
struct SymbolBinding {
  private enum Size {
    case known(Int)
    /// The size of a dimension of a feed, the first that has this symbol.
    case symbol(feed: Int, axis: Int)
    case polynomial(Dimension)
  }

  private let feeds: [Value]
  private let sizesOfFeed: [[Size]]
  /// Where each symbol stands alone for the first time.
  private let origins: [(name: String, feed: Int, axis: Int)]
  /// The last run's sizes by their names.
  private var bound: [String: Int] = [:]

  init(_ feeds: [Value]) {
    var origins: [(name: String, feed: Int, axis: Int)] = []
    sizesOfFeed = feeds.enumerated().map { index, feed in
      feed.shape.dimensions.enumerated().map { axis, dimension in
        if let known = dimension.known { return .known(known) }
        guard let name = dimension.soleSymbol else { return .polynomial(dimension) }
        if let origin = origins.first(where: { $0.name == name }) {
          return .symbol(feed: origin.feed, axis: origin.axis)
        }
        origins.append((name, index, axis))
        return .symbol(feed: index, axis: axis)
      }
    }
    (self.feeds, self.origins) = (feeds, origins)
  }

  /// - Parameter outer: sizes that are known already; feeds that name them otherwise prevail.
  /// - Throws: `GraphError` that names the feed whose type or shape does not fit.
  mutating func bind(_ tensors: [Tensor], among outer: [String: Int]) throws -> [String: Int] {
    try checkTypes(of: tensors)
    for (feed, tensor) in zip(feeds, tensors) where feed.shape.rank != tensor.shape.rank {
      throw misfit(feed, tensor, "the ranks differ")
    }
    for (name, feed, axis) in origins {
      let size = tensors[feed].shape[axis]
      if bound[name] != size { bound[name] = size }
    }
    let sizes = outer.isEmpty ? bound : outer.merging(bound) { $1 }
    for index in feeds.indices {
      for (axis, expected) in sizesOfFeed[index].enumerated() {
        try check(axis, of: index, expected, tensors, sizes)
      }
    }
    return sizes
  }

  /// - Throws: `GraphError` where a type is another than the fed value's.
  func checkTypes(of tensors: [Tensor]) throws {
    for (feed, tensor) in zip(feeds, tensors) where feed.elementType != tensor.elementType {
      throw misfit(feed, tensor, "the types differ")
    }
  }

  /// - Throws: `GraphError` where a size that a step finds out is another one in what is fed.
  func check(_ symbol: String, isFound size: Int) throws {
    guard let origin = origins.first(where: { $0.name == symbol }), let fed = bound[symbol],
      fed != size
    else { return }
    throw GraphError(
      "the size \"\(symbol)\" is \(size), but \(fed) in feed \(feeds[origin.feed].name)")
  }

  private func check(
    _ axis: Int, of index: Int, _ expected: Size, _ tensors: [Tensor], _ sizes: [String: Int]
  ) throws {
    let size = tensors[index].shape[axis]
    let other =
      switch expected {
      case .known(let known): known
      case .symbol(let feed, let axis): tensors[feed].shape[axis]
      case .polynomial(let dimension): try dimension.evaluated(with: sizes)
      }
    if size == other { return }
    guard case .symbol(let feed, _) = expected else {
      throw misfit(feeds[index], tensors[index], "dimension \(axis) is \(size), expected \(other)")
    }
    let symbol = feeds[index].shape.dimensions[axis]
    throw misfit(
      feeds[index], tensors[index],
      "\"\(symbol)\" is \(size), but \(other) in \(feeds[feed].name)")
  }

  private func misfit(_ feed: Value, _ tensor: Tensor, _ reason: String) -> GraphError {
    GraphError(
      "feed \(feed.name) is \(feed.spec), got \(tensor.elementType)\(tensor.shape): \(reason)")
  }
}
