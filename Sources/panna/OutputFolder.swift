import Foundation
import ProgramSupport

/// Folders that programs write to.
enum OutputFolder {
  /// Makes a folder and those around it, where they are not there.
  ///
  /// - Throws: `WorkError` that names the folder and the reason.
  static func make(_ folder: URL) throws {
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw WorkError("\(folder.path): the folder cannot be made: \(reason(error))")
    }
  }

  /// What the system says of an error, without the words that are put around it.
  static func reason(_ error: any Error) -> String {
    let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? any Error
    let inner = (underlying ?? error) as NSError
    guard inner.domain == NSPOSIXErrorDomain else { return error.localizedDescription }
    return String(cString: strerror(Int32(inner.code)))
  }
}
