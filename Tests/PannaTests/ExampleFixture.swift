import Atomistics
import Foundation
import TestSupport

@testable import panna

extension ProgramFixture {
  /// Structures as examples, and what takes them to networks: `gvect.ini`, `tfr.ini`, `train.ini`.
  ///
  /// - Parameters:
  ///   - descriptors: what the structures are described with, and what else `gvect.ini` has.
  ///   - packing: what else `tfr.ini` has.
  ///   - training: keys of `[TRAINING_PARAMETERS]`.
  convenience init(
    examples structures: [Structure], descriptors: String, packing: String = "", training: String,
    descriptorSize: Int, architecture: String
  ) throws {
    try self.init()
    try FileManager.default.createDirectory(at: url("examples"), withIntermediateDirectories: true)
    for structure in structures {
      try ExampleFile.write(structure, to: url("examples/\(structure.name).example"))
    }
    try writeDescriptors(descriptors)
    try write(
      """
      [IO_INFORMATION]
      input_dir = FOLDER/bin
      output_dir = FOLDER/data
      \(packing)
      """, to: "tfr.ini")
    try write(
      """
      [IO_INFORMATION]
      data_dir = FOLDER/data
      train_dir = FOLDER/train
      log_dir = FOLDER/train
      [DATA_INFORMATION]
      atomic_sequence = H, O
      [TRAINING_PARAMETERS]
      learning_rate = 0.01
      \(training)
      [DEFAULT_NETWORK]
      g_size = \(descriptorSize)
      architecture = \(architecture)
      """, to: "train.ini")
  }

  /// Writes `gvect.ini` for the examples.
  func writeDescriptors(_ sections: String) throws {
    try write(
      """
      [IO_INFORMATION]
      input_json_dir = FOLDER/examples
      output_gvect_dir = FOLDER/bin
      log_dir = FOLDER/log
      [PARALLELIZATION]
      \(sections)
      """, to: "gvect.ini")
  }
}
