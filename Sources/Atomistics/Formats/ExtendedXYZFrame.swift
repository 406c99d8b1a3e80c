extension ExtendedXYZ {
  /// A frame while it is read: what its second line says, and the atoms so far.
  struct Frame {
    /// What a column holds.
    private enum Quantity {
      case species, atomicNumber, position, force, velocity, momentum, mass, atomicEnergy, other
    }

    private struct Column {
      var quantity: Quantity
      var name: String
      var first: Int
      var count: Int
    }

    private(set) var structure: Structure
    private var columns: [Column] = []
    private var hasVelocities = false
    private var width = 0
    /// Plain xyz files may have anything behind the position.
    private var mayBeWider = false
    /// In eV/angstrom.
    private var forceUnit = 1.0
    /// In eV.
    private var energyUnit = 1.0

    private let names: ExtendedXYZ.Names

    init(_ comment: Substring, line: Int, _ names: ExtendedXYZ.Names) throws {
      self.names = names
      let values = try ExtendedXYZ.Pairs(comment, line: line)
      structure = Structure(species: [], positions: [])
      structure.name = try values["name"] ?? ""
      structure.cell = try Self.cell(values, line)
      energyUnit = try names.energyUnit(values, line)
      structure.energy = try values[names.energy].map {
        try Self.numbers($0, 1, names.energy, line)[0] * energyUnit
      }
      forceUnit = try names.forceUnit(values, line)
      // Whatever else is called a virial, such as six numbers in an order of its own, is skipped.
      structure.virial = try values["virial"].flatMap { try? Self.numbers($0, 9, "virial", line) }
        .map { Self.matrix($0) * energyUnit }
      try readProperties(values["Properties"], line)
    }

    private static func cell(_ values: Pairs, _ line: Int) throws -> Cell {
      let flags = try values["pbc"]
      let periodic = try flags.map { try periodicity($0, line) }
      guard let text = try values["Lattice"] else {
        if let flags, let periodic, any(periodic) {
          throw AtomisticsError(
            line: line, key: "pbc", found: "\(flags) and no Lattice",
            allowed: "F F F without Lattice")
        }
        return .none
      }
      // Whether the rows or the columns of a matrix are the vectors, programs do not agree.
      guard text.count(where: { "[{".contains($0) }) < 2 else {
        throw AtomisticsError(
          line: line, key: "Lattice", found: text,
          allowed: "nine numbers in one list, vector after vector")
      }
      let vectors = matrix(try numbers(text, 9, "Lattice", line))
      do {
        return try Cell(vectors: vectors, periodic: periodic ?? .init(repeating: true))
      } catch let error as AtomisticsError {
        throw AtomisticsError(
          line: line, key: "Lattice", found: error.found, allowed: error.allowed)
      }
    }

    private static func periodicity(_ text: String, _ line: Int) throws -> Periodicity {
      let flags = ExtendedXYZ.elements(text).map(flag)
      guard flags.count == 3, let a = flags[0], let b = flags[1], let c = flags[2] else {
        throw AtomisticsError(line: line, key: "pbc", found: text, allowed: "three flags T or F")
      }
      return [a, b, c]
    }

    private static func flag(_ text: Substring) -> Bool? {
      switch text.lowercased() {
      case "t", "true", "1": true
      case "f", "false", "0": false
      default: nil
      }
    }

    private static func matrix(_ n: [Double]) -> Matrix3 {
      Matrix3([n[0], n[1], n[2]], [n[3], n[4], n[5]], [n[6], n[7], n[8]])
    }

    private static func numbers(
      _ text: String, _ count: Int, _ key: String, _ line: Int
    ) throws -> [Double] {
      let fields = count == 1 ? ExtendedXYZ.fields(text[...]) : ExtendedXYZ.elements(text)
      guard fields.count == count else {
        throw AtomisticsError(
          line: line, key: key, found: "\"\(text)\"",
          allowed: count == 1 ? "one number" : "\(count) numbers")
      }
      return try fields.map { try number($0, key, line) }
    }

    private static func number(_ text: Substring, _ key: String, _ line: Int) throws -> Double {
      guard let number = Double(text), number.isFinite else {
        throw AtomisticsError(line: line, key: key, found: "\"\(text)\"", allowed: "a number")
      }
      return number
    }

    /// How many columns may have one name: more than any file has, and few enough to be added up.
    private static let columnCounts = 1...1_000_000

    private mutating func readProperties(_ text: String?, _ line: Int) throws {
      mayBeWider = text == nil
      let parts = (text ?? "species:S:1:pos:R:3").split(
        separator: ":", omittingEmptySubsequences: false)
      for start in stride(from: 0, to: parts.count, by: 3) {
        guard start + 2 < parts.count, ["S", "R", "I", "L"].contains(parts[start + 1]),
          let count = Int(parts[start + 2]), Self.columnCounts.contains(count)
        else {
          throw AtomisticsError(
            line: line, key: "Properties", found: "\"\(text ?? "")\"",
            allowed: "name:type:count again and again, types S, R, I, L, counts from"
              + " \(Self.columnCounts.lowerBound) to \(Self.columnCounts.upperBound)")
        }
        let name = String(parts[start])
        let (quantity, needed) = quantity(name, type: parts[start + 1], count)
        guard quantity == .other || needed == count else {
          throw AtomisticsError(
            line: line, key: "Properties", found: "\(name) with \(count) columns",
            allowed: "\(needed)")
        }
        columns.append(Column(quantity: quantity, name: name, first: width, count: count))
        width += count
      }
      letSpeciesDecide()
      try checkThatNoneIsTwice(line)
      if let force = names.force, !columns.contains(where: { $0.quantity == .force }) {
        throw AtomisticsError(
          line: line, key: "Properties", found: columns.map(\.name).joined(separator: ", "),
          allowed: "a column \(force)")
      }
      for (quantity, name) in [(Quantity.position, "pos"), (.species, "species")] {
        let isThere = columns.contains {
          $0.quantity == quantity || (quantity == .species && $0.quantity == .atomicNumber)
        }
        guard isThere else {
          throw AtomisticsError(
            line: line, key: "Properties", found: "no column \(name)",
            allowed: "species, Z or numbers, and pos")
        }
      }
      if columns.contains(where: { $0.quantity == .force }) { structure.forces = [] }
      hasVelocities = columns.contains { $0.quantity == .velocity }
      if hasVelocities || columns.contains(where: { $0.quantity == .momentum }) {
        structure.velocities = []
      }
      if columns.contains(where: { $0.quantity == .mass }) { structure.masses = [] }
      if columns.contains(where: { $0.quantity == .atomicEnergy }) {
        structure.perAtomQuantity = []
      }
    }

    /// Where there are species, other columns do not tell them, whatever numbers they are; where there is nothing else,
    /// a column `z` in any case does.
    private mutating func letSpeciesDecide() {
      guard columns.contains(where: { $0.quantity == .species }) else {
        let isTold = columns.contains { $0.quantity == .atomicNumber }
        let index = columns.firstIndex {
          $0.name.lowercased() == "z" && $0.count == 1 && $0.quantity == .other
        }
        if !isTold, let index { columns[index].quantity = .atomicNumber }
        return
      }
      for index in columns.indices where columns[index].quantity == .atomicNumber {
        columns[index].quantity = .other
      }
    }

    private func checkThatNoneIsTwice(_ line: Int) throws {
      for (index, column) in columns.enumerated() where column.quantity != .other {
        if let other = columns[..<index].first(where: { $0.quantity == column.quantity }) {
          throw AtomisticsError(
            line: line, key: "Properties", found: "columns \(other.name) and \(column.name)",
            allowed: "one of them")
        }
      }
    }

    private func quantity(
      _ name: String, type: Substring, _ count: Int
    ) -> (Quantity, count: Int) {
      // Others by this name, in small letters or of real numbers, may be coordinates or charges.
      if ["Z", "numbers"].contains(name), type == "I", count == 1 { return (.atomicNumber, 1) }
      if let force = names.force {
        if name.lowercased() == force.lowercased() { return (.force, 3) }
      }
      return switch name.lowercased() {
      case "species": (.species, 1)
      case "pos": (.position, 3)
      case "force" where names.force == nil, "forces" where names.force == nil: (.force, 3)
      case "velo" where names.readsMotion, "vel" where names.readsMotion,
        "velocities" where names.readsMotion, "velocity" where names.readsMotion && count == 3:
        (.velocity, 3)
      case "momenta" where names.readsMotion: (.momentum, 3)
      case "masses" where names.readsMotion: (.mass, 1)
      case "local_energy", "energies": (.atomicEnergy, 1)
      default: (.other, 0)
      }
    }

    /// Takes over one atom's line.
    mutating func append(_ fields: [Substring], line: Int) throws {
      guard fields.count == width || (mayBeWider && fields.count > width) else {
        throw AtomisticsError(
          line: line, key: "atom \(structure.count + 1)", found: "\(fields.count) columns",
          allowed: "\(width) columns")
      }
      func vector(_ column: Column) throws -> SIMD3<Double> {
        SIMD3(
          try Self.number(fields[column.first], column.name, line),
          try Self.number(fields[column.first + 1], column.name, line),
          try Self.number(fields[column.first + 2], column.name, line))
      }
      var momentum: SIMD3<Double>?
      for column in columns {
        switch column.quantity {
        case .species: structure.species.append(String(fields[column.first]))
        case .atomicNumber:
          structure.species.append(try Self.symbol(fields[column.first], column.name, line))
        case .position: structure.positions.append(try vector(column))
        case .force: structure.forces?.append(try vector(column) * forceUnit)
        case .velocity: structure.velocities?.append(try vector(column))
        case .momentum: momentum = try vector(column)
        case .mass: structure.masses?.append(try Self.mass(fields[column.first], column.name, line))
        case .atomicEnergy:
          structure.perAtomQuantity?.append(
            try Self.number(fields[column.first], column.name, line) * energyUnit)
        case .other: break
        }
      }
      if let momentum { try takeOver(momentum, line) }
    }

    private static func mass(_ text: Substring, _ key: String, _ line: Int) throws -> Double {
      let mass = try number(text, key, line)
      guard mass > 0 else {
        throw AtomisticsError(line: line, key: key, found: "\(text)", allowed: "numbers above 0")
      }
      return mass
    }

    /// Momenta, in the unit of eV, angstrom and u, are the velocities of atoms whose masses are known; velocities
    /// beside them have to say the same, up to a hundredth, by which tables of masses differ.
    private mutating func takeOver(_ momentum: SIMD3<Double>, _ line: Int) throws {
      guard
        let mass = structure.masses?.last ?? structure.species.last.flatMap(Elements.mass(of:))
      else {
        if !hasVelocities { structure.velocities = nil }
        return
      }
      let velocity = momentum / (mass * Units.naturalTime)
      guard hasVelocities else {
        structure.velocities?.append(velocity)
        return
      }
      let given = structure.velocities?.last ?? velocity
      let difference = given - velocity
      guard dot(difference, difference).squareRoot() <= 0.01 * dot(given, given).squareRoot() + 1e-6
      else {
        func text(_ v: SIMD3<Double>) -> String { "\(Float(v.x)) \(Float(v.y)) \(Float(v.z))" }
        throw AtomisticsError(
          line: line, key: "momenta",
          found: "a velocity of \(text(velocity)) angstrom/fs beside one of \(text(given))",
          allowed: "the same")
      }
    }

    private static func symbol(
      _ text: Substring, _ column: String, _ line: Int
    ) throws -> String {
      guard let number = Int(text), (1...Elements.symbols.count).contains(number) else {
        throw AtomisticsError(
          line: line, key: column, found: "\"\(text)\"",
          allowed: "1 to \(Elements.symbols.count)")
      }
      return Elements.symbols[number - 1]
    }
  }
}
