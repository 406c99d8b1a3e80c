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

  /// Reads a file, plain or in gzip's form; a step that was not finished is left out, or whose numbers are none,
  /// one that took as many electronic steps as it might (NELM) has not converged.
  ///
  /// - Parameter remark: is told how many steps cannot be read, and why the first cannot.
  /// - Throws: `AtomisticsError` with the file, where there is no good step.
  public static func read(
    _ url: URL, energy: Energy = .withoutEntropy, remark: (String) -> Void = { _ in }
  ) throws -> [ParsedConfiguration] {
    do {
      let data = try FileAccess.readUncompressed(url)
      return try decode(data, name: FileAccess.key(of: url), energy, remark: remark)
    } catch let error as AtomisticsError {
      throw error.inFile(url.path)
    }
  }

  static func decode(
    _ data: Data, name: String, _ kind: Energy, remark: (String) -> Void = { _ in }
  ) throws -> [ParsedConfiguration] {
    var species: [String] = []
    var steps: [ParsedConfiguration] = []
    var ownEnergies: [OwnEnergy?] = []
    var bad = LeftOut()
    var settings = Settings()
    var ending: (any Error)?
    do {
      let wanted: Set = [
        "incar", "atominfo", "parameters", "calculation", "kpoints", "dos", "eigenvalues",
        "projected",
      ]
      _ = try XMLTreeReader.read(data, wanted: wanted) { element in
        switch element.name {
        case "atominfo": species = try self.species(element)
        case "incar", "parameters": try settings.take(element)
        case "calculation":
          let count = steps.count + bad.count + 1
          do {
            var (step, own) = try step(element, species, "\(name)_\(number(count))", kind, settings)
            // VASP goes on after the last electronic step that it may take, whatever it has reached.
            step.isConverged = element.children("scstep").count < settings.mostElectronicSteps
            steps.append(step)
            ownEnergies.append(own)
          } catch let error as AtomisticsError {
            bad.add(error, "step \(count)")
          }
        default: break
        }
      }
    } catch let error as AtomisticsError where error.found == XMLTreeReader.ending {
      // The file of a run that was interrupted ends within a step.
      ending = error
    }
    if steps.isEmpty {
      throw bad.first ?? ending
        ?? AtomisticsError(key: "calculation", found: "none", allowed: "an ionic step")
    }
    if let line = bad.remark(of: steps.count + bad.count, "ionic steps") { remark(line) }
    // One step alone might be plain by chance, where a correction is as large as the work.
    if ownEnergies.contains(where: { $0?.isPlain == false }) {
      for case (let index, let own?) in zip(steps.indices, ownEnergies) where own.work != 0 {
        steps[index].energy = rounded(steps[index].energy - own.work)
      }
    }
    return steps
  }

  /// What is to be known of the energy of a step that says one itself.
  private struct OwnEnergy {
    /// The work of the pressure PSTRESS, which makes it an enthalpy.
    let work: Double
    /// Whether it is the last electronic step's, which has no work in it.
    let isPlain: Bool
  }

  private static func rounded(_ energy: Double) -> Double { (energy * 1e8).rounded() / 1e8 }

  static func number(_ count: Int) -> String { String(format: "%06d", count) }

  /// The atoms' symbols, which some versions of VASP cut (`r ` for Zr): then what their potential is called
  /// has all of it.
  private static func species(_ info: XMLTree) throws -> [String] {
    func rows(_ name: String) -> [[String]]? {
      info.child("array", named: name)?.child("set")?.children("rc").map {
        $0.children.map(\.trimmedText)
      }
    }
    guard let atoms = rows("atoms") else {
      throw AtomisticsError(key: "atominfo", found: "no array of atoms", allowed: "one")
    }
    // 2, Zr, 91.224, 4, PAW_PBE Zr 08Apr2002
    let potentials = (rows("atomtypes") ?? []).map { type -> String in
      let words = (type.last ?? "").split(separator: " ")
      return words.count > 1 ? String(words[1].prefix(while: \.isLetter)) : ""
    }
    return try atoms.enumerated().map { index, atom in
      let symbol = atom.first ?? ""
      if Elements.number(of: symbol) != nil { return symbol }
      if let type = atom.dropFirst().first.flatMap({ Int($0) }),
        potentials.indices.contains(type - 1), Elements.number(of: potentials[type - 1]) != nil,
        potentials[type - 1].contains(symbol)
      {
        return potentials[type - 1]
      }
      // Other names may be meant.
      guard symbol.first?.isUppercase == true else {
        throw AtomisticsError(
          key: "species of atom \(index + 1)", found: "\"\(symbol)\"",
          allowed:
            "an element's symbol, or a part of it and the whole in its type's pseudopotential")
      }
      return symbol
    }
  }

  /// What the file says of the calculation before its steps.
  private struct Settings {
    /// NELM, without a bound where one step is all that was wanted.
    private(set) var mostElectronicSteps = Int.max
    /// PSTRESS, in kB.
    private(set) var pressure = 0.0

    /// Takes what `parameters` says, and before it `incar`, which has no groups.
    mutating func take(_ element: XMLTree) throws {
      let electronic = element.child("separator", named: "electronic")
      let count = try electronic?.child("separator", named: "electronic convergence")?
        .child("i", named: "NELM")?.numbers(1)[0]
      mostElectronicSteps =
        count.flatMap { Int(exactly: $0) }.flatMap { $0 > 1 ? $0 : nil } ?? .max
      let ionic = element.child("separator", named: "ionic") ?? element
      pressure = try ionic.child("i", named: "PSTRESS")?.numbers(1)[0] ?? pressure
    }

    /// The energy in eV that the pressure takes to make room for the cell, in VASP's own units: there an
    /// electron volt is 1.60217733e-19 J.
    func work(on lattice: Matrix3) -> Double { pressure * abs(lattice.determinant) / 1602.17733 }
  }

  private static func step(
    _ element: XMLTree, _ species: [String], _ name: String, _ kind: Energy,
    _ settings: Settings
  ) throws -> (ParsedConfiguration, OwnEnergy?) {
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
    let (energy, own) = try energy(element, kind, work: settings.work(on: result.lattice))
    result.energy = energy
    if let forces = element.child("varray", named: "forces") {
      result.forces = try rows(forces, "forces")
    }
    return (try result.checked(), own)
  }

  /// The energy of an ionic step.
  ///
  /// The step itself has the free energy, with what is added after self-consistency (van der Waals
  /// corrections), but under the name of the extrapolated energy another number, as a rule 0; how the
  /// others differ from the free energy is what the last electronic step says.
  ///
  /// - Parameter work: that of the pressure PSTRESS, which is in the step's own energies.
  private static func energy(
    _ element: XMLTree, _ kind: Energy, work: Double
  ) throws -> (energy: Double, own: OwnEnergy?) {
    func number(_ energies: XMLTree?, _ kind: Energy) throws -> Double? {
      try energies?.child("i", named: kind.rawValue)?.numbers(1)[0]
    }
    let (own, electronic) = (
      element.child("energy"), element.children("scstep").last?.child("energy")
    )
    let (free, electronicFree) = (try number(own, .free), try number(electronic, .free))
    let known = own.map { _ in
      let difference = free.flatMap { free in electronicFree.map { abs(free - $0) } }
      return OwnEnergy(work: work, isPlain: (difference ?? .infinity) < min(0.005, abs(work) / 2))
    }
    if let free, kind != .free, let electronicFree, let other = try number(electronic, kind) {
      return (rounded(free + (other - electronicFree)), known)
    }
    guard
      let energy = kind == .extrapolated && own != nil ? nil : try number(own ?? electronic, kind)
    else {
      throw AtomisticsError(
        key: kind.rawValue, found: "none", allowed: "an energy of the last electronic step")
    }
    return (energy, known)
  }

  private static func rows(_ array: XMLTree?, _ key: String) throws -> [SIMD3<Double>] {
    guard let array else { throw AtomisticsError(key: key, found: "none", allowed: "rows") }
    return try array.children("v").map { row in
      do { return try row.vectors(1)[0] } catch var error as AtomisticsError {
        error.key = key
        throw error
      }
    }
  }
}
