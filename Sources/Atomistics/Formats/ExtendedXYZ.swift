import Foundation

/// Extended xyz files: any number of frames, each with cell, energy and columns that it describes.
///
/// The second line of a frame holds `key=value` pairs, values with blanks in quotes, lists also in brackets
/// (`[1, 2]`, `{1 2}`, `[[1, 2], [3, 4]]`); words alone are skipped. Understood, as spelled here or else in another
/// case: `Lattice` (nine numbers, vector after vector, in one list), `pbc`, `Properties` (name:type:count, any order),
/// `energy`, `virial` (skipped but for nine numbers), `name`; `stress` is written beside a virial where there is one;
/// columns `species`, `pos`, `force` or `forces`, `velo`, `vel`, `velocity` or `velocities` (angstrom/fs), `momenta` (as
/// ASE has them), `masses` (u), `local_energy` or `energies`. Others are skipped. Where there are no species, whole
/// numbers `Z` or `numbers` are atomic numbers.
/// Units are eV and angstrom, where the keys `energy-unit` and `force-unit` say no other.
public enum ExtendedXYZ {
  /// What a file calls energies and forces, and the units they are in.
  public struct Names: Sendable {
    /// The key of the energy.
    public var energy = "energy"
    /// The column of the forces, `force` or `forces` if nil.
    public var force: String?
    /// The energies' unit, nil for what the key `energy-unit` says, eV without one.
    public var energyUnit: EnergyUnit?
    /// The forces' unit, nil for what the key `force-unit` says; without one energy over angstrom.
    public var forceUnit: ForceUnit?
    /// Whether velocities, momenta and masses are read; they are passed over otherwise, whatever they are.
    public var readsMotion = true

    /// Units of forces.
    public enum ForceUnit: String, Sendable, CaseIterable {
      case electronVoltPerAngstrom = "eV/angstrom"
      case hartreePerBohr = "Ha/bohr"
      case rydbergPerBohr = "Ry/bohr"
      case hartreePerAngstrom = "Ha/angstrom"

      /// In eV/angstrom.
      public var factor: Double {
        switch self {
        case .electronVoltPerAngstrom: 1
        case .hartreePerBohr: Units.hartree / Units.bohr
        case .rydbergPerBohr: Units.rydberg / Units.bohr
        case .hartreePerAngstrom: Units.hartree
        }
      }
    }

    public init() {}

    func energyUnit(_ values: Pairs, _ line: Int) throws -> Double {
      if let energyUnit { return energyUnit.inElectronVolt }
      guard let text = try values["energy-unit"] else { return 1 }
      switch text.lowercased() {
      case "ev": return 1
      case "hartree", "ha", "a.u.": return Units.hartree
      case "rydberg", "ry": return Units.rydberg
      default:
        throw AtomisticsError(
          line: line, key: "energy-unit", found: text, allowed: "eV, hartree, rydberg")
      }
    }

    func forceUnit(_ values: Pairs, _ line: Int) throws -> Double {
      if let forceUnit { return forceUnit.factor }
      guard let text = try values["force-unit"] else { return try energyUnit(values, line) }
      switch text.lowercased() {
      case "ev/angstrom", "ev/a": return 1
      case "hartree/bohr", "ha/bohr": return Units.hartree / Units.bohr
      case "rydberg/bohr", "ry/bohr": return Units.rydberg / Units.bohr
      case "hartree/angstrom", "ha/angstrom": return Units.hartree
      default:
        throw AtomisticsError(
          line: line, key: "force-unit", found: text,
          allowed: "eV/angstrom, hartree/bohr, rydberg/bohr, hartree/angstrom")
      }
    }
  }

  /// The frames of a text, and what its end makes doubtful.
  public struct Frames {
    public var structures: [Structure] = []
    /// Why a last frame is not among them, which the text ends within.
    public var unfinished: AtomisticsError?
    /// What is to be said of a last line without an end: its last number may be cut off.
    public var doubt: String?
  }

  /// Reads all frames of a file; a frame without name is called after the file, from the second
  /// frame on with its number.
  ///
  /// - Parameter warn: is told of a last number that may be cut off.
  /// - Throws: `AtomisticsError` with file, line and key, also where the last frame is not finished.
  public static func read(
    _ url: URL, names: Names = Names(), warn: (String) -> Void = { _ in }
  ) throws -> [Structure] {
    let frames = try readUnfinished(url, names: names)
    if let error = frames.unfinished { throw error.inFile(url.path) }
    if let doubt = frames.doubt { warn("\(url.path): \(doubt)") }
    return frames.structures
  }

  /// Reads the frames of a file as `read` does, but for a last one that the file ends within.
  ///
  /// - Throws: `AtomisticsError` with file, line and key, also where the only frame is unfinished.
  public static func readUnfinished(_ url: URL, names: Names = Names()) throws -> Frames {
    do {
      var frames = try frames(FileAccess.readText(url), names: names)
      let key = FileAccess.key(of: url)
      let isOnly = frames.structures.count == 1 && frames.unfinished == nil
      for index in frames.structures.indices where frames.structures[index].name.isEmpty {
        frames.structures[index].name = isOnly ? key : "\(key)_\(index + 1)"
      }
      return frames
    } catch let error as AtomisticsError {
      throw error.inFile(url.path)
    }
  }

  /// Writes all frames to a file, whole or not at all.
  ///
  /// - Throws: `AtomisticsError` when it cannot be written.
  public static func write(_ frames: [Structure], to url: URL) throws {
    let text = frames.map(encode).joined()
    try FileAccess.write(Data(text.utf8), to: url)
  }

  /// The frames of a text.
  ///
  /// - Throws: `AtomisticsError` with line and key, also where the last frame is not finished.
  public static func decode(_ text: String, names: Names = Names()) throws -> [Structure] {
    let frames = try frames(text, names: names)
    if let error = frames.unfinished { throw error }
    return frames.structures
  }

  /// - Throws: `AtomisticsError` with line and key, also where the only frame is unfinished.
  static func frames(_ text: String, names: Names = Names()) throws -> Frames {
    var frames = Frames()
    var lines = TextLines(text)
    do {
      while let line = lines.next() {
        let first = fields(line)
        if first.isEmpty { continue }
        guard first.count == 1, let count = Int(first[0]), count >= 0 else {
          throw lines.wrong("number of atoms", "\"\(line)\"", allowed: "one whole number")
        }
        let (frame, doubt) = try frame(count, &lines, names)
        frames.structures.append(frame)
        frames.doubt = doubt
      }
    } catch let error as AtomisticsError where lines.isCut && !frames.structures.isEmpty {
      // A program that still writes, or was killed, leaves a frame unfinished.
      frames.unfinished = error
    }
    return frames
  }

  /// The frame behind its number of atoms, and what a missing end of its last line makes doubtful.
  private static func frame(
    _ count: Int, _ lines: inout TextLines, _ names: Names
  ) throws -> (Structure, doubt: String?) {
    guard let comment = lines.next() else {
      throw lines.wrong("comment", "the end of the file", allowed: "a line")
    }
    var frame = try Frame(comment, line: lines.number, names)
    var (words, before): ([Substring], [Substring]) = ([], [])
    for atom in 0..<count {
      guard let line = lines.next() else {
        throw lines.wrong("atoms", "\(atom) atoms", allowed: "\(count) atoms")
      }
      (before, words) = (words, fields(line))
      try frame.append(words, line: lines.number)
    }
    return (frame.structure, try lines.doubt(words, after: before))
  }

  /// One frame as text; numbers are written so that reading gives the same bits. Where all masses are known, momenta
  /// stand beside the velocities, since ASE reads nothing else.
  public static func encode(_ structure: Structure) -> String {
    var header: [String] = []
    if structure.cell.vectors != .zero {
      header.append("Lattice=\"\(row(structure.cell.vectors))\"")
    }
    let momenta = momenta(structure)
    let columns: [(name: String, isPresent: Bool)] = [
      ("species:S:1:pos:R:3", true), ("velo:R:3", structure.velocities != nil),
      ("momenta:R:3", momenta != nil),
      ("masses:R:1", structure.masses != nil), ("forces:R:3", structure.forces != nil),
      ("local_energy:R:1", structure.perAtomQuantity != nil),
    ]
    header.append(
      "Properties=" + columns.filter(\.isPresent).map(\.name).joined(separator: ":"))
    if let energy = structure.energy { header.append("energy=\(energy)") }
    if let virial = structure.virial { header.append("virial=\"\(row(virial))\"") }
    if let stress = structure.stress { header.append("stress=\"\(row(stress))\"") }
    if !structure.name.isEmpty { header.append("name=\(quoted(structure.name))") }
    let flags = (0..<3).map { structure.cell.periodic[$0] ? "T" : "F" }
    header.append("pbc=\"\(flags.joined(separator: " "))\"")
    var text = "\(structure.count)\n\(header.joined(separator: " "))\n"
    for i in 0..<structure.count {
      text += structure.species[i]
      append(structure.positions[i], to: &text)
      if let velocities = structure.velocities { append(velocities[i], to: &text) }
      if let momenta { append(momenta[i], to: &text) }
      if let masses = structure.masses { text += " \(masses[i])" }
      if let forces = structure.forces { append(forces[i], to: &text) }
      if let shares = structure.perAtomQuantity { text += " \(shares[i])" }
      text += "\n"
    }
    return text
  }

  /// In ASE's unit, that of eV, angstrom and u; nil where there are no velocities or a species has no mass.
  private static func momenta(_ structure: Structure) -> [SIMD3<Double>]? {
    guard let velocities = structure.velocities,
      let masses = structure.masses ?? (try? Elements.masses(of: structure))
    else { return nil }
    return zip(velocities, masses).map { $0 * ($1 * Units.naturalTime) }
  }

  private static func append(_ v: SIMD3<Double>, to text: inout String) {
    text += " \(v.x) \(v.y) \(v.z)"
  }

  private static func row(_ m: Matrix3) -> String {
    (0..<3).map { "\(m[$0].x) \(m[$0].y) \(m[$0].z)" }.joined(separator: " ")
  }

  private static func quoted(_ text: String) -> String {
    let escaped = text.replacingOccurrences(of: "\\", with: "\\\\")
      .replacingOccurrences(of: "\"", with: "\\\"").replacingOccurrences(of: "\n", with: " ")
    return "\"\(escaped)\""
  }

  static func fields(_ line: Substring) -> [Substring] {
    line.utf8.split { $0 == 0x20 || $0 == 0x09 }.map { Substring($0) }
  }
}
