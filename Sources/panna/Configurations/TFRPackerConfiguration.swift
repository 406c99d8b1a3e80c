import Atomistics
import Foundation
import ProgramSupport

/// What `tfr_packer` reads from its configuration file.
struct TFRPackerConfiguration {
  let input: URL
  let output: URL
  let elementsPerFile: Int
  let prefix: String
  let storage: DescribedStructure.DerivativeStorage
  let includesPerAtomQuantity: Bool
  /// The order and the sets that structures are packed in.
  let division: DataDivision
  /// How many species there are, nil where nothing says so.
  let speciesCount: Int?
  /// Known keys that have no effect here, for a warning.
  let ignored: [String]

  init(_ file: IniFile) throws {
    try file.check(known: [
      "IO_INFORMATION": ["input_dir", "output_dir", "elements_per_file", "prefix"],
      "CONTENT_INFORMATION": [
        "n_species", "include_derivatives", "sparse_derivatives", "derivative_format",
        "include_per_atom_quantity",
      ],
      "DIVISION": DataDivision.keys,
    ])
    let io = try file.section("IO_INFORMATION")
    input = try io.url("input_dir")
    output = try io.url("output_dir")
    elementsPerFile = try io.int("elements_per_file", default: 1000, in: 1...Int.max)
    prefix = try io.string("prefix", default: "", allowsEmpty: true)
    let content = file.optionalSection("CONTENT_INFORMATION")
    storage =
      try content.bool("include_derivatives", default: false) ? try Self.format(content) : .none
    speciesCount =
      content.has("n_species") ? try content.int("n_species", in: 1...Int.max) : nil
    ignored =
      storage != .none
      ? []
      : ["sparse_derivatives", "derivative_format"].filter { content.has($0) }.map {
        "[CONTENT_INFORMATION] \($0) without include_derivatives"
      }
    includesPerAtomQuantity = try content.bool("include_per_atom_quantity", default: false)
    division = try DataDivision(file["DIVISION"])
  }

  /// What a file is called.
  func name(of number: String, among count: String) -> String {
    let stem = "\(number)-\(count).tfrecord"
    return prefix.isEmpty ? stem : "\(prefix)-\(stem)"
  }

  /// Whether a file of any number among any count is called so.
  func mayName(_ name: String) -> Bool {
    let numbers = name.dropLast(".tfrecord".count).split(separator: "-").suffix(2)
    return numbers.count == 2 && numbers.allSatisfy { $0.allSatisfy(\.isNumber) }
      && name == self.name(of: String(numbers.first!), among: String(numbers.last!))
  }

  /// The names of `derivative_format`.
  private enum Format: String, CaseIterable {
    case dense, sparse, blocks
    case halfBlocks = "half_blocks"

    var storage: DescribedStructure.DerivativeStorage {
      switch self {
      case .dense: .dense
      case .sparse: .sparse
      case .blocks: .blocks
      case .halfBlocks: .halfBlocks
      }
    }
  }

  private static func format(
    _ content: IniSection
  ) throws -> DescribedStructure.DerivativeStorage {
    let isSparse = try content.bool("sparse_derivatives", default: false)
    let format = try content.choice(
      "derivative_format", default: isSparse ? Format.sparse : .dense)
    guard !isSparse || format == .sparse else {
      throw content.error("derivative_format", "sparse, since sparse_derivatives = True")
    }
    return format.storage
  }
}
