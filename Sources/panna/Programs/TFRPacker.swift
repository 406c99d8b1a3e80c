import Atomistics
import Dataflow
import Foundation
import ProgramSupport

/// Packs descriptor files into TFRecords.
enum TFRPacker: Program {
  static let name = "tfr_packer"
  static let summary = "packs descriptor files (*.bin) into TFRecord files"
  static let options = CommandLineOptions([.config, .set])
  static let details = """
    [IO_INFORMATION]
      input_dir           folder of *.bin files
      output_dir          folder for <prefix>-<i>-<n>.tfrecord, n files in all
      elements_per_file   structures in a file (1000)
      prefix              beginning of the files' names (none)
    [CONTENT_INFORMATION]
      n_species                    has no effect; a warning where there are more
      include_derivatives          derivatives and forces (False)
      sparse_derivatives           store non-zero derivatives only (False)
      derivative_format            dense; sparse; blocks: the smallest exact form, a block for each
                                   neighbour and, of several species, each part of a descriptor
                                   that depends on it; half_blocks: the same in half precision,
                                   each number off by at most 0.05 %, or 2e-12 of the structure's
                                   largest. The original reads dense and sparse
      include_per_atom_quantity    (False)
    [DIVISION]                     optional: mixes structures and sets some aside
      shuffle (True)               packs structures in an order drawn at random
      seed (0)                     of the order and of the choice
      validation_fraction (0.0)    test_fraction (0.0): above 0, structures go to the folders
                                   train, validation and test of output_dir, one at least to each
      group                        a regular expression; structures in whose names it finds the same
                                   (in its first parentheses) stay together in one of the folders

    Where input_dir has \(DescriptorRecord.name), folders of TFRecords get it too, and take
    structures of one kind only; without it blocks are of whole descriptors.
    Without [DIVISION] files are taken in the order of their names. A target is kept where it is newer
    than its *.bin files and holds the same structures in the same form. Other files of the prefix in
    its folder, such as those of another elements_per_file, are refused, since they would be read as
    well; those of other prefixes are told of, and refused with fractions.
    """
  static let example = "  panna tfr_packer --config tfr.ini"

  static func run(_ arguments: ParsedArguments) throws {
    let configuration = try TFRPackerConfiguration(arguments.configuration())
    for key in configuration.ignored { warn("tfr_packer: \(key) has no effect here") }
    let files = try Folder.files(in: configuration.input, ending: ".bin")
    var seen = Seen(speciesCount: configuration.speciesCount)
    let progress = ProgressReporter("tfr_packer", unit: "structures", total: files.count)
    let packings = try configuration.division.parts(files).map { Packing($0, configuration) }
    try checkFolders(packings, configuration)
    for packing in packings {
      // Of a packing that was ended before.
      let targets = Set(packing.chunks.map(\.target.lastPathComponent))
      AtomicFile.removeRemains(in: packing.folder, of: targets.contains)
      try pack(packing, configuration, &seen, progress)
    }
    progress.finish(note: "\(packings.reduce(0) { $0 + $1.chunks.count }) files")
  }

  /// A folder of TFRecords to be, and what goes into them.
  private struct Packing {
    let folder: URL
    let chunks: [(target: URL, files: [URL])]

    init(_ part: DataDivision.Part, _ configuration: TFRPackerConfiguration) {
      let folder =
        part.name.isEmpty
        ? configuration.output : configuration.output.appendingPathComponent(part.name)
      let starts = stride(from: 0, to: part.files.count, by: configuration.elementsPerFile)
      let count = Array(starts).count
      self.folder = folder
      chunks = starts.enumerated().map { index, start in
        let name = configuration.name(of: "\(index + 1)", among: "\(count)")
        let rest = part.files[start...]
        return (
          folder.appendingPathComponent(name), Array(rest.prefix(configuration.elementsPerFile))
        )
      }
    }
  }

  /// Checks that folders hold no other files of the prefix, which would be read as well: structures would be
  /// there twice, or in two parts.
  ///
  /// - Throws: `WorkError` with the first such file.
  private static func checkFolders(
    _ packings: [Packing], _ configuration: TFRPackerConfiguration
  ) throws {
    let targets = Set(packings.flatMap { $0.chunks.map(\.target.path) })
    let parts = configuration.division.folders.map(configuration.output.appendingPathComponent)
    let folders = parts.isEmpty ? packings.map(\.folder) : parts
    for folder in folders {
      // A folder without such files is an error to those who read them, and fine here; so is none yet.
      let files = (try? Folder.files(in: folder, ending: ".tfrecord")) ?? []
      let others = files.filter { !targets.contains($0.path) }
      // Parts have no structure in common, which nobody sees to beyond one packing.
      let wrong = others.first { !parts.isEmpty || configuration.mayName($0.lastPathComponent) }
      guard let other = wrong else {
        if !others.isEmpty {
          warn(
            "tfr_packer: \(others.count) *.tfrecord files of other prefixes in \(folder.path) will be read like"
              + " those that are packed here")
        }
        continue
      }
      let names = parts.isEmpty ? configuration.name(of: "<i>", among: "<n>") : "*.tfrecord"
      throw WorkError(
        "\(other.path): is none of the files to be packed here, but would be read like them; remove the"
          + " files \(names) in \(folder.path), or name another output_dir")
    }
  }

  private static func pack(
    _ packing: Packing, _ configuration: TFRPackerConfiguration, _ seen: inout Seen,
    _ progress: ProgressReporter
  ) throws {
    let folder = packing.folder
    try Folder.make(folder)
    let record = try self.record(for: folder, of: configuration)
    let form = Form(configuration, parts: try record?.settings().derivativeParts ?? 1)
    for (target, chunk) in packing.chunks {
      if Freshness.isFresh(target, of: chunk), try holds(target, chunk, form) {
        say("\(target.path): already computed")
        progress.advance(by: chunk.count)
      } else {
        let writer = try TFRecordWriter(target)
        try write(chunk, to: writer, form) { file, structure in
          try seen.check(structure, file)
          progress.advance()
        }
        try record?.write(to: folder)
        try writer.close()
      }
    }
  }

  /// The record of what the structures were described with, which those of the target were, too.
  private static func record(
    for folder: URL, of configuration: TFRPackerConfiguration
  ) throws -> DescriptorRecord? {
    let record = try DescriptorRecord(in: configuration.input)
    try record?.check(in: folder, ending: ".tfrecord")
    if try record == nil && DescriptorRecord(in: folder) != nil {
      throw WorkError(
        "\(DescriptorRecord.path(in: folder)): says what with structures here were described, but there"
          + " is no such file in \(configuration.input.path)")
    }
    return record
  }

  /// What the structures so far have in common; packed files say neither size nor species.
  private struct Seen {
    /// What `n_species` says, nil where it says nothing or was told to be wrong.
    var speciesCount: Int?
    private var first: (file: String, size: Int)?

    init(speciesCount: Int?) { self.speciesCount = speciesCount }

    mutating func check(_ structure: DescribedStructure, _ file: URL) throws {
      let known = first ?? (file.lastPathComponent, structure.descriptorSize)
      first = known
      guard structure.descriptorSize == known.size else {
        throw WorkError(
          "\(file.path): has \(structure.descriptorSize) components, \(known.file) has \(known.size)"
        )
      }
      // The original does not read it, and its own examples have wrong numbers there.
      if let count = speciesCount, let index = structure.species.first(where: { $0 >= count }) {
        warn("tfr_packer: n_species is \(count), but \(file.path) has a species of index \(index)")
        speciesCount = nil
      }
    }
  }

  private static func write(
    _ files: [URL], to writer: TFRecordWriter, _ form: Form,
    _ onEach: (URL, DescribedStructure) throws -> Void
  ) throws {
    for file in files {
      let structure = try DescriptorFile.read(file, parts: form.parts)
      try onEach(file, structure)
      try writer.write(try record(structure, file, form))
    }
  }

  /// What is stored, and into how many parts descriptors are cut where derivatives are in blocks.
  private struct Form {
    let configuration: TFRPackerConfiguration
    let parts: Int

    init(_ configuration: TFRPackerConfiguration, parts: Int) {
      self.configuration = configuration
      self.parts = [.blocks, .halfBlocks].contains(configuration.storage) ? parts : 1
    }
  }

  private static func record(
    _ structure: DescribedStructure, _ file: URL, _ form: Form
  ) throws -> [UInt8] {
    let configuration = form.configuration
    if configuration.storage != .none && structure.derivatives == nil {
      throw WorkError("\(file.path): has no derivatives, which include_derivatives asks for")
    }
    if configuration.includesPerAtomQuantity && structure.perAtomQuantity == nil {
      throw WorkError(
        "\(file.path): has no per-atom quantity, which include_per_atom_quantity asks for")
    }
    return try structure.trainExample(
      derivatives: configuration.storage,
      includesPerAtomQuantity: configuration.includesPerAtomQuantity
    ).encoded()
  }

  /// Whether a target has the structures of some files, the first in the form that is asked for.
  private static func holds(
    _ target: URL, _ files: [URL], _ form: Form
  ) throws -> Bool {
    guard let packed = try? TFRecordFile(target), packed.count == files.count else { return false }
    let first = try record(DescriptorFile.read(files[0], parts: form.parts), files[0], form)
    guard (try? packed.withRecord(0) { $0.elementsEqual(first) }) == true else { return false }
    return files.indices.allSatisfy { index in
      let name = try? packed.withRecord(index) { bytes in
        try TrainExample(encoded: Array(bytes)).features["name"]
      }
      return name == .bytes([Array(FileAccess.key(of: files[index]).utf8)])
    }
  }
}
