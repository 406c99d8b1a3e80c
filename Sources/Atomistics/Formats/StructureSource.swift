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

  /// As `withStructure`, but long lists may be read from the file when `body` copies them, straight to their place:
  /// `body` copies each number once at most, from front to back, and what it has made of them is good only if this
  /// returns.
  ///
  /// - Throws: as `withStructure`, at times after `body`.
  func withStreamedStructure<R>(at index: Int, _ body: (StructureView) throws -> R) throws -> R
}

extension StructureSource {
  public func withStructure<R>(at index: Int, _ body: (StructureView) throws -> R) throws -> R {
    try body(try structure(at: index).view)
  }

  public func withStreamedStructure<R>(
    at index: Int, _ body: (StructureView) throws -> R
  ) throws -> R {
    try withStructure(at: index, body)
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
      if let copy = copy(structure, at: index) { keep(copy, at: index) }
      return try body(structure)
    }
  }

  public func withStreamedStructure<R>(
    at index: Int, _ body: (StructureView) throws -> R
  ) throws -> R {
    if let found = kept.withLock({ $0.structures[index] }) { return try body(found) }
    var copied: StructureView?
    do {
      let result = try source.withStreamedStructure(at: index) { structure in
        copied = copy(structure, at: index)
        return try body(copied ?? structure)
      }
      // Not before it is known to be good.
      if let copied { keep(copied, at: index) }
      return result
    } catch {
      if let copied { kept.withLock { $0.room += copied.byteCount } }
      throw error
    }
  }

  /// Takes room for a structure; nil where there is none, or it is kept already.
  private func copy(_ structure: StructureView, at index: Int) -> StructureView? {
    let byteCount = structure.byteCount
    let isWanted = kept.withLock { kept in
      guard kept.structures[index] == nil, byteCount <= kept.room else { return false }
      kept.room -= byteCount
      return true
    }
    return isWanted ? structure.owned : nil
  }

  private func keep(_ copy: StructureView, at index: Int) {
    kept.withLock { kept in
      // Another thread may have kept it meanwhile.
      if kept.structures[index] != nil {
        kept.room += copy.byteCount
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
