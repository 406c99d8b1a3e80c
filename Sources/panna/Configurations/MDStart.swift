import Atomistics
import Foundation
import ProgramSupport

/// [STRUCTURE]: what the simulations of `md` begin with.
struct MDStart {
  enum Kind {
    case diamond(element: String)
    case random(element: String, minimumDistance: Double)
    case file(Structure)
  }

  let kind: Kind
  /// The lattice parameters of the grid in angstrom; empty for a structure from a file.
  let lattices: [Double]
  let cells: Int
  /// What the structure was read from, nil for others.
  let file: URL?

  static let keys = [
    "type", "element", "lattice_parameter", "repeat", "file", "minimum_distance",
  ]

  private enum KindName: String, CaseIterable {
    case diamond, random, file

    var keys: [String] {
      switch self {
      case .diamond: ["type", "element", "lattice_parameter", "repeat"]
      case .random: ["type", "element", "lattice_parameter", "repeat", "minimum_distance"]
      case .file: ["type", "file", "repeat"]
      }
    }
  }

  init(_ section: IniSection) throws {
    let name: KindName = try section.choice("type")
    for key in section.keys where !name.keys.contains(key.lowercased()) {
      throw section.error(key, "no such key with type = \(name.rawValue)")
    }
    cells = try section.int("repeat", default: 1, in: 1...1000)
    lattices = name == .file ? [] : try section.positive("lattice_parameter")
    file = name == .file ? try section.url("file") : nil
    switch name {
    case .diamond: kind = .diamond(element: try Self.element(section))
    case .random:
      kind = .random(
        element: try Self.element(section),
        minimumDistance: try section.double("minimum_distance", default: 2, above: 0))
    case .file: kind = .file(try Self.structure(section, file!, cells))
    }
  }

  private static func element(_ section: IniSection) throws -> String {
    let symbol = try section.string("element", default: "Si")
    guard Elements.number(of: symbol) != nil else {
      throw section.error("element", "the symbol of an element")
    }
    return symbol
  }

  private static func structure(
    _ section: IniSection, _ file: URL, _ cells: Int
  ) throws -> Structure {
    guard let structure = try StructureFile.read(file, warn: { warn($0) }).first else {
      throw section.error("file", "a file with at least one structure")
    }
    if cells == 1 { return structure }
    do { return try structure.repeated(SIMD3(repeating: cells)) } catch let error
      as AtomisticsError
    {
      throw section.error("repeat", error.allowed)
    }
  }

  /// The structure of one run.
  func structure(lattice: Double?, seed: UInt64) throws -> Structure {
    switch kind {
    case .file(let structure): return structure
    case .diamond(let element):
      return try StartingStructures.diamond(
        element, latticeConstant: lattice!, cells: SIMD3(repeating: cells))
    case .random(let element, let minimumDistance):
      return try StartingStructures.random(
        Array(repeating: element, count: 8 * cells * cells * cells),
        in: Cell(cubic: lattice! * Double(cells)), minimumDistance: minimumDistance, seed: seed)
    }
  }
}

extension IniSection {
  /// A list of numbers above zero.
  func positive(_ key: String) throws -> [Double] {
    let numbers = try doubles(key)
    guard numbers.allSatisfy({ $0 > 0 }) else {
      throw error(key, "numbers above 0 separated by \",\"")
    }
    return numbers
  }
}
