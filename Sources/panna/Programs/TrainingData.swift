import AtomicNetworks
import Atomistics
import Dataflow
import Foundation
import ProgramSupport
import Synchronization

/// What a training learns from or is validated with, by the names of `input_format`.
enum TrainingData: String, CaseIterable {
  /// Descriptors in TFRecord files.
  case packed = "TFR"
  /// Descriptors in a file for each structure, `*.bin`.
  case singleFiles = "single_files"
  /// Structures, `*.example`, whose descriptors are computed now.
  case examples = "example"

  /// All structures of a folder.
  ///
  /// - Parameters:
  ///   - descriptors: what `gvect_ini` says; examples need it.
  ///   - includesForces: whether derivatives and forces are wanted.
  func read(
    _ folder: URL, descriptors: DescriptorConfiguration?, includesForces: Bool, threads: Int
  ) throws -> [DescribedStructure] {
    if self == .examples {
      return try describe(folder, descriptors!, includesForces: includesForces, threads: threads)
    }
    let files = try Folder.files(in: folder, ending: self == .packed ? ".tfrecord" : ".bin")
    let progress = ProgressReporter("train: reading", unit: "files", total: files.count)
    let structures = try files.flatMap { file in
      defer { progress.advance() }
      let all =
        self == .packed ? try DescribedStructureFile.read(file) : [try DescriptorFile.read(file)]
      return all.map { structure in
        var structure = structure
        if !includesForces { structure.derivatives = nil }
        return structure
      }
    }
    progress.finish(note: "\(structures.count) structures")
    return structures
  }

  private func describe(
    _ folder: URL, _ descriptors: DescriptorConfiguration, includesForces: Bool, threads: Int
  ) throws -> [DescribedStructure] {
    let work = try DescriptorWork(
      descriptors.settings, periodic: descriptors.periodic, includesDerivatives: includesForces)
    let files = try DescriptorWork.files(in: folder)
    let progress = ProgressReporter("train: describing", unit: "structures", total: files.count)
    let found = Mutex([DescribedStructure?](repeating: nil, count: files.count))
    let failed = work.forEach(files, on: ComputePool(threads: threads)) { index, structure in
      found.withLock { $0[index] = structure }
      progress.advance()
    }
    if let first = failed.keys.min() { throw failed[first]! }
    progress.finish(note: "\(work.size) components")
    return found.withLock { $0.compactMap(\.self) }
  }
}
