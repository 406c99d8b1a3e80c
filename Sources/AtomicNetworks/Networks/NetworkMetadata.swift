import Atomistics
import Foundation

/// `networks_metadata.json` of PANNA's first generation ("v0").
///
/// Two keys are this project's own, since nothing else records what they say: `epsilon` among the
/// descriptors' parameters, and `energy_rescale`.
struct NetworkMetadata: Codable {
  /// Spelled as the original spells it; absent from old files.
  var verison: String?
  var scaffold_type: String?
  var networks_type: [String]?
  var networks_layers_size: [[Int]]
  var networks_feature_size: [Int]
  var networks_layers_activation: [[Int]]
  var networks_layers_trainable: [[Flag]]
  var networks_species: [String]
  var networks_offset: [Double]
  var networks_files: [[[String]]]
  var gvect_params: GvectParameters?
  var energy_rescale: Double?

  /// A truth value that may be written as a number.
  struct Flag: Codable {
    var isSet: Bool

    init(_ isSet: Bool) { self.isSet = isSet }

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let value = try? container.decode(Bool.self) {
        isSet = value
      } else {
        isSet = try container.decode(Int.self) != 0
      }
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      try container.encode(isSet)
    }
  }

  /// The descriptors' parameters, lengths in angstrom.
  struct GvectParameters: Codable {
    var eta_rad: Double
    var Rc_rad: Double
    var Rs0_rad: Double
    var RsN_rad: Int
    var Rsst_rad: Double?
    var eta_ang: Double
    var Rc_ang: Double
    var Rs0_ang: Double
    var RsN_ang: Int
    var Rsst_ang: Double?
    var zeta: Double
    var ThetasN: Int
    /// Of the angular term; the first generation's 0.01 where a file does not say.
    var epsilon: Double?
  }
}

extension NetworkMetadata.GvectParameters {
  init(_ parameters: DescriptorParameters) {
    self.init(
      eta_rad: parameters.radialEta, Rc_rad: parameters.radialCutoff,
      Rs0_rad: parameters.radialStart, RsN_rad: parameters.radialCount,
      Rsst_rad: parameters.radialStep, eta_ang: parameters.angularEta,
      Rc_ang: parameters.angularCutoff, Rs0_ang: parameters.angularStart,
      RsN_ang: parameters.angularCount, Rsst_ang: parameters.angularStep, zeta: parameters.zeta,
      ThetasN: parameters.angleCount, epsilon: parameters.epsilon)
  }

  /// - Throws: `NetworkError` where a step does not follow from start, cutoff and count, and
  ///   `AtomisticsError` for a value that is not allowed.
  func parameters(species: [String]) throws -> DescriptorParameters {
    let result = DescriptorParameters(
      species: species, radialEta: eta_rad, radialCutoff: Rc_rad, radialStart: Rs0_rad,
      radialCount: RsN_rad, angularEta: eta_ang, angularCutoff: Rc_ang, angularStart: Rs0_ang,
      angularCount: RsN_ang, zeta: zeta, angleCount: ThetasN, epsilon: epsilon ?? 0.01)
    try result.validate()
    for (key, found, expected) in [
      ("Rsst_rad", Rsst_rad, result.radialStep), ("Rsst_ang", Rsst_ang, result.angularStep),
    ] {
      guard let found, abs(found - expected) > 1e-6 * abs(expected) else { continue }
      throw NetworkError(
        "gvect_params: \(key) = \(found), but start, cutoff and count give \(expected)")
    }
    return result
  }
}
