import Atomistics
import Dataflow
import Foundation
import ProgramSupport

/// Makes an animation for XCrySDen of examples.
enum JSONToAXSF: Program {
  static let name = "json2axsf"
  static let summary = "makes an animation (XCrySDen, VESTA) of structures (*.example)"
  static let options = CommandLineOptions([
    .init("--indir", "-i", value: "DIR|FILE", help: "*.example", isRequired: true),
    .init("--outdir", "-o", value: "DIR", help: "folder for animation.axsf", isRequired: true),
  ])
  static let details = """
    Writes animation.axsf: a frame for each structure, the lowest energy first, ATOMS where it does not
    repeat, else CRYSTAL, SLAB or POLYMER with the cell in angstrom, for three directions, two or one.
    That word comes once, before the first frame, and again only before a frame that repeats along more
    or fewer directions, which the format does not provide for: give these an animation of their own.
    The vectors along which it repeats come first; where the structure has no others, those that fill up
    the three which the format wants are 1 angstrom long, at right angles to these, and mean nothing.
    """
  static let example = """
      panna json2axsf --indir examples --outdir pictures
    """

  static func run(_ arguments: ParsedArguments) throws {
    let path = arguments["--indir"]!
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw UsageError("--indir \(path): there is no such file or folder")
    }
    let input = URL(fileURLWithPath: path)
    let files = isFolder.boolValue ? try DescriptorWork.files(in: input) : [input]
    let folder = URL(fileURLWithPath: arguments["--outdir"]!)
    let file = folder.appendingPathComponent("animation.axsf")
    try file.check(replacesNoneOf: files, "--outdir")
    var structures = try files.map { file in
      let structure = try ExampleFile.read(file) { warn($0) }
      try checkSpecies(of: structure, file)
      return structure
    }
    // Sorting is stable, so that equal energies are in the order of their names.
    structures.sort { $0.energy! < $1.energy! }
    try Folder.make(folder)
    try FileAccess.write(Data(text(structures).utf8), to: file)
    say("\(structures.count) frames in \(file.path)")
  }

  private static func checkSpecies(of structure: Structure, _ file: URL) throws {
    for (atom, symbol) in structure.species.enumerated() where Elements.number(of: symbol) == nil {
      throw AtomisticsError(
        file: file.path, key: "species of atom \(atom + 1)", found: "\"\(symbol)\"",
        allowed: "the symbol of an element")
    }
  }

  /// What XCrySDen calls structures that repeat along so many vectors, nil for molecules.
  private static func keyword(_ cell: Cell) -> String? {
    [nil, "POLYMER", "SLAB", "CRYSTAL"][(0..<3).count { cell.periodic[$0] }]
  }

  /// - Precondition: all species are elements.
  private static func text(_ structures: [Structure]) -> String {
    func row(_ v: SIMD3<Double>) -> String { "\(v.x) \(v.y) \(v.z)" }
    var lines = ["ANIMSTEPS \(structures.count)"]
    // What repeats first says how before any frame. The format has this once; there is no other way to tell
    // of a structure that repeats otherwise.
    var said = structures.lazy.compactMap { keyword($0.cell) }.first
    if let said { lines.append(said) }
    for (index, structure) in structures.enumerated() {
      let number = index + 1
      let cell = structure.cell
      if let keyword = keyword(cell) {
        if keyword != said { lines.append(keyword) }
        said = keyword
        let directions =
          (0..<3).filter { cell.periodic[$0] } + (0..<3).filter { !cell.periodic[$0] }
        for vectors in ["PRIMVEC", "CONVVEC"] {
          lines.append("\(vectors) \(number)")
          lines += directions.map { "  " + row(cell.completed[$0]) }
        }
        lines += ["PRIMCOORD \(number)", "\(structure.count) 1 "]
      } else {
        lines.append("ATOMS \(number)")
      }
      lines += structure.species.indices.map { atom in
        "\(Elements.number(of: structure.species[atom])!) " + row(structure.positions[atom])
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
