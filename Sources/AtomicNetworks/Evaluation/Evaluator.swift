import Atomistics
import Dataflow

/// Computes energies and forces of described structures with trained networks, in double precision.
public final class Evaluator {
  /// What the networks say of one structure.
  public struct Result: Sendable {
    public let name: String
    public let atomCount: Int
    /// Total energies in eV: as stored, and predicted with offsets.
    public let referenceEnergy: Double
    public let energy: Double
    /// Each atom's share of the predicted energy with its offset, in eV.
    public let atomicEnergies: [Double]
    /// Predicted forces, atom by atom, in eV/Å; nil where they were not asked for.
    public let forces: [Double]?
    /// Forces as stored; nil where there are none.
    public let referenceForces: [Double]?
  }

  private let model: NetworkModel
  private let potential: PotentialGraph
  private let forceGraph: ForceGraph?
  private let session: Session
  private let addsOffsets: Bool

  /// - Parameters:
  ///   - computesForces: whether forces are computed; structures then need derivatives and forces.
  ///   - addsOffsets: whether the species' offsets are part of the predicted energies.
  public init(
    _ model: NetworkModel, computesForces: Bool, addsOffsets: Bool = true,
    options: SessionOptions = SessionOptions()
  ) throws {
    _ = try model.descriptorSize()
    self.model = model
    self.addsOffsets = addsOffsets
    let graph = Graph()
    potential = try PotentialGraph(model.networks, elementType: .float64, in: graph)
    forceGraph = computesForces ? try ForceGraph(potential) : nil
    session = Session(graph, options: options)
    try potential.initialize(session, with: model.networks)
  }

  /// Evaluates some structures at once.
  ///
  /// - Throws: `DataError` that names a structure the networks cannot be used for.
  public func evaluate(_ structures: [DescribedStructure]) throws -> [Result] {
    let batch = try Batch(
      structures, speciesCount: model.networks.count,
      descriptorSize: try model.descriptorSize(), includesForces: forceGraph != nil,
      elementType: .float64)
    var feeds = batch.feeds(potential)
    var fetches = [potential.atomicEnergies]
    if let forceGraph, let tensors = batch.forces {
      feeds.merge(tensors.feeds(forceGraph)) { $1 }
      fetches.append(forceGraph.forces)
    }
    let results = try session.run(fetches, feeds: feeds).map { $0.scalars(as: Double.self) }
    return try structures.enumerated().map { index, structure in
      let result = result(structure, batch.places[index], results)
      guard (result.forces ?? []).reduce(result.energy, +).isFinite else {
        throw DataError(structure: structure.name, "the networks give no finite energy or forces")
      }
      return result
    }
  }

  private func result(
    _ structure: DescribedStructure, _ places: [Int], _ results: [[Double]]
  ) -> Result {
    let scale = 1 / model.energyRescale
    let atomicEnergies = zip(places, structure.species).map { place, species in
      results[0][place] * scale + (addsOffsets ? model.networks[Int(species)].offset : 0)
    }
    let forces =
      results.count > 1
      ? places.flatMap { place in results[1][3 * place..<3 * place + 3].map { $0 * scale } } : nil
    return Result(
      name: structure.name, atomCount: structure.atomCount,
      referenceEnergy: Double(structure.energy), energy: atomicEnergies.reduce(0, +),
      atomicEnergies: atomicEnergies, forces: forces,
      referenceForces: structure.forces?.map { Double($0) })
  }
}

/// How far predictions are from references.
public struct EvaluationSummary: Sendable {
  public private(set) var structures = 0
  private var squaredEnergy = 0.0
  private var absoluteEnergy = 0.0
  private var squaredForce = 0.0
  private var absoluteForce = 0.0
  /// How many force components there were.
  public private(set) var forceComponents = 0
  /// The largest absolute error of an energy, in eV an atom.
  public private(set) var largestEnergyError = 0.0
  /// The largest absolute error of a force component, in eV/Å.
  public private(set) var largestForceError = 0.0

  public init() {}

  /// Takes over a structure with its reference energy and, where both are known, forces.
  public mutating func add(_ result: Evaluator.Result) {
    add(energy: result.energy, reference: result.referenceEnergy, atoms: result.atomCount)
    if let forces = result.forces, let references = result.referenceForces {
      add(forces: forces, references: references)
    }
  }

  /// Takes over the energy of one structure, in eV.
  public mutating func add(energy: Double, reference: Double, atoms: Int) {
    let error = (energy - reference) / Double(atoms)
    structures += 1
    squaredEnergy += error * error
    absoluteEnergy += abs(error)
    largestEnergyError = max(largestEnergyError, abs(error))
  }

  /// Takes over force components, in eV/Å.
  public mutating func add(forces: [Double], references: [Double]) {
    for (force, reference) in zip(forces, references) {
      let error = force - reference
      squaredForce += error * error
      absoluteForce += abs(error)
      largestForceError = max(largestForceError, abs(error))
    }
    forceComponents += forces.count
  }

  /// In eV an atom.
  public var energyRMSE: Double { (squaredEnergy / Double(max(1, structures))).squareRoot() }
  /// In eV an atom.
  public var energyMAE: Double { absoluteEnergy / Double(max(1, structures)) }
  /// Of a component, in eV/Å; nil where there were no forces.
  public var forceRMSE: Double? {
    forceComponents == 0 ? nil : (squaredForce / Double(forceComponents)).squareRoot()
  }
  /// Of a component, in eV/Å; nil where there were no forces.
  public var forceMAE: Double? {
    forceComponents == 0 ? nil : absoluteForce / Double(forceComponents)
  }
}
