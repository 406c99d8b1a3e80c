import Foundation

/// The `.example` file of one structure: a JSON object with atoms, energy and units.
///
/// Keys: `atoms`, a list of `[label, "Symbol", [x, y, z], [fx, fy, fz]]`, forces only where known;
/// `energy`, `[number, unit]` with units Ry, Ha or eV; `lattice_vectors`, three rows, zero rows
/// where the structure does not repeat; `atomic_position_unit`, `cartesian` or `crystal`;
/// `unit_of_length`, `angstrom` or `bohr`; `per_atom_energy`, one number per atom. Forces are in the
/// energy's unit per unit of length.
public enum ExampleFile {
  private static let energyUnits: [String: Double] = [
    "Ry": Units.rydberg, "Ryd": Units.rydberg, "ryd": Units.rydberg, "ry": Units.rydberg,
    "RY": Units.rydberg, "Ha": Units.hartree, "eV": 1, "ev": 1, "EV": 1,
  ]

  /// Reads a file; the structure is named after it.
  ///
  /// - Parameter warn: is told of a missing unit, for which eV or angstrom is assumed.
  /// - Throws: `AtomisticsError` with file, line and key.
  public static func read(_ url: URL, warn: (String) -> Void = { _ in }) throws -> Structure {
    do {
      let data = try FileAccess.read(url)
      return try decode(data, name: FileAccess.key(of: url)) { warn("\(url.path): \($0)") }
    } catch let error as AtomisticsError {
      throw error.inFile(url.path)
    }
  }

  /// Writes a file, whole or not at all.
  ///
  /// - Throws: `AtomisticsError` when it cannot be written or the structure has no energy.
  public static func write(_ structure: Structure, to url: URL) throws {
    do {
      try FileAccess.write(Data(encode(structure).utf8), to: url)
    } catch let error as AtomisticsError {
      throw error.inFile(url.path)
    }
  }

  /// The structure that a JSON text describes.
  ///
  /// - Throws: `AtomisticsError` with line and key.
  public static func decode(
    _ text: some Collection<UInt8>, name: String, warn: (String) -> Void = { _ in }
  ) throws -> Structure {
    let root = try JSONNode(parsing: text)
    guard case .object = root.value else {
      throw root.wrong("the whole file", allowed: "an object")
    }
    let length = try lengthUnit(root, warn)
    let (energy, energyUnit) = try energy(root, warn)
    let cell = try cell(root, length)
    let atoms = try need("atoms", in: root).array("atoms", "a list of atoms")
    guard !atoms.isEmpty else { throw root["atoms"]!.wrong("atoms", allowed: "at least one atom") }
    let crystal = try isCrystal(root)
    var structure = Structure(name: name, species: [], positions: [], cell: cell, energy: energy)
    var forces: [SIMD3<Double>] = []
    for (index, atom) in atoms.enumerated() {
      let key = "atoms[\(index)]"
      let fields = try atom.array(key, "[label, symbol, position, force]")
      guard (3...5).contains(fields.count) else {
        throw atom.wrong(key, allowed: "[label, symbol, position, force]")
      }
      structure.species.append(try fields[1].string(key, allowed: "a symbol as second field"))
      let position = try fields[2].vector(key)
      if crystal { try checkFractions(position, cell, fields[2], key) }
      structure.positions.append(crystal ? cell.cartesian(position) : position * length)
      if fields.count > 3 { forces.append(try fields[3].vector(key) * (energyUnit / length)) }
    }
    if !forces.isEmpty {
      guard forces.count == atoms.count else {
        throw AtomisticsError(
          key: "atoms", found: "forces for \(forces.count) of \(atoms.count) atoms",
          allowed: "forces for all atoms or for none")
      }
      structure.forces = forces
    }
    structure.perAtomQuantity = try perAtomEnergy(root, atoms.count, energyUnit)
    return structure
  }

  private static func need(_ key: String, in root: JSONNode) throws -> JSONNode {
    guard let node = root[key] else {
      throw AtomisticsError(key: key, found: "no such key", allowed: "the key is required")
    }
    return node
  }

  private static func lengthUnit(_ root: JSONNode, _ warn: (String) -> Void) throws -> Double {
    guard let node = root["unit_of_length"] else {
      warn("no unit_of_length, angstrom assumed")
      return 1
    }
    let allowed = "angstrom, bohr"
    let name = try node.string("unit_of_length", allowed: allowed)
    guard let unit = LengthUnit(rawValue: name) else {
      throw node.wrong("unit_of_length", allowed: allowed)
    }
    return unit.inAngstrom
  }

  private static func energy(
    _ root: JSONNode, _ warn: (String) -> Void
  ) throws -> (energy: Double, unit: Double) {
    let node = try need("energy", in: root)
    let fields = try node.array("energy", "[number, unit]")
    guard let first = fields.first, fields.count <= 2 else {
      throw node.wrong("energy", allowed: "[number, unit]")
    }
    var number = 0.0
    if case .string(let text) = first.value {
      let bare = text.trimmingCharacters(in: CharacterSet(charactersIn: "\"' \t"))
      guard let value = Double(bare), value.isFinite else {
        throw first.wrong("energy", allowed: "a number")
      }
      number = value
    } else {
      number = try first.number("energy")
    }
    guard fields.count == 2 else {
      warn("no unit of energy, eV assumed")
      return (number, 1)
    }
    let allowed = "eV, ev, EV, Ry, Ryd, ryd, ry, RY, Ha"
    guard let unit = energyUnits[try fields[1].string("energy", allowed: allowed)] else {
      throw fields[1].wrong("energy", allowed: allowed)
    }
    return (number * unit, unit)
  }

  private static func cell(_ root: JSONNode, _ length: Double) throws -> Cell {
    guard let node = root["lattice_vectors"] else { return .none }
    let rows = try node.array("lattice_vectors", "three rows of three numbers")
    guard rows.count == 3 else {
      throw node.wrong("lattice_vectors", allowed: "three rows of three numbers")
    }
    let vectors = try rows.map { try $0.vector("lattice_vectors") }
    do {
      return try Cell(vectors: Matrix3(vectors[0], vectors[1], vectors[2]) * length)
    } catch let error as AtomisticsError {
      throw AtomisticsError(
        line: node.line, key: "lattice_vectors", found: error.found, allowed: error.allowed)
    }
  }

  /// A fraction of a vector that is not there is no place.
  private static func checkFractions(
    _ position: SIMD3<Double>, _ cell: Cell, _ node: JSONNode, _ key: String
  ) throws {
    for k in 0..<3 where cell.vectors[k] == .zero && position[k] != 0 {
      throw AtomisticsError(
        line: node.line, key: key,
        found:
          "the crystal coordinate \(position[k]) along lattice vector \(k + 1), which is missing",
        allowed: "0 there, three lattice vectors, or cartesian positions")
    }
  }

  private static func isCrystal(_ root: JSONNode) throws -> Bool {
    let old = "atomic_coordinates"
    let key = root["atomic_position_unit"] == nil && root[old] != nil ? old : "atomic_position_unit"
    let node = try need(key, in: root)
    switch try node.string(key, allowed: "cartesian, crystal") {
    case "cartesian": return false
    case "crystal": return true
    default: throw node.wrong(key, allowed: "cartesian, crystal")
    }
  }

  private static func perAtomEnergy(
    _ root: JSONNode, _ atoms: Int, _ unit: Double
  ) throws -> [Double]? {
    guard let node = root["per_atom_energy"] else { return nil }
    let numbers = try node.array("per_atom_energy", "\(atoms) numbers")
    guard numbers.count == atoms else {
      throw node.wrong("per_atom_energy", allowed: "\(atoms) numbers")
    }
    return try numbers.map { try $0.number("per_atom_energy") * unit }
  }

  /// The JSON text that describes a structure, cartesian, in eV and angstrom, every number with all
  /// its digits.
  ///
  /// - Throws: `AtomisticsError` when there is no energy or a number is not finite.
  public static func encode(_ structure: Structure) throws -> String {
    guard let energy = structure.energy else {
      throw AtomisticsError(
        key: "energy of \(structure.name)", found: "none", allowed: "an energy in eV")
    }
    var rows = structure.cell.vectors
    for k in 0..<3 where !structure.cell.periodic[k] { rows[k] = .zero }
    let atoms = try structure.positions.indices.map { i in
      var fields = try [
        "\(i + 1)", JSONText.string(structure.species[i]), JSONText.list(structure.positions[i]),
      ]
      if let forces = structure.forces { fields.append(try JSONText.list(forces[i])) }
      return "[" + fields.joined(separator: ", ") + "]"
    }
    var members = try [
      "\"key\": \(JSONText.string(structure.name))", "\"atomic_position_unit\": \"cartesian\"",
      "\"unit_of_length\": \"angstrom\"",
      "\"lattice_vectors\": \(JSONText.list(rows))",
      "\"energy\": [\(JSONText.number(energy)), \"eV\"]",
    ]
    if let shares = structure.perAtomQuantity {
      members.append("\"per_atom_energy\": \(try JSONText.list(shares))")
    }
    members.append("\"atoms\": [\n    " + atoms.joined(separator: ",\n    ") + "\n  ]")
    return "{\n  " + members.joined(separator: ",\n  ") + "\n}\n"
  }
}
