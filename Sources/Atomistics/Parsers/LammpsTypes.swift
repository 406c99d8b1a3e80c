/// The species of the types of atoms of a LAMMPS data file, which may have labels.
struct LammpsTypes {
  /// The species of type 1, 2, …, none where the labels say them.
  let species: [String]
  private var labels: [Substring: Int] = [:]

  init(_ species: [String]) { self.species = species }

  /// Takes the lines of a section `Atom Type Labels`: a number and a label each.
  mutating func takeLabels(_ lines: inout TextLines) {
    var ahead = lines
    while let words = ahead.words() {
      if !words.isEmpty {
        guard let number = Int(words[0]), words.count > 1 else { return }
        labels[words[1]] = number
      }
      lines = ahead
    }
  }

  /// The species of a type, given by its number or its label.
  ///
  /// - Throws: `AtomisticsError` with the line.
  func species(of type: Substring, _ lines: TextLines) throws -> String {
    let number = labels[type] ?? Int(type)
    guard species.isEmpty, !labels.isEmpty else {
      return try lines.species(ofType: number.map { "\($0)" } ?? type, species)
    }
    guard let label = labels.first(where: { $0.value == number })?.key,
      Elements.number(of: String(label)) != nil
    else {
      throw lines.wrong(
        "type", "\"\(type)\"",
        allowed:
          "a type whose label is an element's symbol, or --types with the species of type 1, 2, …")
    }
    return String(label)
  }
}
