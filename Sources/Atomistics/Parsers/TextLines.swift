import Foundation

/// The lines of a text with their numbers, for the output of other programs.
struct TextLines {
  private var rest: Substring.UTF8View
  /// The number of the line that came last, counted from 1.
  private(set) var number = 0
  /// Whether the line that came last has no end, as the last one of a program that still writes or was killed,
  /// or one more was asked for than there are.
  private(set) var isCut = false

  init(_ text: String) { rest = text[...].utf8 }

  /// - Throws: `AtomisticsError` where the bytes are no text at all.
  init(_ data: Data) throws {
    // Programs write names in encodings of their own; what is read here is ASCII.
    guard !data.contains(0) else {
      throw AtomisticsError(found: "bytes that are no text", allowed: "text")
    }
    rest = String(decoding: data, as: UTF8.self)[...].utf8
  }

  mutating func next() -> Substring? {
    guard !rest.isEmpty else {
      isCut = true
      return nil
    }
    number += 1
    let end = rest.firstIndex(of: 0x0A) ?? rest.endIndex
    isCut = end == rest.endIndex
    var line = rest[..<end]
    rest = end == rest.endIndex ? rest[end...] : rest[rest.index(after: end)...]
    if line.last == 0x0D { line = line.dropLast() }
    return Substring(line)
  }

  /// The next line's words.
  mutating func words() -> [Substring]? { next().map(ExtendedXYZ.fields) }

  /// The next line's numbers, which touch each other where they fill their columns.
  ///
  /// - Throws: `AtomisticsError` with the line where there are fewer, or the text ends.
  mutating func numbers(
    atLeast count: Int, _ key: String, columns: (width: Int, start: Int)? = nil
  ) throws -> [Double] {
    guard let line = next() else {
      throw AtomisticsError(
        line: number, key: key, found: "the end of the file", allowed: "\(count) numbers")
    }
    let columns = columns.map { line.columns(of: $0.width, from: $0.start) } ?? []
    for words in [ExtendedXYZ.fields(line), columns] {
      let numbers = words.map { Double($0) ?? .nan }
      if numbers.count >= count, numbers.prefix(count).allSatisfy(\.isFinite) { return numbers }
    }
    throw AtomisticsError(
      line: number, key: key, found: "\"\(line)\"", allowed: "\(count) numbers")
  }

  /// Three words of the line that came last as a vector.
  ///
  /// - Throws: `AtomisticsError` with the first that is no number.
  func vector(_ words: ArraySlice<Substring>, _ key: String) throws(AtomisticsError) -> SIMD3<
    Double
  > {
    var vector = SIMD3<Double>.zero
    for (index, word) in zip(0..<3, words) {
      guard let number = Double(word), number.isFinite else {
        throw wrong(key, "\"\(word)\"", allowed: "a number")
      }
      vector[index] = number
    }
    return vector
  }

  /// What is to be said of the line that came last where it has no end, as in files made by hand, or cut off: its
  /// last word may be part of one.
  ///
  /// - Parameter before: the line before, where that has the same columns.
  /// - Throws: `AtomisticsError` where the last word is surely cut off: words are missing, or it has less behind its
  ///   point than the one above, whose line has equally much behind all of its points.
  func doubt(_ words: [Substring], after before: [Substring]) throws -> String? {
    guard isCut, let last = words.last else { return nil }
    func digits(_ word: Substring) -> Int { word.drop { $0 != "." }.dropFirst().count }
    if words.count <= before.count {
      let above = before[words.count - 1]
      let isFixed = Set(before.filter { $0.contains(".") }.map(digits)).count == 1
      guard words.count == before.count, !isFixed || digits(last) >= digits(above) else {
        throw wrong(
          "last line", "no line end, and \(last) below \(above)",
          allowed: "a whole line, with its end")
      }
    }
    return "line \(number), the last, has no line end: \(last) may be part of a number"
  }

  /// An error at the line that came last.
  func wrong(_ key: String, _ found: String, allowed: String) -> AtomisticsError {
    AtomisticsError(line: number, key: key, found: found, allowed: allowed)
  }
}
