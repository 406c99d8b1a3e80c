import Atomistics
import Dataflow
import Foundation
import ProgramSupport

/// Examples of the ANI data sets.
enum ANIParser: Program {
  static let name = "ani_parser"
  static let summary = "makes examples of the HDF5 files of the ANI data sets"
  static let options = CommandLineOptions(
    [
      .init(
        "--indir", "-i", aliases: ["-in"], value: "DIR|FILE", help: "*.h5, in a folder; or a file",
        isRequired: true)
    ]
      + ExampleWriter.options + [
        .init(
          "--energy-key", value: "ARRAY",
          help: "the energies (\(ANIFile.Arrays.usualEnergies.joined(separator: " or ")))"),
        .init("--forces", value: "ARRAY", help: "the array of forces in hartree/angstrom"),
        .init("--gradients", value: "ARRAY", help: "the array of gradients, minus the forces"),
        .withoutEffect("-v", "progress is shown on a terminal"),
        .init("--every", value: "N", help: "takes every Nth conformation of each molecule (1)"),
      ])
  static let details = """
    Reads every group with coordinates (angstrom), energies (hartree) and species, or atomic_numbers:
    symbols or atomic numbers, of the group (ANI-1, ANI-1x) or of each conformation (ANI-2x). ANI-1x has
    energies of several methods, wb97x_dz.energy unless another is named, and not all conformations have
    all: those with NaN are left out and counted. Examples are molecules without a cell, in angstrom and
    Ha, called GROUP_1 … after the group. ANI-1 has no forces; of later sets name the array
    (wb97x_dz.forces, forces), or that of gradients, as the array called forces in the files of 2017 is.
    Needs libhdf5 (1.10 or later) on the machine, which is opened when the program runs.
    """
  static let example = """
      panna ani_parser --indir ani_gdb_s01.h5 --outdir examples
    """

  static func run(_ arguments: ParsedArguments) throws {
    var arrays = ANIFile.Arrays()
    arrays.energies = arguments["--energy-key"]
    arrays.forces = arguments["--forces"] ?? arguments["--gradients"]
    arrays.areGradients = arguments.has("--gradients")
    if arguments.has("--forces") && arguments.has("--gradients") {
      throw UsageError("--forces and --gradients: expected one of them")
    }
    let every = try arguments.int("--every", in: 1...Int.max) ?? 1
    let files = try self.files(arguments["--indir"]!)
    let writer = try ExampleWriter(arguments)
    var failures: [String] = []
    var molecules = 0
    let progress = ProgressReporter(name, unit: "files", total: files.count)
    for file in files {
      do {
        let data = try ANIFile(file, arrays: arrays)
        molecules += data.molecules.count
        failures += try read(data, file, every, writer)
      } catch let error as AtomisticsError {
        failures.append("\(error.inFile(file.path))")
        molecules += 1
      }
      progress.advance()
    }
    let count = try writer.finish()
    progress.finish(note: "\(count) examples in \(writer.path)")
    try QEParser.conclude(failures, of: molecules, "molecules")
  }

  private static func files(_ path: String) throws -> [URL] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw UsageError("--indir \(path): there is no such file or folder")
    }
    let top = URL(fileURLWithPath: path)
    guard isFolder.boolValue else { return [top] }
    let names = try Folder.names(in: top)
    let files = names.filter { $0.hasSuffix(".h5") || $0.hasSuffix(".hdf5") }
    guard !files.isEmpty else {
      throw WorkError("\(path): there are no *.h5 among its \(names.count) files")
    }
    return files.map { top.appendingPathComponent($0) }
  }

  /// Writes the examples of all molecules, and says how many conformations are left out.
  ///
  /// - Returns: what is wrong with some of them.
  private static func read(
    _ data: ANIFile, _ file: URL, _ every: Int, _ writer: ExampleWriter
  ) throws -> [String] {
    var failures: [String] = []
    var leftOut = LeftOut()
    var count = 0
    let last = data.molecules.map { $0.split(separator: "/").last.map(String.init) ?? "molecule" }
    let areUnique = Set(last).count == last.count
    for (molecule, short) in zip(data.molecules, last) {
      let whole = molecule.split(separator: "/").joined(separator: "__")
      let name = (areUnique ? short : whole).replacingOccurrences(of: ".", with: "_")
      do {
        let all = try data.conformations(of: molecule, name: name, leftOut: &leftOut)
        count += all.count
        let taken = stride(from: 0, to: all.count, by: every).map { index in
          var one = all[index]
          one.source = file.lastPathComponent
          return one
        }
        try writer.append(try writer.write(taken))
      } catch let error as WriteError {
        throw WorkError("\(error)")
      } catch let error as AtomisticsError {
        failures.append("\(error.inFile(file.path))")
      }
    }
    if let line = leftOut.remark(of: count + leftOut.count, "conformations") {
      if count > 0 { warn("\(file.path): \(line)") } else { failures.append(line) }
    }
    return failures
  }
}
