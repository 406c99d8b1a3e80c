import Dataflow

/// The features of PANNA's TFRecords.
extension DescribedStructure {
  /// How derivatives are stored.
  public enum DerivativeStorage: Sendable {
    case none
    /// All of them, as in the original.
    case dense
    /// The non-zero ones with their places, as in the original.
    case sparse
    /// As they lie in memory: a block for each atom and neighbour, or for each part of an atom's descriptor; the smallest
    /// exact form, and the fastest to read.
    case blocks
    /// The same in half precision: off by at most 2^-11 of themselves, or 2^-39 of the structure's largest.
    case halfBlocks
  }

  /// The structure as a `tf.train.Example`.
  ///
  /// Forces go with derivatives only, as in the original.
  ///
  /// - Precondition: there are derivatives where they are to be stored.
  /// - Throws: `AtomisticsError` where the format's floats cannot hold the sparse places.
  public func trainExample(
    derivatives storage: DerivativeStorage, includesPerAtomQuantity: Bool = false
  ) throws -> TrainExample {
    var features: [String: TrainExample.Feature] = [
      "gvects": .floats(descriptors), "species": .integers(species.map { Int64($0) }),
      "energy": .floats([energy]), "name": .bytes([Array(name.utf8)]),
    ]
    if storage != .none {
      precondition(derivatives != nil, "\(name) has no derivatives")
      if let forces { features["forces"] = .floats(forces) }
    }
    switch storage {
    case .none: break
    case .dense:
      features["dgvects"] = .floats(derivatives!.dense(descriptorSize: descriptorSize))
    case .sparse: try addSparseDerivatives(to: &features)
    case .blocks, .halfBlocks:
      let derivatives = derivatives!
      features["dgvect_row_starts"] = .integers(derivatives.rowStarts.map { Int64($0) })
      features["dgvect_neighbours"] = .integers(derivatives.neighbours.map { Int64($0) })
      if storage == .blocks {
        features["dgvect_blocks"] = .floats(derivatives.values)
      } else {
        try addHalfBlocks(to: &features)
      }
    }
    if includesPerAtomQuantity, let perAtomQuantity {
      features["per_atom_quantity"] = .floats(perAtomQuantity)
    }
    return TrainExample(features: features)
  }

  private func addHalfBlocks(to features: inout [String: TrainExample.Feature]) throws {
    let values = derivatives!.values
    if let wrong = values.first(where: { !$0.isFinite }) {
      throw AtomisticsError(
        key: "derivatives of \(name)", found: "\(wrong)", allowed: "finite numbers")
    }
    let half = HalfPrecision(values)
    features["dgvect_half_scale"] = .floats([half.scale])
    features["dgvect_half_blocks"] = .bytes([
      half.bits.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
    ])
  }

  private func addSparseDerivatives(
    to features: inout [String: TrainExample.Feature]
  ) throws {
    // Rows are stored as float32, which holds all whole numbers up to this one only.
    guard atomCount * descriptorSize <= DescriptorFile.largestExact else {
      throw AtomisticsError(
        key: "sparse derivatives of \(name)",
        found: "\(atomCount) atoms with \(descriptorSize) components",
        allowed: "a product of at most \(DescriptorFile.largestExact); store them dense")
    }
    let entries = derivatives!.entries(descriptorSize: descriptorSize)
    features["dgvect_size"] = .integers([Int64(entries.values.count)])
    features["dgvect_values"] = .floats(entries.values)
    features["dgvect_indices1"] = .floats(entries.rows.map { Float($0) })
    features["dgvect_indices2"] = .floats(entries.columns.map { Float($0) })
  }

  /// The structure in a `tf.train.Example`; derivatives are taken from whichever form there is.
  ///
  /// - Parameter fallbackName: the name where the example has none, as the oldest files.
  /// - Throws: `AtomisticsError` that names the feature which is missing or does not fit.
  public init(_ example: TrainExample, fallbackName: String) throws {
    self = try example.encoded().withUnsafeBytes { bytes in
      DescribedStructure(
        try StructureView(try EncodedExample(bytes), fallbackName: fallbackName))
    }
  }
}

extension StructureView {
  /// The structure in an encoded example, as long as its bytes are there.
  ///
  /// - Parameters:
  ///   - streamed: of the bytes those that are not read yet.
  ///   - parts: into how many parts descriptors are cut for derivatives in the original's forms, if their size
  ///     allows it.
  init(
    _ example: EncodedExample, streamed: StreamedBytes? = nil, parts: Int = 1,
    fallbackName: @autoclosure () -> String
  ) throws {
    let reader = FeatureReader(features: example, streamed: streamed, parts: parts)
    let species = try reader.species()
    let descriptors = try reader.floats("gvects")
    let n = species.count
    guard n > 0, descriptors.count.isMultiple(of: n) else {
      throw AtomisticsError(
        key: "gvects", found: "\(descriptors.count) numbers for \(n) atoms",
        allowed: "a multiple of the number of atoms, which is above 0")
    }
    let size = descriptors.count / n
    let energy = try reader.floats("energy", count: 1).array[0]
    self.init(
      name: reader.text("name") ?? fallbackName(), energy: energy,
      species: species, descriptorSize: size,
      descriptors: descriptors, derivatives: try reader.derivatives(atoms: n, size: size),
      forces: try reader.optionalFloats("forces", count: 3 * n),
      perAtomQuantity: try reader.optionalFloats("per_atom_quantity", count: n))
    do { try checkFinite() } catch let error as AtomisticsError {
      var error = error
      error.key = "\(name): \(error.key ?? "")"
      throw error
    }
  }
}

/// Takes features out of an example, with exact errors.
private struct FeatureReader {
  let features: EncodedExample
  let streamed: StreamedBytes?
  let parts: Int

  func floats(_ name: String, count: Int? = nil) throws -> FloatList {
    let values: FloatList
    switch features[name] {
    case .packedFloats(let bytes):
      let isStreamed = streamed.map { $0.place.baseAddress == bytes.baseAddress } ?? false
      values = isStreamed ? .streamed(StreamedFloats(streamed!)) : .packed(bytes)
    case .floats(let numbers): values = .array(numbers)
    case let other:
      throw AtomisticsError(
        key: name, found: other == nil ? "nothing" : "another kind of list",
        allowed: "a list of floats")
    }
    if let count, values.count != count {
      throw AtomisticsError(key: name, found: "\(values.count) numbers", allowed: "\(count)")
    }
    return values
  }

  func optionalFloats(_ name: String, count: Int) throws -> FloatList? {
    features[name] == nil ? nil : try floats(name, count: count)
  }

  func integers(_ name: String) throws -> [Int64] {
    guard case .integers(let values)? = features[name] else {
      throw AtomisticsError(
        key: name, found: features[name] == nil ? "nothing" : "another kind of list",
        allowed: "a list of integers")
    }
    return values
  }

  func species() throws -> [Int32] {
    try integers("species").map { index in
      guard (0..<1 << 16).contains(index) else {
        throw AtomisticsError(
          key: "species", found: "\(index)", allowed: "whole numbers from 0 to 65535")
      }
      return Int32(index)
    }
  }

  func text(_ name: String) -> String? {
    guard case .bytes(let values)? = features[name], let first = values.first else { return nil }
    return String(decoding: first, as: UTF8.self)
  }

  func derivatives(atoms n: Int, size g: Int) throws -> StructureView.Derivatives? {
    if features["dgvect_row_starts"] != nil && features["dgvects"] == nil {
      return try blocks(atoms: n, size: g)
    }
    return try converted(atoms: n, size: g).map(StructureView.Derivatives.init)
  }

  /// Derivatives in one of the original's forms, made blocks.
  private func converted(atoms n: Int, size g: Int) throws -> DerivativeBlocks? {
    let parts = g.isMultiple(of: parts) ? parts : 1
    if features["dgvects"] != nil {
      let dense = try floats("dgvects", count: n * g * n * 3)
      return DerivativeBlocks(dense: dense.array, atoms: n, descriptorSize: g, parts: parts)
    }
    guard features["dgvect_values"] != nil else { return nil }
    let values = try floats("dgvect_values").array
    if features["dgvect_size"] != nil {
      let size = try integers("dgvect_size")
      guard size == [Int64(values.count)] else {
        throw AtomisticsError(
          key: "dgvect_values", found: "\(values.count) numbers",
          allowed: "as many as dgvect_size says: \(size)")
      }
    }
    let rows = try indices("dgvect_indices1", count: values.count, below: n * g)
    let columns = try indices("dgvect_indices2", count: values.count, below: 3 * n)
    return DerivativeBlocks(
      entries: DerivativeBlocks.Entries(values: values, rows: rows, columns: columns), atoms: n,
      descriptorSize: g, parts: parts)
  }

  private func blocks(atoms n: Int, size g: Int) throws -> StructureView.Derivatives {
    let starts = try integers("dgvect_row_starts")
    let neighbours = try integers("dgvect_neighbours")
    let ascend = zip(starts, starts.dropFirst()).allSatisfy { $0 <= $1 }
    // Each descriptor is whole, or in as many parts as there are rows for it.
    let rows = starts.count - 1
    let parts = rows / n
    guard parts > 0, parts * n == rows, g.isMultiple(of: parts), starts[0] == 0, ascend,
      starts[rows] == Int64(neighbours.count)
    else {
      throw AtomisticsError(
        key: "dgvect_row_starts", found: "\(starts.count) numbers",
        allowed:
          "\(n + 1), ascending from 0 to the \(neighbours.count) neighbours; or, for descriptors in p"
          + " parts, \(n) p + 1, where p divides their size \(g)")
    }
    let width = g / parts
    for row in 0..<rows {
      let row = Int(starts[row])..<Int(starts[row + 1])
      var (last, ascend) = (Int64(-1), true)
      for neighbour in neighbours[row] {
        ascend = ascend && neighbour > last
        last = neighbour
      }
      guard ascend, last < n else {
        throw AtomisticsError(
          key: "dgvect_neighbours", found: "\(Array(neighbours[row]))",
          allowed: "whole numbers from 0 to below \(n), ascending")
      }
    }
    let values =
      features["dgvect_half_blocks"] == nil
      ? try floats("dgvect_blocks", count: 3 * width * neighbours.count)
      : try halfBlocks(count: 3 * width * neighbours.count)
    return StructureView.Derivatives(
      parts: parts, rowStarts: starts.map { Int32($0) }, neighbours: neighbours.map { Int32($0) },
      values: values)
  }

  private func halfBlocks(count: Int) throws -> FloatList {
    let scale = try floats("dgvect_half_scale", count: 1).array[0]
    guard scale.isNormal, scale > 0 else {
      throw AtomisticsError(
        key: "dgvect_half_scale", found: "\(scale)", allowed: "a positive number")
    }
    guard case .bytes(let lists)? = features["dgvect_half_blocks"], lists.count == 1,
      lists[0].count == 2 * count
    else {
      throw AtomisticsError(
        key: "dgvect_half_blocks", found: "another length or kind", allowed: "\(2 * count) bytes")
    }
    return .half(lists[0], inverseScale: 1 / scale)
  }

  /// Whole numbers that are stored as floats.
  private func indices(_ name: String, count: Int, below bound: Int) throws -> [Int32] {
    try floats(name, count: count).array.map { value in
      guard value >= 0, value < Float(bound), value == value.rounded() else {
        throw AtomisticsError(
          key: name, found: "\(value)", allowed: "whole numbers from 0 to below \(bound)")
      }
      return Int32(value)
    }
  }
}
