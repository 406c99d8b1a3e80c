import Foundation

/// The `vasprun.xml` of VASP: every ionic step, in eV and angstrom, positions in units of the cell.
public enum VaspXML {
  /// Which of VASP's energies is taken.
  public enum Energy: String, Sendable, CaseIterable {
    /// Without the electrons' entropy, as the original takes it.
    case withoutEntropy = "e_wo_entrp"
    /// The free energy, of which the forces are derivatives.
    case free = "e_fr_energy"
    /// Extrapolated to no smearing.
    case extrapolated = "e_0_energy"
  }

  /// Reads a file, plain or in gzip's form; a step that was not finished is left out, one that took as many
  /// electronic steps as it might (NELM) has not converged.
  ///
  /// - Throws: `AtomisticsError` with the file, where there is no finished step.
  public static func read(
    _ url: URL, energy: Energy = .withoutEntropy
  ) throws -> [ParsedConfiguration] {
    do {
      return try decode(FileAccess.readUncompressed(url), name: FileAccess.key(of: url), energy)
    } catch let error as AtomisticsError {
      throw error.inFile(url.path)
    }
  }

  static func decode(_ data: Data, name: String, _ kind: Energy) throws -> [ParsedConfiguration] {
    var species: [String] = []
    var steps: [ParsedConfiguration] = []
    var mostElectronicSteps = Int.max
    var ending: (any Error)?
    do {
      let wanted: Set = [
        "atominfo", "parameters", "calculation", "kpoints", "dos", "eigenvalues", "projected",
      ]
      _ = try XMLTreeReader.read(data, wanted: wanted) { element in
        switch element.name {
        case "atominfo": species = try self.species(element)
        case "parameters": mostElectronicSteps = try self.mostElectronicSteps(element)
        case "calculation":
          var step = try step(element, species, "\(name)_\(number(steps.count + 1))", kind)
          // VASP goes on after the last electronic step that it may take, whatever it has reached.
          step.isConverged = element.children("scstep").count < mostElectronicSteps
          steps.append(step)
        default: break
        }
      }
    } catch let error as AtomisticsError where error.found == XMLTreeReader.ending {
      // The file of a run that was interrupted ends within a step.
      ending = error
    }
    if steps.isEmpty {
      throw ending ?? AtomisticsError(key: "calculation", found: "none", allowed: "an ionic step")
    }
    return steps
  }

  static func number(_ count: Int) -> String { String(format: "%06d", count) }

  private static func species(_ info: XMLTree) throws -> [String] {
    guard let rows = info.child("array", named: "atoms")?.child("set")?.children("rc") else {
      throw AtomisticsError(key: "atominfo", found: "no array of atoms", allowed: "one")
    }
    return rows.map { $0.children.first?.trimmedText ?? "" }
  }

  /// NELM, without a bound where one step is all that was wanted.
  private static func mostElectronicSteps(_ parameters: XMLTree) throws -> Int {
    let electronic = parameters.child("separator", named: "electronic")
    let count = try electronic?.child("separator", named: "electronic convergence")?
      .child("i", named: "NELM")?.numbers(1)[0]
    return count.flatMap { Int(exactly: $0) }.flatMap { $0 > 1 ? $0 : nil } ?? .max
  }

  private static func step(
    _ element: XMLTree, _ species: [String], _ name: String, _ kind: Energy
  ) throws -> ParsedConfiguration {
    var result = ParsedConfiguration(name: name)
    result.species = species
    result.areCrystal = true
    guard let structure = element.child("structure") else {
      throw AtomisticsError(key: "structure of \(name)", found: "none", allowed: "the ions' places")
    }
    result.positions = try rows(structure.child("varray", named: "positions"), "positions")
    let basis = try rows(structure.child("crystal")?.child("varray", named: "basis"), "basis")
    guard basis.count == 3 else {
      throw AtomisticsError(key: "basis", found: "\(basis.count) rows", allowed: "3 rows")
    }
    result.lattice = Matrix3(basis[0], basis[1], basis[2])
    result.energy = try energy(element, kind)
    if let forces = element.child("varray", named: "forces") {
      result.forces = try rows(forces, "forces")
    }
    return try result.checked()
  }

  /// The energy of an ionic step.
  ///
  /// The step itself has the free energy, with what is added after self-consistency (van der Waals
  /// corrections), but under the name of the extrapolated energy another number, as a rule 0; how the
  /// others differ from the free energy is what the last electronic step says.
  private static func energy(_ element: XMLTree, _ kind: Energy) throws -> Double {
    func number(_ energies: XMLTree?, _ kind: Energy) throws -> Double? {
      try energies?.child("i", named: kind.rawValue)?.numbers(1)[0]
    }
    let (own, electronic) = (
      element.child("energy"), element.children("scstep").last?.child("energy")
    )
    if let free = try number(own, .free), kind != .free,
      let electronicFree = try number(electronic, .free), let other = try number(electronic, kind)
    {
      let digits = 1e8
      return ((free + (other - electronicFree)) * digits).rounded() / digits
    }
    let known = kind == .extrapolated && own != nil ? nil : try number(own ?? electronic, kind)
    guard let known else {
      throw AtomisticsError(
        key: kind.rawValue, found: "none", allowed: "an energy of the last electronic step")
    }
    return known
  }

  private static func rows(_ array: XMLTree?, _ key: String) throws -> [SIMD3<Double>] {
    guard let array else { throw AtomisticsError(key: key, found: "none", allowed: "rows") }
    return try array.children("v").map { try $0.vectors(1)[0] }
  }
}
