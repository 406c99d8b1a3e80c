import Foundation
import Tensors
import TestSupport
import Testing

@testable import Atomistics

/// Blocks with random values, about half of the atoms neighbours of each other.
func randomBlocks(atoms n: Int, size g: Int, seed: UInt64) -> DerivativeBlocks {
  var generator = PhiloxGenerator(seed: seed)
  var starts: [Int32] = [0]
  var neighbours: [Int32] = []
  var values: [Float] = []
  for i in 0..<n {
    let others = (0..<n).filter { $0 != i && generator.uniform() < 0.5 }
    for k in others.isEmpty ? [] : (others + [i]).sorted() {
      neighbours.append(Int32(k))
      for _ in 0..<(3 * g) { values.append(Float(generator.uniform() * 2 - 1)) }
    }
    starts.append(Int32(neighbours.count))
  }
  return DerivativeBlocks(rowStarts: starts, neighbours: neighbours, values: values)
}

@Suite struct DerivativeBlocksTests {
  @Test(arguments: [1, 2, 3, 5, 8], [1, 2, 7])
  func denseAndSparseOrdersComeBack(atoms: Int, size: Int) {
    for seed in 0..<10 as Range<UInt64> {
      let blocks = randomBlocks(atoms: atoms, size: size, seed: seed)
      let dense = blocks.dense(descriptorSize: size)
      #expect(DerivativeBlocks(dense: dense, atoms: atoms, descriptorSize: size) == blocks)
      let entries = blocks.entries(descriptorSize: size)
      #expect(DerivativeBlocks(entries: entries, atoms: atoms, descriptorSize: size) == blocks)
      let nonZero = dense.indices.filter { dense[$0] != 0 }
      #expect(entries.values == nonZero.map { dense[$0] })
      #expect(entries.rows.map(Int.init) == nonZero.map { $0 / (3 * atoms) })
      #expect(entries.columns.map(Int.init) == nonZero.map { $0 % (3 * atoms) })
    }
  }

  @Test func entriesMayComeInAnyOrder() {
    let blocks = randomBlocks(atoms: 5, size: 3, seed: 1)
    var entries = blocks.entries(descriptorSize: 3)
    entries.values.reverse()
    entries.rows.reverse()
    entries.columns.reverse()
    #expect(DerivativeBlocks(entries: entries, atoms: 5, descriptorSize: 3) == blocks)
  }

  @Test func emptyRows() {
    let blocks = DerivativeBlocks(emptyRows: 3)
    #expect(blocks.rowCount == 3 && blocks.blockCount == 0)
    #expect(blocks.dense(descriptorSize: 2) == [Float](repeating: 0, count: 54))
  }
}

@Suite struct DescriptorFileTests {
  static func sample(_ flags: Int) -> DescribedStructure {
    DescribedStructure(
      name: "sample", energy: -1.25, species: [0, 2, 1], descriptorSize: 2,
      descriptors: [1, 2, 3, 4, 5, 6],
      derivatives: flags & 1 == 0 ? nil : randomBlocks(atoms: 3, size: 2, seed: 4),
      forces: flags & 2 == 0 ? nil : (0..<9).map { Float($0) / 7 },
      perAtomQuantity: flags & 4 == 0 ? nil : [0.5, -0.5, 7])
  }

  @Test(arguments: 0..<8, DescriptorFile.DerivativeLayout.allCases)
  func everyCombinationComesBack(flags: Int, layout: DescriptorFile.DerivativeLayout) throws {
    let sample = Self.sample(flags)
    let bytes = try DescriptorFile.encode(sample, derivatives: layout)
    #expect(try DescriptorFile.decode(bytes, name: "sample") == sample)
    let sparse = flags & 1 == 1 && layout == .sparse
    #expect(bytes[4] == UInt8(flags + (sparse ? 8 : 0)))
  }

  @Test func bytesOfTheHeader() throws {
    let bytes = try DescriptorFile.encode(Self.sample(0))
    #expect(Array(bytes[..<14]) == [0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0])
    #expect(Array(bytes[14..<18]) == [0, 0, 0xa0, 0xbf])  // -1.25
    #expect(bytes.count == 14 + 4 * (1 + 3 + 6))
  }

  @Test(arguments: DescriptorFile.DerivativeLayout.allCases)
  func everyTruncationIsRefused(layout: DescriptorFile.DerivativeLayout) throws {
    let bytes = try DescriptorFile.encode(Self.sample(7), derivatives: layout)
    for count in 0..<bytes.count {
      #expect(throws: AtomisticsError.self) {
        try DescriptorFile.decode(Array(bytes[..<count]), name: "")
      }
    }
    let error = #expect(throws: AtomisticsError.self) {
      try DescriptorFile.decode(bytes + [0], name: "")
    }
    #expect(error?.key == "end of file" && error?.found == "1 more bytes")
  }

  @Test func wrongFieldsAreNamed() throws {
    let bytes = try DescriptorFile.encode(Self.sample(1), derivatives: .sparse)
    func key(_ change: (inout [UInt8]) -> Void) -> String? {
      var copy = bytes
      change(&copy)
      return #expect(throws: AtomisticsError.self) {
        try DescriptorFile.decode(copy, name: "")
      }?.key
    }
    func put(_ value: Float, _ float: Int) -> (inout [UInt8]) -> Void {
      { bytes in
        for (i, byte) in withUnsafeBytes(of: value, Array.init).enumerated() {
          bytes[14 + 4 * float + i] = byte
        }
      }
    }
    let count = 1 + 3 + 6
    let values = Self.sample(1).derivatives!.values.count
    #expect(key { $0[0] = 1 } == "version")
    #expect(key { $0[4] = 16 } == "flags")
    #expect(key { $0[4] = 8 } == "flags")
    #expect(key(put(0.5, 1)) == "species, number 0")
    #expect(key(put(-1, 3)) == "species, number 2")
    #expect(key(put(.nan, count)) == "number of sparse derivatives")
    #expect(key(put(6, count + 1 + values)) == "indices of sparse derivative 0")
    #expect(key(put(9, count + 2 + values)) == "indices of sparse derivative 0")
    #expect(key { for i in 6..<10 { $0[i] = 255 } } == "species")
    #expect(key { for i in 10..<14 { $0[i] = 255 } } == "descriptors")
    #expect(key { $0[6] = 0 } == "number of atoms")
    #expect(key { $0[10] = 0 } == "descriptor size")
    #expect(key(put(.nan, 0)) == "energy")
    #expect(key(put(.infinity, 5)) == "descriptors")
    #expect(key(put(.nan, count + 2)) == "derivatives")
  }

  @Test func filesNameTheirPlace() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("frame.1.bin")
    try DescriptorFile.write(Self.sample(3), to: file)
    #expect(try DescriptorFile.read(file).name == "frame")
    let absent = folder.appendingPathComponent("absent.bin")
    #expect(throws: AtomisticsError.self) { try DescriptorFile.read(absent) }
    let nowhere = folder.appendingPathComponent("no/such/folder.bin")
    let error = #expect(throws: AtomisticsError.self) {
      try DescriptorFile.write(Self.sample(3), to: nowhere)
    }
    #expect(error?.file == nowhere.path)
  }

  static let golden = [
    "golden/mbp_mol/1", "golden/mbp_mol/2", "golden/mbp_mol/3", "golden/bp_mol/2",
    "golden/mbp_mol_sparse/1", "golden/mbp_mol_sparse/2", "golden/mbp_mol_sparse/3",
    "golden/mbp_bohr_pbc_deriv/slab_2d", "golden/mbp_bohr_pbc_deriv/periodic_small_cell_3",
    "golden/mbp_bohr_pbc_deriv/periodic_triclinic_8", "tests/gvector_calculator/bin_references/2",
  ]

  /// What the original wrote is read and written again byte for byte, but for zeros: derivatives
  /// that single precision rounds to zero are no entries of a sparse file here, and no zero of a
  /// dense one is negative.
  @Test(.enabled(if: Golden.isPresent, "reference data absent"), arguments: golden)
  func originalFilesComeBackByteForByte(path: String) throws {
    let url = Golden.url("panna/\(path).bin")
    let bytes = [UInt8](try Data(contentsOf: url))
    let structure = try DescriptorFile.read(url)
    let layout: DescriptorFile.DerivativeLayout = bytes[4] & 8 == 0 ? .dense : .sparse
    let written = try DescriptorFile.encode(structure, derivatives: layout)
    #expect(written == Self.withoutZeros(bytes))
  }

  private static func withoutZeros(_ bytes: [UInt8]) -> [UInt8] {
    var reader = ByteReader(bytes: bytes)
    var writer = ByteWriter()
    guard let version = try? reader.integer(UInt32.self, ""),
      let flags = try? reader.integer(UInt16.self, ""),
      let n = try? reader.integer(UInt32.self, ""), let g = try? reader.integer(UInt32.self, ""),
      let floats = try? reader.floats(reader.remaining / 4, "")
    else { return [] }
    writer.append(version)
    writer.append(flags)
    writer.append(n)
    writer.append(g)
    guard flags & 8 != 0 else {
      writer.append(floats.map { $0 == 0 ? 0 : $0 })
      return writer.bytes
    }
    let head = 1 + Int(n) * (1 + Int(g))
    let count = Int(floats[head])
    let kept = (0..<count).filter { floats[head + 1 + $0] != 0 }
    writer.append(Array(floats[..<head]))
    writer.append([Float(kept.count)])
    writer.append(kept.map { floats[head + 1 + $0] })
    writer.append(kept.flatMap { floats[(head + 1 + count + 2 * $0)...].prefix(2) })
    writer.append(Array(floats[(head + 1 + 3 * count)...]))
    return writer.bytes
  }
}
