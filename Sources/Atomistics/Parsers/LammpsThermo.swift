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
