import Dataflow
import Foundation
import TestSupport
import Testing

@testable import Atomistics

/// Structures whose derivatives are read straight to where they are wanted.
@Suite(.timeLimit(.minutes(10))) struct StreamedStructureTests {
  /// Atoms of two species, each with itself and its neighbour; blocks of 3 x 400 numbers.
  ///
  /// - Parameter parts: of the descriptors, each of which depends on the same atoms.
  private static func structure(
    _ number: Int, atoms n: Int = 20, parts: Int = 1
  ) -> DescribedStructure {
    let size = 400
    var (neighbours, starts): ([Int32], [Int32]) = ([], [0])
    for row in 0..<n * parts {
      let atom = row / parts
      for neighbour in atom..<min(atom + 2, n) { neighbours.append(Int32(neighbour)) }
      starts.append(Int32(neighbours.count))
    }
    let values: [Float] = (0..<neighbours.count * 3 * size / parts).map { Float($0 - number) }
    let descriptors: [Float] = (0..<size * n).map { Float($0 + number) }
    let species: [Int32] = (0..<n).map { Int32($0 / 3 % 2) }
    return DescribedStructure(
      name: "s\(number)", energy: Float(number), species: species, descriptorSize: size,
      descriptors: descriptors,
      derivatives: DerivativeBlocks(
        parts: parts, rowStarts: starts, neighbours: neighbours, values: values),
      forces: (0..<3 * n).map { Float($0) / 2 })
  }

  private static let all = (0..<4).map { structure($0) }

  private func write(
    _ structures: [DescribedStructure], _ storage: DescribedStructure.DerivativeStorage,
    to file: URL
  ) throws {
    let writer = try TFRecordWriter(file)
    for structure in structures {
      try writer.write(structure.trainExample(derivatives: storage).encoded())
    }
    try writer.close()
  }

  private func isStreamed(_ view: StructureView) -> Bool {
    if case .streamed? = view.derivatives?.values { return true }
    return false
  }

  @Test(arguments: [1, 5]) func structuresAreThoseOfTheFile(parts: Int) throws {
    // Whole ones among those in parts.
    let all = (0..<4).map { Self.structure($0, parts: $0 == 2 ? 1 : parts) }
    let folder = try TemporaryFolder()
    let storages: [DescribedStructure.DerivativeStorage] = [
      .blocks, .sparse, .dense, .halfBlocks, .none,
    ]
    for storage in storages {
      let file = folder.file("a.tfrecord")
      try write(all, storage, to: file)
      for includesDerivatives in [true, false] {
        let source = try PackedStructures([file], includesDerivatives: includesDerivatives)
        for index in all.indices.reversed() {
          let (found, wasStreamed) = try source.withStreamedStructure(at: index) {
            (DescribedStructure($0), isStreamed($0))
          }
          #expect(try found == source.structure(at: index))
          if storage == .blocks && includesDerivatives { #expect(found == all[index]) }
          #expect(wasStreamed == (storage == .blocks && includesDerivatives))
        }
      }
    }
  }

  /// What is wrong is told in the words in which it is told where a record is read as a whole first, whatever follows
  /// from it.
  @Test func damageIsToldAsElsewhere() throws {
    let folder = try TemporaryFolder()
    let url = folder.file("a.tfrecord")
    try write(Self.all, .blocks, to: url)
    let good = [UInt8](try Data(contentsOf: url))
    let (start, length) = (good.count / 4 + 12, good.count / 4 - 16)
    struct Refusal: Error {}
    // The example's beginning, some of its derivatives, what lies around their end, and the end with the checksum.
    let places =
      Array(0..<80) + [100_000] + Array(187_150..<187_800) + Array(length - 80..<length + 4)
    for place in places {
      var bytes = good
      bytes[start + place] ^= 1 << (place % 8)
      try Data(bytes).write(to: url)
      let source = try PackedStructures([url], includesDerivatives: true)
      func error(_ body: () throws -> Void) -> FormatError? {
        #expect(throws: FormatError.self, performing: body)
      }
      let expected = error { _ = try source.structure(at: 1) }
      #expect(expected?.damage == .contentChecksum && expected?.record == 1)
      #expect(error { try source.withStreamedStructure(at: 1) { _ in } } == expected)
      // A body that takes everything, and one that does not like what it sees.
      #expect(
        error { try source.withStreamedStructure(at: 1) { _ = DescribedStructure($0) } }
          == expected)
      #expect(
        error { try source.withStreamedStructure(at: 1) { _ in throw Refusal() } } == expected)
    }
    try Data(good).write(to: url)
    let source = try PackedStructures([url], includesDerivatives: true)
    #expect(throws: Refusal.self) {
      try source.withStreamedStructure(at: 1) { _ in throw Refusal() }
    }
    #expect(try source.withStreamedStructure(at: 1) { DescribedStructure($0) } == Self.all[1])
  }

  /// Whether the number is read straight, with others or not at all.
  @Test(arguments: [0, 5000, 46_799]) func numbersThatAreNotFiniteAreToldAsElsewhere(
    place: Int
  ) throws {
    let folder = try TemporaryFolder()
    let url = folder.file("a.tfrecord")
    for wrong in [Float.nan, -.infinity] {
      var structure = Self.structure(7)
      structure.derivatives!.values[place] = wrong
      try write([structure], .blocks, to: url)
      let source = try PackedStructures([url], includesDerivatives: true)
      let expected = #expect(throws: FormatError.self) { try source.structure(at: 0) }
      for takesAll in [true, false] {
        let found = #expect(throws: FormatError.self) {
          try source.withStreamedStructure(at: 0) { if takesAll { _ = DescribedStructure($0) } }
        }
        #expect(found == expected && found?.message.contains("\(wrong)") == true)
      }
      // Nobody minds what nobody reads.
      let energies = try PackedStructures([url], includesDerivatives: false)
      #expect(try energies.withStreamedStructure(at: 0) { $0.name } == "s7")
    }
  }

  /// In half precision, too, which looks for the largest number.
  @Test func numbersThatAreNotFiniteAreToldInHalfPrecision() throws {
    let folder = try TemporaryFolder()
    let url = folder.file("a.tfrecord")
    for wrong in [Float.nan, -.infinity] {
      var structure = Self.structure(7)
      structure.derivatives!.values[5000] = wrong
      try write([structure], .blocks, to: url)
      let source = try PackedStructures([url], includesDerivatives: true)
      let expected = #expect(throws: FormatError.self) { try source.structure(at: 0) }
      let found = #expect(throws: FormatError.self) {
        try source.withStreamedStructure(at: 0) { view in
          view.derivatives!.values.withHalves { halves, _ in _ = halves.count }
        }
      }
      #expect(found == expected)
    }
  }

  @Test func theCacheKeepsWhatIsGoodAlone() throws {
    let folder = try TemporaryFolder()
    let url = folder.file("a.tfrecord")
    try write(Self.all, .blocks, to: url)
    let good = [UInt8](try Data(contentsOf: url))
    var bytes = good
    bytes[100_000] ^= 1
    try Data(bytes).write(to: url)
    let source = try PackedStructures([url], includesDerivatives: true)
    let cache = StructureCache(source, byteCount: 2 * Self.all[0].byteCount)
    for _ in 0..<3 {
      #expect(throws: FormatError.self) {
        try cache.withStreamedStructure(at: 0) { _ = DescribedStructure($0) }
      }
    }
    #expect(cache.keptCount == 0)
    for _ in 0..<2 {
      for index in 1..<4 {
        let found = try cache.withStreamedStructure(at: index) { DescribedStructure($0) }
        #expect(found == Self.all[index])
      }
      // Also where it was kept by the other way.
      #expect(try cache.structure(at: 1) == Self.all[1])
    }
    #expect(cache.keptCount == 2)
  }
}
