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
      n_species                    not used, kept for compatibility
      include_derivatives          derivatives and forces (False)
      sparse_derivatives           store non-zero derivatives only (False)
      derivative_format            dense; sparse; blocks: the smallest exact form, a block for each
                                   neighbour; half_blocks: the same in half precision, each number
                                   off by at most 0.05 %, or 2e-12 of the structure's largest.
                                   The original reads dense and sparse
      include_per_atom_quantity    (False)
    [DIVISION]                     optional: mixes structures and sets some aside
      shuffle (True)               packs structures in an order drawn at random
      seed (0)                     of the order and of the choice
      validation_fraction (0.0)    test_fraction (0.0): above 0, structures go to the folders
                                   train, validation and test of output_dir
      group                        a regular expression; structures in whose names it finds the same
                                   (in its first parentheses) stay together in one of the folders

    Without [DIVISION] files are taken in the order of their names. A target that exists and is not
    empty is kept.
    """
  static let example = "  panna tfr_packer --config tfr.ini"

  static func run(_ arguments: ParsedArguments) throws {
    let configuration = try TFRPackerConfiguration(arguments.configuration())
    let files = try files(in: configuration.input)
    let progress = ProgressReporter("tfr_packer", unit: "structures", total: files.count)
    var count = 0
    for part in try configuration.division.parts(files) {
      count += try pack(part, configuration, progress)
    }
    progress.finish(note: "\(count) files")
  }

  /// - Returns: the number of TFRecord files.
  private static func pack(
    _ part: DataDivision.Part, _ configuration: TFRPackerConfiguration,
    _ progress: ProgressReporter
  ) throws -> Int {
    let size = configuration.elementsPerFile
    let chunks = stride(from: 0, to: part.files.count, by: size).map {
      Array(part.files[$0..<min($0 + size, part.files.count)])
    }
    let folder =
      part.name.isEmpty
      ? configuration.output : configuration.output.appendingPathComponent(part.name)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for (index, chunk) in chunks.enumerated() {
      let stem = "\(index + 1)-\(chunks.count).tfrecord"
      let name = configuration.prefix.isEmpty ? stem : "\(configuration.prefix)-\(stem)"
      let target = folder.appendingPathComponent(name)
      if hasContent(target) {
        say("\(target.path): already computed")
        progress.advance(by: chunk.count)
      } else {
        try pack(chunk, into: target, configuration) { progress.advance() }
      }
    }
    return chunks.count
  }

  private static func files(in folder: URL) throws -> [URL] {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    } catch {
      throw WorkError("\(folder.path): cannot be read: \(error.localizedDescription)")
    }
    let files = names.filter { $0.hasSuffix(".bin") && !$0.hasPrefix(".") }.sorted()
    guard !files.isEmpty else {
      throw WorkError("\(folder.path): there is no *.bin file among its \(names.count) files")
    }
    return files.map { folder.appendingPathComponent($0) }
  }

  private static func hasContent(_ file: URL) -> Bool {
    let attributes = try? FileManager.default.attributesOfItem(atPath: file.path)
    return (attributes?[.size] as? Int ?? 0) > 0
  }

  private static func pack(
    _ files: [URL], into target: URL, _ configuration: TFRPackerConfiguration,
    _ onEach: () -> Void
  ) throws {
    let writer = try TFRecordWriter(target)
    for file in files {
      let structure = try DescriptorFile.read(file)
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
      onEach()
    }
    try writer.close()
  }
}
