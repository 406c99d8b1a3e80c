import Foundation

/// What a log of LAMMPS says: the units, and the potential energy of steps.
struct LammpsLog {
  private(set) var units: LammpsUnits?
  /// In the log's unit.
  private(set) var energies: [Int: Double] = [:]

  /// Where a table has the step and what the potential energy is the sum of.
  private struct Columns {
    var count: Int
    var step: Int
    var energy: [Int]

    /// All of the potential energy where it is there; else that of pairs, with that of molecules' bonds.
    init?(_ names: [Substring]) {
      guard let step = names.firstIndex(of: "Step"),
        let energy = names.firstIndex(of: "PotEng") ?? names.firstIndex(of: "E_pair")
      else { return nil }
      (count, self.step, self.energy) = (names.count, step, [energy])
      if names[energy] == "E_pair", let bonds = names.firstIndex(of: "E_mol") {
        self.energy.append(bonds)
      }
    }
  }

  private var lines: TextLines
  private var unitsLine = 0
  private var energyLines: [Int: Int] = [:]

  /// - Throws: `AtomisticsError` where there are no energies, two of a step, or units that are not understood.
  init(_ data: Data) throws {
    lines = try TextLines(data)
    var columns: Columns?
    var seen: [String] = []
    while let line = lines.next() {
      // What follows a command may be a comment.
      let words = ExtendedXYZ.fields(line.prefix { $0 != "#" })
      if words.first == "units", words.count == 2 {
        try readUnits(words[1])
      } else if words.first == "thermo_modify", let norm = words.firstIndex(of: "norm"),
        norm + 1 < words.count, ["yes", "on", "true"].contains(words[norm + 1])
      {
        throw lines.wrong(
          "thermo_modify", "norm \(words[norm + 1]), energies divided by the number of atoms",
          allowed: "norm no, total energies")
      } else if words.contains("Step") {
        seen = words.map(String.init)
        columns = Columns(words)
      } else if let found = columns, words.count == found.count, let step = Int(words[found.step]) {
        try add(found.energy.map { Double(words[$0]) ?? .nan }, step)
      } else if !line.hasPrefix("WARNING") {
        columns = nil
      }
    }
    guard !energies.isEmpty else {
      throw AtomisticsError(
        key: "thermo output", found: seen.isEmpty ? "none" : seen.joined(separator: " "),
        allowed: "lines with Step and PotEng or E_pair")
    }
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

  /// The last step of a run comes again as the first of the next, with the same energy; other runs may count
  /// from the same step, and nothing tells then which of them a structure is of.
  private mutating func add(_ parts: [Double], _ step: Int) throws {
    let energy = parts.reduce(0, +)
    if let other = energies[step] {
      // LAMMPS prints eight digits unless it is told otherwise.
      let rounding = 1e-7 * parts.reduce(0) { $0 + abs($1) }
      guard abs(energy - other) <= rounding else {
        throw lines.wrong(
          "step \(step)", "the energy \(energy), but \(other) in line \(energyLines[step]!)",
          allowed:
            "one energy for each step; a log for each run where runs count from the same step")
      }
    } else {
      energyLines[step] = lines.number
    }
    energies[step] = energy
  }
}

/// Structures of LAMMPS with the energies of the log of the same run.
public enum LammpsRun {
  /// Reads a dump, or a data file, whose energy is that of the step that its first line names, the log's
  /// first step where it names none.
  ///
  /// - Parameters:
  ///   - name: the beginning of the examples' names.
  ///   - types: the species of type 1, 2, …
  ///   - units: those of the run, nil for what the log says.
  ///   - remark: is told how many frames have no energy.
  /// - Throws: `AtomisticsError` with the file, where no frame has an energy.
  public static func read(
    _ url: URL, log: URL, name: String, types: [String], units: LammpsUnits?,
    remark: (String) -> Void
  ) throws -> [ParsedConfiguration] {
    let energies: LammpsLog
    do { energies = try LammpsLog(FileAccess.readUncompressed(log)) } catch let error
      as AtomisticsError
    {
      throw error.inFile(log.path)
    }
    guard let units = units ?? energies.units else {
      throw AtomisticsError(
        file: log.path, key: "units", found: "no such command",
        allowed: "--units " + LammpsUnits.allCases.map(\.rawValue).joined(separator: ", "))
    }
    do {
      let data = try FileAccess.readUncompressed(url)
      guard LammpsDump.isDump(data) else {
        let structure = try LammpsData.decode(data, name: name, types: types, units)
        let step = structure.step ?? energies.energies.keys.min()!
        guard let energy = energies.energies[step] else {
          throw AtomisticsError(
            key: "timestep", found: "\(step)", allowed: "a step whose energy \(log.path) has")
        }
        return [try labelled(structure.configuration, energy, units)]
      }
      let frames = try LammpsDump.decode(data, name: name, types: types, units)
      let known = try frames.compactMap { frame in
        try energies.energies[frame.step].map { try labelled(frame.configuration, $0, units) }
      }
      guard !known.isEmpty else {
        throw AtomisticsError(
          key: "TIMESTEP", found: "\(frames.count) frames",
          allowed: "steps whose energies \(log.path) has")
      }
      if known.count < frames.count {
        remark(
          "\(frames.count - known.count) of \(frames.count) frames have no energy in \(log.path)")
      }
      return known
    } catch let error as AtomisticsError {
      throw error.inFile(url.path)
    }
  }

  private static func labelled(
    _ structure: ParsedConfiguration, _ energy: Double, _ units: LammpsUnits
  ) throws -> ParsedConfiguration {
    var result = structure
    result.energy = energy * units.energyFactor
    return try result.checked()
  }
}
