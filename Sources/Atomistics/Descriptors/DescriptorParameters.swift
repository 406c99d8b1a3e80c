/// The unit of the lengths in a file.
public enum LengthUnit: String, Sendable, CaseIterable {
  /// The unit used inside.
  case angstrom
  /// The atomic unit of length.
  case bohr

  /// One unit in angstrom.
  public var inAngstrom: Double { self == .bohr ? Units.bohr : 1 }
}

/// Centres, widths and exponents one by one; nil where the regular grid and one number for all hold.
public struct DescriptorLists: Sendable, Equatable {
  /// Distances in angstrom (`Rs_rad_list`).
  public var radialCentres: [Double]?
  /// For each radial centre its width, in 1/angstrom².
  public var radialEtas: [Double]?
  /// Mean distances in angstrom (`Rs_ang_list`).
  public var angularCentres: [Double]?
  /// For each mean distance its width, in 1/angstrom².
  public var angularEtas: [Double]?
  /// Angles in radian (`Thetas_list`, there in degrees).
  public var angles: [Double]?
  /// For each angle its exponent.
  public var zetas: [Double]?

  /// No lists.
  public init() {}
}

/// What defines modified Behler–Parrinello descriptors: species, cutoffs, grids, widths.
///
/// Radial centres are `start + i (cutoff - start) / count`, i below `count`, so that the last lies
/// one step short of the cutoff; angles are `(s + 1/2) pi / angleCount`.
public struct DescriptorParameters: Sendable, Equatable {
  /// The species in the order of their indices and blocks.
  public var species: [String]
  /// The width of the radial Gaussians, in 1/angstrom² (`eta_rad`).
  public var radialEta: Double
  /// The radial cutoff in angstrom (`Rc_rad`).
  public var radialCutoff: Double
  /// The first radial centre in angstrom (`Rs0_rad`).
  public var radialStart: Double
  /// The number of radial centres (`RsN_rad`).
  public var radialCount: Int
  /// The width of the angular part's Gaussians in the mean distance, in 1/angstrom² (`eta_ang`).
  public var angularEta: Double
  /// The angular cutoff in angstrom (`Rc_ang`).
  public var angularCutoff: Double
  /// The first centre of the mean distance in angstrom (`Rs0_ang`).
  public var angularStart: Double
  /// The number of centres of the mean distance (`RsN_ang`).
  public var angularCount: Int
  /// The exponent of the angular part, any positive number (`zeta`).
  public var zeta: Double
  /// The number of angles (`ThetasN`).
  public var angleCount: Int
  /// What keeps the angular part smooth where three atoms are in line; 0 is equation 5 as printed.
  /// No file of the original records it: 0.01 in its first generation, 0.001 in its second.
  public var epsilon: Double
  /// What is not on the grid; each list has as many numbers as the grid has.
  public var lists = DescriptorLists()
  /// Along which vectors of their cells structures may repeat at all (`pbc1` to `pbc3`).
  public var periodic = Periodicity(repeating: true)
  /// What the cosine of an angle is multiplied with before its angle is taken, as NeuroChem does.
  package var cosineScale = 1.0

  /// Parameters with lengths in `unit` and widths in 1/`unit`².
  public init(
    species: [String], radialEta: Double, radialCutoff: Double, radialStart: Double,
    radialCount: Int, angularEta: Double, angularCutoff: Double, angularStart: Double,
    angularCount: Int, zeta: Double, angleCount: Int, epsilon: Double = 0.01,
    unit: LengthUnit = .angstrom
  ) {
    let length = unit.inAngstrom
    self.species = species
    self.radialEta = radialEta / (length * length)
    self.radialCutoff = radialCutoff * length
    self.radialStart = radialStart * length
    self.radialCount = radialCount
    self.angularEta = angularEta / (length * length)
    self.angularCutoff = angularCutoff * length
    self.angularStart = angularStart * length
    self.angularCount = angularCount
    self.zeta = zeta
    self.angleCount = angleCount
    self.epsilon = epsilon
  }

  /// The distance between radial centres in angstrom.
  public var radialStep: Double { (radialCutoff - radialStart) / Double(radialCount) }

  /// The distance between centres of the mean distance in angstrom.
  public var angularStep: Double { (angularCutoff - angularStart) / Double(angularCount) }

  /// The radial centres in angstrom.
  public var radialCentres: [Double] {
    lists.radialCentres ?? (0..<radialCount).map { radialStart + Double($0) * radialStep }
  }

  /// The centres of the mean distance in angstrom.
  public var angularCentres: [Double] {
    lists.angularCentres ?? (0..<angularCount).map { angularStart + Double($0) * angularStep }
  }

  /// The angles in radian.
  public var angles: [Double] {
    lists.angles ?? (0..<angleCount).map { (Double($0) + 0.5) * .pi / Double(angleCount) }
  }

  /// The width of every radial centre, in 1/angstrom².
  public var radialEtas: [Double] {
    lists.radialEtas ?? Array(repeating: radialEta, count: radialCount)
  }

  /// The width of every mean distance, in 1/angstrom².
  public var angularEtas: [Double] {
    lists.angularEtas ?? Array(repeating: angularEta, count: angularCount)
  }

  /// The exponent of every angle.
  public var zetas: [Double] { lists.zetas ?? Array(repeating: zeta, count: angleCount) }

  /// Takes lists back that say the same as the regular grid or as one number for all, up to rounding, so that the same
  /// descriptors are the same parameters. First centres and single numbers are the lists' first ones.
  public mutating func simplify() {
    if let list = lists.radialCentres, let first = list.first {
      lists.radialCentres = nil
      radialStart = first
      if !Self.areClose(list, radialCentres) || first >= radialCutoff { lists.radialCentres = list }
    }
    if let list = lists.angularCentres, let first = list.first {
      lists.angularCentres = nil
      angularStart = first
      if !Self.areClose(list, angularCentres) || first >= angularCutoff {
        lists.angularCentres = list
      }
    }
    if let list = lists.angles {
      lists.angles = nil
      if !Self.areClose(list, angles) { lists.angles = list }
    }
    Self.simplify(&lists.radialEtas, &radialEta)
    Self.simplify(&lists.angularEtas, &angularEta)
    Self.simplify(&lists.zetas, &zeta)
  }

  private static func simplify(_ list: inout [Double]?, _ number: inout Double) {
    guard let numbers = list, let first = numbers.first else { return }
    number = first
    if areClose(numbers, Array(repeating: first, count: numbers.count)) { list = nil }
  }

  private static func areClose(_ list: [Double], _ other: [Double]) -> Bool {
    list.count == other.count && zip(list, other).allSatisfy { abs($0 - $1) <= 1e-7 * abs($1) }
  }

  /// Whether angle s and the one as far from the end add up to pi.
  var anglesMirrorEachOther: Bool {
    let angles = angles
    return zip(angles, angles.reversed()).allSatisfy { abs($0 + $1 - .pi) < 1e-12 }
  }

  /// The larger cutoff in angstrom.
  public var cutoff: Double { max(radialCutoff, angularCutoff) }

  /// The number of components: radial blocks by species, then angular blocks by pairs of species.
  public var size: Int {
    let n = species.count
    return n * radialCount + n * (n + 1) / 2 * angularCount * angleCount
  }

  /// Where the radial block of a species begins.
  public func radialOffset(_ species: Int) -> Int { species * radialCount }

  /// Where the angular block of a pair of species begins: pairs 00, 01 …, 11, 12 ….
  public func angularOffset(_ one: Int, _ other: Int) -> Int {
    let (a, b) = (min(one, other), max(one, other))
    let n = species.count
    let pair = a * n - a * (a + 1) / 2 + b
    return n * radialCount + pair * angularCount * angleCount
  }

  /// Checks that every parameter makes sense.
  ///
  /// - Throws: `AtomisticsError` whose key is the parameter's name in descriptor files.
  public func validate() throws {
    func check(_ holds: Bool, _ key: String, _ found: Any, _ allowed: String) throws {
      guard holds else {
        throw AtomisticsError(key: key, found: "\(found)", allowed: allowed)
      }
    }
    try check(
      !species.isEmpty && Set(species).count == species.count, "species",
      species.joined(separator: ", "), "at least one species, none twice")
    for (key, value) in [("Rc_rad", radialCutoff), ("Rc_ang", angularCutoff), ("zeta", zeta)] {
      try check(value > 0 && value.isFinite, key, value, "positive numbers")
    }
    for (key, value) in [("eta_rad", radialEta), ("eta_ang", angularEta), ("epsilon", epsilon)] {
      try check(value >= 0 && value.isFinite, key, value, "0 and positive numbers")
    }
    for (key, value) in [("RsN_rad", radialCount), ("RsN_ang", angularCount)] {
      try check(value > 0, key, value, "positive whole numbers")
    }
    try check(angleCount > 0, "ThetasN", angleCount, "positive whole numbers")
    for (key, value, end, list) in [
      ("Rs0_rad", radialStart, radialCutoff, lists.radialCentres),
      ("Rs0_ang", angularStart, angularCutoff, lists.angularCentres),
    ] where list == nil {
      try check(value >= 0 && value < end, key, value, "numbers from 0 to below the cutoff \(end)")
    }
    try validateLists()
  }

  private func validateLists() throws {
    func check(
      _ key: String, _ list: [Double]?, _ count: Int, _ allowed: String,
      _ holds: (Double) -> Bool
    ) throws {
      guard let list, list.count != count || !list.allSatisfy({ $0.isFinite && holds($0) }) else {
        return
      }
      throw AtomisticsError(
        key: key, found: list.map { "\($0)" }.joined(separator: ", "),
        allowed: "\(count) \(allowed)")
    }
    let positive = "numbers of at least 0"
    try check("Rs_rad_list", lists.radialCentres, radialCount, positive) { $0 >= 0 }
    try check("Rs_ang_list", lists.angularCentres, angularCount, positive) { $0 >= 0 }
    try check("Thetas_list", lists.angles, angleCount, "angles from 0 to 180 degrees") {
      $0 >= 0 && $0 <= .pi
    }
    try check("eta_rad", lists.radialEtas, radialCount, positive) { $0 >= 0 }
    try check("eta_ang", lists.angularEtas, angularCount, positive) { $0 >= 0 }
    try check("zeta", lists.zetas, angleCount, "positive numbers") { $0 > 0 }
  }
}
