import Foundation

/// Reads structures from a file of any known format, which its extension tells.
public enum StructureFile {
  /// The extensions that are known.
  public static let extensions = ["xyz", "extxyz", "example"]

  /// All structures of a file: the frames of an extended xyz file, the one of an example file.
  ///
  /// - Parameter warn: is told of missing units, for which eV or angstrom is assumed, and of a last number that may
  ///   be cut off.
  /// - Throws: `AtomisticsError` with file, line and key.
  public static func read(
    _ file: URL, warn: (String) -> Void = { _ in }
  ) throws -> [Structure] {
    switch file.pathExtension {
    case "xyz", "extxyz": return try ExtendedXYZ.read(file, warn: warn)
    case "example": return [try ExampleFile.read(file, warn: warn)]
    default:
      throw AtomisticsError(
        file: file.path, key: "extension", found: "\".\(file.pathExtension)\"",
        allowed: extensions.map { "." + $0 }.joined(separator: ", "))
    }
  }
}
