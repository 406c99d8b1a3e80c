import AtomicNetworks
import Dataflow
import Foundation
import ProgramSupport

/// Where a program takes trained networks from: `networks_format`, `train_dir`, `networks_folder`.
enum NetworkSource {
  /// A training's checkpoints.
  case training(TrainedNetworks)
  /// A folder of saved networks.
  case saved(URL)
  /// A potential for LAMMPS or OpenKIM.
  case lammps(URL)

  private enum Format: String, CaseIterable {
    case checkpoint = "tf_checkpoint"
    case panna = "PANNA"
    case lammps = "LAMMPS"
  }

  init(_ io: IniSection) throws {
    func folder() throws -> URL { try io.url("networks_folder", default: "./saved_networks") }
    switch try io.choice("networks_format", default: Format.checkpoint) {
    case .checkpoint: self = .training(TrainedNetworks(try io.url("train_dir")))
    case .panna: self = .saved(try folder())
    case .lammps: self = .lammps(try folder())
    }
  }

  /// The networks of a folder, whatever it holds: saved networks or a potential for LAMMPS.
  static func model(in folder: URL) throws -> NetworkModel {
    let hasMetadata = FileManager.default.fileExists(
      atPath: folder.appendingPathComponent("networks_metadata.json").path)
    let hasPotential = FileManager.default.fileExists(
      atPath: folder.appendingPathComponent("panna.in").path)
    return !hasMetadata && hasPotential
      ? try LAMMPSPotential.read(folder) : try NetworkModel(folder: folder)
  }

  /// The folder that the networks are in.
  var folder: URL {
    switch self {
    case .training(let networks): networks.folder
    case .saved(let folder): folder
    case .lammps(let location):
      FolderListing.isFolder(location) ? location : location.deletingLastPathComponent()
    }
  }

  /// The files of networks that are no training's.
  var files: [URL] {
    switch self {
    case .training: return []
    case .saved(let folder), .lammps(let folder):
      let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
      return (names ?? []).map { folder.appendingPathComponent($0) } + [folder]
    }
  }

  /// The networks at a step of a training, the last one where none is named, or those that are saved.
  func model(step: Int?) throws -> NetworkModel {
    switch self {
    case .training(let networks): try networks.model(step: networks.step(step))
    case .saved(let folder): try NetworkModel(folder: folder)
    case .lammps(let folder): try LAMMPSPotential.read(folder)
    }
  }
}

extension NetworkModel {
  /// Takes over how a descriptor file says that descriptors are made.
  ///
  /// - Throws: `UsageError` with file and line, `NetworkError` where the networks take other descriptors.
  mutating func describe(byFile path: String) throws {
    let descriptors = try DescriptorConfiguration(IniFile(path: path))
    let isRecorded = self.descriptors != nil && !assumesEpsilon
    do { try describe(by: descriptors.settings) } catch let error as NetworkError {
      throw NetworkError(file: path, error.message)
    }
    assumesEpsilon = descriptors.assumesEpsilon && !isRecorded
  }
}

extension TrainedNetworks {
  /// The step that is asked for, which must be there, or the last one.
  func step(_ wanted: Int?) throws -> Int {
    guard let last = steps.last else {
      _ = try Folder.names(in: folder)
      let members = Committee.instances(in: folder).map(\.lastPathComponent)
      throw WorkError(
        "\(folder.path): there is no checkpoint-*.panna and no model.ckpt-*.index"
          + (members.isEmpty
            ? "" : "; it is a committee's, name one of \(members.joined(separator: ", ")) in it"))
    }
    guard let wanted else { return last }
    guard steps.contains(wanted) else {
      throw WorkError(
        "\(folder.path): there is no checkpoint of step \(wanted); the steps are"
          + " \(steps.map(String.init).joined(separator: ", "))")
    }
    return wanted
  }
}
