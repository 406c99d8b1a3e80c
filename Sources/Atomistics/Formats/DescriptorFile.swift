import Foundation

/// The `.bin` file of one structure's descriptors, little endian.
///
/// Bytes 0–3 the version 0 as uint32; 4–5 flags as uint16 (1 derivatives, 2 forces, 4 one more number
/// per atom, 8 sparse derivatives); 6–9 the number of atoms n, 10–13 the descriptor's size g as
/// uint32. Then float32: the energy; n species; n g descriptors; dense derivatives
/// `[i][component][k][c]`, or their count, the values and as many pairs (`i g + component`,
/// `3 k + c`); 3 n forces; n further numbers.
public enum DescriptorFile {
  /// How derivatives are written.
  public enum DerivativeLayout: Sendable, CaseIterable {
    /// All n g n 3 numbers, zeros too.
    case dense
    /// The non-zero numbers with their places; count and places are exact only up to 2^24.
    case sparse
  }

  /// What the bits of the flags mean.
  struct Flags: OptionSet {
    var rawValue: UInt16
    static let derivatives = Flags(rawValue: 1)
    static let forces = Flags(rawValue: 2)
    static let perAtomQuantity = Flags(rawValue: 4)
    static let sparse = Flags(rawValue: 8)
    static let known: Flags = [.derivatives, .forces, .perAtomQuantity, .sparse]
  }

  static let headerSize = 14
  /// The largest whole number up to which float32 holds all of them.
  static let largestExact = 1 << 24

  /// Reads a file; the structure is named after it.
  ///
  /// - Parameter parts: into how many parts descriptors are cut for their derivatives, if their size allows it.
  /// - Throws: `AtomisticsError` with the field that is wrong.
  public static func read(_ url: URL, parts: Int = 1) throws -> DescribedStructure {
    do {
      return try decode(
        [UInt8](FileAccess.read(url)), name: FileAccess.key(of: url), parts: parts)
    } catch let error as AtomisticsError {
      throw error.inFile(url.path)
    }
  }

  /// Writes a file, whole or not at all.
  ///
  /// - Throws: `AtomisticsError` when it cannot be written or float32 cannot hold the sparse places.
  public static func write(
    _ structure: DescribedStructure, to url: URL, derivatives: DerivativeLayout = .dense
  ) throws {
    do {
      try FileAccess.write(Data(encode(structure, derivatives: derivatives)), to: url)
    } catch let error as AtomisticsError {
      throw error.inFile(url.path)
    }
  }

  /// The bytes of a file that holds `structure`.
  ///
  /// - Throws: `AtomisticsError` when there are too many sparse derivatives for float32.
  public static func encode(
    _ structure: DescribedStructure, derivatives layout: DerivativeLayout = .dense
  ) throws -> [UInt8] {
    var flags: Flags = []
    if structure.derivatives != nil { flags.insert(.derivatives) }
    if structure.derivatives != nil && layout == .sparse { flags.insert(.sparse) }
    if structure.forces != nil { flags.insert(.forces) }
    if structure.perAtomQuantity != nil { flags.insert(.perAtomQuantity) }
    var writer = ByteWriter()
    writer.append(UInt32(0))
    writer.append(flags.rawValue)
    writer.append(UInt32(structure.atomCount))
    writer.append(UInt32(structure.descriptorSize))
    writer.append([structure.energy])
    writer.append(structure.species.map { Float($0) })
    writer.append(structure.descriptors)
    if let blocks = structure.derivatives {
      switch layout {
      case .dense: writer.append(blocks.dense(descriptorSize: structure.descriptorSize))
      case .sparse: try writer.append(sparse: blocks, of: structure)
      }
    }
    writer.append(structure.forces ?? [])
    writer.append(structure.perAtomQuantity ?? [])
    return writer.bytes
  }

  /// The structure that the bytes of a file hold.
  ///
  /// - Parameter parts: as for `read`.
  /// - Throws: `AtomisticsError` with the field that is wrong.
  public static func decode(
    _ bytes: [UInt8], name: String, parts: Int = 1
  ) throws -> DescribedStructure {
    var reader = ByteReader(bytes: bytes)
    let (flags, n, g) = try header(&reader)
    let parts = g.isMultiple(of: parts) ? parts : 1
    let energy = try reader.floats(1, "energy")[0]
    let species = try reader.wholeNumbers(n, below: 1 << 16, "species")
    let descriptors = try reader.floats(n * g, "descriptors")
    var structure = DescribedStructure(
      name: name, energy: energy, species: species, descriptorSize: g, descriptors: descriptors)
    if flags.contains(.derivatives) {
      structure.derivatives =
        try flags.contains(.sparse)
        ? sparseDerivatives(&reader, n, g, parts)
        : DerivativeBlocks(
          dense: reader.floats(n * g * n * 3, "derivatives"), atoms: n, descriptorSize: g,
          parts: parts)
    }
    if flags.contains(.forces) { structure.forces = try reader.floats(3 * n, "forces") }
    if flags.contains(.perAtomQuantity) {
      structure.perAtomQuantity = try reader.floats(n, "per-atom quantity")
    }
    guard reader.remaining == 0 else {
      throw AtomisticsError(
        key: "end of file", found: "\(reader.remaining) more bytes",
        allowed: "\(bytes.count - reader.remaining) bytes in all")
    }
    try structure.view.checkFinite()
    return structure
  }

  private static func header(_ reader: inout ByteReader) throws -> (Flags, n: Int, g: Int) {
    let version = try reader.integer(UInt32.self, "version")
    guard version == 0 else {
      throw AtomisticsError(key: "version", found: "\(version)", allowed: "0")
    }
    let flags = Flags(rawValue: try reader.integer(UInt16.self, "flags"))
    guard flags.isSubset(of: .known), flags.contains(.derivatives) || !flags.contains(.sparse)
    else {
      throw AtomisticsError(
        key: "flags", found: "\(flags.rawValue)",
        allowed: "sums of 1 derivatives, 2 forces, 4 per-atom quantity, 8 sparse (with 1)")
    }
    let n = Int(try reader.integer(UInt32.self, "number of atoms"))
    let g = Int(try reader.integer(UInt32.self, "descriptor size"))
    for (key, size) in [("number of atoms", n), ("descriptor size", g)] where size == 0 {
      throw AtomisticsError(key: key, found: "0", allowed: "positive whole numbers")
    }
    return (flags, n, g)
  }

  private static func sparseDerivatives(
    _ reader: inout ByteReader, _ n: Int, _ g: Int, _ parts: Int
  ) throws -> DerivativeBlocks {
    let field = "number of sparse derivatives"
    let count = Int(try reader.wholeNumbers(1, below: largestExact + 1, field)[0])
    let values = try reader.floats(count, "sparse derivatives")
    let places = try reader.wholeNumbers(
      2 * count, below: largestExact + 1, "indices of sparse derivatives")
    var entries = DerivativeBlocks.Entries(
      values: values, rows: Array(repeating: 0, count: count),
      columns: Array(repeating: 0, count: count))
    for e in 0..<count {
      (entries.rows[e], entries.columns[e]) = (places[2 * e], places[2 * e + 1])
      guard entries.rows[e] < n * g, entries.columns[e] < 3 * n else {
        throw AtomisticsError(
          key: "indices of sparse derivative \(e)",
          found: "row \(entries.rows[e]), column \(entries.columns[e])",
          allowed: "rows below \(n * g), columns below \(3 * n)")
      }
    }
    return DerivativeBlocks(entries: entries, atoms: n, descriptorSize: g, parts: parts)
  }
}

extension ByteWriter {
  fileprivate mutating func append(
    sparse blocks: DerivativeBlocks, of structure: DescribedStructure
  ) throws {
    let entries = blocks.entries(descriptorSize: structure.descriptorSize)
    let largest = max(entries.values.count, structure.atomCount * structure.descriptorSize)
    guard largest <= DescriptorFile.largestExact else {
      throw AtomisticsError(
        key: "sparse derivatives of \(structure.name)", found: "counts up to \(largest)",
        allowed: "at most \(DescriptorFile.largestExact); write them dense")
    }
    append([Float(entries.values.count)])
    append(entries.values)
    var places = [Float](repeating: 0, count: 2 * entries.rows.count)
    for e in entries.rows.indices {
      places[2 * e] = Float(entries.rows[e])
      places[2 * e + 1] = Float(entries.columns[e])
    }
    append(places)
  }
}
