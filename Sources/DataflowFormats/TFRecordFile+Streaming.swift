extension TFRecordFile {
  /// Shorter runs of bytes are read with the rest of the record.
  package static let leastStreamed = 1 << 17
  /// The first bytes of a record's content, among which a long run of bytes begins.
  private static let headSize = 1 << 12

  /// Calls `body` with a record's content before its checksum is known, all but a long run of bytes in it, which
  /// `body` may read straight to where it wants them.
  ///
  /// What `body` makes of the record is good only if this returns.
  ///
  /// - Parameters:
  ///   - longRun: finds the run, told the content, of which only the first bytes are there.
  ///   - body: gets the content, in which the run's own bytes say nothing, and the run.
  /// - Returns: nil where the record has no long run; `body` has not been called then.
  /// - Throws: `FormatError` with file, record and offset, where what is wrong may be anything that follows from
  ///   damage; what `body` throws.
  package func withStreamedRecord<R>(
    _ index: Int, longRun: (UnsafeRawBufferPointer) -> Range<Int>?,
    _ body: (UnsafeRawBufferPointer, StreamedBytes) throws -> R
  ) throws -> R? {
    let (start, length) = (start(ofContent: index), byteCount(ofRecord: index))
    guard length >= Self.leastStreamed else { return nil }
    return try withMemory(length + TFRecordFraming.footerSize) { input, memory in
      func part(_ range: Range<Int>) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: memory[range])
      }
      let bytes = UnsafeRawBufferPointer(memory)
      let content = UnsafeRawBufferPointer(rebasing: bytes[..<length])
      do {
        try input.read(into: part(0..<Self.headSize), at: start)
        guard let run = longRun(content), run.count >= Self.leastStreamed,
          run.lowerBound <= Self.headSize, run.upperBound <= length
        else { return nil }
        let tail = run.upperBound..<memory.count
        try input.read(into: part(tail), at: start + tail.lowerBound)
        let streamed = StreamedBytes(
          input, at: start + run.lowerBound, place: UnsafeRawBufferPointer(part(run)),
          after: UnsafeRawBufferPointer(part(0..<run.lowerBound)))
        let result = try body(content, streamed)
        let checksum = try streamed.finish(
          before: UnsafeRawBufferPointer(part(run.upperBound..<length)))
        _ = try TFRecordFraming.content(bytes, length: length, checksum: checksum)
        return result
      } catch let error as FormatError {
        throw self.error(error, inRecord: index)
      }
    }
  }
}

/// Bytes of a record that are read when they are wanted, from front to back and each once.
package final class StreamedBytes {
  /// Less than this is read together with what follows it, and copied.
  private static let leastDirect = PositionedInput.pieceSize / 4

  /// Where the bytes would lie in the memory of the record.
  package let place: UnsafeRawBufferPointer
  /// Is called with the bytes, piece by piece, when they have been read; also with those that nobody wants. Pieces begin
  /// at multiples of 4 if what is wanted does.
  package var inspect: (UnsafeRawBufferPointer) throws(FormatError) -> Void = {
    _ throws(FormatError) in
  }
  private let input: PositionedInput
  private let start: Int
  /// How many bytes have been given or left out, and how many have been read from the file.
  private var (position, fetched) = (0, 0)
  /// Memory for bytes that are read and not given yet, and where in it they are.
  private var window = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  private var waiting = 0..<0
  private var checksum = CRC32C.Running()
  private var failure: FormatError?

  /// - Parameter bytes: what the record has before.
  fileprivate init(
    _ input: PositionedInput, at start: Int, place: UnsafeRawBufferPointer,
    after bytes: UnsafeRawBufferPointer
  ) {
    (self.input, self.start, self.place) = (input, start, place)
    checksum.add(bytes)
  }

  deinit { window.deallocate() }

  /// Reads some of the bytes; where that fails `withStreamedRecord` throws in the end.
  ///
  /// - Precondition: none of the range, or of what follows it, has been read.
  package func read(_ range: Range<Int>, to target: UnsafeMutableRawPointer) {
    precondition(
      range.lowerBound >= position && range.upperBound <= place.count,
      "bytes \(range) are read behind \(position), of \(place.count)")
    skip(to: range.lowerBound)
    var rest = UnsafeMutableRawBufferPointer(start: target, count: range.count)
    while !rest.isEmpty && failure == nil {
      if waiting.isEmpty && rest.count >= Self.leastDirect { return readDirectly(rest) }
      let some = nextWaiting(rest.count)
      rest.copyMemory(from: UnsafeRawBufferPointer(rebasing: window[some]))
      rest = UnsafeMutableRawBufferPointer(rebasing: rest[some.count...])
    }
  }

  private func readDirectly(_ target: UnsafeMutableRawBufferPointer) {
    fetch(target)
    position += target.count
  }

  /// Takes up to so many bytes that come next out of the window.
  private func nextWaiting(_ count: Int) -> Range<Int> {
    if waiting.isEmpty {
      if window.isEmpty { window = .allocate(byteCount: PositionedInput.pieceSize, alignment: 64) }
      waiting = 0..<min(window.count, place.count - fetched)
      fetch(UnsafeMutableRawBufferPointer(rebasing: window[waiting]))
    }
    let some = waiting.prefix(count)
    waiting = some.upperBound..<waiting.upperBound
    position += some.count
    return some
  }

  private func skip(to end: Int) {
    while position < end && failure == nil { _ = nextWaiting(end - position) }
  }

  private func fetch(_ target: UnsafeMutableRawBufferPointer) {
    do throws(FormatError) {
      try input.readInPieces(into: target, at: start + fetched) { piece throws(FormatError) in
        checksum.add(piece)
        try inspect(piece)
      }
      fetched += target.count
    } catch {
      failure = error
    }
  }

  /// The checksum of the record, when what is left of these bytes has been read.
  ///
  /// - Parameter bytes: what the record has behind.
  fileprivate func finish(before bytes: UnsafeRawBufferPointer) throws(FormatError) -> UInt32 {
    skip(to: place.count)
    if let failure { throw failure }
    checksum.add(bytes)
    return checksum.checksum
  }
}
