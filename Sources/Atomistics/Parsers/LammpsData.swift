import Foundation

/// A data file of LAMMPS: one structure, without energy.
struct LammpsData {
  /// Without energy.
  var configuration: ParsedConfiguration
  /// The step after which the file was written, where its first line says so.
  var step: Int?

  /// How many columns are before the coordinates, by the style of the atoms.
  private static let styles = [
    "atomic": (type: 1, position: 2), "charge": (type: 1, position: 3),
    "molecular": (type: 2, position: 3), "full": (type: 2, position: 4),
  ]

  /// - Parameters:
  ///   - periodic: along which directions the box repeats, which the file does not say.
  ///   - remark: is told of a last number that may be cut off.
  /// - Throws: `AtomisticsError` with the line.
  static func decode(
    _ data: Data, name: String, types: [String], _ units: LammpsUnits, periodic: [Bool],
    remark: (String) -> Void = { _ in }
  ) throws -> LammpsData {
    var lines = try TextLines(data)
    var count = 0
    var bounds: [[Double]?] = [nil, nil, nil]
    var tilt = [0.0, 0, 0]
    var types = LammpsTypes(types)
    let step = Self.step(lines.next() ?? "")
    while let line = lines.next() {
      let bare = line.prefix { $0 != "#" }
      let words = ExtendedXYZ.fields(bare)
      if words.count == 2, words[1] == "atoms", let number = Int(words[0]) { count = number }
      for (axis, label) in ["xlo", "ylo", "zlo"].enumerated() where words.contains(Substring(label))
      {
        bounds[axis] = try numbers(words.prefix(2), label, lines)
      }
      if words.suffix(3) == ["xy", "xz", "yz"] {
        tilt = try numbers(words.prefix(3), "xy xz yz", lines)
      }
      if words.prefix(3) == ["Atom", "Type", "Labels"] { types.takeLabels(&lines) }
      guard words.first == "Atoms" else { continue }
      let style = line.split(separator: "#").dropFirst().first?
        .trimmingCharacters(in: .whitespaces)
      guard let x = bounds[0], let y = bounds[1], let z = bounds[2] else {
        throw lines.wrong(
          "box", "no bounds along every axis", allowed: "xlo xhi, ylo yhi and zlo zhi before Atoms")
      }
      let box = LammpsBox(
        low: [x[0], y[0], z[0]], high: [x[1], y[1], z[1]], tilt: tilt, periodic: periodic)
      return LammpsData(
        configuration: try atoms(
          &lines, count, style ?? "atomic", box, name: name, types: types, units, remark),
        step: step)
    }
    throw AtomisticsError(key: "Atoms", found: "no such section", allowed: "one")
  }

  /// `LAMMPS data file via write_data, version 2 Aug 2023, timestep = 100`
  private static func step(_ comment: Substring) -> Int? {
    let parts = comment.split(separator: ",").map { $0.split(separator: "=") }
    let step = parts.first { $0.first?.trimmingCharacters(in: .whitespaces) == "timestep" }
    return step?.last.flatMap { Int($0.trimmingCharacters(in: .whitespaces)) }
  }

  private static func numbers(
    _ words: some Collection<Substring>, _ key: String, _ lines: TextLines
  ) throws -> [Double] {
    let numbers = words.compactMap { Double($0) }
    guard numbers.count == words.count, numbers.allSatisfy(\.isFinite) else {
      throw lines.wrong(key, words.joined(separator: " "), allowed: "numbers")
    }
    return numbers
  }

  private static func atoms(
    _ lines: inout TextLines, _ count: Int, _ style: String, _ box: LammpsBox, name: String,
    types: LammpsTypes, _ units: LammpsUnits, _ remark: (String) -> Void
  ) throws -> ParsedConfiguration {
    guard let columns = styles[style] else {
      throw lines.wrong(
        "Atoms", "the style \(style)", allowed: styles.keys.sorted().joined(separator: ", "))
    }
    var atoms: [(id: Int, species: String, position: SIMD3<Double>)] = []
    var before: [Substring] = []
    while atoms.count < count {
      guard let words = lines.words() else {
        throw lines.wrong("Atoms", "\(atoms.count) atoms", allowed: "\(count) atoms")
      }
      if words.isEmpty { continue }
      // Behind the coordinates there may be the three numbers of the image; other columns are of
      // another style, whose coordinates are elsewhere.
      let width = columns.position + 3
      guard [width, width + 3].contains(words.prefix { !$0.hasPrefix("#") }.count),
        let id = Int(words[0])
      else {
        throw lines.wrong(
          "Atoms", words.joined(separator: " "),
          allowed: "the \(width) columns of the style \(style), or \(width + 3) with the image;"
            + " another style is named in the line Atoms # STYLE")
      }
      let place = try numbers(words[columns.position..<columns.position + 3], "Atoms", lines)
      let species = try types.species(of: words[columns.type], lines)
      atoms.append((id, species, SIMD3(place[0], place[1], place[2])))
      if let doubt = try lines.doubt(words, after: before) { remark(doubt) }
      before = words
    }
    atoms.sort { $0.id < $1.id }
    if let (atom, _) = zip(atoms, atoms.dropFirst()).first(where: { $0.id == $1.id }) {
      throw lines.wrong("id", "\(atom.id) twice", allowed: "each atom once")
    }
    var result = ParsedConfiguration(name: name)
    (result.lengthUnit, result.energyUnit) = (units.length, units.energy)
    result.species = atoms.map(\.species)
    result.positions = atoms.map(\.position)
    result.lattice = box.lattice
    return result
  }
}
