import Foundation

/// Structures of LAMMPS with the energies of the log of the same run.
public enum LammpsRun {
  /// Reads a dump, or a data file, whose boundaries are the log's and whose energy is that of the step that its
  /// first line names, the log's first step where it names none.
  ///
  /// - Parameters:
  ///   - name: the beginning of the examples' names.
  ///   - types: the species of type 1, 2, …
  ///   - units: those of the run, nil for what the log says.
  ///   - remark: is told how many frames have no energy, and how many have a step with several.
  /// - Throws: `AtomisticsError` with the file, where no frame has an energy.
  public static func read(
    _ url: URL, log: URL, name: String, types: [String], units: LammpsUnits?,
    remark: (String) -> Void
  ) throws -> [ParsedConfiguration] {
    let energies = try LammpsLog(log)
    guard let units = units ?? energies.units else {
      throw AtomisticsError(
        file: log.path, key: "units", found: "no such command",
        allowed: "--units " + LammpsUnits.allCases.map(\.rawValue).joined(separator: ", "))
    }
    do {
      let data = try FileAccess.readUncompressed(url)
      guard LammpsDump.isDump(data) else {
        let structure = try LammpsData.decode(
          data, name: name, types: types, units, periodic: energies.periodic())
        switch structure.step.map({ energies.energies(of: [$0])[0] }) ?? energies.firstEnergy {
        case .energy(let energy): return [try labelled(structure.configuration, energy, units)]
        case .ambiguous(let error): throw error
        case .unknown:
          throw AtomisticsError(
            key: "timestep",
            found: structure.step.map(String.init) ?? "none, for the log's first step",
            allowed: "a step whose energy \(log.path) has")
        }
      }
      let frames = try LammpsDump.decode(data, name: name, types: types, units)
      var known: [ParsedConfiguration] = []
      var ambiguous: [AtomisticsError] = []
      for (frame, finding) in zip(frames, energies.energies(of: frames.map(\.step))) {
        switch finding {
        case .energy(let energy): known.append(try labelled(frame.configuration, energy, units))
        case .ambiguous(let error): ambiguous.append(error)
        case .unknown: continue
        }
      }
      guard !known.isEmpty else {
        throw ambiguous.first
          ?? AtomisticsError(
            key: "TIMESTEP", found: "\(frames.count) frames",
            allowed: "steps whose energies \(log.path) has")
      }
      let missing = frames.count - known.count - ambiguous.count
      if missing > 0 {
        remark("\(missing) of \(frames.count) frames have no energy in \(log.path)")
      }
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

  private static func labelled(
    _ structure: ParsedConfiguration, _ energy: Double, _ units: LammpsUnits
  ) throws -> ParsedConfiguration {
    var result = structure
    result.energy = energy * units.energyFactor
    return try result.checked()
  }
}
