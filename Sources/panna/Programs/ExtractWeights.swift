import AtomicNetworks
import Foundation
import ProgramSupport

/// Writes trained networks for other programs, and takes such potentials back.
enum ExtractWeights: Program {
  static let name = "extract_weights"
  static let summary = "writes trained networks for other programs, and reads them back"
  static let options = CommandLineOptions([.config, .set])
  static let details = """
    [IO_INFORMATION]
      networks_format    where the networks are taken from
                         tf_checkpoint: the checkpoints in train_dir, this program's or TensorFlow's
                         with networks_metadata.json beside them (default)
                         PANNA: the saved networks in networks_folder (./saved_networks)
                         LAMMPS: the potential in networks_folder, or the file it names
      train_dir          folder of a training
      step_number        the checkpoint; 0 or -1 for the last one (0)
      output_dir         folder for what is written (./saved_network); of networks that are read in the
                         same form it is another one
      output_type        PANNA: networks_metadata.json and a NumPy file for each array (default)
                         LAMMPS or KIM: a text and weights_<species>.dat; offsets become part of the
                         last biases, so that the potential gives total energies. What the reader
                         does not know is refused: LAMMPS reads whole zetas only, KIM takes epsilon
                         for 0.01; LAMMPS takes it for 0.01, or for 0.001 in the pair style of the
                         second generation, of which there is a warning
      output_file        the text's name (panna.in)
      gvector_version    0: a regular grid, which every reader takes, with activations gaussian, relu
                         and linear; 1: lists of centres, and tanh too, which KIM does not take (0)
      metadata_version   v0 or v1: the original's first or second generation (v0)
      gvector_input      the descriptors' configuration, where the networks do not say how their
                         descriptors are made; LAMMPS and KIM need to know
    """
  static let example = """
      panna extract_weights --config extract.ini

    with this extract.ini: the last checkpoint as a potential for OpenKIM's driver
      [IO_INFORMATION]
      train_dir = train
      output_dir = potential
      output_type = KIM
      gvector_input = gvect.ini
    """

  static func run(_ arguments: ParsedArguments) throws {
    let configuration = try ExtractWeightsConfiguration(arguments.configuration())
    for key in configuration.ignored { warn("extract_weights: \(key) has no effect here") }
    var model = try configuration.source.model(step: configuration.stepNumber)
    if let file = configuration.gvectorInput {
      try model.describe(byFile: file.path)
    }
    if let caveat = model.caveat {
      warn("extract_weights: \(caveat); a file with epsilon (gvector_input) says which")
    }
    let output = configuration.output
    switch configuration.outputType {
    case .panna: try model.write(to: output, version: configuration.metadataVersion)
    case .lammps, .kim:
      let reader: LAMMPSPotential.Reader = configuration.outputType == .kim ? .openKIM : .lammps
      try LAMMPSPotential.write(
        model, to: output, name: configuration.outputFile, version: configuration.gvectorVersion,
        for: reader)
      for caveat in LAMMPSPotential.caveats(model, for: reader) {
        warn("extract_weights: \(caveat)")
      }
    }
    say("extract_weights: \(model.networks.count) networks are in \(output.path)")
  }
}
