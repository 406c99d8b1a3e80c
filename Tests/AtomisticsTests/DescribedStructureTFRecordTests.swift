import Dataflow
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Atomistics

@Suite struct DescribedStructureTFRecordTests {
  /// Atoms of three species with everything that a record can hold.
  private static func sample(atoms n: Int = 5, size g: Int = 4) -> DescribedStructure {
    var generator = PhiloxGenerator(seed: UInt64(n))
    func numbers(_ count: Int) -> [Float] { (0..<count).map { _ in Float(generator.uniform()) } }
    return DescribedStructure(
      name: "molecule-\(n)", energy: -12.5, species: (0..<n).map { Int32($0 % 3) },
      descriptorSize: g, descriptors: numbers(n * g),
      derivatives: randomBlocks(atoms: n, size: g, seed: 7), forces: numbers(3 * n),
      perAtomQuantity: numbers(n))
  }

  private func read(_ example: TrainExample) throws -> DescribedStructure {
    try DescribedStructure(TrainExample(encoded: example.encoded()), fallbackName: "none")
  }

  @Test(arguments: [1, 2, 5, 9]) func structuresReturn(atoms: Int) throws {
    let whole = Self.sample(atoms: atoms)
    for storage in [DescribedStructure.DerivativeStorage.dense, .sparse, .blocks] {
      let example = try whole.trainExample(derivatives: storage, includesPerAtomQuantity: true)
      #expect(try read(example) == whole)
    }
    var bare = whole
    (bare.derivatives, bare.forces, bare.perAtomQuantity) = (nil, nil, nil)
    #expect(try read(whole.trainExample(derivatives: .none)) == bare)
  }

  @Test func theFeaturesAreTheOriginals() throws {
    let blocks = DerivativeBlocks(
      rowStarts: [0, 2, 2], neighbours: [0, 1],
      values: [1, 0, 2, 3, 0, 0] + [0, 4, 0, 0, 5, 6])
    let structure = DescribedStructure(
      name: "é", energy: 1.5, species: [1, 0], descriptorSize: 2, descriptors: [1, 2, 3, 4],
      derivatives: blocks, forces: [1, 2, 3, 4, 5, 6], perAtomQuantity: [7, 8])
    let common: [String: TrainExample.Feature] = [
      "name": .bytes([Array("é".utf8)]), "energy": .floats([1.5]), "species": .integers([1, 0]),
      "gvects": .floats([1, 2, 3, 4]),
    ]
    #expect(try structure.trainExample(derivatives: .none).features == common)
    var dense = common
    dense["forces"] = .floats([1, 2, 3, 4, 5, 6])
    let zeros = [Float](repeating: 0, count: 12)
    dense["dgvects"] = .floats([1, 2, 0, 0, 0, 5, 0, 3, 0, 4, 0, 6] + zeros)
    #expect(try structure.trainExample(derivatives: .dense).features == dense)
    var sparse = common
    sparse["forces"] = .floats([1, 2, 3, 4, 5, 6])
    sparse["dgvect_size"] = .integers([6])
    sparse["dgvect_values"] = .floats([1, 2, 5, 3, 4, 6])
    sparse["dgvect_indices1"] = .floats([0, 0, 0, 1, 1, 1])
    sparse["dgvect_indices2"] = .floats([0, 1, 5, 1, 3, 5])
    sparse["per_atom_quantity"] = .floats([7, 8])
    #expect(
      try structure.trainExample(derivatives: .sparse, includesPerAtomQuantity: true).features
        == sparse)
  }

  @Test func blocksAreStoredAsTheyLieInMemory() throws {
    let structure = Self.sample(atoms: 3, size: 2)
    let blocks = structure.derivatives!
    let features = try structure.trainExample(derivatives: .blocks).features
    #expect(features["dgvect_row_starts"] == .integers(blocks.rowStarts.map { Int64($0) }))
    #expect(features["dgvect_neighbours"] == .integers(blocks.neighbours.map { Int64($0) }))
    #expect(features["dgvect_blocks"] == .floats(blocks.values))
    #expect(features.keys.filter { $0.hasPrefix("dgvect") }.count == 3)
  }

  /// Numbers of all sizes are within the bound, zeros and signs as they were.
  @Test(arguments: [1, 3e-20, 2e30] as [Float]) func halfBlocksAreWithinTheirBound(size: Float)
    throws
  {
    var generator = PhiloxGenerator(seed: 5)
    var structure = Self.sample(atoms: 6, size: 8)
    structure.derivatives!.values = structure.derivatives!.values.indices.map { index in
      let sign: Float = index % 2 == 0 ? 1 : -1
      return index % 11 == 0
        ? 0
        : sign * size * Float(generator.uniform())
          * Float.init(sign: .plus, exponent: -(index % 40), significand: 1)
    }
    let exact = structure.derivatives!.values
    let found = try read(structure.trainExample(derivatives: .halfBlocks))
    #expect(found.derivatives!.rowStarts == structure.derivatives!.rowStarts)
    #expect(found.derivatives!.neighbours == structure.derivatives!.neighbours)
    let largest = exact.reduce(0) { max($0, abs($1)) }
    for (x, y) in zip(exact, found.derivatives!.values) {
      #expect(abs(x - y) <= max(abs(x) * 0x1p-11, largest * 0x1p-39))
      #expect(x != 0 || y == 0)
    }
    #expect(exact != found.derivatives!.values)
  }

  @Test func halfBlocksOfNothingAndOfNoNumbers() throws {
    var structure = Self.sample(atoms: 2)
    structure.derivatives = DerivativeBlocks(emptyRows: 2)
    #expect(
      try read(structure.trainExample(derivatives: .halfBlocks)).derivatives
        == structure.derivatives)
    structure.derivatives = DerivativeBlocks(
      rowStarts: [0, 1, 1], neighbours: [0], values: Array(repeating: 0, count: 12))
    #expect(
      try read(structure.trainExample(derivatives: .halfBlocks)).derivatives
        == structure.derivatives)
    structure.derivatives!.values[3] = .nan
    #expect(throws: AtomisticsError.self) { try structure.trainExample(derivatives: .halfBlocks) }
  }

  @Test func wrongBlocksAreNamed() throws {
    func key(
      _ storage: DescribedStructure.DerivativeStorage,
      _ change: (inout [String: TrainExample.Feature]) -> Void
    ) throws -> String {
      var example = try Self.sample(atoms: 2, size: 1).trainExample(derivatives: storage)
      change(&example.features)
      return #expect(throws: AtomisticsError.self) { try read(example) }?.key ?? ""
    }
    for starts in [[0, 1], [1, 1, 2], [0, 2, 1], [0, 0, 99], [0, -1, 2]] as [[Int64]] {
      #expect(
        try key(.blocks) { $0["dgvect_row_starts"] = .integers(starts) } == "dgvect_row_starts")
    }
    let count = Self.sample(atoms: 2, size: 1).derivatives!.blockCount
    #expect(
      try key(.blocks) {
        $0["dgvect_neighbours"] = .integers(Array(repeating: 2, count: count))
      } == "dgvect_neighbours")
    #expect(try key(.blocks) { $0["dgvect_blocks"] = .floats([1]) } == "dgvect_blocks")
    #expect(try key(.halfBlocks) { $0["dgvect_half_scale"] = .floats([0]) } == "dgvect_half_scale")
    #expect(
      try key(.halfBlocks) { $0["dgvect_half_blocks"] = .bytes([[1]]) } == "dgvect_half_blocks")
  }

  @Test func theOldestFilesHaveNoNames() throws {
    var example = try Self.sample().trainExample(derivatives: .none)
    example.features["name"] = nil
    #expect(try read(example).name == "none")
  }

  @Test func whatDoesNotFitIsNamed() throws {
    func message(_ change: (inout [String: TrainExample.Feature]) -> Void) throws -> String {
      var example = try Self.sample().trainExample(
        derivatives: .sparse, includesPerAtomQuantity: true)
      change(&example.features)
      let error = #expect(throws: AtomisticsError.self) { try read(example) }
      return error?.description ?? ""
    }
    #expect(
      try message { $0["energy"] = nil } == "energy: found nothing; allowed: a list of floats")
    #expect(
      try message { $0["energy"] = .floats([.nan]) }
        == "molecule-5: energy: found nan; allowed: finite numbers")
    #expect(
      try message { $0["species"] = .floats([1]) }
        == "species: found another kind of list; allowed: a list of integers")
    #expect(
      try message { $0["species"] = .integers([0, 1, 2, -1, 0]) }
        == "species: found -1; allowed: whole numbers from 0 to 65535")
    #expect(
      try message { $0["gvects"] = .floats([1, 2, 3]) }
        == "gvects: found 3 numbers for 5 atoms; allowed: a multiple of the number of atoms,"
        + " which is above 0")
    #expect(
      try message { $0["species"] = .integers([]) }
        == "gvects: found 20 numbers for 0 atoms; allowed: a multiple of the number of atoms,"
        + " which is above 0")
    #expect(
      try message { $0["forces"] = .floats([1]) } == "forces: found 1 numbers; allowed: 15")
    #expect(
      try message { $0["per_atom_quantity"] = .floats([]) }
        == "per_atom_quantity: found 0 numbers; allowed: 5")
    #expect(
      try message { $0["dgvects"] = .floats([1]) } == "dgvects: found 1 numbers; allowed: 300")
    #expect(
      try message { $0["dgvect_size"] = .integers([1]) }
        .hasSuffix("allowed: as many as dgvect_size says: [1]"))
  }

  @Test(arguments: [-1, 0.5, 20, .nan, .infinity] as [Float])
  func placesAreWholeNumbersInRange(place: Float) throws {
    var example = try Self.sample().trainExample(derivatives: .sparse)
    guard case .floats(var rows)? = example.features["dgvect_indices1"] else {
      Issue.record("no rows")
      return
    }
    rows[3] = place
    example.features["dgvect_indices1"] = .floats(rows)
    #expect(
      throws: AtomisticsError(
        key: "dgvect_indices1", found: "\(place)", allowed: "whole numbers from 0 to below 20")
    ) { try read(example) }
  }

  @Test func placesBeyondFloatsAreRefused() throws {
    let (n, g) = (2, (1 << 23) + 1)
    let structure = DescribedStructure(
      name: "large", energy: 0, species: [0, 0], descriptorSize: g,
      descriptors: Array(repeating: 0, count: n * g),
      derivatives: DerivativeBlocks(emptyRows: n))
    #expect(throws: AtomisticsError.self) { try structure.trainExample(derivatives: .sparse) }
  }

  @Test func errorsInFilesNameTheRecord() throws {
    let folder = try TemporaryFolder()
    let file = folder.file("a.tfrecord")
    let writer = try TFRecordWriter(file)
    try writer.write(Self.sample().trainExample(derivatives: .dense).encoded())
    let second = writer
    try second.write(TrainExample().encoded())
    try writer.close()
    let error = #expect(throws: FormatError.self) { try DescribedStructureFile.read(file) }
    #expect(error?.record == 1)
    #expect(error?.file == file.path)
    #expect(error?.message == "species: found nothing; allowed: a list of integers")
  }

  @Test func foldersWithoutRecordsAreNamed() throws {
    let folder = try TemporaryFolder()
    for name in ["b.tfrecord", "a.tfrecord", "c.txt"] { _ = try folder.write("", to: name) }
    #expect(
      try DescribedStructureFile.files(in: folder.url).map(\.lastPathComponent)
        == ["a.tfrecord", "b.tfrecord"])
    let empty = try TemporaryFolder()
    let error = #expect(throws: FormatError.self) {
      try DescribedStructureFile.files(in: empty.url)
    }
    #expect(error?.message == "there is no *.tfrecord file among its 0 files")
    let nowhere = #expect(throws: FormatError.self) {
      try DescribedStructureFile.files(in: empty.file("none"))
    }
    #expect(nowhere?.message == "cannot be read: No such file or directory")
  }

  // MARK: Files of the original

  private static func golden(_ folder: String) throws -> [DescribedStructure] {
    try DescribedStructureFile.files(in: Golden.url("panna/\(folder)"))
      .flatMap { try DescribedStructureFile.read($0) }
  }

  /// The same structures, their derivatives stored in both ways.
  @Test(.enabled(if: Golden.isPresent, "reference data absent"))
  func denseAndSparseFilesOfTheOriginalAgree() throws {
    let dense = try Self.golden("golden/tfr_dense")
    #expect(dense.map(\.name) == ["2", "1", "3"])
    #expect(dense.map(\.descriptorSize) == [144, 144, 144])
    #expect(dense.allSatisfy { $0.derivatives!.blockCount > 0 && $0.forces != nil })
    #expect(try Self.golden("golden/tfr_sparse") == dense)
  }

  /// What is written again has the same lists; only their order in the file is free.
  @Test(
    .enabled(if: Golden.isPresent, "reference data absent"),
    arguments: [
      ("golden/tfr_dense", DescribedStructure.DerivativeStorage.dense),
      ("golden/tfr_sparse", .sparse), ("docs-examples/example_3/validation_set", .none),
    ])
  func filesOfTheOriginalAreWrittenAlike(
    folder: String, storage: DescribedStructure.DerivativeStorage
  ) throws {
    for file in try DescribedStructureFile.files(in: Golden.url("panna/\(folder)")) {
      var reader = try TFRecordReader(file)
      while let record = try reader.next() {
        let example = try TrainExample(encoded: record)
        let structure = try DescribedStructure(example, fallbackName: "")
        let again = try structure.trainExample(derivatives: storage)
        #expect(again.features == example.features)
        #expect(again.encoded().count == record.count)
      }
    }
  }

  @Test(.enabled(if: Golden.isPresent, "reference data absent"))
  func theOldestFilesAreRead() throws {
    let structures = try Self.golden("tutorial/tutorial_data/validate")
    #expect(structures.count == 180)
    #expect(structures[0].name == "train-2-10-0")
    #expect(structures.allSatisfy { $0.derivatives == nil && $0.forces == nil })
    #expect(Set(structures.map(\.descriptorSize)) == [384])
  }
}
