import DataflowGraph

extension Dimension {
  /// Whether one more sum or product surely does not overflow.
  var isModerate: Bool { sortedTerms.allSatisfy { $0.coefficient.magnitude <= 1 << 31 } }

  /// The quotient where the division leaves nothing over for any sizes, rounded down where both are
  /// numbers; else nil.
  func divided(by divisor: Dimension) -> Dimension? {
    if let a = known, let b = divisor.known { return b == 0 ? nil : Dimension(floorDivide(a, b)) }
    if self == divisor { return 1 }
    if known == 0 { return 0 }
    var (rest, quotient) = (self, Dimension(0))
    // Long division of polynomials; each step removes the leading term.
    guard let leading = divisor.leadingTerm else { return nil }
    while let term = rest.leadingTerm {
      guard let factor = term.divided(by: leading) else { return nil }
      quotient = quotient + factor
      rest = rest - factor * divisor
    }
    return quotient
  }

  /// The remainder where it is known: of numbers, and 0 of a division that leaves nothing over.
  func remainder(by divisor: Dimension) -> Dimension? {
    if let a = known, let b = divisor.known {
      return b == 0 ? nil : Dimension(a - floorDivide(a, b) * b)
    }
    return divided(by: divisor) == nil ? nil : 0
  }

  /// The larger one where that is known; sizes with names may be 0.
  func maximum(_ other: Dimension) -> Dimension? {
    if let difference = (self - other).known { return difference >= 0 ? self : other }
    if let number = other.known, number <= 0, isSum { return self }
    if let number = known, number <= 0, other.isSum { return other }
    return nil
  }

  /// The smaller one where that is known.
  func minimum(_ other: Dimension) -> Dimension? {
    (self - other).known.map { $0 <= 0 ? self : other }
  }

  /// Whether no term is subtracted.
  private var isSum: Bool { sortedTerms.allSatisfy { $0.coefficient > 0 } }

  /// The term with the most symbols.
  private var leadingTerm: Term? {
    sortedTerms.first.map { Term(coefficient: $0.coefficient, symbols: $0.symbols) }
  }

  private struct Term {
    var coefficient: Int
    var symbols: [String]

    func divided(by other: Term) -> Dimension? {
      var rest = symbols
      for symbol in other.symbols {
        guard let position = rest.firstIndex(of: symbol) else { return nil }
        rest.remove(at: position)
      }
      guard coefficient.isMultiple(of: other.coefficient) else { return nil }
      return rest.reduce(Dimension(coefficient / other.coefficient)) {
        $0 * Dimension(symbol: $1)
      }
    }
  }
}

/// The quotient rounded towards minus infinity.
private func floorDivide(_ a: Int, _ b: Int) -> Int {
  let (quotient, remainder) = a.quotientAndRemainder(dividingBy: b)
  return remainder != 0 && (remainder < 0) != (b < 0) ? quotient - 1 : quotient
}
