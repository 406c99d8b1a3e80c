import Atomistics
import Foundation
import ProgramSupport

/// Examples of CP2K's outputs and trajectories.
enum CP2KParser: ParserProgram {
  static let name = "cp2k_parser"
  static let summary = "makes examples of CP2K's outputs and trajectories"
  static let files = "*.out, *output*, *-pos-*.xyz"
  static let ownOptions: [CommandLineOptions.Option] = [
    .init(
      "--cell", value: "NUMBERS",
      help:
        "3 edges or 9 components in angstrom, 0,0,0: none (NAME-1.cell)"
    ),
    .allowUnconverged,
  ]
  static let details = """
    Reads outputs with coordinates, forces and energies (FORCE_EVAL / PRINT / FORCES), and
    trajectories NAME-pos-1.xyz with the energy in each frame's second line, the forces of
    NAME-frc-1.xyz and the cells of NAME-1.cell, where there are these files. An output
    prints the cell with three decimals only, its vectors count along the Periodicity that it says,
    and the coordinates of an optimisation or a dynamics once: later energies are left out, and so are
    those of self-consistency that was not reached. Prefer trajectories, which do not tell, though. Of
    steps that come again, as in the files of a restarted run, the last are read. Left out and counted
    are frames whose step the files of forces or cells do not have, steps with numbers like ********,
    and the last step of a file that ends within it: a line without an end is not finished. The
    energies of outputs without forces need the line PROGRAM ENDED AT.
    CP2K's hartree and bohr become eV and angstrom.
    Examples are called NAME, NAME_2 … of an output, NAME_STEP of a trajectory.
    """
  static let example = """
      panna cp2k_parser --indir water-pos-1.xyz --cell 9.85,9.85,9.85 --outdir examples
    """

  static func reads(_ file: URL) -> Bool {
    let name = file.lastPathComponent
    return name.hasSuffix(".out") || name.contains("output")
      || (name.contains("-pos-") && name.hasSuffix(".xyz"))
  }

  static func companions(of file: URL, _ arguments: ParsedArguments) -> [URL] {
    CP2KOutput.companions(of: file)
  }

  static func reader(
    _ arguments: ParsedArguments
  ) throws -> @Sendable (ParserInput) throws -> [ParsedConfiguration] {
    let cell = try arguments["--cell"].map(Self.cell)
    let allowsUnconverged = arguments.has("--allow-unconverged")
    return { input in
      let found = try CP2KOutput.read(
        input.file, name: input.name, cell: cell, remark: input.remark)
      return try input.converged(found, orAll: allowsUnconverged)
    }
  }

  private static func cell(_ text: String) throws -> Matrix3 {
    let n = text.split { ", ".contains($0) }.map { Double($0) ?? .nan }
    guard n.allSatisfy(\.isFinite), [3, 9].contains(n.count) else {
      throw UsageError("--cell \(text): expected 3 edges or 9 components in angstrom")
    }
    return n.count == 3
      ? Matrix3([n[0], 0, 0], [0, n[1], 0], [0, 0, n[2]])
      : Matrix3([n[0], n[1], n[2]], [n[3], n[4], n[5]], [n[6], n[7], n[8]])
  }
}
