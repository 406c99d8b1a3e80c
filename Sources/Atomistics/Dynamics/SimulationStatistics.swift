/// Mean temperature and drift of the total energy, gathered step by step.
public struct SimulationStatistics: Sendable, Equatable {
  /// How many steps were added.
  public private(set) var count = 0
  private let atoms: Int
  private var temperature = 0.0
  /// The first time and energy, which the sums leave out so that their digits last.
  private var firstTime = 0.0
  private var firstEnergy = 0.0
  private var times = 0.0
  private var energies = 0.0
  private var squares = 0.0
  private var products = 0.0

  /// Nothing gathered yet.
  ///
  /// - Parameter atoms: how many atoms the energies are of.
  public init(atoms: Int) { self.atoms = atoms }

  /// Adds one step: time in fs, temperature in kelvin, total energy in eV.
  public mutating func add(time: Double, temperature: Double, energy: Double) {
    if count == 0 { (firstTime, firstEnergy) = (time, energy) }
    count += 1
    self.temperature += temperature
    let (t, e) = (time - firstTime, energy - firstEnergy)
    times += t
    energies += e
    squares += t * t
    products += t * e
  }

  /// In kelvin; zero before the first step.
  public var meanTemperature: Double { count == 0 ? 0 : temperature / Double(count) }

  /// The slope of the line through the total energies in meV per atom and ps; zero for fewer than two
  /// steps.
  public var drift: Double {
    let n = Double(count)
    let spread = n * squares - times * times
    guard spread > 0 else { return 0 }
    return (n * products - times * energies) / spread * 1e6 / Double(atoms)
  }
}
