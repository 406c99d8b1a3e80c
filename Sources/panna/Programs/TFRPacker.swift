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
      include_per_atom_quantity    (False)

    Files are taken in the order of their names. A target that exists and is not empty is kept.
    """
  static let example = "  panna tfr_packer --config tfr.ini"

  static func run(_ arguments: ParsedArguments) throws {
    let configuration = try TFRPackerConfiguration(arguments.configuration())
    let files = try files(in: configuration.input)
    let chunks = stride(from: 0, to: files.count, by: configuration.elementsPerFile).map {
      Array(files[$0..<min($0 + configuration.elementsPerFile, files.count)])
    }
    try FileManager.default.createDirectory(
      at: configuration.output, withIntermediateDirectories: true)
    let progress = ProgressReporter("tfr_packer", unit: "structures", total: files.count)
    for (index, chunk) in chunks.enumerated() {
      let stem = "\(index + 1)-\(chunks.count).tfrecord"
      let name = configuration.prefix.isEmpty ? stem : "\(configuration.prefix)-\(stem)"
      let target = configuration.output.appendingPathComponent(name)
      if hasContent(target) {
        say("\(target.path): already computed")
        progress.advance(by: chunk.count)
      } else {
        try pack(chunk, into: target, configuration) { progress.advance() }
      }
    }
    progress.finish(note: "\(chunks.count) files")
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
