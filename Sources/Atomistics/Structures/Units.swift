/// Conversion factors; inside, everything is in eV, angstrom, atomic mass units and femtoseconds.
public enum Units {
  /// One bohr in angstrom, in single precision as descriptor files of the original are made.
  public static let bohr = Double(Float(0.52917721067))

  /// One rydberg in eV, in single precision as descriptor files of the original are made.
  public static let rydberg = Double(Float(13.6056980659))

  /// One hartree in eV: two rydberg.
  public static let hartree = 2 * rydberg

  /// The Boltzmann constant in eV/K (CODATA 2018, exact).
  public static let boltzmann = 1.380649e-23 / 1.602176634e-19

  /// The unit of time of eV, angstrom and atomic mass units, in fs: `angstrom sqrt(u / eV)`, with
  /// the atomic mass constant of CODATA 2018.
  public static let naturalTime = (1.66053906660e-27 / 1.602176634e-19).squareRoot() * 1e5

  /// An acceleration in angstrom/fs² per force in eV/angstrom and mass in u.
  public static let acceleration = 1 / (naturalTime * naturalTime)

  /// A kinetic energy in eV per mass in u and squared velocity in (angstrom/fs)²; without the ½.
  public static let kineticEnergy = naturalTime * naturalTime

  /// A pressure in GPa per pressure in eV/angstrom³.
  public static let gigapascal = 160.2176634
}
