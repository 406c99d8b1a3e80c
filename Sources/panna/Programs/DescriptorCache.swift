import AtomicNetworks
import Atomistics
import Dataflow
import Foundation

/// A folder of structures that were described before: one TFRecord for each, called by the hash of what it was
/// computed from, so that nothing in it is ever out of date and any number of descriptors share it.
struct DescriptorCache: Sendable {
  let folder: URL
  /// What beside the structure decides what comes out.
  private let settings: [UInt8]
  private let storage: DescribedStructure.DerivativeStorage

  /// - Throws: `FormatError` where the folder cannot be made.
  init(_ folder: URL, _ settings: DescriptorSettings, includesDerivatives: Bool) throws {
    try Folder.make(folder)
    self.folder = folder
    storage = includesDerivatives ? .blocks : .none
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let flags = settings.periodic.flags.map { $0 ? "T" : "F" }.joined()
    self.settings =
      try encoder.encode(DescriptorDescription(settings)) + Array("\(flags) \(storage) 2".utf8)
  }

  /// The described structure of an example file, from the folder where it is there, else as `describe` finds it.
  ///
  /// - Throws: what `describe` throws; `FormatError` where the folder cannot be written to.
  func structure(
    _ file: URL, _ describe: () throws -> DescribedStructure
  ) throws -> DescribedStructure {
    let content = try FileAccess.read(file)
    let hash = SHA224.hexadecimal(settings + Array(content))
    let place = folder.appendingPathComponent("\(hash).tfrecord")
    if FileManager.default.fileExists(atPath: place.path) {
      do {
        guard var structure = try DescribedStructureFile.read(place).first else {
          throw FormatError(file: place.path, "is empty")
        }
        structure.name = FileAccess.key(of: file)
        return structure
      } catch {
        warn("\(error); it is computed again")
      }
    }
    let structure = try describe()
    let writer = try TFRecordWriter(place)
    try writer.write(try structure.trainExample(derivatives: storage).encoded())
    try writer.close()
    return structure
  }
}
