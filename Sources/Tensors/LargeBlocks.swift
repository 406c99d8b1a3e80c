import Synchronization

/// Memory for large tensors, a few blocks of which are kept for the next ones.
///
/// The C library gives large blocks back to the system at once, and every page of the next one then costs a
/// fault: for the batches of a training more than all else that is done with them.
enum LargeBlocks {
  /// Smaller blocks are left to the C library.
  private static let least = 1 << 20
  /// How many blocks wait for their next use at most; the oldest is given back first.
  private static let most = 4

  private struct Block: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    let size: Int
  }

  private static let idle = Mutex([Block]())

  /// - Parameter byteCount: a multiple of the alignment.
  static func allocate(byteCount: Int) -> UnsafeMutableRawPointer {
    guard byteCount >= least else { return fresh(byteCount) }
    let size = size(for: byteCount)
    let found = idle.withLock { idle in
      idle.lastIndex { $0.size == size }.map { idle.remove(at: $0) }
    }
    return found?.base ?? fresh(size)
  }

  /// - Parameter byteCount: what was asked for.
  static func deallocate(_ base: UnsafeMutableRawPointer, byteCount: Int) {
    guard byteCount >= least else { return base.deallocate() }
    let block = Block(base: base, size: size(for: byteCount))
    let oldest = idle.withLock { idle in
      idle.append(block)
      return idle.count > most ? idle.removeFirst() : nil
    }
    oldest?.base.deallocate()
  }

  /// The next of eight sizes between two powers of two, so that blocks of nearly one size can follow each other.
  static func size(for byteCount: Int) -> Int {
    let power = 1 << (Int.bitWidth - 1 - byteCount.leadingZeroBitCount)
    let step = max(1, power / 8)
    return byteCount.roundedUp(toMultipleOf: step)
  }

  private static func fresh(_ byteCount: Int) -> UnsafeMutableRawPointer {
    .allocate(byteCount: byteCount, alignment: AlignedStorage.alignment)
  }
}
