import Foundation

/// The HDF5 files of the ANI data sets: for each molecule the symbols of its atoms, the coordinates of all
/// conformations in angstrom and their energies in hartree; molecules without a cell.
public struct ANIFile {
  /// How a file holds what is no energy.
  public struct Arrays: Sendable {
    /// The array of forces in hartree/angstrom, nil where there are none.
    public var forces: String?
    /// Whether that holds the gradient of the energy, which points the other way.
    public var areGradients = false

    public init() {}
  }

  private let file: HDF5File
  private let path: String
  private let arrays: Arrays
  /// The molecules' groups, in the order of their names.
  public let molecules: [String]

  /// - Throws: `AtomisticsError` where libhdf5 is missing, or the file holds no molecule.
  public init(_ url: URL, arrays: Arrays = Arrays()) throws {
    file = try HDF5File(url)
    path = url.path
    self.arrays = arrays
    molecules = try file.groups(with: ["coordinates", "energies", "species"])
    guard !molecules.isEmpty else {
      throw AtomisticsError(
        file: url.path, found: "no group with coordinates, energies and species",
        allowed: "one for each molecule")
    }
  }

  /// The conformations of a molecule.
  ///
  /// - Parameter name: the beginning of their names, to which the number of the conformation is added.
  /// - Throws: `AtomisticsError` with the file and the array that does not fit.
  public func conformations(of molecule: String, name: String) throws -> [ParsedConfiguration] {
    let species = try file.texts("\(molecule)/species")
    let energies = try file.numbers("\(molecule)/energies").elements
    let positions = try vectors("\(molecule)/coordinates", energies.count, species.count)
    let forces = try arrays.forces.map {
      try vectors("\(molecule)/\($0)", energies.count, species.count)
    }
    let sign = arrays.areGradients ? -1.0 : 1
    return try energies.indices.map { index in
      let own = index * species.count..<(index + 1) * species.count
      var result = ParsedConfiguration(name: "\(name)_\(index + 1)")
      result.species = species
      result.positions = Array(positions[own])
      result.energyUnit = .hartree
      result.energy = energies[index]
      result.forces = forces.map { $0[own].map { $0 * sign } }
      do { return try result.checked() } catch let error as AtomisticsError {
        var error = error.inFile(path)
        error.key = "\(molecule), conformation \(index + 1), \(error.key ?? "")"
        throw error
      }
    }
  }

  private func vectors(_ path: String, _ count: Int, _ atoms: Int) throws -> [SIMD3<Double>] {
    let (shape, flat) = try file.numbers(path)
    guard shape == [count, atoms, 3] else {
      throw AtomisticsError(
        file: self.path, key: path, found: "the shape \(shape)",
        allowed: "[\(count), \(atoms), 3], for each energy and each of the species")
    }
    return (0..<count * atoms).map { [flat[3 * $0], flat[3 * $0 + 1], flat[3 * $0 + 2]] }
  }
}
