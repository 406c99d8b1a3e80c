import Foundation

extension URL {
  /// Whether two paths lead to one file or folder that is there, by whatever names.
  func isSameFile(as other: URL) -> Bool {
    var (a, b) = (stat(), stat())
    return stat(path, &a) == 0 && stat(other.path, &b) == 0
      && a.st_ino == b.st_ino && a.st_dev == b.st_dev
  }
}
