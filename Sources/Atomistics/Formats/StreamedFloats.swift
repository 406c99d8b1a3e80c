import Dataflow

/// The long list of floats of a record, read straight to where its numbers are wanted, from front to back.
///
/// A number that is not finite is damage of the record.
package struct StreamedFloats {
  private static let size = MemoryLayout<Float>.size
  private let bytes: StreamedBytes

  init(_ bytes: StreamedBytes) {
    self.bytes = bytes
    bytes.inspect = { piece throws(FormatError) in
      let count = piece.count / Self.size
      guard VectorMath.areFinite(piece.baseAddress!, count: count, of: Float.self) else {
        throw FormatError("a number is not finite")
      }
    }
  }

  var count: Int { bytes.place.count / Self.size }

  /// Reads some of the numbers.
  ///
  /// - Precondition: none of them, or of those that follow, has been read.
  func copy(_ range: Range<Int>, to target: UnsafeMutablePointer<Float>) {
    bytes.read(Self.size * range.lowerBound..<Self.size * range.upperBound, to: target)
  }
}
