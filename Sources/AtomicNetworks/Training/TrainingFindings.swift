import Dataflow

/// What a step of a training finds out about its batch before it changes the networks.
public struct TrainingFindings {
  /// What is minimized.
  public let loss: Value
  public let energyLoss: Value
  /// The force term, not yet multiplied with its cost; nil without forces.
  public let forceLoss: Value?
  /// Predicted minus reference energies: `[structures]`, in eV.
  public let energyErrors: Value
  /// `[atoms]`, in eV.
  public let atomicEnergies: Value
  /// `[structures]`, in (eV/Å)²; nil without forces.
  public let squaredForceErrors: Value?
  /// `[structures]`, in eV/Å; nil without forces.
  public let absoluteForceErrors: Value?

  private var sums: [Value] { [energyLoss] + [forceLoss].compactMap { $0 } }

  private var rows: [Value] {
    [energyErrors, atomicEnergies] + [squaredForceErrors, absoluteForceErrors].compactMap { $0 }
  }

  /// The same, and the gradients, computed slice by slice of a batch.
  ///
  /// - Parameters:
  ///   - inputs: the placeholders of the batch.
  ///   - data: the part of the loss that depends on them, a sum over structures.
  ///   - regularization: the other part, nil where there is none.
  ///   - devices: those that compute the slices, in turn; empty for where everything else is.
  func sliced(
    by inputs: [Value], data: Value, regularization: Value?, _ variables: [Variable],
    on devices: [DeviceName]
  ) throws -> (slices: SlicedValues, findings: Self, gradients: [Value?]) {
    let graph = data.graph
    let sources = variables.map(\.value)
    let found = try graph.gradients(of: [data], withRespectTo: sources)
    let costs = try regularization.map { try graph.gradients(of: [$0], withRespectTo: sources) }
    let ownSums = [data] + sums
    let slices = try graph.sliced(
      sums: ownSums + found.compactMap { $0 }, rows: rows, by: inputs, on: devices,
      name: "slices")
    var left = slices.sums.dropFirst(ownSums.count)
    let gradients = found.enumerated().map { index, gradient -> Value? in
      let terms = [gradient.flatMap { _ in left.popFirst() }, costs?[index]].compactMap { $0 }
      return terms.count == 2 ? terms[0] + terms[1] : terms.first
    }
    let (total, rows) = (slices.sums[0], slices.rows)
    let findings = TrainingFindings(
      loss: regularization.map { total + $0 } ?? total, energyLoss: slices.sums[1],
      forceLoss: forceLoss.map { _ in slices.sums[2] }, energyErrors: rows[0],
      atomicEnergies: rows[1], squaredForceErrors: squaredForceErrors.map { _ in rows[2] },
      absoluteForceErrors: absoluteForceErrors.map { _ in rows[3] })
    return (slices, findings, gradients)
  }
}
