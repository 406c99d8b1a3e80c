import Foundation

/// The XML file of Quantum ESPRESSO's `pw.x`, versions 6.1 and later, in Hartree atomic units.
///
/// Its output has the energy and forces of the last self-consistency, but the positions and the cell that
/// atoms may have moved to since; its steps have those from before the move. Versions before 6.6 wrote steps
/// after the move, too, and forces in other units: of their runs that move atoms only the self-consistency
/// with which a relaxation of the cell ends can be used.
public enum QuantumEspressoXML {
  /// Reads a file.
  ///
  /// - Parameters:
  ///   - name: what the configuration is called; the file's name up to the first dot if nil.
  ///   - allSteps: every ionic step with its energy and forces, the final one last; else that alone.
  ///   - remark: is told of steps that are left out.
  /// - Returns: configurations that say whether self-consistency was reached.
  /// - Throws: `AtomisticsError` with the file, where there is nothing to train on and why.
  public static func read(
    _ url: URL, name: String? = nil, allSteps: Bool = false, remark: (String) -> Void = { _ in }
  ) throws -> [ParsedConfiguration] {
    do {
      return try decode(
        FileAccess.read(url), name: name ?? FileAccess.key(of: url), allSteps: allSteps,
        remark: remark)
    } catch let error as AtomisticsError {
      throw error.inFile(url.path)
    }
  }

  static func decode(
    _ data: Data, name: String, allSteps: Bool, remark: (String) -> Void = { _ in }
  ) throws -> [ParsedConfiguration] {
    let root = try XMLTreeReader.read(data)
    guard root.name == "espresso" else {
      throw AtomisticsError(found: "<\(root.name)>", allowed: "<qes:espresso>")
    }
    if let units = root.attributes["Units"], units != "Hartree atomic units" {
      throw AtomisticsError(key: "Units", found: units, allowed: "Hartree atomic units")
    }
    if root.at("general_info/creator")?.attributes["NAME"] == "CP" {
      throw AtomisticsError(
        key: "creator", found: "CP",
        allowed:
          "PWSCF; what cp.x writes does not belong together: half the forces, and positions of"
          + " the step after that of energy and forces")
    }
    guard let output = root.child("output") else {
      throw AtomisticsError(
        key: "output", found: "none", allowed: "the results of a run that ended")
    }
    return try configurations(root, output, name, allSteps: allSteps, remark: remark)
  }

  private static func configurations(
    _ root: XMLTree, _ output: XMLTree, _ name: String, allSteps: Bool, remark: (String) -> Void
  ) throws -> [ParsedConfiguration] {
    let input = root.child("input")
    let calculation = Self.calculation(input)
    let steps = root.children("step")
    let end = try configuration(output, name, input)
    let last = try steps.last.map { try configuration($0, name, input) }
    let hasStayed = last.map { haveSamePlaces(end, $0) } ?? false
    // A relaxation of the cell ends with a self-consistency for the plane waves of the last step's cell.
    let isAnother = try hasStayed && bandEnergy(output) != bandEnergy(steps.last!)
    if let version = versionOfMovedSteps(root) {
      let wrong = "the positions after the next move and wrong forces"
      guard isAnother || (last == nil && !movingCalculations.contains(calculation)) else {
        throw AtomisticsError(
          key: "creator", found: "version \(version) (calculation = \(calculation))",
          allowed:
            "6.6 or later, or a relaxation of the cell to its end: earlier versions write \(wrong)")
      }
      if allSteps && last != nil {
        remark("\(steps.count) ionic steps are left out: before version 6.6 they have \(wrong)")
      }
      return [end]
    }
    guard let last else { return [end] }
    // The output's energy may be an enthalpy, or that of a step which the optimizer went back to.
    let isSame = hasStayed && end.energy == last.energy && end.forces == last.forces
    let final = isAnother || isSame ? end : last
    guard allSteps else { return [final] }
    let earlier = isAnother ? steps : steps.dropLast()
    return try earlier.enumerated().map { index, step in
      let number = step.attributes["n_step"] ?? "\(index + 1)"
      return try configuration(step, "\(name)_step_\(number)", input)
    } + [final]
  }

  private static func calculation(_ input: XMLTree?) -> String {
    input?.at("control_variables/calculation")?.trimmedText ?? "unknown"
  }

  /// Those that move atoms.
  private static let movingCalculations: Set = ["relax", "vc-relax", "md", "vc-md"]

  /// The version that wrote a file, where that wrote steps after atoms had moved.
  private static func versionOfMovedSteps(_ root: XMLTree) -> String? {
    let version = root.at("general_info/creator")?.attributes["VERSION"]
    return version.flatMap { $0.compare("6.6", options: .numeric) == .orderedAscending ? $0 : nil }
  }

  /// The sum of the bands' energies, by which self-consistencies differ.
  private static func bandEnergy(_ element: XMLTree) throws -> Double? {
    try element.at("total_energy/eband")?.numbers(1)[0]
  }

  /// Whether cells and atoms are the same but for the last digits, as of positions that were converted to the
  /// cell's units and back.
  private static func haveSamePlaces(_ a: ParsedConfiguration, _ b: ParsedConfiguration) -> Bool {
    let tolerance = 1e-8
    return a.areCrystal == b.areCrystal && a.positions.count == b.positions.count
      && zip(a.positions, b.positions).allSatisfy { length($0 - $1) < tolerance }
      && (0..<3).allSatisfy { length(a.lattice[$0] - b.lattice[$0]) < tolerance }
  }

  private static func configuration(
    _ element: XMLTree, _ name: String, _ input: XMLTree?
  ) throws -> ParsedConfiguration {
    let calculation = Self.calculation(input)
    guard let structure = element.child("atomic_structure") else {
      throw AtomisticsError(
        key: "atomic_structure", found: "none", allowed: "the atoms of the output")
    }
    var result = ParsedConfiguration(name: name)
    (result.lengthUnit, result.energyUnit) = (.bohr, .hartree)
    try read(structure, into: &result)
    guard let etot = element.at("total_energy/etot") else {
      throw AtomisticsError(
        key: "etot", found: "none (calculation = \(calculation))", allowed: "a total energy")
    }
    result.energy = try etot.numbers(1)[0]
    // Runs without self-consistency write 0.
    guard result.energy != 0 else {
      throw AtomisticsError(
        key: "etot", found: "0 (calculation = \(calculation))", allowed: "a total energy")
    }
    result.isConverged = try isConverged(element, input?.child("electron_control"))
    if let forces = element.child("forces") {
      result.forces = try forces.vectors(result.species.count)
    }
    return try result.checked()
  }

  /// Whether self-consistency was reached. Versions before 6.4 do not say so: it was not where its error, in the
  /// unit of the input's bound, is above that, or where it took as many steps as it might.
  private static func isConverged(_ element: XMLTree, _ bounds: XMLTree?) throws -> Bool {
    let scf = element.at("convergence_info/scf_conv") ?? element.child("scf_conv")
    if let reached = scf?.child("convergence_achieved") { return reached.trimmedText != "false" }
    func number(_ key: String, of tree: XMLTree?) throws -> Double? {
      try tree?.child(key)?.numbers(1)[0]
    }
    if let error = try number("scf_error", of: scf),
      let bound = try number("conv_thr", of: bounds), error > bound
    {
      return false
    }
    if let count = try number("n_scf_steps", of: scf),
      let most = try number("max_nstep", of: bounds), count >= most
    {
      return false
    }
    return true
  }

  private static func read(
    _ structure: XMLTree, into result: inout ParsedConfiguration
  ) throws {
    let crystal = structure.child("crystal_positions")
    guard let list = structure.child("atomic_positions") ?? crystal else {
      throw AtomisticsError(
        key: "atomic_structure", found: structure.children.map(\.name).joined(separator: ", "),
        allowed: "atomic_positions, crystal_positions")
    }
    result.areCrystal = list.name == "crystal_positions"
    var places: [(index: Int, species: String, position: SIMD3<Double>)] = []
    for (number, atom) in list.children("atom").enumerated() {
      guard let species = atom.attributes["name"] else {
        throw AtomisticsError(key: "atom \(number + 1)", found: "no name", allowed: "a name")
      }
      let index = atom.attributes["index"].flatMap { Int($0) } ?? number + 1
      places.append((index, species, try atom.vectors(1)[0]))
    }
    places.sort { $0.index < $1.index }
    result.species = places.map(\.species)
    result.positions = places.map(\.position)
    if let text = structure.attributes["nat"], Int(text) != places.count {
      throw AtomisticsError(key: "atoms", found: "\(places.count)", allowed: "\(text), as nat says")
    }
    let rows = try ["a1", "a2", "a3"].map { name -> SIMD3<Double> in
      guard let row = structure.at("cell/\(name)") else {
        throw AtomisticsError(key: "cell", found: "no \(name)", allowed: "a1, a2 and a3")
      }
      return try row.vectors(1)[0]
    }
    result.lattice = Matrix3(rows[0], rows[1], rows[2])
  }
}
