import Dataflow

/// How a training weighs errors and takes steps.
public struct TrainingObjective: Sendable, Equatable {
  public var energyLoss = EnergyLoss.quad
  public var forceLoss = ForceLoss.quad
  /// Texts that say what the losses are instead: from `errors` or `squared_errors`, and `atom_counts`, all
  /// `[structures]`, to `loss`, a scalar.
  public var energyLossSource: GraphSource?
  public var forceLossSource: GraphSource?
  /// a of equation 15.
  public var lossCap = EnergyLoss.cap
  public var energyReduction = LossReduction.sum
  public var forceReduction = LossReduction.sum
  /// c_F of equation 18; forces are trained on where it is above 0.
  public var forcesCost = 0.0
  /// Whether the derivatives of descriptors are kept in half precision, each off by at most 2^-11 of itself or 2^-39
  /// of its structure's largest: half the memory to read in a step. Exact for structures stored so.
  public var hasHalfDerivatives = false
  public var regularization = Regularization()
  /// The largest absolute value of a gradient's component; 0 for no limit.
  public var clipValue = 0.0
  public var beta1 = 0.9
  public var beta2 = 0.999
  public var adamEpsilon = 1e-8

  public init() {}

  public var includesForces: Bool { forcesCost > 0 }

  /// Whether slices of a batch can be computed by themselves: the loss is a sum over structures.
  public var isSum: Bool {
    energyLossSource == nil && forceLossSource == nil && energyLoss.isSum && forceLoss.isSum
      && energyReduction == .sum && forceReduction == .sum
  }
}

extension TrainingObjective {
  fileprivate func energyLoss(_ errors: Value, _ atomCounts: Value) throws -> Value {
    if let energyLossSource {
      return try energyLossSource.addLoss(
        "energy_loss", ["errors": errors, "atom_counts": atomCounts])
    }
    return errors.graph.withNameScope("energy_loss") {
      energyLoss.value(
        errors: errors, atomCounts: atomCounts, cap: lossCap, reduction: energyReduction)
    }
  }

  fileprivate func forceLoss(_ squaredErrors: Value, _ atomCounts: Value) throws -> Value {
    if let forceLossSource {
      return try forceLossSource.addLoss(
        "force_loss", ["squared_errors": squaredErrors, "atom_counts": atomCounts])
    }
    return squaredErrors.graph.withNameScope("force_loss") {
      forceLoss.value(
        squaredErrors: squaredErrors, atomCounts: atomCounts, reduction: forceReduction)
    }
  }
}

extension GraphSource {
  fileprivate func addLoss(_ prefix: String, _ placeholders: [String: Value]) throws -> Value {
    let graph = placeholders.values.first!.graph
    let known = graph.variables.count
    let loss = try add(to: graph, prefix: prefix, placeholders: placeholders, result: "loss")
    guard loss.shape.rank == 0, loss.elementType.isFloatingPoint else {
      throw NetworkError(file: file, "loss is \(loss.spec), expected one number")
    }
    guard graph.variables.count == known else {
      throw NetworkError(file: file, "a loss has no variables of its own")
    }
    return loss
  }
}

/// Networks, losses and the step of the optimizer as one graph.
public struct TrainingGraph {
  public let potential: PotentialGraph
  public let objective: TrainingObjective
  /// What the networks are to give: `[structures]`, in eV, without offsets.
  public let referenceEnergies: Value
  /// Atoms of each structure: `[structures]`.
  public let atomCounts: Value
  public let learningRate: Value
  /// Predicted minus reference energies: `[structures]`, in eV.
  public let energyErrors: Value
  public let energyLoss: Value
  public let regularizationLoss: Value
  /// Derivatives and forces, where the objective includes them.
  public let forces: ForceGraph?
  public let forceLoss: Value?
  /// What is minimized.
  public let loss: Value
  /// What a step finds before it changes the networks.
  public let findings: TrainingFindings
  /// The placeholders of a batch.
  public let inputs: [Value]
  /// What the slices of a batch are fed to instead; nil where a step takes the batch as one.
  public let slices: SlicedValues?
  /// Takes one step.
  public let step: Node

  /// - Parameters:
  ///   - isSliced: whether steps take a batch slice by slice where they can.
  ///   - sliceDevices: those that compute the slices, in turn; empty for where everything else is.
  /// - Throws: `GraphError` where the networks' descriptors differ in size.
  public init(
    _ networks: [SpeciesNetwork], objective: TrainingObjective,
    elementType: ElementType = .float32, isSliced: Bool = false, sliceDevices: [DeviceName] = []
  ) throws {
    let graph = Graph()
    self.objective = objective
    potential = try PotentialGraph(networks, elementType: elementType, in: graph)
    let perStructure: SymbolicShape = [PotentialGraph.structures]
    referenceEnergies = graph.placeholder(elementType, perStructure, name: "reference_energies")
    atomCounts = graph.placeholder(elementType, perStructure, name: "atom_counts")
    learningRate = graph.placeholder(elementType, [], name: "learning_rate")
    energyErrors = graph.withNameScope("energy_errors") { [potential, referenceEnergies] in
      potential.energies - referenceEnergies
    }
    energyLoss = try objective.energyLoss(energyErrors, atomCounts)
    regularizationLoss = graph.withNameScope("regularization") { [potential] in
      objective.regularization.value(potential)
    }
    var total = energyLoss
    if objective.includesForces {
      let forces = try ForceGraph(potential, hasHalfBlocks: objective.hasHalfDerivatives)
      let loss = try objective.forceLoss(forces.squaredErrors, atomCounts)
      total = graph.withNameScope("loss") { [total] in total + loss * objective.forcesCost }
      (self.forces, forceLoss) = (forces, loss)
    } else {
      (forces, forceLoss) = (nil, nil)
    }
    loss = graph.withNameScope("loss") { [regularizationLoss, total] in
      objective.regularization.isNone ? total : total + regularizationLoss
    }
    inputs = Self.inputs(potential, referenceEnergies, atomCounts, forces)
    let variables = graph.variables.filter(\.isTrainable)
    let whole = TrainingFindings(
      loss: loss, energyLoss: energyLoss, forceLoss: forceLoss, energyErrors: energyErrors,
      atomicEnergies: potential.atomicEnergies, squaredForceErrors: forces?.squaredErrors,
      absoluteForceErrors: forces?.absoluteErrors)
    let gradients: [Value?]
    if isSliced, Self.canSlice(networks, objective) {
      (slices, findings, gradients) = try whole.sliced(
        by: inputs, data: total,
        regularization: objective.regularization.isNone ? nil : regularizationLoss, variables,
        on: sliceDevices)
    } else {
      (slices, findings) = (nil, whole)
      gradients = try graph.gradients(of: [loss], withRespectTo: variables.map(\.value))
    }
    guard gradients.contains(where: { $0 != nil }) else {
      throw NetworkError("there is nothing to train: the loss depends on no trainable parameter")
    }
    step = try Self.makeStep(graph, variables, gradients, objective, learningRate)
  }

  /// Whether slices of a batch can be computed by themselves: where the objective is a sum and no network is a text,
  /// which may do with the atoms of a batch whatever it likes.
  public static func canSlice(_ networks: [SpeciesNetwork], _ objective: TrainingObjective) -> Bool
  {
    objective.isSum && networks.allSatisfy { $0.graph == nil }
  }

  /// What differs between the structures of a batch.
  private static func inputs(
    _ potential: PotentialGraph, _ referenceEnergies: Value, _ atomCounts: Value,
    _ forces: ForceGraph?
  ) -> [Value] {
    let energies = [potential.structureOfAtom, referenceEnergies, atomCounts]
    guard let forces else { return potential.descriptors + energies }
    return potential.descriptors + energies
      + [forces.blocks, forces.rowStarts, forces.neighbours, forces.referenceForces]
      + [forces.blockScales].compactMap { $0 }
  }

  private static func makeStep(
    _ graph: Graph, _ variables: [Variable], _ found: [Value?], _ objective: TrainingObjective,
    _ learningRate: Value
  ) throws -> Node {
    let gradients = zip(found, variables).map { $0 ?? graph.zeros(like: $1.value) }
    let limited =
      objective.clipValue > 0
      ? graph.withNameScope("clipping") {
        gradients.map { clipByValue($0, limit: objective.clipValue) }
      } : gradients
    let adam = AdamOptimizer(
      beta1: objective.beta1, beta2: objective.beta2, epsilon: objective.adamEpsilon)
    return try adam.apply(limited, to: variables, learningRate: learningRate)
  }
}

/// Forces from dE/dG and the derivatives of the descriptors (equation 17, with its minus sign).
public struct ForceGraph {
  /// The number of blocks in a batch.
  static let blocks: Dimension = "blocks"
  /// One more than the parts that all atoms' descriptors are cut into, and how many components each has.
  static let rowBounds: Dimension = "row_bounds"
  static let width: Dimension = "part_width"

  /// Blocks dG/dx: `[blocks, 3, width]`, in 1/Å.
  public let blocks: Value
  /// What each atom's blocks are multiplied with: `[atoms, 1]`; nil unless they are in half precision.
  public let blockScales: Value?
  /// Where the blocks of each part of an atom's descriptor begin: `int32 [rows + 1]`.
  public let rowStarts: Value
  /// The atom that each block is the derivative by: `int32 [blocks]`.
  public let neighbours: Value
  /// `[atoms, 3]`, in eV/Å.
  public let referenceForces: Value
  /// `[atoms, 3]`, in eV/Å.
  public let forces: Value
  /// The squared norm of the errors of each structure: `[structures]`, in (eV/Å)².
  public let squaredErrors: Value
  /// The sum of the absolute errors of each structure's components: `[structures]`, in eV/Å.
  public let absoluteErrors: Value

  init(_ potential: PotentialGraph, hasHalfBlocks: Bool = false) throws {
    let graph = potential.graph
    let gradient = try potential.makeDescriptorGradient()
    let (atoms, type) = (potential.atoms, potential.elementType)
    guard !hasHalfBlocks || type == .float32 else {
      throw GraphError("derivatives in half precision go with single precision, not with \(type)")
    }
    blocks = graph.placeholder(
      hasHalfBlocks ? .float16 : type, [Self.blocks, 3, Self.width],
      name: "derivative_blocks")
    blockScales =
      hasHalfBlocks ? graph.placeholder(type, [atoms, 1], name: "derivative_scales") : nil
    rowStarts = graph.placeholder(.int32, [Self.rowBounds], name: "row_starts")
    neighbours = graph.placeholder(.int32, [Self.blocks], name: "neighbours")
    referenceForces = graph.placeholder(type, [atoms, 3], name: "reference_forces")
    forces = graph.withNameScope("forces") { [blocks, blockScales, rowStarts, neighbours] in
      // A power of two, so that the order of the products makes no difference.
      let scaled = blockScales.map { gradient * $0 } ?? gradient
      let parts = reshape(scaled, [Self.rowBounds - 1, Self.width])
      let pulls = blockSparseProduct(blocks, parts, rowStarts: rowStarts)
      return -unsortedSegmentSum(pulls, neighbours, segments: atoms)
    }
    func perStructure(_ components: Value) -> Value {
      unsortedSegmentSum(
        sum(components, axes: [1]), potential.structureOfAtom,
        segments: PotentialGraph.structures)
    }
    (squaredErrors, absoluteErrors) = graph.withNameScope("force_errors") {
      [forces, referenceForces] in
      let errors = forces - referenceForces
      return (perStructure(square(errors)), perStructure(abs(errors)))
    }
  }
}
