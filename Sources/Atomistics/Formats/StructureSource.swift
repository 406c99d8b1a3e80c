import Dataflow
import Foundation
import Synchronization

/// Described structures that are read, or computed, when they are wanted, on any number of threads.
public protocol StructureSource: Sendable {
  /// How many structures there are.
  var count: Int { get }

  /// One of them; equal whenever it is asked for.
  ///
  /// - Throws: with the file, and the place in it, where it cannot be had.
  func structure(at index: Int) throws -> DescribedStructure

  /// Calls `body` with one of them, equal to `structure(at:)`, whose numbers are not copied where they lie in a file.
  ///
  /// - Throws: as `structure(at:)`, and what `body` throws.
  func withStructure<R>(at index: Int, _ body: (StructureView) throws -> R) throws -> R
}

extension StructureSource {
  public func withStructure<R>(at index: Int, _ body: (StructureView) throws -> R) throws -> R {
    try body(try structure(at: index).view)
  }
}

/// Structures that lie in memory.
extension [DescribedStructure]: StructureSource {
  public func structure(at index: Int) throws -> DescribedStructure { self[index] }
}

/// Structures in a file each, read or computed by a function.
public struct StructuresInFiles: StructureSource {
  private let files: [URL]
  private let read: @Sendable (URL) throws -> DescribedStructure

  /// - Parameter read: the structure of a file; an error says which file.
  public init(_ files: [URL], _ read: @escaping @Sendable (URL) throws -> DescribedStructure) {
    self.files = files
    self.read = read
  }

  public var count: Int { files.count }

  public func structure(at index: Int) throws -> DescribedStructure { try read(files[index]) }
}

/// Keeps structures of another source in memory, those that are asked for first, as far as it reaches.
public final class StructureCache: StructureSource {
  private let source: any StructureSource
  private let kept: Mutex<(structures: [DescribedStructure?], room: Int, isFull: Bool)>

  /// - Parameter byteCount: the memory for structures.
  public init(_ source: any StructureSource, byteCount: Int) {
    self.source = source
    kept = Mutex((Array(repeating: nil, count: source.count), byteCount, false))
  }

  public var count: Int { source.count }

  public func structure(at index: Int) throws -> DescribedStructure {
    if let found = kept.withLock({ $0.structures[index] }) { return found }
    return try keeping(index)
  }

  public func withStructure<R>(at index: Int, _ body: (StructureView) throws -> R) throws -> R {
    let (found, isFull) = kept.withLock { ($0.structures[index], $0.isFull) }
    if let found { return try body(found.view) }
    return isFull
      ? try source.withStructure(at: index, body) : try body(try keeping(index).view)
  }

  private func keeping(_ index: Int) throws -> DescribedStructure {
    let structure = try source.structure(at: index)
    kept.withLock { kept in
      guard kept.structures[index] == nil else { return }
      kept.isFull = structure.byteCount > kept.room
      if kept.isFull { return }
      kept.structures[index] = structure
      kept.room -= structure.byteCount
    }
    return structure
  }

  /// How many structures are kept.
  public var keptCount: Int { kept.withLock { $0.structures.count { $0 != nil } } }
}

extension DescribedStructure {
  /// The memory of its numbers, in bytes.
  public var byteCount: Int {
    let floats =
      descriptors.count + (forces?.count ?? 0) + (perAtomQuantity?.count ?? 0)
      + (derivatives?.values.count ?? 0)
    let integers =
      species.count + (derivatives.map { $0.rowStarts.count + $0.neighbours.count } ?? 0)
    return 4 * (floats + integers) + 256
  }
}
