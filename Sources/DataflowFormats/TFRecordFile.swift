import Foundation
import Synchronization
import Tensors

/// A TFRecord file whose records are read in any order, from any number of threads.
///
///     let file = try TFRecordFile(url)
///     let example = try file.withRecord(17) { try TrainExample(encoded: $0) }
///
/// Only the places of the records are kept in memory. Some files stay open, and can then be read even where they are
/// removed meanwhile; others are opened for each record, so that no number of files uses up what a process may have
/// open.
public final class TFRecordFile: Sendable {
  /// The file.
  public let url: URL
  private let path: String
  /// Where the file stays open.
  private let openInput: PositionedInput?
  /// Where each record begins, and where the last one ends.
  private let starts: [Int]
  /// Memory for records, one piece a thread that reads.
  private let buffers = Mutex<[AlignedStorage]>([])

  /// The number of records.
  public var count: Int { starts.count - 1 }

  /// Finds the records of a file by their lengths; contents are not read.
  ///
  /// - Throws: `FormatError` with file, record and offset where a length is damaged or the file ends within a
  ///   record, and for a compressed file, whose records cannot be found.
  public convenience init(_ url: URL) throws(FormatError) {
    var damage: FormatError?
    try self.init(url) { damage = $0 }
    if let damage { throw damage }
  }

  /// As above, but takes the records before the damage.
  ///
  /// - Parameter onDamage: is told of what cannot be read.
  public init(_ url: URL, onDamage: (FormatError) -> Void) throws(FormatError) {
    self.url = url
    path = url.path
    let input = try PositionedInput(url, path: path)
    openInput = input.stayOpen() ? input : nil
    var starts = [0]
    do throws(FormatError) {
      while starts.last! < input.size {
        starts.append(try Self.end(ofRecordAt: starts.last!, in: input))
      }
    } catch {
      onDamage(FormatError(error, file: url, record: starts.count - 1, start: starts.last!))
    }
    self.starts = starts
  }

  private static func end(
    ofRecordAt start: Int, in input: PositionedInput
  ) throws(FormatError) -> Int {
    let length = try TFRecordFraming.length(input.peek(TFRecordFraming.headerSize, at: start))
    let content = start + TFRecordFraming.headerSize
    guard length + TFRecordFraming.footerSize <= input.size - content else {
      throw TFRecordFraming.cutOff(length, after: input.size - content)
    }
    return content + length + TFRecordFraming.footerSize
  }

  /// The bytes of a record's content.
  public func byteCount(ofRecord index: Int) -> Int {
    starts[index + 1] - starts[index] - TFRecordFraming.headerSize - TFRecordFraming.footerSize
  }

  /// Where a record's content begins.
  func start(ofContent index: Int) -> Int { starts[index] + TFRecordFraming.headerSize }

  /// Calls `body` with a record's content, whose checksum has been verified.
  ///
  /// - Throws: `FormatError` with file, record and offset.
  public func withRecord<R>(
    _ index: Int, _ body: (UnsafeRawBufferPointer) throws -> R
  ) throws(FormatError) -> R {
    let (start, length) = (start(ofContent: index), byteCount(ofRecord: index))
    do {
      return try withMemory(length + TFRecordFraming.footerSize) { input, memory in
        var checksum = CRC32C.Running()
        try input.readInPieces(into: memory, at: start) { piece in
          let rest = length - (piece.baseAddress! - UnsafeRawPointer(memory.baseAddress!))
          checksum.add(UnsafeRawBufferPointer(rebasing: piece.prefix(max(0, rest))))
        }
        let bytes = UnsafeRawBufferPointer(memory)
        return try body(
          TFRecordFraming.content(bytes, length: length, checksum: checksum.checksum))
      }
    } catch {
      throw self.error(error, inRecord: index)
    }
  }

  func error(_ error: any Error, inRecord index: Int) -> FormatError {
    FormatError(error, file: url, record: index, start: starts[index])
  }

  /// Calls `body` with the open file and memory of a record, in which lies what lay there before.
  func withMemory<R>(
    _ byteCount: Int, _ body: (PositionedInput, UnsafeMutableRawBufferPointer) throws -> R
  ) throws -> R {
    let input = try openInput ?? PositionedInput(url, path: path)
    let kept = buffers.withLock { $0.popLast() }
    let fitting = kept.flatMap { $0.byteCount < byteCount ? nil : $0 }
    let buffer = fitting ?? AlignedStorage(uninitialized: byteCount)
    defer { buffers.withLock { $0.append(buffer) } }
    return try body(input, UnsafeMutableRawBufferPointer(start: buffer.base, count: byteCount))
  }
}
