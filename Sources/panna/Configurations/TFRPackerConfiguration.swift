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
  /// How many species there are, nil where nothing says so.
  let speciesCount: Int?
  /// Known keys that have no effect here, for a warning.
  let ignored: [String]

  init(_ file: IniFile) throws {
    try file.check(known: [
      "IO_INFORMATION": ["input_dir", "output_dir", "elements_per_file", "prefix"],
      "CONTENT_INFORMATION": [
        "n_species", "include_derivatives", "sparse_derivatives", "include_per_atom_quantity",
      ],
    ])
    let io = try file.section("IO_INFORMATION")
    input = try io.url("input_dir")
    output = try io.url("output_dir")
    elementsPerFile = try io.int("elements_per_file", default: 1000, in: 1...Int.max)
    prefix = try io.string("prefix", default: "", allowsEmpty: true)
    let content = file.optionalSection("CONTENT_INFORMATION")
    let isSparse = try content.bool("sparse_derivatives", default: false)
    storage =
      try content.bool("include_derivatives", default: false)
      ? (isSparse ? .sparse : .dense) : .none
    speciesCount =
      content.has("n_species") ? try content.int("n_species", in: 1...Int.max) : nil
    ignored =
      storage == .none && content.has("sparse_derivatives")
      ? ["[CONTENT_INFORMATION] sparse_derivatives without include_derivatives"] : []
    includesPerAtomQuantity = try content.bool("include_per_atom_quantity", default: false)
  }
}
