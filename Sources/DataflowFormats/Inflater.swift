import Foundation

/// Takes gzip's and zlib's compression back, through the system's zlib.
package final class Inflater {
  private typealias Initialize =
    @convention(c) (
      UnsafeMutableRawPointer, Int32, UnsafePointer<CChar>, Int32
    ) -> Int32
  private typealias Step = @convention(c) (UnsafeMutableRawPointer, Int32) -> Int32
  private typealias Change = @convention(c) (UnsafeMutableRawPointer) -> Int32

  private static let library = DynamicLibrary([
    "libz.so.1", "libz.so", "libz.1.dylib", "libz.dylib",
  ])

  /// zlib's `z_stream`, by the offsets of its fields on 64-bit systems.
  private enum Field {
    static let input = 0
    static let inputCount = 8
    static let output = 24
    static let outputCount = 32
    static let message = 48
    static let size = 112
  }

  private static let done: Int32 = 1
  private static let bufferError: Int32 = -5

  private let stream: UnsafeMutableRawPointer
  private let step: Step
  private let end: Change
  private let reset: Change
  /// Whether the compressed content has ended; more may follow it.
  private var isAtEnd = false

  /// - Throws: `FormatError` where there is no zlib.
  package init() throws(FormatError) {
    guard let library = Self.library else {
      throw FormatError(
        "is compressed, and the library libz.so.1 (zlib) that reads it is not on this machine")
    }
    let initialize = try library.function("inflateInit2_", as: Initialize.self)
    step = try library.function("inflate", as: Step.self)
    end = try library.function("inflateEnd", as: Change.self)
    reset = try library.function("inflateReset", as: Change.self)
    stream = .allocate(byteCount: Field.size, alignment: 16)
    stream.initializeMemory(as: UInt8.self, repeating: 0, count: Field.size)
    // 15 bits of window; 32 more to find out whether it is gzip or zlib.
    guard "1.2.11".withCString({ initialize(stream, 47, $0, Int32(Field.size)) }) == 0 else {
      stream.deallocate()
      throw FormatError("zlib is of a version that cannot be used")
    }
  }

  deinit {
    _ = end(stream)
    stream.deallocate()
  }

  /// Whether some bytes begin as gzip's or zlib's do.
  package static func isCompressed(_ bytes: some Collection<UInt8>) -> Bool {
    var iterator = bytes.makeIterator()
    guard let first = iterator.next(), let second = iterator.next() else { return false }
    if first == 0x1F && second == 0x8B { return true }
    return first & 0x0F == 8 && first >> 4 <= 7 && (UInt16(first) << 8 | UInt16(second)) % 31 == 0
  }

  /// Takes in some bytes and gives out what they stand for, as much as there is room for.
  ///
  /// - Returns: how many bytes were taken in and given out.
  /// - Throws: `FormatError` where the content is damaged.
  package func inflate(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) throws(FormatError) -> (read: Int, written: Int) {
    if isAtEnd {
      // Several compressed pieces may follow each other.
      guard !input.isEmpty else { return (0, 0) }
      _ = reset(stream)
      isAtEnd = false
    }
    let (room, count) = (UInt32(clamping: output.count), UInt32(clamping: input.count))
    stream.storeBytes(of: input.baseAddress, toByteOffset: Field.input, as: UnsafeRawPointer?.self)
    stream.storeBytes(of: count, toByteOffset: Field.inputCount, as: UInt32.self)
    stream.storeBytes(
      of: output.baseAddress, toByteOffset: Field.output, as: UnsafeMutableRawPointer?.self)
    stream.storeBytes(of: room, toByteOffset: Field.outputCount, as: UInt32.self)
    let result = step(stream, 0)
    isAtEnd = result == Self.done
    guard result == 0 || result == Self.done || result == Self.bufferError else {
      let message = stream.load(fromByteOffset: Field.message, as: UnsafePointer<CChar>?.self)
      throw FormatError("is damaged: \(message.map { String(cString: $0) } ?? "error \(result)")")
    }
    let left = stream.load(fromByteOffset: Field.inputCount, as: UInt32.self)
    let free = stream.load(fromByteOffset: Field.outputCount, as: UInt32.self)
    return (Int(count - left), Int(room - free))
  }

  /// Whether everything that was taken in is complete.
  package var isComplete: Bool { isAtEnd }

  /// The whole content of a compressed file.
  ///
  /// - Throws: `FormatError` where it is damaged or ends too early.
  package static func inflated(_ data: Data) throws -> Data {
    let inflater = try Inflater()
    var result = Data()
    var rest = data[...]
    var chunk = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let (read, written) = try rest.withUnsafeBytes { bytes in
        try chunk.withUnsafeMutableBytes { try inflater.inflate(bytes, into: $0) }
      }
      result.append(contentsOf: chunk[..<written])
      rest = rest.dropFirst(read)
      if read == 0 && written == 0 { break }
    }
    guard rest.isEmpty, inflater.isComplete else {
      throw FormatError("is compressed and ends too early")
    }
    return result
  }
}
