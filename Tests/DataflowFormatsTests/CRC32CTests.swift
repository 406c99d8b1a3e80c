import TestSupport
import Testing

@testable import DataflowFormats

@Suite struct CRC32CTests {
  /// The check value of the algorithm's catalogue and the vectors of RFC 3720, B.4.
  private static let known: [(bytes: [UInt8], checksum: UInt32)] = [
    (Array("123456789".utf8), 0xE306_9283),
    ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
    ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
    (Array(0..<32), 0x46DD_794E),
    (Array((0..<32).reversed()), 0x113F_DB5C),
    ([], 0),
  ]

  @Test func knownAnswers() {
    for (bytes, checksum) in Self.known { #expect(CRC32C.checksum(bytes) == checksum) }
  }

  /// Every length and alignment around the eight bytes of a step.
  @Test func agreesWithTheDefinition() {
    let bytes = (0..<80).map { UInt8(truncatingIfNeeded: $0 * 37 + 11) }
    for start in 0..<9 {
      for end in start...bytes.count {
        let expected = bitwise(bytes[start..<end])
        #expect(CRC32C.checksum(bytes[start..<end]) == expected)
        #expect(bytes[start..<end].withUnsafeBytes { CRC32C.tableChecksum($0) } == expected)
      }
    }
  }

  /// Lengths at which long runs are taken side by side, and those beside them.
  @Test func longRunsAgreeWithTheTables() {
    let three = 3 * CRC32C.runLength
    let bytes = (0..<4 * three).map { UInt8(truncatingIfNeeded: $0 &* $0 / 7 + 3) }
    for length in [three - 1, three, three + 1, 2 * three - 1, 2 * three, 2 * three + 13] {
      for start in [0, 1, 6] {
        let some = bytes[start..<start + length]
        #expect(
          CRC32C.checksum(some) == some.withUnsafeBytes { CRC32C.tableChecksum($0) },
          "\(length) bytes from \(start)")
      }
    }
  }

  /// What is folded, lengths and alignments around its steps of 256 and 64 bytes; and the instruction alone.
  @Test func foldedBytesAgreeWithTheTables() {
    let bytes = (0..<1400).map { UInt8(truncatingIfNeeded: $0 &* $0 / 7 + 3 * $0) }
    for start in [0, 1, 17] {
      for length in 200...1300 {
        bytes[start..<start + length].withUnsafeBytes { some in
          let expected = CRC32C.tableChecksum(some)
          #expect(CRC32C.checksum(some) == expected, "\(length) bytes from \(start)")
          if CRC32C.hasInstruction {
            #expect(CRC32C.instructionChecksum(some) == expected, "\(length) bytes from \(start)")
          }
        }
      }
    }
  }

  /// Every bit of what is folded counts.
  @Test func everyFlippedBitChangesTheChecksum() {
    let bytes = (0..<777).map { UInt8(truncatingIfNeeded: $0 * 37 + 11) }
    let checksums = Set(bytes.withEachBitFlipped.map { CRC32C.checksum($0.bytes) })
    #expect(checksums.count == 8 * 777 && !checksums.contains(CRC32C.checksum(bytes)))
  }

  @Test func piecesGiveTheChecksumOfTheWhole() {
    let bytes = (0..<2000).map { UInt8(truncatingIfNeeded: $0 * 37 + 11) }
    for size in [1, 7, 255, 256, 700, 1999, 2000] {
      var running = CRC32C.Running()
      for start in stride(from: 0, to: bytes.count, by: size) {
        bytes[start..<min(start + size, bytes.count)].withUnsafeBytes { running.add($0) }
        running.add(UnsafeRawBufferPointer(start: nil, count: 0))
      }
      #expect(running.checksum == CRC32C.checksum(bytes))
    }
  }

  @Test func takesBytesThatAreNotContiguous() {
    #expect(CRC32C.checksum("987654321".utf8.reversed()) == 0xE306_9283)
  }

  /// Stored by TensorFlow for a record of no bytes and for its length.
  @Test func masksAsTensorFlow() {
    #expect(CRC32C.masked(CRC32C.checksum([])) == 0xA282_EAD8)
    #expect(CRC32C.masked(CRC32C.checksum([UInt8](repeating: 0, count: 8))) == 0x0798_0329)
  }

  private func bitwise(_ bytes: some Sequence<UInt8>) -> UInt32 {
    var crc = ~UInt32(0)
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
    }
    return ~crc
  }
}
