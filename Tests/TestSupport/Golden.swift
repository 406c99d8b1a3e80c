import Foundation

/// Reference values that other programs computed, kept outside the package.
public enum Golden {
  /// The folder `../shared/data` beside the package, or nil where it is absent.
  public static let folder: URL? = {
    let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let folder = package.deletingLastPathComponent().appendingPathComponent("shared/data")
    return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
  }()

  /// Whether the reference data can be read; tests that need them are enabled by it.
  public static var isPresent: Bool { folder != nil }

  /// A file or folder of the reference data.
  public static func url(_ path: String) -> URL {
    guard let folder else { preconditionFailure("the test is not enabled by Golden.isPresent") }
    return folder.appendingPathComponent(path)
  }
}
