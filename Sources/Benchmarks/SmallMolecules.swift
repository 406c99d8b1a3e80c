import Atomistics
import Foundation

/// Small molecules of hydrogen, carbon, nitrogen and oxygen, by internal coordinates with usual bond
/// lengths and angles.
///
/// A line is the atoms in order, each `symbol atom distance atom angle atom dihedral` as far as there are
/// atoms before it: in angstrom and degrees, atoms counted from 1.
enum SmallMolecules {
  private static let all = [
    "methane: C; H 1 1.09; H 1 1.09 2 109.5; H 1 1.09 2 109.5 3 120; H 1 1.09 2 109.5 3 -120",
    "ammonia: N; H 1 1.01; H 1 1.01 2 107; H 1 1.01 2 107 3 115",
    "water: O; H 1 0.96; H 1 0.96 2 104.5",
    "ethane: C; C 1 1.53; H 1 1.09 2 111; H 1 1.09 2 111 3 120; H 1 1.09 2 111 3 -120; "
      + "H 2 1.09 1 111 3 60; H 2 1.09 1 111 3 180; H 2 1.09 1 111 3 -60",
    "ethylene: C; C 1 1.33; H 1 1.08 2 121; H 1 1.08 2 121 3 180; H 2 1.08 1 121 3 0; "
      + "H 2 1.08 1 121 3 180",
    "acetylene: C; H 1 1.06; C 1 1.2 2 180; H 3 1.06 1 179.9 2 0",
    "methanol: C; O 1 1.42; H 2 0.96 1 108; H 1 1.09 2 107 3 180; H 1 1.09 2 111 3 60; "
      + "H 1 1.09 2 111 3 -60",
    "formaldehyde: C; O 1 1.21; H 1 1.1 2 122; H 1 1.1 2 122 3 180",
    "formic acid: C; O 1 1.2; O 1 1.34 2 125; H 1 1.1 2 124 3 180; H 3 0.97 1 107 2 0",
    "methylamine: C; N 1 1.47; H 2 1.01 1 111; H 2 1.01 1 111 3 118; H 1 1.09 2 114 3 61; "
      + "H 1 1.09 2 109 3 180; H 1 1.09 2 109 3 -60",
    "acetonitrile: C; C 1 1.46; H 1 1.09 2 110; H 1 1.09 2 110 3 120; H 1 1.09 2 110 3 -120; "
      + "N 2 1.16 1 179.9 3 0",
    "dimethyl ether: O; C 1 1.41; C 1 1.41 2 112; H 2 1.09 1 107 3 180; H 2 1.09 1 111 3 60; "
      + "H 2 1.09 1 111 3 -60; H 3 1.09 1 107 2 180; H 3 1.09 1 111 2 60; H 3 1.09 1 111 2 -60",
    "propane: C; C 1 1.53; C 1 1.53 2 112; H 1 1.09 2 109 3 121; H 1 1.09 2 109 3 -121; "
      + "H 2 1.09 1 111 3 180; H 2 1.09 1 111 3 60; H 2 1.09 1 111 3 -60; H 3 1.09 1 111 2 180; "
      + "H 3 1.09 1 111 2 60; H 3 1.09 1 111 2 -60",
    "acetaldehyde: C; O 1 1.21; C 1 1.5 2 124; H 1 1.11 2 120 3 180; H 3 1.09 1 110 2 0; "
      + "H 3 1.09 1 110 2 121; H 3 1.09 1 110 2 -121",
    "formamide: C; O 1 1.22; N 1 1.36 2 125; H 1 1.1 2 123 3 180; H 3 1 1 119 2 0; H 3 1 1 121 2 180",
    "acetic acid: C; O 1 1.21; O 1 1.36 2 122; C 1 1.5 2 126 3 180; H 3 0.97 1 106 2 0; "
      + "H 4 1.09 1 110 2 0; H 4 1.09 1 110 2 121; H 4 1.09 1 110 2 -121",
    "hydrazine: N; N 1 1.45; H 1 1.02 2 108; H 1 1.02 2 112 3 117; H 2 1.02 1 108 3 91; "
      + "H 2 1.02 1 112 3 -152",
    "ethanol: C; C 1 1.51; O 2 1.43 1 108; H 3 0.96 2 108 1 180; H 2 1.1 1 110 3 120; "
      + "H 2 1.1 1 110 3 -120; H 1 1.09 2 110 3 180; H 1 1.09 2 110 3 60; H 1 1.09 2 110 3 -60",
    "benzene: C; C 1 1.395; C 2 1.395 1 120; C 3 1.395 2 120 1 0; C 4 1.395 3 120 2 0; "
      + "C 5 1.395 4 120 3 0; H 1 1.08 2 120 3 180; H 2 1.08 3 120 4 180; H 3 1.08 4 120 5 180; "
      + "H 4 1.08 5 120 6 180; H 5 1.08 6 120 1 180; H 6 1.08 1 120 2 180",
    "acetone: C; O 1 1.21; C 1 1.52 2 122; C 1 1.52 2 122 3 180; H 3 1.09 1 110 2 0; "
      + "H 3 1.09 1 110 2 121; H 3 1.09 1 110 2 -121; H 4 1.09 1 110 2 0; H 4 1.09 1 110 2 121; "
      + "H 4 1.09 1 110 2 -121",
    "hydrogen cyanide: C; N 1 1.16; H 1 1.07 2 180",
    "carbon dioxide: C; O 1 1.16; O 1 1.16 2 180",
    "hydrogen peroxide: O; O 1 1.46; H 1 0.97 2 100; H 2 0.97 1 100 3 112",
    "propyne: C; C 1 1.2; H 1 1.06 2 179.9; C 2 1.46 1 179.9 3 0; H 4 1.09 2 111 3 0; "
      + "H 4 1.09 2 111 3 120; H 4 1.09 2 111 3 -120",
  ]

  /// The molecules in turn, `count` of them, every coordinate moved by up to 0.05 Å.
  static func structures(_ count: Int) -> [Structure] {
    let molecules = all.map(structure)
    let jitter = CounterStream(21)
    var place = 0
    return (0..<count).map { index in
      var molecule = molecules[index % molecules.count]
      molecule.name = "\(molecule.name.split(separator: " ").joined(separator: "_"))_\(index)"
      for atom in molecule.positions.indices {
        for c in 0..<3 {
          molecule.positions[atom][c] += 0.05 * Double(jitter.signed(place))
          place += 1
        }
      }
      return molecule
    }
  }

  private static func structure(_ line: String) -> Structure {
    let parts = line.split(separator: ":")
    var structure = Structure(name: String(parts[0]), species: [], positions: [])
    for atom in parts[1].split(separator: ";") {
      let words = atom.split(separator: " ").map(String.init)
      structure.species.append(words[0])
      structure.positions.append(place(words.dropFirst().map { Double($0)! }, structure.positions))
    }
    return structure
  }

  /// Where an atom is by its distance, angle and dihedral to others.
  private static func place(_ numbers: [Double], _ others: [SIMD3<Double>]) -> SIMD3<Double> {
    func other(_ index: Int) -> SIMD3<Double> { others[Int(numbers[index]) - 1] }
    guard numbers.count > 1 else { return .zero }
    guard numbers.count > 3 else { return other(0) + SIMD3(numbers[1], 0, 0) }
    let angle = numbers[3] * .pi / 180
    let axis = unit(other(2) - other(0))
    let beside = numbers.count > 5 ? other(4) - other(2) : SIMD3(0, 1, 0)
    let normal = unit(cross(axis, beside))
    let away = cross(normal, axis)
    let dihedral = numbers.count > 5 ? numbers[5] * .pi / 180 : 0
    return other(0)
      + numbers[1]
      * (cos(angle) * axis + sin(angle) * (cos(dihedral) * away + sin(dihedral) * normal))
  }

  private static func cross(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> SIMD3<Double> {
    SIMD3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
  }

  private static func unit(_ v: SIMD3<Double>) -> SIMD3<Double> { v / (v * v).sum().squareRoot() }
}
