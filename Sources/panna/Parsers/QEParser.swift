import Atomistics
import Foundation
import ProgramSupport

/// Examples of Quantum ESPRESSO's XML files.
enum QEParser: ParserProgram {
  static let name = "qe_parser"
  static let summary = "makes examples (*.example) of Quantum ESPRESSO's XML files"
  static let files = "*.xml"
  static let ownOptions: [CommandLineOptions.Option] = [
    .init("--steps", help: "every ionic step, not only what the run ended with"),
    .allowUnconverged,
  ]
  static let details = """
    Reads the XML files of pw.x, versions 6.1 and later: energy and forces with the geometry that they
    are of, that of the output or, where atoms have moved on since, as in dynamics and in relaxations
    that were not finished, that of the last step. Examples are in bohr and Ha, as the files. A file
    without an energy (bands, nscf), one that ends too early or has not converged is listed with the
    reason; the others are read all the same, and the exit status is 1 then. So are files of what moves
    atoms by versions before 6.6, but for relaxations of the cell to their end, and those of cp.x: they
    have positions one step later than energy and forces, and wrong forces.
    An example has the name of its file without .xml; data-file-schema.xml in NAME.save is called NAME,
    and left out where NAME.xml is beside the folder. With --steps the steps are NAME_step_1 …; those
    whose self-consistency was not reached are left out.
    """
  static let example = """
      panna qe_parser --indir calculations --outdir examples --nproc 4
      panna qe_parser -i relax.xml -o examples --steps --rename Si1=Si --rename Si2=Si
    """

  private static let schema = "data-file-schema.xml"

  static func reads(_ file: URL) -> Bool {
    guard file.pathExtension == "xml" else { return false }
    guard let twin = namesake(of: file) else { return true }
    return !FileManager.default.fileExists(atPath: twin.path)
  }

  static func name(of file: URL) -> String {
    ParserFiles.plainName(of: namesake(of: file) ?? file)
  }

  /// `NAME.xml` beside `NAME.save` for the file in that folder.
  private static func namesake(of file: URL) -> URL? {
    let folder = file.deletingLastPathComponent()
    guard file.lastPathComponent == schema, folder.pathExtension == "save" else { return nil }
    return folder.deletingPathExtension().appendingPathExtension("xml")
  }

  static func reader(
    _ arguments: ParsedArguments
  ) throws -> @Sendable (ParserInput) throws -> [ParsedConfiguration] {
    let (steps, unconverged) = (arguments.has("--steps"), arguments.has("--allow-unconverged"))
    return { input in
      let found = try QuantumEspressoXML.read(
        input.file, name: input.name, allSteps: steps, remark: input.remark)
      return try input.converged(found, orAll: unconverged)
    }
  }
}
