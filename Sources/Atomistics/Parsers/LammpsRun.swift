import Foundation

/// Structures of LAMMPS with the energies of the log of the same run.
public enum LammpsRun {
  /// Reads a dump, or a data file, whose boundaries are the log's, as are those of old dumps, and whose energy is that
  /// of the step that its first line names, the log's first step where it names none. It has as many atoms as the log
  /// says.
  ///
  /// - Parameters:
  ///   - name: the beginning of the examples' names.
  ///   - types: the species of type 1, 2, …
  ///   - units: those of the run, nil for what the log says.
  ///   - remark: is told how many frames have no energy, how many have a step with several, or one that comes
  ///     again, of those that cannot be read, or the file ends within; where bonds would have no energy; and of a
  ///     data file's last number that may be cut off.
  /// - Throws: `AtomisticsError` with the file, where no frame has an energy, or the log is one of other atoms.
  public static func read(
    _ url: URL, log: URL, name: String, types: [String], units: LammpsUnits?,
    remark: (String) -> Void
  ) throws -> [ParsedConfiguration] {
    let energies = try LammpsLog(log)
    if let line = energies.pairsLine {
      remark(
        "the table in line \(line) of \(log.path) has E_pair alone: energies of bonds, if there are any,"
          + " are missing; PotEng has all")
    }
    guard let units = units ?? energies.units else {
      throw AtomisticsError(
        file: log.path, key: "units", found: "no such command",
        allowed: "--units " + LammpsUnits.allCases.map(\.rawValue).joined(separator: ", "))
    }
    do {
      let data = try FileAccess.readUncompressed(url)
      guard LammpsDump.isDump(data) else {
        let structure = try LammpsData.decode(
          data, name: name, types: types, units, periodic: energies.periodic(),
          remark: remark)
        switch structure.step.map({ energies.energies(of: [$0])[0] }) ?? energies.firstEnergy {
        case .energy(let energy, let atoms):
          try check(structure.configuration, atoms, log)
          return [try labelled(structure.configuration, energy, units)]
        case .ambiguous(let error): throw error
        case .unknown:
          throw AtomisticsError(
            key: "timestep",
            found: structure.step.map(String.init) ?? "none, for the log's first step",
            allowed: "a step whose energy \(log.path) has")
        }
      }
      let frames = try LammpsDump.decode(
        data, name: name, types: types, units, periodic: energies.periodic, remark: remark)
      var known: [ParsedConfiguration] = []
      var ambiguous: [AtomisticsError] = []
      var bad = LeftOut()
      let findings = energies.energies(of: frames.map(\.step))
      // A run that went on behind an earlier end writes steps again.
      let last = Dictionary(zip(frames.map(\.step), frames.indices)) { max($0, $1) }
      let repeated = frames.indices.filter { last[frames[$0].step] != $0 }
      for (index, (frame, finding)) in zip(frames, findings).enumerated()
      where last[frame.step] == index {
        switch finding {
        case .energy(let energy, let atoms):
          try check(frame.configuration, atoms, log)
          do {
            known.append(try labelled(frame.configuration, energy, units))
          } catch let error as AtomisticsError {
            bad.add(error, "step \(frame.step)")
          }
        case .ambiguous(let error): ambiguous.append(error)
        case .unknown: continue
        }
      }
      guard !known.isEmpty else {
        throw bad.first ?? ambiguous.first
          ?? AtomisticsError(
            key: "TIMESTEP", found: "\(frames.count) frames",
            allowed: "steps whose energies \(log.path) has")
      }
      if let first = repeated.first {
        remark(
          "\(repeated.count) of \(frames.count) frames are left out, since a later one has the same step:"
            + " first step \(frames[first].step)")
      }
      let missing = frames.count - repeated.count - known.count - ambiguous.count - bad.count
      if missing > 0 {
        remark("\(missing) of \(frames.count) frames have no energy in \(log.path)")
      }
      if let line = bad.remark(of: frames.count, "frames") { remark(line) }
      if let first = ambiguous.first {
        remark(
          "\(ambiguous.count) of \(frames.count) frames are left out, since their steps have several"
            + " energies: \(first)")
      }
      return known
    } catch let error as AtomisticsError {
      throw error.inFile(url.path)
    }
  }

  /// - Throws: `AtomisticsError` where the log's energy is that of more atoms, or of fewer.
  private static func check(
    _ structure: ParsedConfiguration, _ atoms: LammpsLog.AtomCount?, _ log: URL
  ) throws {
    guard let atoms, atoms.number != structure.species.count else { return }
    throw AtomisticsError(
      key: "atoms of \(structure.name)", found: "\(structure.species.count)",
      allowed:
        "\(atoms.number), as line \(atoms.line) of \(log.path) says: all that the energy is of;"
        + " where runs add or remove atoms, the column Atoms of its table")
  }

  private static func labelled(
    _ structure: ParsedConfiguration, _ energy: Double, _ units: LammpsUnits
  ) throws -> ParsedConfiguration {
    var result = structure
    result.energy = energy * units.energyFactor
    return try result.checked()
  }
}
