import Foundation

/// What a log of LAMMPS says: the units, the boundaries, and the potential energy of steps.
struct LammpsLog {
  private(set) var units: LammpsUnits?
  /// The line of the first table whose energies are those of pairs, and lack those of bonds.
  private(set) var pairsLine: Int?

  /// What is known of a step's energy, in the log's unit.
  enum Finding {
    case unknown
    /// The atoms are those that a run ended with, whose number may have changed before unless a table has it.
    case energy(Double, atoms: AtomCount?)
    /// Runs differ in it, and nothing tells which of them a structure is of.
    case ambiguous(AtomisticsError)
  }

  /// How many atoms there are, and the line that says so.
  struct AtomCount {
    let number: Int
    let line: Int
  }

  /// The energy that a line gives a step.
  private struct Reading {
    let line: Int
    let table: Int
    let energy: Double
    let atoms: AtomCount?
    /// LAMMPS prints eight digits unless it is told otherwise.
    let rounding: Double

    func agrees(with other: Reading) -> Bool {
      energy.isNaN && other.energy.isNaN
        || abs(energy - other.energy) <= max(rounding, other.rounding)
    }
  }

  /// Runs each of which counts on where the one before it ended.
  private struct RunSequence {
    let line: Int
    private(set) var steps: ClosedRange<Int>
    private(set) var readings: [Int: [Reading]] = [:]
    /// Whether the log has no end of the last run, which may have gone on.
    var isOpen = true

    init(from step: Int, line: Int) {
      self.line = line
      steps = step...step
    }

    func mayHave(_ step: Int) -> Bool {
      steps.contains(step) || isOpen && step > steps.upperBound
    }

    mutating func add(_ reading: Reading?, _ step: Int) {
      if let reading { readings[step, default: []].append(reading) }
      steps = min(step, steps.lowerBound)...max(step, steps.upperBound)
      isOpen = true
    }
  }

  /// What a line says of the boundaries of the box; nil where it is not understood.
  private struct Boundary {
    let line: Int
    let words: String
    let periodic: [Bool]?
  }

  private let path: String
  private var lines: TextLines
  private var unitsLine = 0
  private var boundaries: [Boundary] = []
  private var sequences: [RunSequence] = []
  /// The table that the log is in, and the names of its columns, or of the last one's.
  private var table: (columns: ThermoColumns, hasRows: Bool)?
  private var names: [Substring] = []
  /// What the next run has, LAMMPS' default where nothing is said.
  private var current: Boundary?
  /// How many atoms each table's run ended with.
  private var atoms: [AtomCount?] = []

  /// - Throws: `AtomisticsError` where there are no energies, or units that are not understood.
  init(_ url: URL) throws {
    path = url.path
    do {
      lines = try TextLines(FileAccess.readUncompressed(url))
      try readLines()
    } catch let error as AtomisticsError {
      throw error.inFile(url.path)
    }
  }

  private mutating func readLines() throws {
    var block: ThermoBlock?
    while let line = lines.next() {
      // What follows a command may be a comment.
      let words = TextLines.thermoWords(line)
      if let next = ThermoBlock(words, line: lines.number) {
        end(block)
        block = next
      } else if !lines.isCut, block?.take(words) == true {
        continue
      } else if words.first == "units", words.count == 2 {
        try readUnits(words[1])
      } else if words.first == "thermo_modify", let norm = words.firstIndex(of: "norm"),
        norm + 1 < words.count, ["yes", "on", "true"].contains(words[norm + 1])
      {
        throw lines.wrong(
          "thermo_modify", "norm \(words[norm + 1]), energies divided by the number of atoms",
          allowed: "norm no, total energies")
      } else if let boundary = boundary(words) {
        current = boundary
      } else if words == ["clear"] {
        current = nil
      } else if let found = ThermoColumns(words) {
        end(block)
        block = nil
        begin(found, words, line: lines.number)
      } else if words.prefix(3) == ["Loop", "time", "of"] {
        end(block)
        block = nil
        endTable(words)
      } else if !lines.isCut, let row = table?.columns.row(words) {
        add(row, line: lines.number)
      }
    }
    // Only a step that has all of the one before is whole.
    if block?.names == names { end(block) }
    // A data file may have been written behind the last run.
    if let current, boundaries.last?.line != current.line { boundaries.append(current) }
    guard sequences.contains(where: { !$0.readings.isEmpty }) else {
      throw AtomisticsError(
        key: "thermo output", found: names.isEmpty ? "none" : names.joined(separator: " "),
        allowed: "lines with Step and PotEng, E_pair, or TotEng and KinEng")
    }
  }

  private mutating func begin(_ columns: ThermoColumns, _ names: [Substring], line: Int) {
    table = (columns, false)
    self.names = names
    if columns.isOfPairs, pairsLine == nil { pairsLine = line }
    atoms.append(nil)
    boundaries.append(
      current
        ?? Boundary(line: line, words: "LAMMPS' default p p p", periodic: [true, true, true]))
  }

  /// What ends a table says how many atoms there are.
  private mutating func endTable(_ words: [Substring]) {
    guard table != nil else { return }
    table = nil
    if words.last == "atoms", let number = Int(words[words.count - 2]) {
      atoms[atoms.count - 1] = AtomCount(number: number, line: lines.number)
    }
    if !sequences.isEmpty { sequences[sequences.count - 1].isOpen = false }
  }

  /// Takes a step of the style `multi` for a line of a table, which begins where the one before it ended, or
  /// the run that was killed within it.
  private mutating func end(_ block: ThermoBlock?) {
    guard let block, let columns = ThermoColumns(block.names) else { return }
    let isKilled = table != nil && block.names.count < names.count
    if isKilled, names.starts(with: block.names) { return }
    guard let row = columns.row(block.values) else { return }
    let countsAnew = sequences.last.map { row.step <= $0.steps.upperBound } ?? true
    if table == nil || block.names != names || countsAnew {
      begin(columns, block.names, line: block.line)
    }
    add(row, line: block.line)
  }

  private mutating func readUnits(_ name: Substring) throws {
    let allowed = LammpsUnits.allCases.map(\.rawValue).joined(separator: ", ")
    guard let known = LammpsUnits(rawValue: String(name)) else {
      // The command as it stands in the input may have a variable's name.
      if name.contains("$") { return }
      throw lines.wrong("units", "\(name)", allowed: allowed)
    }
    if let units, units != known {
      throw lines.wrong(
        "units", "\(name), but \(units.rawValue) in line \(unitsLine)",
        allowed: "the same for all runs of a log")
    }
    if units == nil { unitsLine = lines.number }
    units = known
  }

  /// What a command says of the boundaries, nil for others and for one with a variable's name.
  private func boundary(_ words: [Substring]) -> Boundary? {
    var rest = words[...]
    if words.first == "change_box" { rest = rest.drop { $0 != "boundary" }.prefix(4) }
    guard rest.first == "boundary", rest.count == 4 else { return nil }
    let styles = rest.dropFirst()
    guard !styles.contains(where: { $0.contains("$") }) else { return nil }
    let periodic = styles.map { style -> Bool? in
      if style == "p" || style == "pp" { return true }
      return (1...2).contains(style.count) && style.allSatisfy("fsm".contains) ? false : nil
    }
    return Boundary(
      line: lines.number, words: styles.joined(separator: " "),
      periodic: periodic.contains(nil) ? nil : periodic.compactMap(\.self))
  }

  /// The last step of a run comes again as the first of the next; a smaller one begins the count anew.
  private mutating func add(_ row: ThermoRow, line: Int) {
    let countsAnew =
      sequences.last.map { table?.hasRows == false && row.step < $0.steps.upperBound } ?? true
    if countsAnew { sequences.append(RunSequence(from: row.step, line: line)) }
    table?.hasRows = true
    let reading = Reading(
      line: line, table: atoms.count - 1, energy: row.parts.reduce(0, +),
      atoms: row.atoms.map { AtomCount(number: $0, line: line) },
      rounding: 1e-7 * row.parts.reduce(0) { $0 + abs($1) })
    sequences[sequences.count - 1].add(row.parts.isEmpty ? nil : reading, row.step)
  }

  // MARK: Boundaries

  /// Along which directions the box repeats in all runs.
  ///
  /// - Throws: `AtomisticsError` where runs differ, or a command is not understood.
  func periodic() throws -> [Bool] {
    let first = boundaries[0]
    for boundary in boundaries {
      func wrong(_ found: String, _ allowed: String) -> AtomisticsError {
        AtomisticsError(
          file: path, line: boundary.line, key: "boundary", found: found, allowed: allowed)
      }
      guard let periodic = boundary.periodic else {
        throw wrong(boundary.words, "p, or one or two of f, s and m, for each of three directions")
      }
      guard periodic == first.periodic else {
        throw wrong(
          "\(boundary.words), but \(first.words) in line \(first.line)",
          "the same for all runs of a log that a file without boundaries is read with")
      }
    }
    return first.periodic!
  }

  // MARK: Energies

  /// The energies of one file's structures, whose steps are given in the file's order.
  ///
  /// LAMMPS does not let steps count anew while it writes a dump. So a file whose steps grow is of one sequence
  /// of runs, and of none that ended before some of them or began after.
  func energies(of steps: [Int]) -> [Finding] {
    let isOfOne = zip(steps, steps.dropFirst()).allSatisfy { $0 < $1 }
    let possible = sequences.filter { runs in isOfOne && steps.allSatisfy { runs.mayHave($0) } }
    return steps.map { energy(of: $0, in: possible.isEmpty ? sequences : possible) }
  }

  /// The energy of the structure that the log begins with.
  var firstEnergy: Finding { energy(of: sequences[0].steps.lowerBound, in: [sequences[0]]) }

  private func energy(of step: Int, in sequences: [RunSequence]) -> Finding {
    let readings = sequences.flatMap { $0.readings[step] ?? [] }
    guard let last = readings.last else { return .unknown }
    var other: String?
    if let reading = readings.dropLast().first(where: { !$0.agrees(with: last) }) {
      other = "\(reading.energy) in line \(reading.line)"
    } else if let silent = sequences.first(where: {
      $0.mayHave(step) && $0.readings[step] == nil
    }) {
      let verb = silent.steps.contains(step) ? "have" : "may have"
      other = "none in the runs from line \(silent.line) on, which \(verb) this step too"
    }
    guard let other else { return .energy(last.energy, atoms: last.atoms ?? atoms[last.table]) }
    return .ambiguous(
      AtomisticsError(
        file: path, line: last.line, key: "step \(step)",
        found: "the energy \(last.energy), but \(other)",
        allowed: "one energy for each step; a log for each run where runs count from the same step")
    )
  }
}
