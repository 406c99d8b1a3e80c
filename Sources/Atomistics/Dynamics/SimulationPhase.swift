/// One part of a simulation: so many steps at a temperature, with or without a bath.
public struct SimulationPhase: Sendable, Equatable {
  /// What it is called in messages, such as `equilibration`.
  public var name: String
  /// How many steps it takes.
  public var steps: Int
  /// The temperature that is meant, in kelvin.
  public var temperature: Double
  /// The friction of a Langevin bath at that temperature in 1/fs; nil for constant energy.
  public var friction: Double?

  /// A phase with a bath where there is a friction.
  ///
  /// - Precondition: steps of at least zero, a temperature above zero.
  public init(name: String, steps: Int, temperature: Double, friction: Double? = nil) {
    precondition(steps >= 0 && temperature > 0, "\(steps) steps at \(temperature) K")
    self.name = name
    self.steps = steps
    self.temperature = temperature
    self.friction = friction
  }

  /// A simulation this many times hotter than was meant is no longer one.
  public static let largestExcess = 20.0
}

extension MolecularDynamics {
  /// Runs a phase; its bath stays when it is over.
  ///
  /// - Parameter observe: is called after every step with the simulation and its temperature.
  /// - Throws: `AtomisticsError` when the temperature is not finite or above
  ///   `SimulationPhase.largestExcess` times what was meant, and as `run(steps:)`.
  public mutating func run(
    _ phase: SimulationPhase, observe: (MolecularDynamics, Double) throws -> Void = { _, _ in }
  ) throws {
    thermostat = phase.friction.map { Langevin(temperature: phase.temperature, friction: $0) }
    let limit = SimulationPhase.largestExcess * phase.temperature
    for step in 1...max(1, phase.steps) where step <= phase.steps {
      do {
        try advance()
      } catch let error as AtomisticsError {
        throw phase.described(error, step)
      }
      let temperature = Velocities.temperature(of: velocities, masses: masses)
      guard temperature <= limit else {
        throw AtomisticsError(
          key: "temperature in step \(step) of the \(phase.name)", found: "\(temperature) K",
          allowed: "at most \(limit) K, \(Int(SimulationPhase.largestExcess)) times what was asked")
      }
      try observe(self, temperature)
    }
  }
}

extension SimulationPhase {
  fileprivate func described(_ error: AtomisticsError, _ step: Int) -> AtomisticsError {
    var error = error
    error.key = "\(error.key ?? "structure") in step \(step) of the \(name)"
    return error
  }
}
