/// Which species the ions of an `OUTCAR` have: what it says of potentials, ions and types before the first step.
struct OutcarSpecies {
  /// The species of the ions; empty before potentials and types are known.
  private(set) var ofIons: [String] = []
  private var areTypesKnown = false
  /// What names the potentials: `VRHFIN`, which a small NWRITE leaves out, and `POTCAR:`, once in a list and
  /// once where each is read.
  private var (elements, potentials) = ([String](), [String]())
  private var ionCount: Int?

  /// Takes what a line says; a potential behind the types is one of another run.
  ///
  /// - Throws: `AtomisticsError` with the line where the types do not have all ions.
  mutating func take(_ line: Substring, of lines: inout TextLines) throws {
    if line.contains("VRHFIN =") {
      if areTypesKnown { self = OutcarSpecies() }
      let symbol = line.split(separator: "=").last?.prefix { $0 != ":" } ?? ""
      elements.append(symbol.trimmingCharacters(in: .whitespaces))
    } else if line.contains("POTCAR:") {
      if areTypesKnown { self = OutcarSpecies() }
      // POTCAR:    PAW_PBE Ti_sv 26Sep2005
      let words = ExtendedXYZ.fields(line)
      potentials.append(words.count > 2 ? String(words[2].prefix(while: \.isLetter)) : "")
    } else if let range = line.range(of: "NIONS =") {
      ionCount = ExtendedXYZ.fields(line[range.upperBound...]).first.flatMap { Int($0) }
    } else if let range = line.range(of: "ions per type =") {
      let counts = try readCounts(line[range.upperBound...], of: &lines)
      areTypesKnown = true
      let names = (elements.isEmpty ? potentials : elements).suffix(counts.count)
      guard names.count == counts.count, !names.contains("") else { return }
      ofIons = zip(names, counts).flatMap { Array(repeating: $0, count: $1) }
    }
  }

  /// The numbers of ions, which may go on in the next lines, and touch each other: they have four columns each.
  private func readCounts(_ text: Substring, of lines: inout TextLines) throws -> [Int] {
    let line = lines.number
    var words = ExtendedXYZ.fields(text)
    var ahead = lines
    while let next = ahead.words(), !next.isEmpty, next.allSatisfy({ Int($0) != nil }) {
      words += next
      lines = ahead
    }
    for list in [words, text.columns(of: 4, from: 12)] {
      let counts = list.compactMap { Int($0) }
      if !counts.isEmpty, counts.count == list.count, counts.allSatisfy({ $0 > 0 }),
        ionCount == nil || ionCount == counts.reduce(0, +)
      {
        return counts
      }
    }
    throw AtomisticsError(
      line: line, key: "ions per type", found: words.joined(separator: " "),
      allowed: ionCount.map {
        "\($0) ions in all, as NIONS says; where VASP lists no more than ten types, vasprun.xml has all"
      } ?? "whole numbers")
  }
}

extension Substring {
  /// Columns of one width, without the spaces before their numbers, as Fortran's formats have them.
  func columns(of width: Int, from start: Int) -> [Substring] {
    var (columns, rest) = ([Substring](), dropFirst(start))
    while !rest.isEmpty {
      columns.append(rest.prefix(width).drop { $0 == " " })
      rest = rest.dropFirst(width)
    }
    return columns
  }
}
