import Atomistics
import Foundation
import ProgramSupport

/// Examples of extended xyz files.
enum EXYZParser: ParserProgram {
  static let name = "exyz_parser"
  static let summary = "makes examples of extended xyz files"
  static let files = "files whose names end in xyz"
  static let ownOptions: [CommandLineOptions.Option] = [
    .init("--energy-key", value: "KEY", help: "what the energy is called (energy)"),
    .init("--force-key", value: "COLUMN", help: "what the forces are called (force or forces)"),
    .init(
      "--energy-unit", value: "UNIT",
      help:
        "\(EnergyUnit.allCases.map(\.rawValue).joined(separator: ", ")) (the key energy-unit, or eV)"
    ),
    .init(
      "--force-unit", value: "UNIT",
      help:
        "\(ExtendedXYZ.Names.ForceUnit.allCases.map(\.rawValue).joined(separator: ", ")) (the key force-unit)"
    ),
  ]
  static let details = """
    Reads all frames: Lattice, pbc, Properties with species (or Z or numbers, whole numbers) and pos,
    energies and forces by the given names, energies of atoms as local_energy or energies; a key may
    be in another case where none is spelled so. Without units energies are in eV, forces per
    angstrom. Positions and cells are in angstrom, examples in eV and angstrom.
    A last frame that the file ends within is left out, with a remark, also one whose last line has no
    line end and a last number with less behind its point than all numbers above, which is cut off
    then; of any other last line without an end a remark names the number that may be cut off.
    An example has the name of its file; the frames of a file with several are NAME_1, NAME_2 ….
    """
  static let example = """
      panna exyz_parser --indir frames --outdir examples --energy-key dft_energy --force-key dft_force
    """

  static func reads(_ file: URL) -> Bool { file.lastPathComponent.hasSuffix("xyz") }

  static func reader(
    _ arguments: ParsedArguments
  ) throws -> @Sendable (ParserInput) throws -> [ParsedConfiguration] {
    var names = ExtendedXYZ.Names()
    // Examples have none.
    names.readsMotion = false
    if let key = arguments["--energy-key"] { names.energy = key }
    names.force = arguments["--force-key"]
    names.energyUnit = try arguments.choice("--energy-unit")
    names.forceUnit = try arguments.choice("--force-unit")
    let chosen = names
    return { input in
      let found = try ExtendedXYZ.readUnfinished(input.file, names: chosen)
      let frames = found.structures
      guard !frames.isEmpty else {
        throw AtomisticsError(found: "no frames", allowed: "at least one")
      }
      if let doubt = found.doubt { input.remark(doubt) }
      if let error = found.unfinished {
        input.remark("the last frame is not finished and left out: \(error)")
      }
      let isOnly = frames.count == 1 && found.unfinished == nil
      return try frames.enumerated().map { index, frame in
        let name = isOnly ? input.name : "\(input.name)_\(index + 1)"
        return try ParsedConfiguration(frame, name: name).checked()
      }
    }
  }
}

extension ParsedArguments {
  /// One of some words, nil where the option was not given.
  ///
  /// - Throws: `UsageError` with the allowed ones.
  func choice<T: RawRepresentable & CaseIterable>(_ name: String) throws -> T?
  where T.RawValue == String {
    guard let text = self[name] else { return nil }
    guard let value = T(rawValue: text) else {
      let allowed = T.allCases.map(\.rawValue).joined(separator: ", ")
      throw UsageError("\(name) \(text): expected one of \(allowed)")
    }
    return value
  }
}
