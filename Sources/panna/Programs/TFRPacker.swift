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
      include_per_atom_quantity    (False)

    Files are taken in the order of their names. A target that is not empty and newer than its *.bin
    files is kept.
    """
  static let example = "  panna tfr_packer --config tfr.ini"

  static func run(_ arguments: ParsedArguments) throws {
    let configuration = try TFRPackerConfiguration(arguments.configuration())
    for key in configuration.ignored { warn("tfr_packer: \(key) has no effect here") }
    let files = try Folder.files(in: configuration.input, ending: ".bin")
    let chunks = stride(from: 0, to: files.count, by: configuration.elementsPerFile).map {
      Array(files[$0..<min($0 + configuration.elementsPerFile, files.count)])
    }
    try Folder.make(configuration.output)
    var seen = Seen(speciesCount: configuration.speciesCount)
    let progress = ProgressReporter("tfr_packer", unit: "structures", total: files.count)
    for (index, chunk) in chunks.enumerated() {
      let stem = "\(index + 1)-\(chunks.count).tfrecord"
      let name = configuration.prefix.isEmpty ? stem : "\(configuration.prefix)-\(stem)"
      let target = configuration.output.appendingPathComponent(name)
      if Freshness.isFresh(target, of: chunk) {
        say("\(target.path): already computed")
        progress.advance(by: chunk.count)
      } else {
        try pack(chunk, into: target, configuration) { file, structure in
          try seen.check(structure, file)
          progress.advance()
        }
      }
    }
    progress.finish(note: "\(chunks.count) files")
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

  private static func pack(
    _ files: [URL], into target: URL, _ configuration: TFRPackerConfiguration,
    _ onEach: (URL, DescribedStructure) throws -> Void
  ) throws {
    let writer = try TFRecordWriter(target)
    for file in files {
      let structure = try DescriptorFile.read(file)
      try onEach(file, structure)
      if configuration.storage != .none && structure.derivatives == nil {
        throw WorkError("\(file.path): has no derivatives, which include_derivatives asks for")
      }
      if configuration.includesPerAtomQuantity && structure.perAtomQuantity == nil {
        throw WorkError(
          "\(file.path): has no per-atom quantity, which include_per_atom_quantity asks for")
      }
      let example = try structure.trainExample(
        derivatives: configuration.storage,
        includesPerAtomQuantity: configuration.includesPerAtomQuantity)
      try writer.write(example.encoded())
    }
    try writer.close()
  }
}
