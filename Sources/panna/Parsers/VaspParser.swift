import Atomistics
import Foundation
import ProgramSupport

/// Examples of VASP's results.
enum VaspParser: ParserProgram {
  static let name = "vasp_parser"
  static let summary = "makes examples of VASP's vasprun.xml and OUTCAR"
  static let files = "vasprun*.xml and OUTCAR*, also with .gz"
  static let ownOptions: [CommandLineOptions.Option] = [
    .init(
      "--energy", value: "KIND",
      help: "\(VaspXML.Energy.allCases.map(\.rawValue).joined(separator: ", ")) (e_wo_entrp)"),
    .init("--offset", "-t", value: "N", help: "leaves out the first N ionic steps (0)"),
    .init("--skip", "-p", value: "N", help: "takes every Nth of the others (1)"),
    .allowUnconverged,
  ]
  static let details = """
    Reads every ionic step: positions, cell, energy and forces, in eV and angstrom; a step that was
    not finished, or that the file ends within, is left out, and so is one that took as many electronic
    steps as it might (NELM), or of which OUTCAR says that it was stopped hard. Steps whose numbers
    cannot be read, since they overflow their columns or are NaN, are left out and counted, and are
    none of those that --offset and --skip count. Of OUTCAR, steps of a machine-learned force field are
    left out and counted; the species are those of the lines VRHFIN, or POTCAR: where NWRITE leaves
    these out; files may stand one behind the other. Where it lists only ten of more types, as VASP 6.3
    does, it is refused: vasprun.xml has all. Of the energies, e_fr_energy is the one of which the
    forces are derivatives, e_wo_entrp what the original program takes; both agree where nothing is
    smeared. None has the work of the pressure PSTRESS, which steps of vasprun.xml have in theirs.
    Where a folder has vasprun.xml and OUTCAR of one run, name the file that is wanted.
    Examples are NAME_000001 … in the order of the steps that are taken.
    """
  static let example = """
      panna vasp_parser --indir vasprun.xml --outdir examples --offset 100 --skip 10
    """

  static func reads(_ file: URL) -> Bool {
    let name = file.lastPathComponent
    let bare = file.pathExtension == "gz" ? String(name.dropLast(3)) : name
    return (bare.hasPrefix("vasprun") && bare.hasSuffix(".xml")) || bare.hasPrefix("OUTCAR")
  }

  static func reader(
    _ arguments: ParsedArguments
  ) throws -> @Sendable (ParserInput) throws -> [ParsedConfiguration] {
    let kind: VaspXML.Energy = try arguments.choice("--energy") ?? .withoutEntropy
    let offset = try arguments.int("--offset", in: 0...Int.max) ?? 0
    let skip = try arguments.int("--skip", in: 1...Int.max) ?? 1
    let allowsUnconverged = arguments.has("--allow-unconverged")
    return { input in
      let isXML = input.file.lastPathComponent.contains(".xml")
      let steps =
        isXML
        ? try VaspXML.read(input.file, energy: kind, remark: input.remark)
        : try VaspOutcar.read(input.file, energy: kind, remark: input.remark)
      let taken = stride(from: offset, to: steps.count, by: skip).map { steps[$0] }
      guard !taken.isEmpty else {
        throw AtomisticsError(
          key: "ionic steps", found: "\(steps.count)", allowed: "more than --offset \(offset)")
      }
      return try input.converged(taken, orAll: allowsUnconverged).enumerated().map { index, step in
        var step = step
        step.name = "\(input.name)_\(String(format: "%06d", index + 1))"
        return step
      }
    }
  }
}
