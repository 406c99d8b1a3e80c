/// Whole numbers from zero to a limit, as bits of words.
struct BitSet: Equatable {
  private var words: [UInt64]

  /// The empty set.
  ///
  /// - Parameter limit: what all numbers are below.
  init(below limit: Int) {
    words = Array(repeating: 0, count: (limit + 63) / 64)
  }

  func contains(_ number: Int) -> Bool { words[number >> 6] & Self.bit(number) != 0 }

  /// - Returns: whether the number was not in the set.
  @discardableResult
  mutating func insert(_ number: Int) -> Bool {
    let (place, bit) = (number >> 6, Self.bit(number))
    let isNew = words[place] & bit == 0
    words[place] |= bit
    return isNew
  }

  /// - Precondition: the other set's limit is no higher.
  mutating func formUnion(_ other: BitSet) {
    for place in other.words.indices { words[place] |= other.words[place] }
  }

  private static func bit(_ number: Int) -> UInt64 { 1 << UInt64(number & 63) }
}
