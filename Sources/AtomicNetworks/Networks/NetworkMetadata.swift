import Atomistics
import Foundation

/// `networks_metadata.json` of PANNA's first generation ("v0").
///
/// Two keys are this project's own, since nothing else records what they say: `epsilon` among the
/// descriptors' parameters, and `energy_rescale`.
struct NetworkMetadata: Codable {
  /// Spelled as the original spells it; absent from old files.
  var version: String?
  var scaffoldType: String?
  var types: [String]?
  var layerSizes: [[Int]]
  var featureSizes: [Int]
  var activations: [[Int]]
  var trainable: [[Flag]]
  var species: [String]
  var offsets: [Double]
  var files: [[[String]]]
  var descriptors: GvectParameters?
  var energyRescale: Double?

  enum CodingKeys: String, CodingKey {
    case version = "verison"
    case scaffoldType = "scaffold_type"
    case types = "networks_type"
    case layerSizes = "networks_layers_size"
    case featureSizes = "networks_feature_size"
    case activations = "networks_layers_activation"
    case trainable = "networks_layers_trainable"
    case species = "networks_species"
    case offsets = "networks_offset"
    case files = "networks_files"
    case descriptors = "gvect_params"
    case energyRescale = "energy_rescale"
  }

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
    var radialEta: Double
    var radialCutoff: Double
    var radialStart: Double
    var radialCount: Int
    var radialStep: Double?
    var angularEta: Double
    var angularCutoff: Double
    var angularStart: Double
    var angularCount: Int
    var angularStep: Double?
    var zeta: Double
    var angleCount: Int
    /// Of the angular term; the first generation's 0.01 where a file does not say.
    var epsilon: Double?

    enum CodingKeys: String, CodingKey {
      case radialEta = "eta_rad"
      case radialCutoff = "Rc_rad"
      case radialStart = "Rs0_rad"
      case radialCount = "RsN_rad"
      case radialStep = "Rsst_rad"
      case angularEta = "eta_ang"
      case angularCutoff = "Rc_ang"
      case angularStart = "Rs0_ang"
      case angularCount = "RsN_ang"
      case angularStep = "Rsst_ang"
      case angleCount = "ThetasN"
      case zeta, epsilon
    }
  }
}

extension NetworkMetadata.GvectParameters {
  init(_ parameters: DescriptorParameters) {
    self.init(
      radialEta: parameters.radialEta, radialCutoff: parameters.radialCutoff,
      radialStart: parameters.radialStart, radialCount: parameters.radialCount,
      radialStep: parameters.radialStep, angularEta: parameters.angularEta,
      angularCutoff: parameters.angularCutoff, angularStart: parameters.angularStart,
      angularCount: parameters.angularCount, angularStep: parameters.angularStep,
      zeta: parameters.zeta,
      angleCount: parameters.angleCount, epsilon: parameters.epsilon)
  }

  /// - Throws: `NetworkError` where a step does not follow from start, cutoff and count, and
  ///   `AtomisticsError` for a value that is not allowed.
  func parameters(species: [String]) throws -> DescriptorParameters {
    let result = DescriptorParameters(
      species: species, radialEta: radialEta, radialCutoff: radialCutoff, radialStart: radialStart,
      radialCount: radialCount, angularEta: angularEta, angularCutoff: angularCutoff,
      angularStart: angularStart,
      angularCount: angularCount, zeta: zeta, angleCount: angleCount, epsilon: epsilon ?? 0.01)
    try result.validate()
    for (key, found, expected) in [
      ("Rsst_rad", radialStep, result.radialStep), ("Rsst_ang", angularStep, result.angularStep),
    ] {
      guard let found, abs(found - expected) > 1e-6 * abs(expected) else { continue }
      throw NetworkError(
        "gvect_params: \(key) = \(found), but start, cutoff and count give \(expected)")
    }
    return result
  }
}
