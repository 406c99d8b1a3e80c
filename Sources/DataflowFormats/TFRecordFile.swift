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
  /// Where each record lies, from its header to the checksum of its content.
  private let places: [Range<Int>]
  /// Memory for records, one piece a thread that reads.
  private let buffers = Mutex<[AlignedStorage]>([])

  /// The number of records.
  public var count: Int { places.count }

  /// Finds the records of a file by their lengths; contents are not read.
  ///
  /// - Parameter onDamage: is told of what cannot be read, and which bytes of the file are lost with it; damage is an
  ///   error if nil.
  /// - Throws: `FormatError` with file, record and offset where a length is damaged or the file ends within a
  ///   record, and for a compressed file, whose records cannot be found.
  public init(
    _ url: URL, onDamage: ((FormatError, _ lost: Range<Int>) -> Void)? = nil
  ) throws(FormatError) {
    self.url = url
    path = url.path
    let input = try PositionedInput(url, path: path)
    openInput = input.stayOpen() ? input : nil
    var places: [Range<Int>] = []
    var start = 0
    while start < input.size {
      do throws(FormatError) {
        places.append(start..<(try Self.end(ofRecordAt: start, in: input)))
        start = places.last!.upperBound
      } catch {
        var damage = FormatError(error, file: url, record: places.count, start: start)
        guard let onDamage else { throw damage }
        let next = try Self.nextRecord(behind: start, in: input)
        damage.message += "; bytes \(start)..<\(next) of \(input.size) are lost"
        onDamage(damage, start..<next)
        start = next
      }
    }
    self.places = places
  }

  /// Where the next record begins behind a damaged one whose length says nothing: the next place at which a whole one
  /// stands, by both of its checksums. The end of the file where there is none.
  private static func nextRecord(
    behind start: Int, in input: PositionedInput
  ) throws(FormatError) -> Int {
    let piece = AlignedStorage(byteCount: PositionedInput.pieceSize)
    let header = TFRecordFraming.headerSize
    var first = start + 1
    while first + header <= input.size {
      let bytes = UnsafeMutableRawBufferPointer(
        start: piece.base, count: min(piece.byteCount, input.size - first))
      try input.read(into: bytes, at: first)
      for offset in 0...bytes.count - header
      where TFRecordFraming.isHeader(
        UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + header]))
      {
        if try isWhole(recordAt: first + offset, in: input) { return first + offset }
      }
      first += bytes.count - header + 1
    }
    return input.size
  }

  private static func isWhole(
    recordAt start: Int, in input: PositionedInput
  ) throws(FormatError) -> Bool {
    guard let end = try? end(ofRecordAt: start, in: input) else { return false }
    let content = start + TFRecordFraming.headerSize
    let memory = AlignedStorage(uninitialized: end - content)
    let bytes = UnsafeMutableRawBufferPointer(start: memory.base, count: end - content)
    try input.read(into: bytes, at: content)
    let length = bytes.count - TFRecordFraming.footerSize
    return (try? TFRecordFraming.content(UnsafeRawBufferPointer(bytes), length: length)) != nil
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

  /// The bytes of all records, with what stands around their contents.
  package var byteCount: Int { places.reduce(0) { $0 + $1.count } }

  /// The bytes of a record's content.
  public func byteCount(ofRecord index: Int) -> Int {
    places[index].count - TFRecordFraming.headerSize - TFRecordFraming.footerSize
  }

  /// Where a record's content begins.
  func start(ofContent index: Int) -> Int { places[index].lowerBound + TFRecordFraming.headerSize }

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
    FormatError(error, file: url, record: index, start: places[index].lowerBound)
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
