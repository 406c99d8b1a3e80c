/// What defines Behler–Parrinello descriptors (equations 3 and 4): species, cutoffs, centres, widths
/// and exponents.
///
/// There is a radial component for every width and centre, and an angular one for every width, exponent
/// and sign of the cosine. Radial centres are `start + i (cutoff - start) / count`, i below `count`.
public struct BehlerParrinelloParameters: Sendable, Equatable {
  /// The species in the order of their indices and blocks.
  public var species: [String]
  /// In 1/angstrom² (`eta_rad`).
  public var radialEtas: [Double]
  /// In angstrom (`Rc_rad`).
  public var radialCutoff: Double
  /// In angstrom.
  public var radialCentres: [Double]
  /// In 1/angstrom² (`eta_ang`).
  public var angularEtas: [Double]
  /// In angstrom (`Rc_ang`).
  public var angularCutoff: Double
  /// Any positive numbers (`zeta`).
  public var zetas: [Double]
  /// Whether a pair of neighbours further apart than the angular cutoff counts nothing, as equation 2 has
  /// it; in the original program the cutoff's cosine goes on and rises again.
  public var cutsThirdDistance: Bool
  /// Along which vectors of their cells structures may repeat at all (`pbc1` to `pbc3`).
  public var periodic = Periodicity(repeating: true)

  /// Parameters with lengths in `unit` and widths in 1/`unit`².
  public init(
    species: [String], radialEtas: [Double], radialCutoff: Double, radialStart: Double,
    radialCount: Int, angularEtas: [Double], angularCutoff: Double, zetas: [Double],
    cutsThirdDistance: Bool = false, unit: LengthUnit = .angstrom
  ) {
    let length = unit.inAngstrom
    let (start, cutoff) = (radialStart * length, radialCutoff * length)
    let step = (cutoff - start) / Double(max(1, radialCount))
    self.species = species
    self.radialEtas = radialEtas.map { $0 / (length * length) }
    self.radialCutoff = cutoff
    radialCentres = (0..<max(0, radialCount)).map { start + Double($0) * step }
    self.angularEtas = angularEtas.map { $0 / (length * length) }
    self.angularCutoff = angularCutoff * length
    self.zetas = zetas
    self.cutsThirdDistance = cutsThirdDistance
  }

  /// The larger cutoff in angstrom.
  public var cutoff: Double { max(radialCutoff, angularCutoff) }

  /// Components of one species' radial block: widths outside, centres inside.
  public var radialBlock: Int { radialEtas.count * radialCentres.count }

  /// Components of one pair's angular block: widths, exponents, signs +1 and -1 from outside to inside.
  public var angularBlock: Int { angularEtas.count * zetas.count * 2 }

  /// The number of components: radial blocks by species, then angular blocks by pairs of species.
  public var size: Int {
    let n = species.count
    return n * radialBlock + n * (n + 1) / 2 * angularBlock
  }

  /// Where the angular block of a pair of species begins: pairs 00, 01 …, 11, 12 ….
  public func angularOffset(_ one: Int, _ other: Int) -> Int {
    let n = species.count
    return n * radialBlock + SpeciesPairs.place(of: one, other, among: n) * angularBlock
  }

  /// Checks that every parameter makes sense.
  ///
  /// - Throws: `AtomisticsError` whose key is the parameter's name in descriptor files.
  public func validate() throws {
    func check(
      _ key: String, _ numbers: [Double], _ allowed: String, _ holds: (Double) -> Bool
    ) throws {
      guard numbers.isEmpty || !numbers.allSatisfy({ $0.isFinite && holds($0) }) else { return }
      throw AtomisticsError(
        key: key, found: numbers.map { "\($0)" }.joined(separator: ", "), allowed: allowed)
    }
    guard !species.isEmpty, Set(species).count == species.count else {
      throw AtomisticsError(
        key: "species", found: species.joined(separator: ", "),
        allowed: "at least one species, none twice")
    }
    try check("Rc_rad", [radialCutoff], "positive numbers") { $0 > 0 }
    try check("Rc_ang", [angularCutoff], "positive numbers") { $0 > 0 }
    try check("eta_rad", radialEtas, "0 and positive numbers") { $0 >= 0 }
    try check("eta_ang", angularEtas, "0 and positive numbers") { $0 >= 0 }
    try check("zeta", zetas, "positive numbers") { $0 > 0 }
    try check("RsN_rad", radialCentres, "positive whole numbers") { _ in true }
    try check("Rs0_rad", radialCentres, "numbers from 0 to below the cutoff \(radialCutoff)") {
      $0 >= 0 && $0 < radialCutoff
    }
  }
}
