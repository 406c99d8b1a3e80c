import DataflowGraph
import Tensors

/// Finds the sizes that the fed tensors of one plan give to the names in the fed values' shapes: those that stand alone,
/// then those of which a polynomial has no other unknown one, such as `3*a + 1`.
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
  /// Where sizes are polynomials with symbols that stand alone nowhere, and these.
  private let polynomials: [(dimension: Dimension, feed: Int, axis: Int, symbols: [String])]
  /// The last run's sizes by their names.
  private var bound: [String: Int] = [:]
  /// Those of the names that stand alone nowhere, and the feeds that fix them.
  private var solved: [String: (size: Int, feed: Int)] = [:]

  init(_ feeds: [Value]) {
    var origins: [(name: String, feed: Int, axis: Int)] = []
    var polynomials: [(dimension: Dimension, feed: Int, axis: Int)] = []
    sizesOfFeed = feeds.enumerated().map { index, feed in
      feed.shape.dimensions.enumerated().map { axis, dimension in
        if let known = dimension.known { return .known(known) }
        guard let name = dimension.soleSymbol else {
          polynomials.append((dimension, index, axis))
          return .polynomial(dimension)
        }
        if let origin = origins.first(where: { $0.name == name }) {
          return .symbol(feed: origin.feed, axis: origin.axis)
        }
        origins.append((name, index, axis))
        return .symbol(feed: index, axis: axis)
      }
    }
    (self.feeds, self.origins) = (feeds, origins)
    let alone = Set(origins.map(\.name))
    self.polynomials = polynomials.map {
      ($0.dimension, $0.feed, $0.axis, $0.dimension.symbols.subtracting(alone).sorted())
    }
    .filter { !$0.symbols.isEmpty }
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
    var sizes = outer.isEmpty ? bound : outer.merging(bound) { $1 }
    if !polynomials.isEmpty { try solve(tensors, &sizes) }
    for index in feeds.indices {
      for (axis, expected) in sizesOfFeed[index].enumerated() {
        try check(axis, of: index, expected, tensors, sizes)
      }
    }
    return sizes
  }

  /// Finds the sizes that stand alone nowhere, for as long as one fixes another.
  private mutating func solve(_ tensors: [Tensor], _ sizes: inout [String: Int]) throws {
    solved = [:]
    var hasGrown = true
    while hasGrown {
      hasGrown = false
      for (dimension, feed, axis, symbols) in polynomials
      where symbols.contains(where: { sizes[$0] == nil }) {
        do {
          let total = tensors[feed].shape[axis]
          guard let (symbol, size) = try dimension.solved(for: total, with: sizes) else { continue }
          sizes[symbol] = size
          solved[symbol] = (size, feed)
          hasGrown = true
        } catch let error as GraphError {
          throw misfit(feeds[feed], tensors[feed], "dimension \(axis): \(error.message)")
        }
      }
    }
  }

  /// - Throws: `GraphError` where a type is another than the fed value's.
  func checkTypes(of tensors: [Tensor]) throws {
    for (feed, tensor) in zip(feeds, tensors) where feed.elementType != tensor.elementType {
      throw misfit(feed, tensor, "the types differ")
    }
  }

  /// - Throws: `GraphError` where a size that a step finds out is another one in what is fed.
  func check(_ symbol: String, isFound size: Int) throws {
    let origin = origins.first { $0.name == symbol }?.feed
    guard let fed = bound[symbol] ?? solved[symbol]?.size, fed != size,
      let feed = origin ?? solved[symbol]?.feed
    else { return }
    throw GraphError("the size \"\(symbol)\" is \(size), but \(fed) in feed \(feeds[feed].name)")
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
