import Foundation

/// The units of energy that example files have.
public enum EnergyUnit: String, Sendable, CaseIterable {
  case electronVolt = "eV"
  case rydberg = "Ry"
  case hartree = "Ha"

  /// In eV.
  public var inElectronVolt: Double {
    switch self {
    case .electronVolt: 1
    case .rydberg: Units.rydberg
    case .hartree: Units.hartree
    }
  }
}

/// What one calculation of another program found, with its numbers as that program wrote them.
public struct ParsedConfiguration: Sendable, Equatable {
  /// What the example is called: the file it came from, and which of its steps.
  public var name: String
  /// The file it came from.
  public var source = ""
  public var species: [String] = []
  /// Cartesian in `lengthUnit`, or in units of the lattice vectors.
  public var positions: [SIMD3<Double>] = []
  public var areCrystal = false
  /// Three rows in `lengthUnit`, zero where the structure does not repeat.
  public var lattice = Matrix3.zero
  public var lengthUnit = LengthUnit.angstrom
  /// The total energy in `energyUnit`.
  public var energy = Double.nan
  public var energyUnit = EnergyUnit.electronVolt
  /// In `energyUnit` per `lengthUnit`, where the calculation has them.
  public var forces: [SIMD3<Double>]?
  /// The atoms' shares of the energy in `energyUnit`, where the calculation has them.
  public var atomicEnergies: [Double]?
  /// Whether self-consistency was reached, as far as the file tells.
  public var isConverged = true

  public init(name: String) { self.name = name }

  /// A structure in eV and angstrom.
  ///
  /// - Throws: `AtomisticsError` where it has no energy.
  public init(_ structure: Structure, name: String) throws {
    self.init(name: name)
    guard let energy = structure.energy else {
      throw AtomisticsError(key: "energy of \(name)", found: "none", allowed: "an energy")
    }
    self.energy = energy
    (species, positions, forces) = (structure.species, structure.positions, structure.forces)
    atomicEnergies = structure.perAtomQuantity
    lattice = structure.cell.vectors
    for k in 0..<3 where !structure.cell.periodic[k] { lattice[k] = .zero }
  }

  /// The same, if it can be trained on.
  ///
  /// - Throws: `AtomisticsError` that says what is missing or no number.
  public func checked() throws -> ParsedConfiguration {
    func fail(_ key: String, _ found: String, _ allowed: String) -> AtomisticsError {
      AtomisticsError(key: key, found: found, allowed: allowed)
    }
    guard !species.isEmpty else { throw fail("atoms", "none", "at least one atom") }
    guard positions.count == species.count else {
      throw fail("positions", "\(positions.count) of \(species.count) atoms", "one for each atom")
    }
    guard energy.isFinite else { throw fail("energy", "\(energy)", "a finite number") }
    if let forces, forces.count != species.count {
      throw fail("forces", "\(forces.count) for \(species.count) atoms", "one for each atom")
    }
    for (key, vectors) in [("positions", positions), ("forces", forces ?? [])] {
      if let atom = vectors.firstIndex(where: { !($0.x + $0.y + $0.z).isFinite }) {
        let v = vectors[atom]
        throw fail(
          "\(key) of atom \(atom + 1)", "\(v.x) \(v.y) \(v.z)", "three finite numbers")
      }
    }
    _ = try Cell(vectors: lattice)
    return self
  }

  /// The structure in eV and angstrom.
  ///
  /// - Throws: `AtomisticsError` where the lattice is none.
  public func structure() throws -> Structure {
    let length = lengthUnit.inAngstrom
    let cell = try Cell(vectors: lattice * length)
    return Structure(
      name: name, species: species,
      positions: positions.map { areCrystal ? cell.cartesian($0) : $0 * length }, cell: cell,
      energy: energy * energyUnit.inElectronVolt,
      forces: forces?.map { $0 * (energyUnit.inElectronVolt / length) },
      perAtomQuantity: atomicEnergies?.map { $0 * energyUnit.inElectronVolt })
  }

  /// The text of an example file, in the units of the source.
  ///
  /// - Throws: `AtomisticsError` where a number is not finite.
  public func example() throws -> String {
    let atoms = try positions.indices.map { atom in
      var fields = ["\(atom + 1)", JSONText.string(species[atom])]
      fields.append(try JSONText.list(positions[atom]))
      if let forces { fields.append(try JSONText.list(forces[atom])) }
      return "[" + fields.joined(separator: ", ") + "]"
    }
    let shares =
      try atomicEnergies.map { "\n  \"per_atom_energy\": \(try JSONText.list($0))," } ?? ""
    return try """
    {
      "key": \(JSONText.string(name)),
      "source": \(JSONText.string(source)),
      "atomic_position_unit": "\(positionUnit)",
      "unit_of_length": "\(lengthUnit.rawValue)",
      "lattice_vectors": \(JSONText.list(lattice)),
      "energy": [\(JSONText.number(energy)), "\(energyUnit.rawValue)"],\(shares)
      "atoms": [
        \(atoms.joined(separator: ",\n    "))
      ]
    }

    """
  }

  private var positionUnit: String { areCrystal ? "crystal" : "cartesian" }

  /// SHA-224 of all that the example says but where it came from, as the original's `hash_key_v2`: of each
  /// atom its label, symbol, position and force, numbers in C's hexadecimal form; then energy and unit,
  /// the lattice as Python writes a list, the units of position and length, and the name.
  public var hash: String {
    func hexadecimal(_ vector: SIMD3<Double>) -> String {
      (0..<3).map { vector[$0].hexadecimal }.joined()
    }
    var text = ""
    for atom in positions.indices {
      text += "\(atom + 1)\(species[atom])\(hexadecimal(positions[atom]))"
      if let forces { text += hexadecimal(forces[atom]) }
    }
    let rows = (0..<3).map { row in
      "[" + (0..<3).map { "\(lattice[row][$0])" }.joined(separator: ", ") + "]"
    }
    text += energy.hexadecimal + energyUnit.rawValue + "[" + rows.joined(separator: ", ") + "]"
    return SHA224.hexadecimal((text + positionUnit + lengthUnit.rawValue + name).utf8)
  }
}

extension Double {
  /// The number as `float.hex` of Python writes it: `0x1.8000000000000p+1`.
  var hexadecimal: String {
    let sign = sign == .minus ? "-" : ""
    if !isFinite { return isNaN ? "nan" : "\(sign)inf" }
    if self == 0 { return "\(sign)0x0.0p+0" }
    let digits = String(significandBitPattern, radix: 16)
    let fraction = String(repeating: "0", count: 13 - digits.count) + digits
    let isNormal = exponentBitPattern != 0
    let power = isNormal ? Int(exponentBitPattern) - 1023 : -1022
    return "\(sign)0x\(isNormal ? 1 : 0).\(fraction)p\(power < 0 ? "-" : "+")\(abs(power))"
  }
}
