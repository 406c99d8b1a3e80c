import Foundation

/// The system's own words for an error.
enum SystemReason {
  /// What the system says of an error, without the words that are put around it.
  static func of(_ error: any Error) -> String {
    let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? any Error
    let inner = (underlying ?? error) as NSError
    guard inner.domain == NSPOSIXErrorDomain else { return error.localizedDescription }
    return String(cString: strerror(Int32(inner.code)))
  }
}
