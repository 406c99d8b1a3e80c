/// Where a table of a LAMMPS log has the step, how many atoms there are, and what the potential energy is the
/// sum of.
struct ThermoColumns {
  private let count: Int
  private let step: Int
  private let atoms: Int?
  /// Nothing where the table has no energy.
  private let energy: [(column: Int, sign: Double)]
  /// Whether the energy is that of pairs, and would lack that of bonds.
  let isOfPairs: Bool

  /// All of the potential energy where it is there; else that of pairs with that of bonds; else all but the
  /// kinetic energy; else that of pairs.
  init?(_ names: [Substring]) {
    guard let step = names.firstIndex(of: "Step"), names.allSatisfy({ Double($0) == nil })
    else { return nil }
    func sum(_ parts: (name: Substring, sign: Double)...) -> [(column: Int, sign: Double)]? {
      let found = parts.compactMap { part in
        names.firstIndex(of: part.name).map { (column: $0, sign: part.sign) }
      }
      return found.count == parts.count ? found : nil
    }
    let whole =
      sum(("PotEng", 1)) ?? sum(("E_pair", 1), ("E_mol", 1)) ?? sum(("TotEng", 1), ("KinEng", -1))
    energy = whole ?? sum(("E_pair", 1)) ?? []
    isOfPairs = whole == nil && !energy.isEmpty
    (count, self.step) = (names.count, step)
    atoms = names.firstIndex(of: "Atoms")
  }

  /// What a line of the table says; nil for what other commands print between its lines.
  func row(_ words: [Substring]) -> ThermoRow? {
    guard words.count == count, let step = Int(words[step]) else { return nil }
    let numbers = words.compactMap { Double($0) }
    guard numbers.count == count else { return nil }
    return ThermoRow(
      step: step, atoms: atoms.flatMap { Int(words[$0]) },
      parts: energy.map { $0.sign * numbers[$0.column] })
  }
}

/// What a line of a table says.
struct ThermoRow {
  let step: Int
  let atoms: Int?
  /// The potential energy is their sum; none where there is no energy.
  let parts: [Double]
}

/// One step as the style `multi` has it: a line with the step, and lines of `name = value` behind it.
struct ThermoBlock {
  /// Where the step is.
  let line: Int
  private(set) var names: [Substring]
  private(set) var values: [Substring]

  /// `------------ Step 100 ----- CPU = 0.5 (sec) -------------`
  init?(_ words: [Substring], line: Int) {
    guard words.count > 3, words[0].allSatisfy({ $0 == "-" }), words[1] == "Step",
      Int(words[2]) != nil, words[3].allSatisfy({ $0 == "-" })
    else { return nil }
    self.line = line
    (names, values) = ([words[1]], [words[2]])
  }

  /// Whether the words are some of its names and values, which it takes then.
  mutating func take(_ words: [Substring]) -> Bool {
    let places = stride(from: 0, to: words.count, by: 3)
    guard !words.isEmpty, words.count % 3 == 0,
      places.allSatisfy({ words[$0 + 1] == "=" && Double(words[$0 + 2]) != nil })
    else { return false }
    for place in places where !names.contains(words[place]) {
      names.append(words[place])
      values.append(words[place + 2])
    }
    return true
  }
}

extension TextLines {
  /// The words of a line of a log without its comment, those of its list in the style `yaml`:
  /// `keywords: ['Step', 'PotEng', ]` and `- [0, -1.5, ]`.
  static func thermoWords(_ line: Substring) -> [Substring] {
    let words = ExtendedXYZ.fields(line.prefix { $0 != "#" })
    guard words.count > 1, ["keywords:", "-"].contains(words[0]), words[1].first == "[",
      let start = line.firstIndex(of: "["), let end = line.lastIndex(of: "]"), start < end
    else { return words }
    func isBlank(_ character: Character) -> Bool { " \t'\"".contains(character) }
    return line[start..<end].dropFirst().split(separator: ",").compactMap { item in
      let word = item.drop(while: isBlank).prefix { !isBlank($0) }
      return word.isEmpty ? nil : word
    }
  }
}
