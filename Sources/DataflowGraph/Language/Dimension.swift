/// A size that is known when the graph is built, or a polynomial in named sizes that each run fixes.
///
///     let atoms: Dimension = "atoms"
///     atoms * 3 + 1       // as long as "atoms" is fed consistently
///
/// Placeholders that name the same symbol must be fed with the same size.
public struct Dimension: Hashable, Sendable {
  /// Coefficients by their symbols, sorted, repeated for powers; no coefficient is zero.
  private(set) var terms: [[String]: Int]

  private init(terms: [[String]: Int]) { self.terms = terms.filter { $0.value != 0 } }

  /// A size known now.
  public init(_ size: Int) { self.init(terms: [[]: size]) }

  /// A size that runs fix, by name.
  public init(symbol: String) { self.init(terms: [[symbol]: 1]) }

  /// The size number `index` among those that an operation finds out while it runs.
  ///
  /// Only for what `Operation.outputs(for:)` returns: the graph gives it the node's name.
  public static func late(_ index: Int) -> Dimension { Dimension(symbol: "?\(index)") }

  /// The size with the symbols that `names` knows under their new names.
  func renamed(_ names: (String) -> String) -> Dimension {
    Dimension(terms: Dictionary(terms.map { ($0.key.map(names).sorted(), $0.value) }) { $0 + $1 })
  }

  /// The size with others in place of some symbols.
  func replacing(_ sizes: [String: Dimension]) -> Dimension {
    if symbols.isDisjoint(with: sizes.keys) { return self }
    return terms.reduce(0) { sum, term in
      sum + term.key.reduce(Dimension(term.value)) { $0 * (sizes[$1] ?? Dimension(symbol: $1)) }
    }
  }

  /// The size where it is known, else nil.
  public var known: Int? {
    if terms.isEmpty { return 0 }
    return terms.count == 1 ? terms[[]] : nil
  }

  /// The names this size depends on.
  public var symbols: Set<String> { Set(terms.keys.joined()) }

  /// The symbol where the size is nothing but one symbol.
  package var soleSymbol: String? {
    guard terms.count == 1, let term = terms.first, term.key.count == 1, term.value == 1 else {
      return nil
    }
    return term.key[0]
  }

  public static func + (left: Dimension, right: Dimension) -> Dimension {
    Dimension(terms: left.terms.merging(right.terms, uniquingKeysWith: saturatingSum))
  }

  public static func - (left: Dimension, right: Dimension) -> Dimension { left + right * -1 }

  public static func * (left: Dimension, right: Dimension) -> Dimension {
    var product: [[String]: Int] = [:]
    for (leftSymbols, leftFactor) in left.terms {
      for (rightSymbols, rightFactor) in right.terms {
        let symbols = (leftSymbols + rightSymbols).sorted()
        product[symbols] = saturatingSum(
          product[symbols] ?? 0, saturatingProduct(leftFactor, rightFactor))
      }
    }
    return Dimension(terms: product)
  }

  /// The size cut into equal parts; nil where it is not always a multiple of `count`.
  func divided(by count: Int) -> Dimension? {
    guard count != 0, terms.values.allSatisfy({ $0.isMultiple(of: count) }) else { return nil }
    return Dimension(terms: terms.mapValues { $0 / count })
  }

  /// Whether the two sizes could be equal in some run; where that is so and not known yet, runs check it for the
  /// operation whose shapes are being found.
  package func couldEqual(_ other: Dimension) -> Bool {
    if let difference = (self - other).known { return difference == 0 }
    SizeEquality.note(self, other)
    return true
  }

  /// No size of anything is larger.
  static let limit = 1 << 56 - 1

  /// The size when the symbols have the given sizes.
  ///
  /// - Throws: `GraphError` for a symbol that is not among them, and for a negative size.
  package func evaluated(with sizes: [String: Int]) throws -> Int {
    let total = try value(with: sizes)
    guard total >= 0 else { throw GraphError("the size \(self) is \(total) with \(sizes)") }
    guard total <= Self.limit else {
      throw GraphError("the size \(self) is too large with \(sizes)")
    }
    return total
  }

  /// The number when the symbols have the given sizes; it may be negative.
  ///
  /// - Throws: `GraphError` for a symbol that is not among them.
  package func value(with sizes: [String: Int]) throws -> Int {
    if let known { return known }
    var total = 0
    for (symbols, coefficient) in terms {
      var product = coefficient
      for symbol in symbols {
        guard let size = sizes[symbol] else {
          throw GraphError("nothing that is fed fixes the size \"\(symbol)\" in \(self)")
        }
        product = saturatingProduct(product, size)
      }
      total = saturatingSum(total, product)
    }
    return total
  }

  /// What the one symbol without a size must be, where it is linear in it, for the size to be `total`.
  ///
  /// - Returns: nil where `total` does not fix it: other symbols have no size either, its powers occur, or its factor is
  ///   zero.
  /// - Throws: `GraphError` where no size of it gives `total`.
  package func solved(
    for total: Int, with sizes: [String: Int]
  ) throws -> (symbol: String, size: Int)? {
    let unknown = symbols.filter { sizes[$0] == nil }
    guard unknown.count == 1, let symbol = unknown.first,
      terms.keys.allSatisfy({ symbols in symbols.count { $0 == symbol } < 2 })
    else { return nil }
    let rest = try replacing([symbol: 0]).value(with: sizes)
    let linear = Dimension(terms: terms.filter { $0.key.contains(symbol) })
    let factor = try linear.replacing([symbol: 1]).value(with: sizes)
    if factor == 0 { return nil }
    let (product, isTooLarge) = total.subtractingReportingOverflow(rest)
    guard !isTooLarge, product.isMultiple(of: factor), product / factor >= 0 else {
      let others = sizes.filter { symbols.contains($0.key) }.sorted { $0.key < $1.key }
        .map { "\"\($0.key)\" is \($0.value)" }.joined(separator: " and ")
      throw GraphError(
        "no size \"\(symbol)\" makes \(self) be \(total)\(others.isEmpty ? "" : " where \(others)")"
      )
    }
    return (symbol, product / factor)
  }

  /// Each term's coefficient and symbols, in a fixed order.
  package var sortedTerms: [(coefficient: Int, symbols: [String])] {
    terms.sorted { ($0.key.count, $0.key.description) > ($1.key.count, $1.key.description) }
      .map { ($0.value, $0.key) }
  }
}

/// Sizes that files or texts make up may be of any magnitude; those that are too large for an `Int` stay as large
/// as it can be, and are refused where they are evaluated.
private func saturatingProduct(_ a: Int, _ b: Int) -> Int {
  let (product, isTooLarge) = a.multipliedReportingOverflow(by: b)
  return isTooLarge ? ((a < 0) == (b < 0) ? .max : .min) : product
}

private func saturatingSum(_ a: Int, _ b: Int) -> Int {
  let (sum, isTooLarge) = a.addingReportingOverflow(b)
  return isTooLarge ? (a < 0 ? .min : .max) : sum
}

extension Dimension: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
  public init(integerLiteral value: Int) { self.init(value) }
  public init(stringLiteral value: String) { self.init(symbol: value) }
}

extension Dimension: CustomStringConvertible {
  /// `3`, `atoms`, `3*atoms + 1`.
  public var description: String { text { $0 } }

  /// The size with its symbols as `name` writes them.
  func text(_ name: (String) -> String) -> String {
    if let known { return String(known) }
    return sortedTerms.map { coefficient, symbols in
      let names = symbols.map(name)
      let factors = coefficient == 1 && !symbols.isEmpty ? names : ["\(coefficient)"] + names
      return factors.joined(separator: "*")
    }.joined(separator: " + ")
  }
}
