import Dataflow
import Foundation

/// What is written of a simulation, how often and where.
public struct SimulationOutput: Sendable, Equatable {
  /// The folder of all files.
  public var folder: URL
  /// Every how many steps a line of `NAME_thermo.dat` is written; 0 for never.
  public var thermoEvery = 0
  /// Every how many steps a frame of `NAME.xyz`.
  public var trajectoryEvery = 0
  /// Every how many steps a file `NAME_<step>.example`.
  public var exampleEvery = 0
  /// Every how many steps a structure counts for `NAME_rdf.dat`.
  public var distributionEvery = 0
  /// The end of the radial distribution function in angstrom.
  public var distributionMaximum = 8.0
  /// The bins of the radial distribution function.
  public var distributionBins = 200

  /// Nothing is written yet; the properties say what is.
  public init(folder: URL) { self.folder = folder }

  /// The files that a simulation of this name and length leaves.
  public func files(of name: String, steps: Int) -> [URL] {
    var files: [URL] = []
    if exampleEvery > 0 {
      files += stride(from: exampleEvery, through: steps, by: exampleEvery).map {
        example(of: name, step: $0)
      }
    }
    if trajectoryEvery > 0 { files.append(trajectory(of: name)) }
    if distributionEvery > 0 { files.append(distribution(of: name)) }
    if thermoEvery > 0 { files.append(thermo(of: name)) }
    return files
  }

  /// The examples of an earlier simulation of this name, where there will be new ones, and all files of one that ended
  /// early: they would be taken for a part of what comes now.
  public func remains(of name: String) -> [URL] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    let examples = (exampleEvery > 0 ? names : []).filter { isExample($0, of: name) }
    return (Self.early(name).flatMap(grown) + examples.map(folder.appendingPathComponent))
      .filter { FileManager.default.fileExists(atPath: $0.path) }
  }

  /// Removes what remains of an earlier simulation; its other files are replaced when the new one is complete.
  func removeRemains(of name: String) throws {
    for file in remains(of: name) { try FileManager.default.removeItem(at: file) }
  }

  /// Removes the hidden files of simulations of this name that were killed.
  func removeHidden(of name: String) {
    let grown = Set(([name] + Self.early(name)).flatMap(grown).map(\.lastPathComponent))
    AtomicFile.removeRemains(in: folder) { grown.contains($0) || isExample($0, of: name) }
  }

  /// The names of what simulations leave that end early.
  private static func early(_ name: String) -> [String] {
    ["stopped", "failed"].map { "\(name)_\($0)" }
  }

  private func grown(_ name: String) -> [URL] {
    [thermo(of: name), trajectory(of: name), distribution(of: name)]
  }

  private func isExample(_ file: String, of name: String) -> Bool {
    guard file.hasPrefix("\(name)_"), file.hasSuffix(".example") else { return false }
    let step = file.dropFirst(name.count + 1).dropLast(".example".count)
    return step.count >= 7 && step.allSatisfy { ("0"..."9").contains($0) }
  }

  /// The thermodynamic lines of a simulation.
  package func thermo(of name: String) -> URL {
    folder.appendingPathComponent("\(name)_thermo.dat")
  }

  func trajectory(of name: String) -> URL { folder.appendingPathComponent("\(name).xyz") }

  func distribution(of name: String) -> URL { folder.appendingPathComponent("\(name)_rdf.dat") }

  func example(of name: String, step: Int) -> URL {
    let digits = "\(step)"
    let zeros = String(repeating: "0", count: max(0, 7 - digits.count))
    return folder.appendingPathComponent("\(name)_\(zeros)\(digits).example")
  }
}

/// Writes the files of one simulation; those that grow appear when it is finished.
///
/// Thermodynamic lines and frames begin with the structure the recorder is made with, step 0;
/// examples and the radial distribution function with the first of their steps.
public final class SimulationRecorder {
  private let name: String
  private let output: SimulationOutput
  /// The simulation's step when recording began.
  private let start: Int
  private let thermo: GrowingTextFile?
  private let trajectory: GrowingTextFile?
  private var distribution: RadialDistribution

  /// Begins the files and records step 0.
  ///
  /// - Parameter remark: what the first thermodynamic line is to say beside the columns and the number of atoms.
  /// - Precondition: for a radial distribution function the structure is periodic in all directions.
  /// - Throws: `FormatError` when a file cannot be created.
  public init(
    _ name: String, _ output: SimulationOutput, of simulation: MolecularDynamics,
    remark: String = ""
  ) throws {
    self.name = name
    self.output = output
    start = simulation.step
    output.removeHidden(of: name)
    thermo = output.thermoEvery > 0 ? try GrowingTextFile(output.thermo(of: name)) : nil
    trajectory = output.trajectoryEvery > 0 ? try GrowingTextFile(output.trajectory(of: name)) : nil
    distribution = RadialDistribution(
      maximum: output.distributionMaximum, bins: output.distributionBins)
    if output.distributionEvery > 0 { try distribution.check(simulation.structure) }
    try output.removeRemains(of: name)
    try thermo?.write(
      "# step time_fs temperature_K kinetic_eV potential_eV total_eV pressure_GPa"
        + " atoms=\(simulation.masses.count)" + (remark.isEmpty ? "" : " \(remark)") + "\n")
    try thermo?.write(line(simulation))
    try trajectory?.write(ExtendedXYZ.encode(named(simulation, 0)))
  }

  /// Records what is due at the simulation's present step.
  ///
  /// - Throws: `AtomisticsError` or `FormatError` when a file cannot be written.
  public func record(_ simulation: MolecularDynamics) throws {
    let step = simulation.step - start
    func isDue(_ every: Int) -> Bool { every > 0 && step % every == 0 }
    if isDue(output.thermoEvery) { try thermo?.write(line(simulation)) }
    if isDue(output.trajectoryEvery) {
      try trajectory?.write(ExtendedXYZ.encode(named(simulation, step)))
    }
    if isDue(output.exampleEvery) { try writeExample(simulation, step) }
    if isDue(output.distributionEvery) { try distribution.add(simulation.structure) }
  }

  /// Completes the files; the thermodynamic lines are the last to appear.
  ///
  /// - Throws: `AtomisticsError` or `FormatError` when a file cannot be written.
  public func finish() throws {
    try trajectory?.finish()
    try writeDistribution(name)
    try thermo?.finish()
  }

  /// Ends the files before the simulation has come to its end.
  ///
  /// - Parameter other: the name that they get instead of the simulation's.
  /// - Throws: the first error where some cannot be written, or not all that was recorded; the others are there.
  public func finish(as other: String) throws {
    let results = [
      Result { try trajectory?.finish(as: output.trajectory(of: other)) },
      Result { try writeDistribution(other) },
      Result { try thermo?.finish(as: output.thermo(of: other)) },
    ]
    for result in results { try result.get() }
  }

  private func writeDistribution(_ name: String) throws {
    guard output.distributionEvery > 0 else { return }
    let lines = zip(distribution.distances, distribution.values).map { "\($0) \($1)\n" }
    try FileAccess.write(
      Data(("# r_angstrom g\n" + lines.joined()).utf8), to: output.distribution(of: name))
  }

  private func line(_ simulation: MolecularDynamics) -> String {
    let thermo = simulation.thermo
    let step = simulation.step - start
    let numbers = [
      Double(step) * simulation.timeStep, thermo.temperature, thermo.kinetic, thermo.potential,
      thermo.total, all(simulation.structure.cell.periodic) ? thermo.pressure : .nan,
    ]
    return "\(step) " + numbers.map { String(format: "%.9f", $0) }.joined(separator: " ") + "\n"
  }

  private func named(_ simulation: MolecularDynamics, _ step: Int) -> Structure {
    var structure = simulation.structure
    structure.name = "\(name)_\(step)"
    structure.perAtomQuantity = nil
    return structure
  }

  /// Atoms are wrapped into the cell: readers may look for neighbours in the nearest cells alone.
  private func writeExample(_ simulation: MolecularDynamics, _ step: Int) throws {
    var structure = named(simulation, step)
    structure.positions = structure.positions.map(structure.cell.wrapped)
    try ExampleFile.write(structure, to: output.example(of: name, step: step))
  }
}
