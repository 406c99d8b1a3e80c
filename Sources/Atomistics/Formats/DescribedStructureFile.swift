import Dataflow
import Foundation

/// Reads and writes TFRecord files of described structures.
public enum DescribedStructureFile {
  /// All structures of a file, in its order.
  ///
  /// - Throws: `FormatError` with file, record and byte for what is damaged or does not fit.
  public static func read(_ file: URL) throws -> [DescribedStructure] {
    try read(file, leavingOut: nil)
  }

  /// The same without what is damaged or does not fit.
  ///
  /// - Parameters:
  ///   - parts: into how many parts descriptors are cut for derivatives in the original's forms.
  ///   - note: is told of what is left out; nil where that is an error.
  static func read(
    _ file: URL, parts: Int = 1, leavingOut note: ((FormatError) -> Void)?
  ) throws(FormatError) -> [DescribedStructure] {
    var reader = try TFRecordReader(file)
    var result: [DescribedStructure] = []
    var record = 0
    while true {
      do throws(FormatError) {
        let structure = try reader.nextRecord { bytes in
          DescribedStructure(
            try StructureView(
              try EncodedExample(bytes), parts: parts, fallbackName: fallbackName(file, record)))
        }
        guard let structure else { return result }
        result.append(structure)
      } catch {
        guard let note else { throw error }
        note(error)
      }
      record += 1
    }
  }

  /// What a structure is called whose record has no name.
  static func fallbackName(_ file: URL, _ record: Int) -> String {
    "\(file.deletingPathExtension().lastPathComponent)-\(record)"
  }

  /// The `*.tfrecord` files of a folder, by name.
  ///
  /// - Throws: `FormatError` where there are none.
  public static func files(in folder: URL) throws -> [URL] {
    try Folder.files(in: folder, ending: ".tfrecord")
  }
}
