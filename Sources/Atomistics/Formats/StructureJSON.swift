import Foundation

/// Structures and what is known of them as one JSON object, in eV and angstrom.
///
/// `units` names the units; `structures` is a list of objects with `name`, `species`, `positions`,
/// `lattice_vectors` and `periodic` where there is a cell, and what is known among `energy`,
/// `atomic_energies`, `forces`, `velocities` (angstrom/fs), `masses` (u), `virial` and `stress`
/// (eV/angstrom³).
public enum StructureJSON {
  /// The text for some structures, one a line.
  ///
  /// - Throws: `AtomisticsError` when a number is not finite.
  public static func encode(_ structures: [Structure]) throws -> String {
    let lines = try structures.map { "    {" + (try members($0)).joined(separator: ", ") + "}" }
    return """
      {
        "units": {"length": "angstrom", "energy": "eV", "time": "fs"},
        "structures": [
      \(lines.joined(separator: ",\n"))
        ]
      }

      """
  }

  /// Writes a file, whole or not at all.
  ///
  /// - Throws: `AtomisticsError` when it cannot be written or a number is not finite.
  public static func write(_ structures: [Structure], to url: URL) throws {
    do {
      try FileAccess.write(Data(encode(structures).utf8), to: url)
    } catch let error as AtomisticsError {
      throw error.inFile(url.path)
    }
  }

  private static func members(_ structure: Structure) throws -> [String] {
    let species = structure.species.map(JSONText.string).joined(separator: ", ")
    var members = [
      "\"name\": \(JSONText.string(structure.name))", "\"species\": [\(species)]",
      "\"positions\": \(try JSONText.list(structure.positions))",
    ]
    let cell = structure.cell
    if cell.vectors != .zero {
      let flags = (0..<3).map { "\(cell.periodic[$0])" }.joined(separator: ", ")
      members.append("\"lattice_vectors\": \(try JSONText.list(cell.vectors))")
      members.append("\"periodic\": [\(flags)]")
    }
    let known: [(String, String?)] = try [
      ("energy", structure.energy.map(JSONText.number)),
      ("atomic_energies", structure.perAtomQuantity.map { try JSONText.list($0) }),
      ("forces", structure.forces.map { try JSONText.list($0) }),
      ("velocities", structure.velocities.map { try JSONText.list($0) }),
      ("masses", structure.masses.map { try JSONText.list($0) }),
      ("virial", structure.virial.map { try JSONText.list($0) }),
      ("stress", structure.stress.map { try JSONText.list($0) }),
    ]
    for (key, value) in known {
      if let value { members.append("\"\(key)\": \(value)") }
    }
    return members
  }
}
