import Dataflow
import Foundation
import ProgramSupport

/// A text file that grows by a line for each logged step; a resumed training goes on with it.
final class LogFile {
  private static let chunk = 1 << 20

  private let file: URL
  private let handle: FileHandle

  /// Opens it for more lines behind its first bytes, which are kept; what an ended run left behind them is cut off.
  ///
  /// - Throws: `FormatError` that names the file.
  init(_ file: URL, keeping bytes: Int) throws {
    let descriptor = open(file.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw AtomicFile.failure("cannot be opened", file) }
    self.file = file
    handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    guard ftruncate(descriptor, off_t(bytes)) == 0 else {
      throw AtomicFile.failure("cannot be written", file)
    }
  }

  /// A log whose lines begin with their steps, of which those up to a step are kept.
  ///
  /// A log of other columns, whose numbers are not those of this one, is kept under a name of its own.
  ///
  /// - Parameters:
  ///   - header: the first line, which names the columns; nil where there is none.
  ///   - columns: how many there are, for logs without a header.
  convenience init(
    _ file: URL, header: String? = nil, columns: Int? = nil, throughStep step: Int
  ) throws {
    var isFirst = true
    var other: String?
    let size = try Self.size(of: file) { bytes in
      defer { isFirst = false }
      let line = String(decoding: bytes, as: UTF8.self)
      if isFirst, let header {
        if line != header { other = line }
        return line == header
      }
      let numbers = line.split(separator: " ")
      if isFirst, let columns, numbers.count != columns {
        other = "\(numbers.count)"
        return false
      }
      return numbers.first.flatMap { Double($0) }.map { $0 <= Double(step) } ?? true
    }
    if let other, step > 0 {
      let kept = try file.setAside(step: step)
      warn("train: the columns of \(file.path) were \(other): it is \(kept.path) now")
    }
    try self.init(file, keeping: size)
    if size == 0, let header { try append(header) }
  }

  /// - Returns: the line.
  @discardableResult
  func append(_ numbers: [Double]) throws -> String {
    let line = numbers.map { String(format: "%.8f", $0) }.joined(separator: " ")
    try append(line)
    return line
  }

  /// - Throws: `FormatError` that names the file.
  func append(_ line: String) throws {
    try Array((line + "\n").utf8).withUnsafeBytes {
      try AtomicFile.writeAll($0, to: handle.fileDescriptor, file)
    }
  }

  /// The number of bytes of the lines at the file's beginning that `counts` accepts, up to the first that it does
  /// not or that has no end; 0 where there is no file.
  ///
  /// Logs of long trainings have hundreds of megabytes: they are never in memory as a whole.
  ///
  /// - Throws: `FormatError` that names the file.
  static func size(
    of file: URL, while counts: (_ line: UnsafeRawBufferPointer) -> Bool
  ) throws -> Int {
    guard FileManager.default.fileExists(atPath: file.path) else { return 0 }
    var (size, rest) = (0, Data())
    do {
      let input = try FileHandle(forReadingFrom: file)
      while let piece = try input.read(upToCount: chunk), !piece.isEmpty {
        rest.append(piece)
        let (length, isOver) = rest.withUnsafeBytes { lengthOfLines($0, while: counts) }
        size += length
        if isOver { break }
        rest.removeFirst(length)
      }
    } catch {
      throw FormatError(file: file.path, "cannot be read: \(SystemReason.of(error))")
    }
    return size
  }

  private static func lengthOfLines(
    _ bytes: UnsafeRawBufferPointer, while counts: (UnsafeRawBufferPointer) -> Bool
  ) -> (length: Int, isOver: Bool) {
    var start = 0
    while let end = memchr(bytes.baseAddress! + start, 10, bytes.count - start) {
      let next = UnsafeRawPointer(end) - bytes.baseAddress! + 1
      guard counts(UnsafeRawBufferPointer(rebasing: bytes[start..<next - 1])) else {
        return (start, true)
      }
      start = next
    }
    return (start, false)
  }
}
