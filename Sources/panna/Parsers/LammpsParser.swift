import Atomistics
import Foundation
import ProgramSupport

/// Examples of LAMMPS' dumps and data files.
enum LammpsParser: ParserProgram {
  static let name = "lammps_parser"
  static let summary = "makes examples of LAMMPS' dumps (or data files) and logs"
  static let files = "*.dump, dump.*, *.lammpstrj, *.data"
  static let inputAliases = ["-dumpd", "-dumpf"]
  static let ownOptions: [CommandLineOptions.Option] = [
    .init(
      "--log", "-l", aliases: ["-log"], value: "FILE",
      help: "the run's log (log.lammps in the folder of each file)"),
    .init(
      "--types", value: "LIST",
      help: "the species of type 1, 2, …: Si,O (the column element, or labels)"),
    .init("-ext", value: "EXT", help: "of a folder only the files NAME.EXT"),
    .withoutEffect(
      "-ign_en", "frames whose energy the log does not have are left out, and counted"),
    .withoutEffect(
      "-ign_err", "files that cannot be read are listed at the end, the others are read"),
    .init("--units", value: "UNITS", help: "metal, real or electron (what the log says)"),
  ]
  static let details = """
    Reads all frames of text dumps with columns id, type or element, x y z (or xs ys zs, xu yu zu), and
    fx fy fz where forces are wanted; the energy of a frame is PotEng, else E_pair and E_mol together,
    else TotEng less KinEng, of its step in the log (E_pair alone, which would lack bonds, with a
    remark), in the styles one, custom, multi and yaml; other lines between those of a table do no
    harm. Frames without an energy there are left out and counted, as are those whose numbers cannot be
    read or are NaN, and a last one that the file ends within. A frame has all atoms, as many as the
    log's column Atoms says, or else the end of the run, and the units of the log, where the dump names
    its own. Where a log's runs count from the same step, as after clear or reset_timestep, the
    energies are those of the runs that have all steps of a dump. Frames of steps whose energies differ
    all the same are left out and counted: such runs need a log each. Of frames with the same step the
    last is taken, with a remark.
    Of a data file (atom styles atomic, charge, molecular, full, as Atoms # STYLE says; types by number
    or label, and a label that is an element is the species where no --types say another) the energy is
    that of the step that its first line names, as write_data does, else of the log's first step.
    Where its last line has no line end, it is refused if the last number has less behind its point than
    all numbers above, being cut off then; else a remark names it. Its boundaries are those of the
    command boundary (or change_box) in the log, LAMMPS' default p p p without one, and so are those of
    a dump that does not say them after BOX BOUNDS; those of a restart file no log says. Boxes may be
    tilted.
    Examples are in eV and angstrom, in Ha and bohr for units electron, and called NAME_STEP.
    """
  static let example = """
      panna lammps_parser --indir run.dump --log log.lammps --types Si --outdir examples
    """

  static func reads(_ file: URL) -> Bool {
    let name = file.lastPathComponent
    return ["dump", "lammpstrj", "data"].contains(file.pathExtension)
      || name.hasPrefix("dump.")
  }

  static func companions(of file: URL, _ arguments: ParsedArguments) -> [URL] {
    [log(of: file, arguments)]
  }

  private static func log(of file: URL, _ arguments: ParsedArguments) -> URL {
    arguments["--log"].map { URL(fileURLWithPath: $0) }
      ?? file.deletingLastPathComponent().appendingPathComponent("log.lammps")
  }

  static func reader(
    _ arguments: ParsedArguments
  ) throws -> @Sendable (ParserInput) throws -> [ParsedConfiguration] {
    let types = (arguments["--types"] ?? "").split(separator: ",").map {
      $0.trimmingCharacters(in: .whitespaces)
    }
    let units: LammpsUnits? = try arguments.choice("--units")
    return { input in
      try LammpsRun.read(
        input.file, log: log(of: input.file, arguments), name: input.name, types: types,
        units: units, remark: input.remark)
    }
  }
}
