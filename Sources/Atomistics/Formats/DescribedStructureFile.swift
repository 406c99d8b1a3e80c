import Dataflow
import Foundation

/// Reads and writes TFRecord files of described structures.
public enum DescribedStructureFile {
  /// All structures of a file, in its order.
  ///
  /// - Throws: `FormatError` with file, record and byte for what is damaged or does not fit.
  public static func read(_ file: URL) throws -> [DescribedStructure] {
    var reader = try TFRecordReader(file)
    var result: [DescribedStructure] = []
    let stem = file.deletingPathExtension().lastPathComponent
    while let structure = try reader.nextRecord({ bytes in
      try DescribedStructure(
        try TrainExample(encoded: bytes), fallbackName: "\(stem)-\(result.count)")
    }) {
      result.append(structure)
    }
    return result
  }

  /// The `*.tfrecord` files of a folder, by name.
  ///
  /// - Throws: `FormatError` where there are none.
  public static func files(in folder: URL) throws -> [URL] {
    try Folder.files(in: folder, ending: ".tfrecord")
  }
}
