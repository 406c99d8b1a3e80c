import Tensors

/// The sizes of a value's dimensions as far as the graph knows them; the rank is always known.
public struct SymbolicShape: Hashable, Sendable, ExpressibleByArrayLiteral {
  public var dimensions: [Dimension]

  public init(_ dimensions: [Dimension]) { self.dimensions = dimensions }
  public init(_ shape: Shape) { dimensions = shape.dimensions.map { Dimension($0) } }
  public init(arrayLiteral elements: Dimension...) { dimensions = elements }

  public static let scalar = SymbolicShape([Dimension]())

  public var rank: Int { dimensions.count }
  public subscript(axis: Int) -> Dimension { dimensions[axis] }

  /// The product of all sizes.
  public var elementCount: Dimension { dimensions.reduce(1, *) }

  /// The shape where every size is known, else nil; also where one is negative.
  public var known: Shape? {
    let sizes = dimensions.compactMap(\.known)
    return sizes.count == rank && sizes.allSatisfy { $0 >= 0 } ? Shape(sizes) : nil
  }

  /// - Throws: `GraphError` where a size is known to be negative, or sizes to be those of more elements than there can
  ///   be.
  func requirePossible() throws {
    let sizes = dimensions.compactMap(\.known)
    guard sizes.allSatisfy({ $0 >= 0 }) else {
      let hint =
        sizes.contains(-1)
        ? "; instead of -1 stands the size: a name or ? in a placeholder, else what it follows from, such as"
          + " size(x, 0) * 3" : ""
      throw GraphError("the shape \(self) has a negative size\(hint)")
    }
    let others = Shape(sizes.filter { $0 > 0 })
    guard others.elementCount(atMost: Dimension.limit) != nil else {
      throw GraphError("the shape \(self) is too large")
    }
  }

  /// Whether the two shapes could be equal in some run.
  public func couldEqual(_ other: SymbolicShape) -> Bool {
    rank == other.rank && zip(dimensions, other.dimensions).allSatisfy { $0.couldEqual($1) }
  }

  /// Whether some size is found out only while an operation runs.
  var hasLateSizes: Bool { dimensions.contains { $0.symbols.contains { $0.contains("?") } } }

  func renamed(_ names: (String) -> String) -> SymbolicShape {
    SymbolicShape(dimensions.map { $0.renamed(names) })
  }

  func replacing(_ sizes: [String: Dimension]) -> SymbolicShape {
    SymbolicShape(dimensions.map { $0.replacing(sizes) })
  }

  /// Every symbol that the sizes depend on.
  var symbols: Set<String> { dimensions.reduce(into: []) { $0.formUnion($1.symbols) } }

  /// The axis counted from the front, for one that may be counted from the back with -1.
  func axis(_ axis: Int) throws(GraphError) -> Int {
    let resolved = axis < 0 ? axis + rank : axis
    guard resolved >= 0 && resolved < rank else {
      throw GraphError("axis \(axis) is outside the shape \(self) of rank \(rank)")
    }
    return resolved
  }
}

extension SymbolicShape: CustomStringConvertible {
  public var description: String {
    "[" + dimensions.map(\.description).joined(separator: ", ") + "]"
  }
}

extension SymbolicShape {
  /// The shape of an elementwise result under NumPy's broadcasting rules.
  ///
  /// Of a named size and another one that could be equal, the known one is taken; runs check that
  /// they are.
  func broadcast(with other: SymbolicShape) throws(GraphError) -> SymbolicShape {
    let rank = max(self.rank, other.rank)
    let left = padded(toRank: rank).dimensions
    let right = other.padded(toRank: rank).dimensions
    var result: [Dimension] = []
    for (a, b) in zip(left, right) {
      if a == 1 {
        result.append(b)
      } else if b == 1 || a == b {
        result.append(a)
      } else if a.couldEqual(b) {
        result.append(a.known == nil ? b : a)
      } else {
        throw GraphError("the shapes \(self) and \(other) do not broadcast: \(a) and \(b) differ")
      }
    }
    return SymbolicShape(result)
  }

  private func padded(toRank rank: Int) -> SymbolicShape {
    SymbolicShape(Array(repeating: 1, count: rank - self.rank) + dimensions)
  }
}
