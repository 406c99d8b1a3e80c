import Foundation
import Tensors

/// Velocities of atoms, in angstrom/fs, with masses in u.
public enum Velocities {
  /// Velocities drawn from the distribution of Maxwell and Boltzmann, without total momentum but for one atom alone.
  ///
  /// - Parameters:
  ///   - temperature: in kelvin.
  ///   - isExact: scales the velocities so that `temperature(of:masses:)` is just that.
  ///   - seed: equal seeds give equal velocities.
  /// - Precondition: positive masses, a temperature of at least zero.
  public static func maxwellBoltzmann(
    masses: [Double], temperature: Double, isExact: Bool = false, seed: UInt64
  ) -> [SIMD3<Double>] {
    precondition(masses.allSatisfy { $0 > 0 } && temperature >= 0, "masses and temperature")
    var normal = NormalGenerator(seed: seed)
    var velocities = masses.map { mass in
      normal.vector() * (Units.boltzmann * temperature / (mass * Units.kineticEnergy)).squareRoot()
    }
    removeMomentum(&velocities, masses: masses)
    let found = Self.temperature(of: velocities, masses: masses)
    if isExact && found > 0 {
      let factor = (temperature / found).squareRoot()
      for i in velocities.indices { velocities[i] *= factor }
    }
    return velocities
  }

  /// Takes the velocity of the centre of mass off all atoms; one atom alone keeps its own, as its temperature counts it.
  public static func removeMomentum(_ velocities: inout [SIMD3<Double>], masses: [Double]) {
    let mass = masses.reduce(0, +)
    guard velocities.count > 1, mass > 0 else { return }
    let drift = momentum(of: velocities, masses: masses) / mass
    for i in velocities.indices { velocities[i] -= drift }
  }

  /// The total momentum in u angstrom/fs.
  public static func momentum(of velocities: [SIMD3<Double>], masses: [Double]) -> SIMD3<Double> {
    zip(velocities, masses).reduce(.zero) { $0 + $1.0 * $1.1 }
  }

  /// The kinetic energy in eV.
  public static func kineticEnergy(of velocities: [SIMD3<Double>], masses: [Double]) -> Double {
    0.5 * Units.kineticEnergy * zip(velocities, masses).reduce(0) { $0 + dot($1.0, $1.0) * $1.1 }
  }

  /// The temperature in kelvin: the kinetic energy over half kB for each of 3 n - 3 degrees of
  /// freedom, the centre of mass being at rest; of one atom, over 3.
  public static func temperature(of velocities: [SIMD3<Double>], masses: [Double]) -> Double {
    2 * kineticEnergy(of: velocities, masses: masses)
      / (Units.boltzmann * Double(degreesOfFreedom(masses.count)))
  }

  /// 3 n - 3, and 3 for one atom or none.
  static func degreesOfFreedom(_ atoms: Int) -> Int { max(3, 3 * atoms - 3) }
}

/// Normally distributed numbers of mean 0 and variance 1, by the transformation of Box and Muller.
struct NormalGenerator: Sendable {
  private(set) var uniform: PhiloxGenerator
  private var spare: Double?

  init(seed: UInt64, stream: UInt64 = 0) {
    uniform = PhiloxGenerator(seed: seed, stream: stream)
  }

  mutating func next() -> Double {
    if let spare {
      self.spare = nil
      return spare
    }
    // 1 - u is never zero.
    let radius = (-2 * log(1 - uniform.uniform())).squareRoot()
    let angle = 2 * Double.pi * uniform.uniform()
    spare = radius * sin(angle)
    return radius * cos(angle)
  }

  mutating func vector() -> SIMD3<Double> { SIMD3(next(), next(), next()) }
}
