import Atomistics
import Dataflow
import Foundation

/// Networks that were trained alike from different seeds: their mean is better than each, and where they
/// disagree none is to be trusted.
public final class Committee {
  /// What the members say of one structure.
  public struct Result: Sendable {
    /// The members' mean.
    public let mean: Evaluator.Result
    /// The standard deviation of the members' energies, in eV.
    public let energySpread: Double
    /// √⟨σ²⟩ over the force components, in eV/Å; nil without forces.
    public let forceSpread: Double?
  }

  private let evaluators: [Evaluator]

  /// - Precondition: there is at least one model.
  public init(
    _ models: [NetworkModel], computesForces: Bool, addsOffsets: Bool = true,
    options: SessionOptions = SessionOptions()
  ) throws {
    precondition(!models.isEmpty, "a committee without members")
    evaluators = try models.map {
      try Evaluator(
        $0, computesForces: computesForces, addsOffsets: addsOffsets, options: options)
    }
  }

  public var memberCount: Int { evaluators.count }

  /// Evaluates some structures at once.
  ///
  /// - Throws: `DataError` that names a structure the networks cannot be used for.
  public func evaluate(_ structures: [DescribedStructure]) throws -> [Result] {
    let results = try evaluators.map { try $0.evaluate(structures) }
    return structures.indices.map { index in Self.result(results.map { $0[index] }) }
  }

  /// The folders of a training's members, `instance_0`, `instance_1` …; empty where there are none.
  public static func instances(in folder: URL) -> [URL] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    let numbers = names.compactMap { name in
      name.hasPrefix("instance_") ? Int(name.dropFirst("instance_".count)) : nil
    }
    return numbers.sorted().map { instance($0, in: folder) }
  }

  /// The folder of one member.
  public static func instance(_ index: Int, in folder: URL) -> URL {
    folder.appendingPathComponent("instance_\(index)")
  }

  private static func result(_ members: [Evaluator.Result]) -> Result {
    let first = members[0]
    guard members.count > 1 else {
      return Result(mean: first, energySpread: 0, forceSpread: first.forces.map { _ in 0 })
    }
    let (energy, energySpread) = meanAndDeviation(members.map(\.energy))
    func mean(_ lists: [[Double]]) -> [Double] {
      lists[0].indices.map { k in meanAndDeviation(lists.map { $0[k] }).mean }
    }
    let forces = members.compactMap(\.forces)
    let spreads = forces.first.map { first in
      first.indices.map { k in meanAndDeviation(forces.map { $0[k] }).deviation }
    }
    return Result(
      mean: Evaluator.Result(
        name: first.name, atomCount: first.atomCount, referenceEnergy: first.referenceEnergy,
        energy: energy, atomicEnergies: mean(members.map(\.atomicEnergies)),
        forces: forces.isEmpty ? nil : mean(forces), referenceForces: first.referenceForces),
      energySpread: energySpread, forceSpread: spreads.map(rootMeanSquare))
  }
}
