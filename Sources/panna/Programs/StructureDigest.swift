import Atomistics
import Dataflow

/// Tells sets of structures apart: how many there are, and a checksum of the names and energies of those that were
/// looked at.
struct StructureDigest {
  private let count: Int
  private var bytes: [UInt8] = []

  init(count: Int) { self.count = count }

  mutating func add(_ structure: DescribedStructure) {
    bytes += structure.name.utf8
    withUnsafeBytes(of: structure.energy.bitPattern.littleEndian) { bytes += [0] + $0 }
  }

  /// `12 of checksum 1f00ba75`.
  var text: String { "\(count) of checksum \(String(CRC32C.checksum(bytes), radix: 16))" }
}
