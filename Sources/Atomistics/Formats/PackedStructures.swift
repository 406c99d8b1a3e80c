import Dataflow
import Foundation
import Synchronization

/// What to do with records that are damaged or hold no structure.
public enum DamagedRecords: Sendable, Equatable {
  /// The first one is an error.
  case strict
  /// They are left out, up to so many.
  case skip(atMost: Int)
}

/// The structures of TFRecord files, read record by record when they are wanted.
///
/// Compressed files, whose records cannot be found one by one, are read at once and kept.
public final class PackedStructures: StructureSource {
  private enum Part {
    case records(TFRecordFile)
    case kept([DescribedStructure])

    var count: Int {
      switch self {
      case .records(let file): file.count
      case .kept(let structures): structures.count
      }
    }
  }

  /// What is read of a structure.
  private struct Wanted {
    let derivatives: Bool
    let parts: Int
  }

  private struct Place {
    let part: Int32
    let record: Int32
  }

  private let parts: [Part]
  private let places: [Place]
  private let wanted: Wanted
  /// What was left out, in the order of the files.
  public let damage: [FormatError]
  /// The files in which there is no record at all.
  public let emptyFiles: [URL]
  /// How many records were left out; where a length was damaged, about as many as the lost bytes are.
  public let damagedCount: Int

  /// Finds the records of all files; where damage is left out, every record is read once for that.
  ///
  /// - Parameters:
  ///   - includesDerivatives: whether derivatives and forces are wanted.
  ///   - derivativeParts: into how many parts descriptors are cut for derivatives in the original's forms, if their size allows
  ///     it; blocks stay as they are stored.
  ///   - executor: files are read side by side on it.
  /// - Throws: `FormatError` with file, record and byte for the first damage, or the one too many.
  public init(
    _ files: [URL], includesDerivatives: Bool, derivativeParts: Int = 1,
    damaged: DamagedRecords = .strict,
    executor: any ParallelExecutor = SerialExecutor()
  ) throws {
    let wanted = Wanted(derivatives: includesDerivatives, parts: derivativeParts)
    self.wanted = wanted
    let opened = Mutex([Int: Result<Opened, any Error>]())
    executor.run(shards: files.count) { index in
      let result = Result { try Self.open(files[index], wanted, damaged) }
      opened.withLock { $0[index] = result }
    }
    let all = try opened.withLock { opened in try files.indices.map { try opened[$0]!.get() } }
    parts = all.map(\.part)
    damage = all.flatMap(\.damage)
    damagedCount = Self.damagedCount(all)
    emptyFiles = zip(files, all).filter { $1.part.count == 0 && $1.damage.isEmpty }.map(\.0)
    if case .skip(let most) = damaged, damagedCount > most {
      var error = damage[min(most, damage.count - 1)]
      error.message += "; \(damagedCount) records are damaged, more than the \(most) allowed"
      throw error
    }
    places = all.enumerated().flatMap { part, opened in
      opened.records.map { Place(part: Int32(part), record: Int32($0)) }
    }
  }

  public var count: Int { places.count }

  public func structure(at index: Int) throws -> DescribedStructure {
    try withStructure(at: index) { DescribedStructure($0) }
  }

  public func withStructure<R>(at index: Int, _ body: (StructureView) throws -> R) throws -> R {
    let place = places[index]
    switch parts[Int(place.part)] {
    case .kept(let structures): return try body(structures[Int(place.record)].view)
    case .records(let file):
      // What `body` throws is not of the file.
      return try Self.withStructure(in: file, Int(place.record), wanted) { view in
        Result { try body(view) }
      }.get()
    }
  }

  public func withStreamedStructure<R>(
    at index: Int, _ body: (StructureView) throws -> R
  ) throws -> R {
    let place = places[index]
    guard case .records(let file) = parts[Int(place.part)] else {
      return try withStructure(at: index, body)
    }
    do {
      if let result = try withStreamedStructure(in: file, Int(place.record), body) { return result }
    } catch {
      // What is wrong with a record is told as where it is read as a whole; else the error is of `body`.
      try withStructure(at: index) { _ in }
      throw error
    }
    return try withStructure(at: index, body)
  }

  /// Nil where a structure is not worth it.
  private func withStreamedStructure<R>(
    in file: TFRecordFile, _ record: Int, _ body: (StructureView) throws -> R
  ) throws -> R? {
    func longRun(_ bytes: UnsafeRawBufferPointer) -> Range<Int>? {
      EncodedExample.longFloats(bytes, least: TFRecordFile.leastStreamed)
    }
    return try file.withStreamedRecord(record, longRun: longRun) { bytes, streamed in
      try body(
        try Self.view(of: bytes, in: file, record, wanted, streamed: streamed))
    }
  }

  // MARK: Files

  /// A file with its usable records.
  private struct Opened {
    let part: Part
    var records: [Int]
    var damage: [FormatError] = []
    /// The bytes lost by each of the damages after which the next record had to be looked for.
    var lost: [Int] = []

    init(_ part: Part) {
      self.part = part
      records = Array(0..<part.count)
    }
  }

  private static func open(
    _ url: URL, _ wanted: Wanted, _ damaged: DamagedRecords
  ) throws -> Opened {
    let leavesOut = damaged != .strict
    var damage: [FormatError] = []
    if try TFRecordReader.isCompressed(url) {
      let structures = try DescribedStructureFile.read(
        url, parts: wanted.parts, leavingOut: leavesOut ? { damage.append($0) } : nil)
      var opened = Opened(
        .kept(wanted.derivatives ? structures : structures.map(\.withoutDerivatives)))
      opened.damage = damage
      return opened
    }
    guard leavesOut else { return Opened(.records(try TFRecordFile(url))) }
    var lost: [Int] = []
    let file = try TFRecordFile(url) {
      damage.append($0)
      lost.append($1.count)
    }
    var opened = Opened(.records(file))
    opened.records = []
    for record in 0..<file.count {
      do throws(FormatError) {
        try withStructure(in: file, record, wanted) { _ in }
        opened.records.append(record)
      } catch {
        opened.damage.append(error)
      }
    }
    opened.damage += damage
    opened.lost = lost
    return opened
  }

  /// Lost bytes count as records of the usual size, and as one at least.
  private static func damagedCount(_ all: [Opened]) -> Int {
    let files = all.compactMap { if case .records(let file) = $0.part { file } else { nil } }
    let found = files.reduce(0) { $0 + $1.count }
    let usual = found == 0 ? Int.max / 2 : files.reduce(0) { $0 + $1.byteCount } / found
    return all.reduce(0) { count, opened in
      opened.lost.reduce(count + opened.damage.count - opened.lost.count) {
        $0 + max(1, ($1 + usual / 2) / usual)
      }
    }
  }

  private static func withStructure<R>(
    in file: TFRecordFile, _ record: Int, _ wanted: Wanted,
    _ body: (StructureView) -> R
  ) throws(FormatError) -> R {
    try file.withRecord(record) { bytes in
      body(try view(of: bytes, in: file, record, wanted))
    }
  }

  private static func view(
    of bytes: UnsafeRawBufferPointer, in file: TFRecordFile, _ record: Int,
    _ wanted: Wanted, streamed: StreamedBytes? = nil
  ) throws -> StructureView {
    try StructureView(
      try EncodedExample(bytes) { wanted.derivatives || !isDerivative($0) }, streamed: streamed,
      parts: wanted.parts, fallbackName: DescribedStructureFile.fallbackName(file.url, record))
  }

  private static func isDerivative(_ feature: String) -> Bool {
    feature.hasPrefix("dgvect") || feature == "forces"
  }
}

extension DescribedStructure {
  fileprivate var withoutDerivatives: DescribedStructure {
    var structure = self
    (structure.derivatives, structure.forces) = (nil, nil)
    return structure
  }
}
