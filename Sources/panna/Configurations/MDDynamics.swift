import Atomistics
import ProgramSupport

/// [DYNAMICS]: how the simulations of `md` go on.
struct MDDynamics {
  /// In fs.
  let timeStep: Double
  /// In kelvin.
  let temperatures: [Double]
  let repetitions: Int
  let seed: UInt64
  /// What comes before the run that is recorded; the temperature is the bath's.
  private let melt: (temperature: Double, steps: Int)?
  private let equilibrationSteps: Int
  private let friction: Double
  let steps: Int
  let ensemble: Ensemble

  enum Ensemble: String, CaseIterable {
    case nve, langevin
  }

  static let keys = [
    "time_step", "temperature", "melt_temperature", "melt_steps", "equilibration_steps", "friction",
    "steps", "ensemble", "seed", "repetitions",
  ]

  /// More than any machine takes, so that sums of them can be counted.
  private static let mostSteps = 1_000_000_000_000

  init(_ section: IniSection) throws {
    timeStep = try section.double("time_step", default: 0.381, above: 0)
    temperatures = try section.positive("temperature")
    repetitions = try section.int("repetitions", default: 1, in: 1...1_000_000)
    seed = UInt64(try section.int("seed", default: 0, in: 0...Int.max))
    if section.has("melt_temperature") || section.has("melt_steps") {
      melt = (
        try section.double("melt_temperature", above: 0),
        try section.int("melt_steps", in: 0...Self.mostSteps)
      )
    } else {
      melt = nil
    }
    equilibrationSteps = try section.int("equilibration_steps", default: 0, in: 0...Self.mostSteps)
    friction = try section.double("friction", default: 0.01, atLeast: 0)
    steps = try section.int("steps", in: 0...Self.mostSteps)
    ensemble = try section.choice("ensemble", default: .nve)
  }

  /// What comes before the recorded phase at a temperature.
  func preparation(_ temperature: Double) -> [SimulationPhase] {
    let phases = [
      melt.map {
        SimulationPhase(
          name: "melt", steps: $0.steps, temperature: $0.temperature, friction: friction)
      },
      SimulationPhase(
        name: "equilibration", steps: equilibrationSteps, temperature: temperature,
        friction: friction),
    ]
    return phases.compactMap { $0 }.filter { $0.steps > 0 }
  }

  /// The recorded phase at a temperature.
  func production(_ temperature: Double) -> SimulationPhase {
    SimulationPhase(
      name: "run", steps: steps, temperature: temperature,
      friction: ensemble == .langevin ? friction : nil)
  }

  /// The steps of one run, recorded or not.
  var allSteps: Int { (melt?.steps ?? 0) + equilibrationSteps + steps }
}
