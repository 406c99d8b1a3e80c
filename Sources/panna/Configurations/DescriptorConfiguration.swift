import Atomistics
import ProgramSupport

/// What a descriptor file says of the descriptors: [SYMMETRY_FUNCTION] species and [GVECT_PARAMETERS].
///
/// `gvect_calculator` works by such a file; other programs name one where saved networks do not say
/// how their descriptors are made.
struct DescriptorConfiguration {
  let parameters: DescriptorParameters

  /// Sections and keys of a descriptor file.
  static let known = [
    "IO_INFORMATION": ["input_json_dir", "output_gvect_dir", "log_dir"],
    "PARALLELIZATION": ["number_of_process"],
    "SYMMETRY_FUNCTION": ["type", "species", "include_derivatives", "sparse_derivatives"],
    "PBC": ["pbc1", "pbc2", "pbc3"],
    "MISC": ["per_atom_energy", "long_range"],
    "GVECT_PARAMETERS": [
      "gvect_parameters_unit", "eta_rad", "Rc_rad", "Rs0_rad", "RsN_rad", "Rsst_rad", "eta_ang",
      "Rc_ang", "Rs0_ang", "RsN_ang", "Rsst_ang", "zeta", "ThetasN", "epsilon",
    ],
  ]

  private enum Kind: String, CaseIterable {
    case mBP
  }

  /// The descriptors of the file at `path`.
  ///
  /// - Throws: `UsageError` with file, line and key.
  static func parameters(path: String) throws -> DescriptorParameters {
    try DescriptorConfiguration(IniFile(path: path)).parameters
  }

  init(_ file: IniFile) throws {
    try file.check(known: Self.known)
    let kind = try file.section("SYMMETRY_FUNCTION")
    let _: Kind = try kind.choice("type")
    let section = try file.section("GVECT_PARAMETERS")
    parameters = try Self.parameters(section, species: try kind.strings("species"))
    try Self.checkSteps(section, parameters)
    do {
      try parameters.validate()
    } catch let error as AtomisticsError {
      let place = error.key == "species" ? kind : section
      throw place.error(error.key ?? "", error.allowed)
    }
  }

  private static func parameters(
    _ section: IniSection, species: [String]
  ) throws -> DescriptorParameters {
    DescriptorParameters(
      species: species,
      radialEta: try section.double("eta_rad"), radialCutoff: try section.double("Rc_rad"),
      radialStart: try section.double("Rs0_rad"), radialCount: try section.count("RsN_rad"),
      angularEta: try section.double("eta_ang"), angularCutoff: try section.double("Rc_ang"),
      angularStart: try section.double("Rs0_ang"), angularCount: try section.count("RsN_ang"),
      zeta: try section.double("zeta"), angleCount: try section.count("ThetasN"),
      epsilon: try section.double("epsilon", default: 0.01),
      unit: try section.choice("gvect_parameters_unit", default: LengthUnit.angstrom))
  }

  /// The steps follow from start, cutoff and count; one that says otherwise would be another grid.
  private static func checkSteps(
    _ section: IniSection, _ parameters: DescriptorParameters
  ) throws {
    let unit = try section.choice("gvect_parameters_unit", default: LengthUnit.angstrom).inAngstrom
    for (part, expected) in [
      ("rad", parameters.radialStep / unit), ("ang", parameters.angularStep / unit),
    ] where section.has("Rsst_\(part)") {
      let found = try section.double("Rsst_\(part)")
      if abs(found - expected) <= 1e-6 * abs(expected) { continue }
      throw section.error(
        "Rsst_\(part)",
        "\(Float(expected)) = (Rc_\(part) - Rs0_\(part)) / RsN_\(part), or no such key")
    }
  }
}

extension IniSection {
  /// How many of something, at least one.
  fileprivate func count(_ key: String) throws -> Int { try int(key, in: 1...10_000) }
}
