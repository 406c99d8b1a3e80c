import Atomistics

/// The descriptors' parameters in `networks_metadata.json` and in potentials for LAMMPS and OpenKIM:
/// lengths in angstrom, angles in radian.
///
/// `epsilon`, `pbc`, and `type` and `cuts_third_distance` of Behler and Parrinello's descriptors, are this
/// project's own keys, since nothing else records what they say.
struct GvectParameters: Codable {
  /// One number for all centres, or one for each.
  enum Numbers: Codable, Equatable {
    case one(Double)
    case list([Double])

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let list = try? container.decode([Double].self) {
        self = .list(list)
      } else {
        self = .one(try container.decode(Double.self))
      }
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .one(let number): try container.encode(number)
      case .list(let list): try container.encode(list)
      }
    }

    var all: [Double] {
      switch self {
      case .one(let number): [number]
      case .list(let list): list
      }
    }

    /// Nil for one number.
    var list: [Double]? {
      if case .list(let list) = self { list } else { nil }
    }
  }

  /// `BP`; nil for the modified ones.
  var type: String?
  var radialEta: Numbers
  var radialCutoff: Double
  var radialStart: Double?
  var radialCount: Int
  var radialStep: Double?
  var radialCentres: [Double]?
  var angularEta: Numbers
  var angularCutoff: Double
  var angularStart: Double?
  var angularCount: Int?
  var angularStep: Double?
  var angularCentres: [Double]?
  var zeta: Numbers
  var angleCount: Int?
  var angles: [Double]?
  /// Of the angular term; the first generation's 0.01 where a file does not say.
  var epsilon: Double?
  var cutsThirdDistance: Bool?
  /// Along which vectors structures may repeat at all; all where a file does not say.
  var periodic: [Bool]?

  enum CodingKeys: String, CodingKey, CaseIterable {
    case radialEta = "eta_rad"
    case radialCutoff = "Rc_rad"
    case radialStart = "Rs0_rad"
    case radialCount = "RsN_rad"
    case radialStep = "Rsst_rad"
    case radialCentres = "Rs_rad"
    case angularEta = "eta_ang"
    case angularCutoff = "Rc_ang"
    case angularStart = "Rs0_ang"
    case angularCount = "RsN_ang"
    case angularStep = "Rsst_ang"
    case angularCentres = "Rs_ang"
    case angleCount = "ThetasN"
    case angles = "Thetas"
    case cutsThirdDistance = "cuts_third_distance"
    case periodic = "pbc"
    case type, zeta, epsilon
  }
}

extension GvectParameters {
  static let behlerParrinello = "BP"
  /// Whether the angular term has an epsilon and nothing says what it is.
  var assumesEpsilon: Bool { type != Self.behlerParrinello && epsilon == nil }
  /// Whether nothing says along which vectors structures may repeat.
  var assumesPeriodicity: Bool { periodic == nil }

  init(_ settings: DescriptorSettings) {
    switch settings {
    case .behlerParrinello(let parameters): self.init(parameters)
    case .modified(let parameters): self.init(parameters)
    }
    periodic = settings.periodic.flags
  }

  private init(_ parameters: BehlerParrinelloParameters) {
    self.init(
      type: Self.behlerParrinello, radialEta: .list(parameters.radialEtas),
      radialCutoff: parameters.radialCutoff, radialCount: parameters.radialCentres.count,
      radialCentres: parameters.radialCentres, angularEta: .list(parameters.angularEtas),
      angularCutoff: parameters.angularCutoff, zeta: .list(parameters.zetas),
      cutsThirdDistance: parameters.cutsThirdDistance)
  }

  init(_ parameters: DescriptorParameters) {
    let lists = parameters.lists
    self.init(
      radialEta: lists.radialEtas.map { .list($0) } ?? .one(parameters.radialEta),
      radialCutoff: parameters.radialCutoff,
      radialStart: lists.radialCentres == nil ? parameters.radialStart : nil,
      radialCount: parameters.radialCount,
      radialStep: lists.radialCentres == nil ? parameters.radialStep : nil,
      radialCentres: lists.radialCentres,
      angularEta: lists.angularEtas.map { .list($0) } ?? .one(parameters.angularEta),
      angularCutoff: parameters.angularCutoff,
      angularStart: lists.angularCentres == nil ? parameters.angularStart : nil,
      angularCount: parameters.angularCount,
      angularStep: lists.angularCentres == nil ? parameters.angularStep : nil,
      angularCentres: lists.angularCentres,
      zeta: lists.zetas.map { .list($0) } ?? .one(parameters.zeta),
      angleCount: parameters.angleCount, angles: lists.angles, epsilon: parameters.epsilon)
  }

  /// - Throws: `NetworkError` where something is missing or a grid's step does not follow from start, cutoff and
  ///   count, and `AtomisticsError` for a value that is not allowed.
  func settings(species: [String]) throws -> DescriptorSettings {
    try checkCounts()
    var settings: DescriptorSettings =
      type == Self.behlerParrinello
      ? .behlerParrinello(try behlerParrinello(species: species))
      : .modified(try parameters(species: species))
    if let periodic {
      guard let directions = Periodicity(flags: periodic) else {
        throw NetworkError("gvect_params: pbc has \(periodic.count) flags; allowed: 3")
      }
      settings.periodic = directions
    }
    return settings
  }

  /// Before lists are made of them; as descriptor files may have them.
  private func checkCounts() throws {
    let counts: [(CodingKeys, Int?)] = [
      (.radialCount, radialCount), (.angularCount, angularCount), (.angleCount, angleCount),
    ]
    for case (let key, let count?) in counts where !(1...10_000).contains(count) {
      throw NetworkError("gvect_params: \(key.rawValue) = \(count); allowed: 1 to 10000")
    }
  }

  private func behlerParrinello(species: [String]) throws -> BehlerParrinelloParameters {
    var result = BehlerParrinelloParameters(
      species: species, radialEtas: radialEta.all, radialCutoff: radialCutoff,
      radialStart: radialStart ?? 0, radialCount: radialCount, angularEtas: angularEta.all,
      angularCutoff: angularCutoff, zetas: zeta.all, cutsThirdDistance: cutsThirdDistance ?? false)
    if let radialCentres { result.radialCentres = radialCentres }
    try result.validate()
    return result
  }

  private func parameters(species: [String]) throws -> DescriptorParameters {
    func needed<T>(_ value: T?, _ key: CodingKeys) throws -> T {
      guard let value else { throw NetworkError("gvect_params: \(key.rawValue) is missing") }
      return value
    }
    var result = DescriptorParameters(
      species: species, radialEta: try needed(radialEta.all.first, .radialEta),
      radialCutoff: radialCutoff,
      radialStart: try needed(radialCentres?.first ?? radialStart, .radialStart),
      radialCount: radialCount, angularEta: try needed(angularEta.all.first, .angularEta),
      angularCutoff: angularCutoff,
      angularStart: try needed(angularCentres?.first ?? angularStart, .angularStart),
      angularCount: try needed(angularCount, .angularCount),
      zeta: try needed(zeta.all.first, .zeta),
      angleCount: try needed(angleCount, .angleCount), epsilon: epsilon ?? 0.01)
    result.lists.radialEtas = radialEta.list
    result.lists.angularEtas = angularEta.list
    result.lists.zetas = zeta.list
    result.lists.radialCentres = radialCentres
    result.lists.angularCentres = angularCentres
    result.lists.angles = angles
    result.simplify()
    try result.validate()
    try checkSteps(result)
    return result
  }

  private func checkSteps(_ parameters: DescriptorParameters) throws {
    for (key, found, expected, list) in [
      (CodingKeys.radialStep, radialStep, parameters.radialStep, radialCentres),
      (.angularStep, angularStep, parameters.angularStep, angularCentres),
    ] where list == nil {
      guard let found, abs(found - expected) > 1e-6 * abs(expected) else { continue }
      throw NetworkError(
        "gvect_params: \(key.rawValue) = \(found), but start, cutoff and count give \(expected)")
    }
  }
}
