import Atomistics
import Foundation
import ProgramSupport

/// What a descriptor file says of the descriptors: [SYMMETRY_FUNCTION] type and species,
/// [GVECT_PARAMETERS] and [PBC].
///
/// `gvect_calculator` works by such a file; other programs name one where saved networks do not say
/// how their descriptors are made.
struct DescriptorConfiguration {
  private(set) var settings: DescriptorSettings
  /// Known keys that have no effect on this type of descriptors, for a warning.
  let ignored: [String]
  /// Whether the file does not say epsilon, which others' descriptors may have been made with another value of.
  let assumesEpsilon: Bool

  /// Sections and keys of a descriptor file.
  static let known = [
    "IO_INFORMATION": ["input_json_dir", "output_gvect_dir", "log_dir"],
    "PARALLELIZATION": ["number_of_process"],
    "SYMMETRY_FUNCTION": ["type", "species", "include_derivatives", "sparse_derivatives"],
    "PBC": ["pbc1", "pbc2", "pbc3", "use_pbc"],
    "MISC": ["per_atom_energy", "long_range"],
    "GVECT_PARAMETERS": Kind.modified.keys + ["cut_third_distance"],
  ]

  private enum Kind: String, CaseIterable {
    case modified = "mBP"
    case plain = "BP"

    /// The keys of [GVECT_PARAMETERS] that have an effect.
    var keys: [String] {
      let common = ["gvect_parameters_unit", "eta_rad", "Rc_rad", "Rs0_rad", "RsN_rad"]
      switch self {
      case .modified:
        return common + [
          "Rsst_rad", "Rs_rad_list", "eta_ang", "Rc_ang", "Rs0_ang", "RsN_ang", "Rsst_ang",
          "Rs_ang_list", "zeta", "ThetasN", "Thetas_list", "epsilon",
        ]
      case .plain: return common + ["Rsst_rad", "eta_ang", "Rc_ang", "zeta", "cut_third_distance"]
      }
    }
  }

  init(_ file: IniFile) throws {
    try file.check(known: Self.known)
    let functions = try file.section("SYMMETRY_FUNCTION")
    let kind: Kind = try functions.choice("type")
    let section = try file.section("GVECT_PARAMETERS")
    let periodic = try Self.periodicity(file)
    let species = try functions.strings("species")
    assumesEpsilon = kind == .modified && !section.has("epsilon")
    let obeyed = Set(kind.keys.map { $0.lowercased() })
    ignored = section.keys.filter { !obeyed.contains($0.lowercased()) }
      .map { "[GVECT_PARAMETERS] \($0) with type = \(kind.rawValue)" }
    do {
      switch kind {
      case .modified: settings = .modified(try Self.modified(section, species))
      case .plain: settings = .behlerParrinello(try Self.behlerParrinello(section, species))
      }
    } catch let error as AtomisticsError {
      let place = error.key == "species" ? functions : section
      throw place.error(error.key ?? "", error.allowed)
    }
    settings.periodic = periodic
  }

  /// Without section nothing is switched off; in it, what is not mentioned is.
  private static func periodicity(_ file: IniFile) throws -> Periodicity {
    guard let section = file["PBC"] else { return .init(repeating: true) }
    var periodic = Periodicity(repeating: false)
    if section.has("use_pbc") {
      let flags = try section.strings("use_pbc").compactMap { IniSection.truth($0) }
      guard flags.count == 3 else { throw section.error("use_pbc", "three truth values") }
      if let other = (1...3).map({ "pbc\($0)" }).first(where: { section.has($0) }) {
        throw section.error(other, "no such key beside use_pbc, which says the same")
      }
      for k in 0..<3 { periodic[k] = flags[k] }
      return periodic
    }
    for k in 0..<3 { periodic[k] = try section.bool("pbc\(k + 1)", default: false) }
    return periodic
  }

  // MARK: The two types

  private static func modified(
    _ section: IniSection, _ species: [String]
  ) throws -> DescriptorParameters {
    let unit = try section.choice("gvect_parameters_unit", default: LengthUnit.angstrom)
    let (etaRad, etaAng) = (try section.doubles("eta_rad"), try section.doubles("eta_ang"))
    let zeta = try section.doubles("zeta")
    let radial = try section.grid("rad")
    let angular = try section.grid("ang")
    let angles = section.has("Thetas_list") ? try section.doubles("Thetas_list") : nil
    var parameters = DescriptorParameters(
      species: species,
      radialEta: etaRad[0], radialCutoff: try section.double("Rc_rad"),
      radialStart: radial.start, radialCount: radial.count,
      angularEta: etaAng[0], angularCutoff: try section.double("Rc_ang"),
      angularStart: angular.start, angularCount: angular.count,
      zeta: zeta[0], angleCount: try section.count("ThetasN", list: angles),
      epsilon: try section.double("epsilon", default: 0.01), unit: unit)
    let length = unit.inAngstrom
    parameters.lists.radialEtas = Self.list(etaRad, scale: 1 / (length * length))
    parameters.lists.angularEtas = Self.list(etaAng, scale: 1 / (length * length))
    parameters.lists.zetas = Self.list(zeta, scale: 1)
    parameters.lists.radialCentres = radial.list?.map { $0 * length }
    parameters.lists.angularCentres = angular.list?.map { $0 * length }
    parameters.lists.angles = angles?.map { $0 * .pi / 180 }
    try section.checkStep("rad", parameters.radialStep / length)
    try section.checkStep("ang", parameters.angularStep / length)
    try parameters.validate()
    parameters.simplify()
    return parameters
  }

  /// Nil for one number, which then holds for all.
  private static func list(_ numbers: [Double], scale: Double) -> [Double]? {
    numbers.count > 1 ? numbers.map { $0 * scale } : nil
  }

  private static func behlerParrinello(
    _ section: IniSection, _ species: [String]
  ) throws -> BehlerParrinelloParameters {
    let cutoff = try section.double("Rc_rad")
    let (start, count) = (
      try section.double("Rs0_rad", default: 0), try section.count("RsN_rad", list: nil)
    )
    let parameters = BehlerParrinelloParameters(
      species: species, radialEtas: try section.doubles("eta_rad"), radialCutoff: cutoff,
      radialStart: start, radialCount: count, angularEtas: try section.doubles("eta_ang"),
      angularCutoff: try section.double("Rc_ang", default: cutoff),
      zetas: try section.doubles("zeta"),
      cutsThirdDistance: try section.bool("cut_third_distance", default: false),
      unit: try section.choice("gvect_parameters_unit", default: .angstrom))
    try section.checkStep("rad", (cutoff - start) / Double(count))
    try parameters.validate()
    return parameters
  }
}

extension IniSection {
  /// How many of something, at least one; where there is a list of them the key may be missing.
  fileprivate func count(_ key: String, list: [Double]?) throws -> Int {
    let count = try int(key, default: list?.count, in: 1...10_000)
    if let list, list.count != count {
      throw error(key, "\(list.count), as many as the list has, or no such key")
    }
    return count
  }

  /// The centres of one part: a regular grid or a list, which has neither first centre nor step.
  fileprivate func grid(
    _ part: String
  ) throws -> (start: Double, count: Int, list: [Double]?) {
    let listKey = "Rs_\(part)_list"
    let list = has(listKey) ? try doubles(listKey) : nil
    if list != nil, let key = ["Rs0_\(part)", "Rsst_\(part)"].first(where: has) {
      throw error(key, "no such key beside \(listKey)")
    }
    return (
      try double("Rs0_\(part)", default: list == nil ? nil : 0),
      try count("RsN_\(part)", list: list), list
    )
  }

  /// The steps follow from start, cutoff and count; one that says otherwise would be another grid.
  fileprivate func checkStep(_ part: String, _ expected: Double) throws {
    guard has("Rsst_\(part)") else { return }
    let found = try double("Rsst_\(part)")
    guard abs(found - expected) <= 1e-6 * abs(expected) else {
      throw error(
        "Rsst_\(part)",
        "\(Float(expected)) = (Rc_\(part) - Rs0_\(part)) / RsN_\(part), or no such key")
    }
  }
}
