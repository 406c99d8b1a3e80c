import Foundation

/// The XML file of Quantum ESPRESSO's `pw.x`, versions 6.1 and later, in Hartree atomic units.
public enum QuantumEspressoXML {
  /// Reads a file.
  ///
  /// - Parameters:
  ///   - name: what the configuration is called; the file's name up to the first dot if nil.
  ///   - allSteps: every ionic step with its energy and forces, the final one last; else that alone.
  /// - Returns: configurations that say whether self-consistency was reached.
  /// - Throws: `AtomisticsError` with the file, where there is nothing to train on and why.
  public static func read(
    _ url: URL, name: String? = nil, allSteps: Bool = false
  ) throws -> [ParsedConfiguration] {
    do {
      return try decode(
        FileAccess.read(url), name: name ?? FileAccess.key(of: url), allSteps: allSteps)
    } catch let error as AtomisticsError {
      throw error.inFile(url.path)
    }
  }

  static func decode(_ data: Data, name: String, allSteps: Bool) throws -> [ParsedConfiguration] {
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
    let calculation = root.at("input/control_variables/calculation")?.text ?? "unknown"
    let final = try configuration(output, name, calculation)
    guard allSteps else { return [final] }
    var steps = try root.children("step").enumerated().map { index, step in
      let number = step.attributes["n_step"] ?? "\(index + 1)"
      return try configuration(step, "\(name)_step_\(number)", calculation)
    }
    // The last step is often what the run ended with.
    if var last = steps.last {
      last.name = final.name
      if last == final { steps.removeLast() }
    }
    return steps + [final]
  }

  private static func configuration(
    _ element: XMLTree, _ name: String, _ calculation: String
  ) throws -> ParsedConfiguration {
    guard let structure = element.child("atomic_structure") else {
      throw AtomisticsError(
        key: "atomic_structure", found: "none", allowed: "the atoms of the output")
    }
    let trimmed = { (text: String) in text.trimmingCharacters(in: .whitespacesAndNewlines) }
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
    let scf = element.at("convergence_info/scf_conv") ?? element.child("scf_conv")
    if let reached = scf?.child("convergence_achieved") {
      result.isConverged = trimmed(reached.text) != "false"
    }
    if let forces = element.child("forces") {
      result.forces = try forces.vectors(result.species.count)
    }
    return try result.checked()
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
