import AtomicNetworks
import Atomistics
import Dataflow
import Foundation
import ProgramSupport

/// What a training learns from or is validated with, by the names of `input_format`.
enum TrainingData: String, CaseIterable {
  /// Descriptors in TFRecord files.
  case packed = "TFR"
  /// Descriptors in a file for each structure, `*.bin`.
  case singleFiles = "single_files"
  /// Structures, `*.example`, whose descriptors are computed when they are wanted.
  case examples = "example"

  /// All structures of a folder, to be read when they are wanted.
  ///
  /// - Parameters:
  ///   - descriptors: what `gvect_ini` says; examples need it.
  ///   - includesForces: whether derivatives and forces are wanted.
  func structures(
    in folder: URL, descriptors: DescriptorConfiguration?, includesForces: Bool,
    _ pipeline: PipelineConfiguration
  ) throws -> any StructureSource {
    let settings = try descriptors?.settings ?? DescriptorRecord(in: folder)?.settings()
    let parts = settings?.derivativeParts ?? 1
    switch self {
    case .packed:
      let packed = try PackedStructures(
        Folder.files(in: folder, ending: ".tfrecord"), includesDerivatives: includesForces,
        derivativeParts: parts, damaged: pipeline.damaged,
        executor: ComputePool(threads: pipeline.threads))
      report(packed)
      return packed
    case .singleFiles:
      return StructuresInFiles(try Folder.files(in: folder, ending: ".bin")) { file in
        var structure = try DescriptorFile.read(file, parts: parts)
        if !includesForces { (structure.derivatives, structure.forces) = (nil, nil) }
        return structure
      }
    case .examples:
      let settings = settings!
      let work = try DescriptorWork(settings, includesDerivatives: includesForces)
      let files = try DescriptorWork.files(in: folder)
      guard let place = pipeline.descriptorCache else {
        return StructuresInFiles(files) { try work.describe($0) }
      }
      let cache = try DescriptorCache(
        place, settings, includesDerivatives: includesForces)
      return StructuresInFiles(files) { file in
        try cache.structure(file) { try work.describe(file) }
      }
    }
  }

  private func report(_ packed: PackedStructures) {
    for file in packed.emptyFiles { warn("train: \(file.path): there is no record in it") }
    for error in packed.damage.prefix(10) { warn("train: left out: \(error)") }
    if packed.damagedCount > 0 {
      warn("train: \(packed.damagedCount) damaged records are left out")
    }
  }
}
