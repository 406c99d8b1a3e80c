import Atomistics
import Foundation

/// `networks_metadata.json` of PANNA's first generation ("v0").
///
/// Some keys are this project's own, since nothing else records what they say: `epsilon` and `pbc` among the
/// descriptors' parameters, `energy_rescale`, and `networks_graphs`.
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
  /// For each species its text, nil where it has layers; absent where all have.
  var graphs: [Graph?]?
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
    case graphs = "networks_graphs"
    case descriptors = "gvect_params"
    case energyRescale = "energy_rescale"
  }

  /// A network that a text defines; its files stand one by one in `files`.
  struct Graph: Codable {
    struct Parameter: Codable {
      var name: String
      var shape: [Int]
    }

    var source: GraphSource
    var parameters: [Parameter]
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
}
