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
  private let kept: Mutex<(structures: [StructureView?], room: Int)>

  /// - Parameter byteCount: the memory for structures.
  public init(_ source: any StructureSource, byteCount: Int) {
    self.source = source
    kept = Mutex((Array(repeating: nil, count: source.count), byteCount))
  }

  public var count: Int { source.count }

  public func structure(at index: Int) throws -> DescribedStructure {
    try withStructure(at: index) { DescribedStructure($0) }
  }

  public func withStructure<R>(at index: Int, _ body: (StructureView) throws -> R) throws -> R {
    if let found = kept.withLock({ $0.structures[index] }) { return try body(found) }
    return try source.withStructure(at: index) { structure in
      keep(structure, at: index)
      return try body(structure)
    }
  }

  private func keep(_ structure: StructureView, at index: Int) {
    let byteCount = structure.byteCount
    let isWanted = kept.withLock { kept in
      guard kept.structures[index] == nil, byteCount <= kept.room else { return false }
      kept.room -= byteCount
      return true
    }
    guard isWanted else { return }
    let copy = structure.owned
    kept.withLock { kept in
      // Another thread may have kept it meanwhile.
      if kept.structures[index] != nil {
        kept.room += byteCount
      } else {
        kept.structures[index] = copy
      }
    }
  }

  /// How many structures are kept.
  public var keptCount: Int { kept.withLock { $0.structures.count { $0 != nil } } }
}

extension DescribedStructure {
  /// The memory of its numbers, in bytes.
  public var byteCount: Int { view.byteCount }
}
