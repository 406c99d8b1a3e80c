import Atomistics
import Dataflow
import Foundation
import ProgramSupport

/// Writes descriptors as text.
enum GvectWriter: Program {
  static let name = "gvect_writer"
  static let summary = "writes descriptors (*.bin) as text, their averages and histograms"
  static let options = CommandLineOptions([
    .init("--source", "-s", value: "DIR|FILE", help: "*.bin", isRequired: true),
    .init("--outdir", "-o", value: "DIR", help: "where to write (beside the source)"),
    .init("--average", "-a", value: "N", help: "only average_g.dat, averages for N species"),
    .init("--histograms", value: "BINS", help: "also histogram_<species>.dat and histograms.svg"),
  ])
  static let details = """
    Writes <file>.bin_plain.dat: a line with the energy in eV and the index of each atom's species,
    then a line for each component with a column for each atom. With --average, average_g.dat: a line
    for each component, a column for each species. histogram_<species>.dat has for each component its
    smallest and largest value over all atoms of that species, and how many atoms are in each of BINS
    equal parts between them; histograms.svg shows how often values occur at all.
    """
  static let example = """
      panna gvect_writer --source bin --average 2 --histograms 20
    """

  static func run(_ arguments: ParsedArguments) throws {
    let species = try arguments.int("--average", in: 1...1000)
    let bins = try arguments.int("--histograms", in: 2...100_000)
    let (files, folder) = try self.files(arguments["--source"]!)
    let target = arguments["--outdir"].map { URL(fileURLWithPath: $0) } ?? folder
    try Folder.make(target)
    // The files of a folder have another ending than results.
    let output = Output(folder: target, source: files.count == 1 ? files[0] : nil)
    var values: [[[Float]]] = []
    for file in files {
      let described = try DescriptorFile.read(file)
      if species == nil {
        try output.write(plain(described), to: "\(file.lastPathComponent)_plain.dat")
      }
      if species != nil || bins != nil {
        try collect(described, file, limit: species, into: &values)
      }
    }
    if let species { try writeAverages(values, species, to: output) }
    if let bins { try writeHistograms(values, bins, to: output) }
    say("\(files.count) files read, written to \(target.path)")
  }

  /// Where results go.
  private struct Output {
    let folder: URL
    /// A file that is read and may have the name of a result.
    let source: URL?

    /// - Throws: `UsageError` where the source would be lost.
    func write(_ text: String, to name: String) throws {
      let file = folder.appendingPathComponent(name)
      try file.check(replacesNoneOf: [source].compactMap { $0 }, "--outdir")
      try FileAccess.write(Data(text.utf8), to: file)
    }
  }

  private static func files(_ path: String) throws -> ([URL], URL) {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw UsageError("--source \(path): there is no such file or folder")
    }
    let source = URL(fileURLWithPath: path)
    guard isFolder.boolValue else { return ([source], source.deletingLastPathComponent()) }
    return (try Folder.files(in: source, ending: ".bin"), source)
  }

  private static func scientific(_ value: some BinaryFloatingPoint) -> String {
    String(format: "%1.6e", Double(value))
  }

  private static func plain(_ described: DescribedStructure) -> String {
    let size = described.descriptorSize
    let head = ["#", "\(Double(described.energy))"] + described.species.map { "\($0)" }
    let rows = (0..<size).map { component in
      (0..<described.atomCount).map { scientific(described.descriptors[$0 * size + component]) }
        .joined(separator: " ")
    }
    return ([head.joined(separator: " ")] + rows).joined(separator: "\n") + "\n"
  }

  /// Adds the atoms of a structure to the descriptors of their species.
  private static func collect(
    _ described: DescribedStructure, _ file: URL, limit: Int?, into values: inout [[[Float]]]
  ) throws {
    let size = described.descriptorSize
    if let known = values.joined().first?.count, known != size {
      throw WorkError("\(file.path): has descriptors of size \(size), the files before \(known)")
    }
    for (atom, species) in described.species.enumerated() {
      if let limit, species >= limit {
        throw WorkError(
          "\(file.path): atom \(atom + 1) is of species \(species); allowed: 0 to \(limit - 1), as "
            + "--average says")
      }
      while values.count <= Int(species) { values.append([]) }
      values[Int(species)].append(Array(described.descriptors[atom * size..<(atom + 1) * size]))
    }
  }

  private static func writeAverages(_ values: [[[Float]]], _ species: Int, to output: Output) throws
  {
    let size = values.joined().first?.count ?? 0
    let rows = (0..<size).map { component in
      (0..<species).map { index in
        let atoms = index < values.count ? values[index] : []
        let sum = atoms.reduce(0.0) { $0 + Double($1[component]) }
        return scientific(atoms.isEmpty ? 0 : sum / Double(atoms.count))
      }.joined(separator: " ")
    }
    try output.write(rows.joined(separator: "\n") + "\n", to: "average_g.dat")
  }

  private static func writeHistograms(_ values: [[[Float]]], _ bins: Int, to output: Output) throws
  {
    var plot = Plot(
      "Values of the components", x: PlotAxis("value of a component"),
      y: PlotAxis("components of atoms", scale: .logarithmic))
    let largest = Double(values.joined().joined().max() ?? 1)
    for (species, atoms) in values.enumerated() where !atoms.isEmpty {
      let rows = atoms[0].indices.map { component in
        row(atoms.map { $0[component] }, component, bins)
      }
      let head = "# component smallest largest, then atoms in each of \(bins) parts\n"
      try output.write(
        head + rows.joined(separator: "\n") + "\n", to: "histogram_\(species).dat")
      plot.series.append(
        .histogram(
          "species \(species)", of: atoms.joined().map(Double.init),
          in: 0...max(largest, .leastNormalMagnitude), bins: bins))
    }
    try output.write(plot.standaloneSVG, to: "histograms.svg")
  }

  private static func row(_ values: [Float], _ component: Int, _ bins: Int) -> String {
    let (low, high) = (Double(values.min()!), Double(values.max()!))
    let counts =
      low == high
      ? [Double(values.count)] + Array(repeating: 0, count: bins - 1)
      : PlotSeries.histogram("", of: values.map(Double.init), in: low...high, bins: bins).y
    let numbers = counts.map { "\(Int($0))" }.joined(separator: " ")
    return "\(component) \(scientific(low)) \(scientific(high)) \(numbers)"
  }
}
