import Foundation
import ProgramSupport
import Testing

@testable import panna

/// What is said of keys that change nothing beside the others.
@Suite struct KeysWithoutEffectTests {
  @Test func keysWithoutEffectAreTold() throws {
    let workspace = try TrainingWorkspace()
    func ignored(_ changes: String...) throws -> [String] {
      try TrainConfiguration(IniFile(path: workspace.path + "/train.ini", overrides: changes))
        .ignored
    }
    #expect(try ignored() == [])
    #expect(
      try ignored(
        "TRAINING_PARAMETERS.learning_rate_decay_step=3", "TRAINING_PARAMETERS.loss_cap=3",
        "TRAINING_PARAMETERS.forces_cost=0", "TRAINING_PARAMETERS.floss_function=quad",
        "DATA_INFORMATION.sparse_derivatives=True") == [
          "[DATA_INFORMATION] sparse_derivatives", "[TRAINING_PARAMETERS] learning_rate_decay_step",
          "[TRAINING_PARAMETERS] floss_function", "[TRAINING_PARAMETERS] loss_cap",
        ])
    #expect(
      try ignored(
        "TRAINING_PARAMETERS.loss_cap=3", "TRAINING_PARAMETERS.loss_function=quad_exp_tanh")
        == [])
    let validation = ["VALIDATION.data_dir=v", "VALIDATION.min_gain=1"]
    let most = "IO_INFORMATION.max_damaged_records=3"
    #expect(
      try ignored(validation[0], validation[1], most) == [
        "[IO_INFORMATION] max_damaged_records without damaged_records = skip",
        "[VALIDATION] min_gain without patience",
      ])
    #expect(
      try ignored(
        validation[0], validation[1], most, "VALIDATION.patience=1",
        "IO_INFORMATION.damaged_records=skip") == [])
    // A loss that is a text adds up the batch as it says.
    try workspace.write(
      """
      parameter real = double
      squared_errors = placeholder(real[structures])
      atom_counts = placeholder(real[structures])
      loss = Sum(Sqrt(squared_errors / atom_counts + 1), axes: [0], keep_dims: false)
      """, "loss.graph")
    for (key, reduction) in [("loss", "energy"), ("floss", "force")] {
      let loss = "TRAINING_PARAMETERS.\(key)_function"
      let reductions = ["energy", "force"].map { "TRAINING_PARAMETERS.\($0)_reduction=mean" }
      #expect(try ignored(reductions[0], reductions[1], "\(loss)=quad_atom") == [])
      #expect(
        try ignored(reductions[0], reductions[1], "\(loss)=\(workspace.path)/loss.graph")
          == ["[TRAINING_PARAMETERS] \(reduction)_reduction"])
    }
    let evaluation = try EvaluateConfiguration(
      IniFile(
        path: workspace.path + "/evaluate.ini",
        overrides: ["IO_INFORMATION.networks_format=PANNA", "DATA_INFORMATION.output_offset=1"]))
    #expect(
      evaluation.ignored == [
        "[DATA_INFORMATION] output_offset", "[IO_INFORMATION] train_dir",
        "[VALIDATION_OPTIONS] single_step",
      ])
  }
}
