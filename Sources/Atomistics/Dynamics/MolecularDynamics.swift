import Foundation
import Tensors

/// Newton's equations for the atoms of a structure under a potential, step by step.
///
/// Velocity Verlet without thermostat; with one, the Langevin equation in the splitting BAOAB of
/// Leimkuhler and Matthews. Equal structures, seeds and steps give equal bits, whatever the number
/// of threads.
///
///     var md = try MolecularDynamics(silicon, potential: StillingerWeber(), timeStep: 1)
///     md.velocities = Velocities.maxwellBoltzmann(masses: md.masses, temperature: 300, seed: 1)
///     try md.run(steps: 1000)
///     print(md.thermo.total)
public struct MolecularDynamics: Sendable {
  /// A bath that atoms exchange energy with.
  public struct Langevin: Sendable, Equatable {
    /// The bath's temperature in kelvin.
    public var temperature: Double
    /// The friction in 1/fs.
    public var friction: Double
    /// Keeps the centre of mass of several atoms at rest by taking its share off every random kick.
    public var fixesMomentum: Bool

    /// A bath of this temperature.
    public init(temperature: Double, friction: Double = 0.01, fixesMomentum: Bool = true) {
      precondition(temperature >= 0 && friction >= 0, "temperature and friction at least zero")
      self.temperature = temperature
      self.friction = friction
      self.fixesMomentum = fixesMomentum
    }
  }

  /// The potential that the forces come from.
  public let potential: any Potential
  /// The length of a step in fs; negative steps go back.
  public var timeStep: Double
  /// The bath, or nil for constant energy.
  public var thermostat: Langevin?
  /// The masses of the atoms in u.
  public let masses: [Double]
  /// The steps done so far.
  public private(set) var step = 0
  /// How often the neighbour list was made anew.
  public private(set) var listCount = 0
  /// Energy, forces and virial at the present positions.
  public private(set) var result: PotentialResult

  private let skin: Double
  private let executor: any ParallelExecutor
  private var normal: NormalGenerator
  private var state: Structure
  private var list: NeighbourList
  /// Where the atoms were when the list was made.
  private var listPositions: [SIMD3<Double>]

  /// A simulation that begins with the structure's positions and velocities, at rest without; it repeats
  /// along none but the potential's vectors.
  ///
  /// - Parameters:
  ///   - timeStep: in fs.
  ///   - masses: in u; unless given the structure's, without them standard atomic weights.
  ///   - skin: how much further than the cutoff the neighbour list reaches, in angstrom.
  ///   - seed: of the thermostat's kicks.
  /// - Throws: `AtomisticsError` for species without mass or unknown to the potential, for two atoms at one
  ///   place, and where energy or forces are not finite.
  public init(
    _ structure: Structure, potential: any Potential, timeStep: Double,
    thermostat: Langevin? = nil, masses: [Double]? = nil, skin: Double = 0.5, seed: UInt64 = 0,
    executor: any ParallelExecutor = SerialExecutor()
  ) throws {
    precondition(skin >= 0, "the skin \(skin) is negative")
    self.potential = potential
    self.timeStep = timeStep
    self.thermostat = thermostat
    self.masses = try masses ?? structure.masses ?? Elements.masses(of: structure)
    precondition(self.masses.count == structure.count, "one mass for each atom")
    precondition(self.masses.allSatisfy { $0 > 0 }, "masses above zero")
    self.skin = skin
    self.executor = executor
    normal = NormalGenerator(seed: seed, stream: 1)
    state = structure.limited(to: potential.periodic)
    if let masses { state.masses = masses }
    state.velocities = structure.velocities ?? Array(repeating: .zero, count: structure.count)
    list = try NeighbourList(of: state, cutoff: potential.cutoff + skin, executor: executor)
    try list.checkDistances(state)
    listPositions = state.positions
    result = try potential.evaluate(state, neighbours: list, executor: executor).checked(of: state)
  }

  /// The velocities of the atoms in angstrom/fs.
  public var velocities: [SIMD3<Double>] {
    get { state.velocities! }
    set {
      precondition(newValue.count == state.count, "one velocity for each atom")
      state.velocities = newValue
    }
  }

  /// The time since the beginning in fs, for steps of equal length.
  public var time: Double { Double(step) * timeStep }

  /// Positions, velocities, energy, forces and virial; atoms are where they moved to, not wrapped.
  public var structure: Structure {
    var structure = state
    structure.energy = result.energy
    structure.forces = result.forces
    structure.virial = result.virial
    structure.perAtomQuantity = result.atomicEnergies
    return structure
  }

  /// The neighbour list at the present positions; it reaches a skin beyond the cutoff.
  public var neighbours: NeighbourList { list }

  /// Energies, temperature and pressure now.
  public var thermo: Thermo {
    Thermo(
      step: step, time: time, kinetic: Velocities.kineticEnergy(of: velocities, masses: masses),
      potential: result.energy,
      temperature: Velocities.temperature(of: velocities, masses: masses),
      virial: result.virial, volume: state.cell.volume)
  }

  /// Runs a number of steps.
  ///
  /// - Parameter observe: is called after every step with the simulation.
  /// - Throws: `AtomisticsError` when positions, energy or forces are no longer finite, or what the potential
  ///   throws.
  public mutating func run(
    steps: Int, observe: (MolecularDynamics) throws -> Void = { _ in }
  ) throws {
    for _ in 0..<steps {
      try advance()
      try observe(self)
    }
  }

  /// Runs one step.
  ///
  /// - Throws: as `run`.
  public mutating func advance() throws {
    kick()
    if let thermostat {
      drift(0.5 * timeStep)
      exchange(thermostat)
      drift(0.5 * timeStep)
    } else {
      drift(timeStep)
    }
    try updateForces()
    kick()
    step += 1
  }

  /// Half a step of the velocities under the present forces.
  private mutating func kick() {
    let half = 0.5 * timeStep * Units.acceleration
    for i in masses.indices { state.velocities![i] += result.forces[i] * (half / masses[i]) }
  }

  private mutating func drift(_ time: Double) {
    for i in masses.indices { state.positions[i] += state.velocities![i] * time }
  }

  /// The exact solution of friction and kicks over one step.
  private mutating func exchange(_ bath: Langevin) {
    let decay = exp(-bath.friction * abs(timeStep))
    let kick = (1 - decay * decay) * Units.boltzmann * bath.temperature / Units.kineticEnergy
    for i in masses.indices {
      let noise = normal.vector() * (kick / masses[i]).squareRoot()
      state.velocities![i] = state.velocities![i] * decay + noise
    }
    if bath.fixesMomentum { Velocities.removeMomentum(&state.velocities!, masses: masses) }
  }

  private mutating func updateForces() throws {
    if needsList() {
      list = try NeighbourList(
        of: state, cutoff: potential.cutoff + skin, executor: executor)
      listPositions = state.positions
      listCount += 1
    } else {
      list.update(positions: state.positions, cell: state.cell, executor: executor)
    }
    result = try potential.evaluate(state, neighbours: list, executor: executor).checked(of: state)
  }

  /// Whether two atoms may have come closer by more than the skin; also when one is nowhere.
  private func needsList() -> Bool {
    let allowed = 0.25 * skin * skin
    for i in listPositions.indices {
      let moved = state.positions[i] - listPositions[i]
      if !(dot(moved, moved) < allowed) { return true }
    }
    return false
  }
}

/// Energies, temperature and pressure at one step of a simulation.
public struct Thermo: Sendable, Equatable {
  /// The number of steps done.
  public var step: Int
  /// The time in fs.
  public var time: Double
  /// The kinetic energy in eV.
  public var kinetic: Double
  /// The potential energy in eV.
  public var potential: Double
  /// The temperature in kelvin, the centre of mass at rest.
  public var temperature: Double
  /// The virial in eV.
  public var virial: Matrix3
  /// The volume in cubic angstrom.
  public var volume: Double

  /// The total energy in eV.
  public var total: Double { kinetic + potential }

  /// The pressure in GPa: `(2 Ekin + trace of the virial) / 3 V`; without meaning where the structure
  /// is not periodic in all directions.
  public var pressure: Double { (2 * kinetic + virial.trace) / (3 * volume) * Units.gigapascal }
}
