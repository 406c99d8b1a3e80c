import CChecksum

/// The Castagnoli checksum that TensorFlow's files carry.
public enum CRC32C {
  static let hasInstruction = crc32c_instruction_exists() != 0
  private static let hasFolding = crc32c_folding_exists() != 0

  /// Eight tables of 256, for eight bytes a step.
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      var value = UInt32(byte)
      for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1 }
      tables[byte] = value
    }
    for index in 256..<8 * 256 {
      let previous = tables[index - 256]
      tables[index] = previous >> 8 ^ tables[Int(previous & 0xFF)]
    }
    return tables
  }()

  /// The checksum of some bytes.
  public static func checksum(_ bytes: some Collection<UInt8>) -> UInt32 {
    if let result = bytes.withContiguousStorageIfAvailable({
      checksum(UnsafeRawBufferPointer($0))
    }) {
      return result
    }
    return Array(bytes).withUnsafeBytes { checksum($0) }
  }

  package static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    var running = Running()
    running.add(bytes)
    return running.checksum
  }

  /// The checksum of bytes that come piece by piece.
  struct Running {
    private var state = ~UInt32(0)

    /// The checksum of all pieces so far.
    var checksum: UInt32 { ~state }

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
      guard let start = bytes.baseAddress else { return }
      if hasFolding {
        state = crc32c_folding(state, start, bytes.count)
      } else if hasInstruction {
        state = instructionState(state, start, bytes.count)
      } else {
        state = tableState(state, bytes)
      }
    }
  }

  // MARK: By the instruction

  /// The same by the instruction alone, on processors that cannot fold.
  ///
  /// - Precondition: there is the instruction.
  static func instructionChecksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    bytes.baseAddress.map { ~instructionState(~0, $0, bytes.count) } ?? 0
  }

  /// The bytes of each of three runs that are taken side by side.
  static let runLength = 1024
  /// What runLength bytes of 0 make of a state, for each of its bytes 256 entries.
  private static let shifts: [UInt32] = {
    let zeros = [UInt8](repeating: 0, count: runLength)
    let ofBits = (0..<32).map { crc32c_instruction(1 << $0, zeros, runLength) }
    return (0..<4 * 256).map { index in
      // A state is a sum of bits, and so is what becomes of it.
      (0..<8).reduce(0) { $0 ^ (index >> $1 & 1 == 1 ? ofBits[index / 256 * 8 + $1] : 0) }
    }
  }()

  private static func instructionState(
    _ state: UInt32, _ start: UnsafeRawPointer, _ count: Int
  ) -> UInt32 {
    var (state, start, count) = (state, start, count)
    if count >= 3 * runLength {
      shifts.withUnsafeBufferPointer { shifts in
        while count >= 3 * runLength {
          var states = (state, UInt32(0), UInt32(0))
          withUnsafeMutableBytes(of: &states) {
            crc32c_instruction_three(
              $0.assumingMemoryBound(to: UInt32.self).baseAddress, start, runLength)
          }
          state = shifted(shifted(states.0, shifts) ^ states.1, shifts) ^ states.2
          start += 3 * runLength
          count -= 3 * runLength
        }
      }
    }
    return crc32c_instruction(state, start, count)
  }

  /// A state after runLength bytes of 0.
  private static func shifted(_ state: UInt32, _ shifts: UnsafeBufferPointer<UInt32>) -> UInt32 {
    shifts[Int(state & 0xFF)] ^ shifts[256 + Int(state >> 8 & 0xFF)]
      ^ shifts[512 + Int(state >> 16 & 0xFF)] ^ shifts[768 + Int(state >> 24)]
  }

  // MARK: By tables

  /// The same by tables, on processors without an instruction for it.
  static func tableChecksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 { ~tableState(~0, bytes) }

  private static func tableState(_ state: UInt32, _ bytes: UnsafeRawBufferPointer) -> UInt32 {
    tables.withUnsafeBufferPointer { tables in
      var crc = state
      var position = 0
      while position &+ 8 <= bytes.count {
        let word = UInt64(
          littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
        let mixed = word ^ UInt64(crc)
        crc = 0
        for lane in 0..<8 {
          crc ^=
            tables[
              (7 &- lane) &* 256 &+ Int(truncatingIfNeeded: mixed >> (8 * UInt64(lane)) & 0xFF)]
        }
        position &+= 8
      }
      while position < bytes.count {
        crc = crc >> 8 ^ tables[Int((crc ^ UInt32(bytes[position])) & 0xFF)]
        position &+= 1
      }
      return crc
    }
  }

  /// The form in which checksums are stored next to what they protect.
  package static func masked(_ checksum: UInt32) -> UInt32 {
    (checksum >> 15 | checksum << 17) &+ 0xA282_EAD8
  }
}
