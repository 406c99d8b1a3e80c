import Atomistics
import Dataflow
import Foundation
import ProgramSupport
import Synchronization

/// From example files to described structures.
struct DescriptorWork: Sendable {
  /// Files of more bytes are described one after the other, each on all threads: a few thousand atoms.
  private static let largeSize = 200_000

  private let descriptors: AtomicDescriptors
  private let includesDerivatives: Bool
  private let includesPerAtomEnergy: Bool

  init(
    _ settings: DescriptorSettings, includesDerivatives: Bool, includesPerAtomEnergy: Bool = false
  ) throws {
    descriptors = try AtomicDescriptors(settings)
    self.includesDerivatives = includesDerivatives
    self.includesPerAtomEnergy = includesPerAtomEnergy
  }

  var size: Int { descriptors.size }

  /// The example files of a folder by name, each with a key of its own.
  static func files(in folder: URL) throws -> [URL] {
    let files = try Folder.files(in: folder, ending: ".example")
    var known: [String: URL] = [:]
    for next in files {
      let key = FileAccess.key(of: next)
      guard let file = known.updateValue(next, forKey: key) else { continue }
      throw WorkError(
        "\(file.path) and \(next.lastPathComponent): have the same key \(key),"
          + " the name up to the first dot")
    }
    return files
  }

  /// Does something with each file's structure, small ones side by side.
  ///
  /// - Returns: the errors by the files' places.
  func forEach(
    _ files: [URL], on pool: ComputePool,
    _ body: @Sendable (Int, DescribedStructure) throws -> Void
  ) -> [Int: any Error] {
    let failures = Mutex<[Int: any Error]>([:])
    func work(_ index: Int, _ executor: any ParallelExecutor) {
      do {
        try body(index, describe(files[index], executor))
      } catch {
        failures.withLock { $0[index] = error }
      }
    }
    let isLarge = files.map { file in
      let attributes = try? FileManager.default.attributesOfItem(atPath: file.path)
      return (attributes?[.size] as? Int ?? 0) > Self.largeSize
    }
    let small = files.indices.filter { !isLarge[$0] }
    pool.run(shards: small.count) { work(small[$0], SerialExecutor()) }
    for index in files.indices where isLarge[index] { work(index, pool) }
    return failures.withLock { $0 }
  }

  /// The structure of a file with its descriptors.
  func describe(
    _ file: URL, _ executor: any ParallelExecutor = SerialExecutor()
  ) throws -> DescribedStructure {
    do {
      return try descriptors.describe(
        prepared(ExampleFile.read(file) { warn($0) }), includeDerivatives: includesDerivatives,
        executor: executor)
    } catch var error as AtomisticsError {
      error.file = error.file ?? file.path
      throw error
    }
  }

  /// The structure with what is asked for and nothing else.
  private func prepared(_ structure: Structure) throws -> Structure {
    var structure = structure
    if includesDerivatives && structure.forces == nil {
      throw AtomisticsError(
        key: "atoms", found: "no forces", allowed: "forces, which include_derivatives asks for")
    }
    if !includesPerAtomEnergy {
      structure.perAtomQuantity = nil
    } else if structure.perAtomQuantity == nil {
      throw AtomisticsError(
        key: "per_atom_energy", found: "no such key",
        allowed: "one number for each atom, which per_atom_energy asks for")
    }
    return structure
  }
}
