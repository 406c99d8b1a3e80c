import Foundation

/// The HDF5 files of the ANI data sets: groups of conformations with as many atoms, which are a molecule's (ANI-1), a
/// formula's (ANI-1x) or any of that many atoms (ANI-2x), with coordinates in angstrom and energies in hartree,
/// without a cell.
///
/// The species are `species` or `atomic_numbers`, symbols or atomic numbers, those of the group or of each
/// conformation.
public struct ANIFile {
  /// What a file calls energies and forces.
  public struct Arrays: Sendable {
    /// The array of energies, nil for the first of `usualEnergies` that is there.
    public var energies: String?
    /// The array of forces in hartree/angstrom, nil where there are none.
    public var forces: String?
    /// Whether that holds the gradient of the energy, which points the other way.
    public var areGradients = false

    public init() {}

    /// What energies are called in ANI-1 and ANI-2x, and in ANI-1x where all conformations have them.
    public static let usualEnergies = ["energies", "wb97x_dz.energy"]
    static let species = ["species", "atomic_numbers"]
  }

  private let file: HDF5File
  private let path: String
  private let arrays: Arrays
  /// The groups of conformations, in the order of their names.
  public let molecules: [String]

  /// - Throws: `AtomisticsError` where libhdf5 is missing, or the file holds no molecule.
  public init(_ url: URL, arrays: Arrays = Arrays()) throws {
    file = try HDF5File(url)
    path = url.path
    self.arrays = arrays
    let energies = arrays.energies.map { [$0] } ?? Arrays.usualEnergies
    molecules = try file.groups { names in
      names.contains("coordinates")
        && [energies, Arrays.species].allSatisfy { usual in
          usual.contains(where: names.contains)
        }
    }
    guard !molecules.isEmpty else {
      throw AtomisticsError(
        file: url.path,
        found: "no group with coordinates, \(energies.joined(separator: " or ")), and"
          + " \(Arrays.species.joined(separator: " or "))",
        allowed: "one for each molecule, or the energies' name")
    }
  }

  /// The conformations of a molecule.
  ///
  /// - Parameters:
  ///   - name: the beginning of their names, to which the number of the conformation is added.
  ///   - leftOut: counts those with anything that is no number, as where a method was not applied to all.
  /// - Throws: `AtomisticsError` with the file and the array that does not fit.
  public func conformations(
    of molecule: String, name: String, leftOut: inout LeftOut
  ) throws -> [ParsedConfiguration] {
    let names = try file.members(of: molecule)
    func first(_ usual: [String]) -> String {
      "\(molecule)/\(usual.first(where: names.contains) ?? usual[0])"
    }
    let energies = try file.numbers(first(arrays.energies.map { [$0] } ?? Arrays.usualEnergies))
      .elements
    guard !energies.isEmpty else { return [] }
    let coordinates = try file.numbers("\(molecule)/coordinates")
    let species = try species(first(Arrays.species), energies.count, coordinates.shape)
    let count = species[0].count
    let positions = try vectors("coordinates", coordinates, energies.count, count, molecule)
    let forces = try arrays.forces.map {
      try vectors($0, file.numbers("\(molecule)/\($0)"), energies.count, count, molecule)
    }
    let sign = arrays.areGradients ? -1.0 : 1
    var found: [ParsedConfiguration] = []
    for index in energies.indices {
      let own = index * count..<(index + 1) * count
      var result = ParsedConfiguration(name: "\(name)_\(index + 1)")
      result.species = species[species.count == 1 ? 0 : index]
      result.positions = Array(positions[own])
      result.energyUnit = .hartree
      result.energy = energies[index]
      result.forces = forces.map { $0[own].map { $0 * sign } }
      do { found.append(try result.checked()) } catch let error as AtomisticsError {
        var error = error.inFile(path)
        error.key = "\(molecule), conformation \(index + 1), \(error.key ?? "")"
        leftOut.add(error)
      }
    }
    return found
  }

  /// The species of each conformation, or once of all.
  private func species(_ path: String, _ count: Int, _ coordinates: [Int]) throws -> [[String]] {
    let flat = try file.holdsTexts(path) ? file.texts(path) : symbols(path)
    guard coordinates.count == 3, coordinates[1] > 0, flat.count != coordinates[1],
      flat.count == count * coordinates[1]
    else { return [flat] }
    return stride(from: 0, to: flat.count, by: coordinates[1]).map {
      Array(flat[$0..<$0 + coordinates[1]])
    }
  }

  private func symbols(_ path: String) throws -> [String] {
    try file.numbers(path).elements.map { number in
      guard let number = Int(exactly: number), (1...Elements.symbols.count).contains(number) else {
        throw AtomisticsError(
          file: self.path, key: path, found: "\(number)",
          allowed: "atomic numbers from 1 to \(Elements.symbols.count), or symbols")
      }
      return Elements.symbols[number - 1]
    }
  }

  private func vectors(
    _ name: String, _ array: (shape: [Int], elements: [Double]), _ count: Int, _ atoms: Int,
    _ molecule: String
  ) throws -> [SIMD3<Double>] {
    let (shape, flat) = array
    guard shape == [count, atoms, 3] else {
      throw AtomisticsError(
        file: path, key: "\(molecule)/\(name)", found: "the shape \(shape)",
        allowed: "[\(count), \(atoms), 3], for each energy and each of the species")
    }
    return (0..<count * atoms).map { [flat[3 * $0], flat[3 * $0 + 1], flat[3 * $0 + 2]] }
  }
}
