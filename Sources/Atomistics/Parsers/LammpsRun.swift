import Foundation

/// What a log of LAMMPS says: the units, and the potential energy of steps.
struct LammpsLog {
  private(set) var units: LammpsUnits?
  /// In the log's unit.
  private(set) var energies: [Int: Double] = [:]

  /// - Throws: `AtomisticsError` where there are no energies, or units that are not understood.
  init(_ data: Data) throws {
    var lines = try TextLines(data)
    var columns: (count: Int, step: Int, energy: Int)?
    var seen: [String] = []
    while let line = lines.next() {
      let words = ExtendedXYZ.fields(line)
      if words.first == "units", words.count == 2 {
        let allowed = LammpsUnits.allCases.map(\.rawValue).joined(separator: ", ")
        guard let known = LammpsUnits(rawValue: String(words[1])) else {
          // The command as it stands in the input may have a variable's name.
          if words[1].contains("$") { continue }
          throw lines.wrong("units", "\(words[1])", allowed: allowed)
        }
        units = known
      } else if words.first == "thermo_modify", let norm = words.firstIndex(of: "norm"),
        norm + 1 < words.count, ["yes", "on", "true"].contains(words[norm + 1])
      {
        throw lines.wrong(
          "thermo_modify", "norm \(words[norm + 1]), energies divided by the number of atoms",
          allowed: "norm no, total energies")
      } else if let step = words.firstIndex(of: "Step") {
        seen = words.map(String.init)
        // All of the potential energy where it is there; that of pairs alone else.
        let energy = words.firstIndex(of: "PotEng") ?? words.firstIndex(of: "E_pair")
        columns = energy.map { (words.count, step, $0) }
      } else if let found = columns, words.count == found.count, let step = Int(words[found.step]) {
        energies[step] = Double(words[found.energy]) ?? .nan
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
