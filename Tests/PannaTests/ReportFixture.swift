import Dataflow
import Foundation
import ProgramSupport
import Testing

@testable import panna

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Files as `train`, `evaluate` and `md` write them, with numbers that are easily computed by hand.
struct ReportFixture {
  let files: ProgramFixture

  init() throws { files = try ProgramFixture() }

  /// An event file of a training that begins after some steps.
  func writeEvents(
    steps: ClosedRange<Int>, wallTime: Double = 1000,
    scalars: (Int) -> [(tag: String, value: Double)]
  ) throws {
    let folder = files.url("train")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let writer = try EventWriter(folder: folder, wallTime: wallTime)
    for step in steps { try writer.write(scalars(step), step: step, wallTime: wallTime) }
    try writer.close()
  }

  func writeTraining() throws {
    try writeEvents(steps: 1...400) { step in
      [
        ("1.Losses/1.LOSS-Delta_E2", 4 / Double(step)), ("1.Losses/5.F_Loss", 2),
        ("5.Errors/2.Energy_RMSE_atom", 0.003), ("5.Errors/3.Force_RMSE", 0.25),
        ("learning_rate", 0.01),
      ]
    }
  }

  /// A training with validations, two species, and the costs of three steps.
  func writeWatchedTraining() throws {
    let folder = files.url("train")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let writer = try EventWriter(folder: folder, wallTime: 1000)
    for step in 1...20 {
      let scalars: [(tag: String, value: Double)] = [
        ("5.Errors/2.Energy_RMSE_atom", 0.004), ("5.Errors/5.Energy_MAE_atom", 0.003),
        ("2.Mean_energy/S0.C", -1), ("3.Std_energy/S0.C", 0.5), ("4.N_atoms/S0.C", 6),
        ("2.Mean_energy/S10.Si", Double(step)), ("3.Std_energy/S10.Si", 0.25),
        ("4.N_atoms/S10.Si", 2),
      ]
      try writer.write(scalars, step: step)
      if 10...12 ~= step {
        let costs = Self.costs(slowness: step == 11 ? 1 : 7)
        try writer.write(metadata: costs, tag: "step \(step)", step: step)
      }
      if step.isMultiple(of: 5) {
        // 0.005, 0.001, 0.002, 0.003.
        let error = step == 5 ? 0.005 : Double(step - 5) / 5000
        try writer.write(
          [
            ("6.Validation/2.Energy_RMSE_atom", error),
            ("6.Validation/3.Energy_MAE_atom", error / 2), ("6.Validation/4.Force_RMSE", 0.5),
          ], step: step)
      }
    }
    try writer.close()
  }

  /// Two products of 3 and 1 µs and an Exp of 1 µs, the last two side by side.
  private static func costs(slowness: Int64) -> RunMetadata {
    func step(
      _ node: String, _ operation: String, from start: Int64, for time: Int64, _ notes: String
    )
      -> RunMetadata.Step
    {
      var step = RunMetadata.Step()
      (step.node, step.label) = (node, "\(node) = \(operation)(x)\(notes)")
      (step.startNanoseconds, step.nanoseconds) = (1000 * start, 1000 * slowness * time)
      return step
    }
    return RunMetadata(devices: [
      .init(
        name: "/device:CPU:0",
        steps: [
          step("layer/b", "MatMul", from: 5, for: 1, "; 2000 flops, 500 bytes"),
          step("layer/a", "MatMul", from: 2, for: 3, "; 6000 flops, 1500 bytes"),
          step("layer/c", "Exp", from: 5, for: 1, "; 0 flops, 4000 bytes"),
        ])
    ])
  }

  /// Two diamonds off by 3 and −4 meV/atom, one liquid off by 12; forces off by 0.1, once by −1.
  func writeEvaluation(step: Int = 20) throws {
    let (energies, forces) = (Self.energies, Self.forces)
    try files.write(energies, to: "eval/\(step).dat")
    try files.write(forces, to: "eval/\(step)_forces.dat")
  }

  static let energies = """
    #filename n_atoms e_ref e_nn
    diamond_1 2 -8.0 -7.994
    diamond_2 2 -8.5 -8.508
    liquid_1 1 -4.0 -3.988
    """

  static let forces = """
    #filename atom_id fx_nn fy_nn fz_nn fx_ref fy_ref fz_ref
    diamond_1 0 0.1 0.1 0.1 0 0 0
    diamond_1 1 -0.1 -0.1 -0.1 -0.2 -0.2 -0.2
    diamond_2 0 0.1 0.1 0.1 0 0 0
    diamond_2 1 -0.1 -0.1 -0.1 -0.2 -0.2 -0.2
    liquid_1 0 0.1 0.1 -1 0 0 0
    """

  /// Four atoms whose total energy grows by `slope` eV a ps, with ±`amplitude` eV in turn.
  func writeThermo(_ name: String, slope: Double, amplitude: Double = 0, atoms: Int = 4) throws {
    var text = "# step time_fs temperature_K kinetic_eV potential_eV total_eV pressure_GPa"
    text += " atoms=\(atoms) steps=400 seed=7\n"
    for step in 0..<101 {
      let energy = -17 + slope * Double(step) / 100 + (step.isMultiple(of: 2) ? 1 : -1) * amplitude
      text +=
        "\(step) \(10 * step).0 \(step.isMultiple(of: 2) ? 299 : 301) 0.5 -17.5 \(energy) nan\n"
    }
    try files.write(text, to: name)
  }

  func writeDistribution(_ name: String, peak: Double) throws {
    let lines = (1...20).map { "\(Double($0) / 4) \($0 == 10 ? peak : 1)\n" }
    try files.write("# r_angstrom g\n" + lines.joined(), to: name)
  }

  func writeAll() throws {
    try writeTraining()
    try writeEvaluation()
    try writeThermo("sw_thermo.dat", slope: 0.004)
    try writeThermo("nn_thermo.dat", slope: 0, amplitude: 0.002)
    try writeDistribution("sw_rdf.dat", peak: 3)
    try writeDistribution("nn_rdf.dat", peak: 2.8)
  }

  static let configuration = """
    [REPORT]
    title = Silicon & <more>
    output = FOLDER/pages/study.html
    text = First line.
      Second line.
    [TRAINING]
    train_dir = FOLDER/train
    [EVALUATION]
    eval_dir = FOLDER/eval
    groups = diamond, liquid
    [ENERGY_CONSERVATION]
    Diamond, 300 K = FOLDER/sw_thermo.dat, FOLDER/nn_thermo.dat
    [RADIAL_DISTRIBUTION]
    Diamond, 300 K = FOLDER/sw_rdf.dat, FOLDER/nn_rdf.dat
    [PAPER]
    energy_rmse = 2.7
    fraction_force_above_0.3 = 0.04
    """

  /// Runs `report`, some settings replaced.
  func run(_ configuration: String = Self.configuration, set: [String] = []) throws {
    try files.write(configuration, to: "report.ini")
    let settings = set.flatMap { ["--set", $0.replacing("FOLDER", with: files.folder.path)] }
    let arguments = try Report.options.parse(["--config", files.path("report.ini")] + settings)
    try Report.run(arguments)
  }

  /// What a configuration leads to, without writing it.
  func content(_ configuration: String = Self.configuration) throws -> ReportContent {
    try files.write(configuration, to: "report.ini")
    return try ReportContent(ReportConfiguration(IniFile(path: files.path("report.ini"))))
  }

  /// Runs `report` on folders, everything it makes being in `pages`.
  func show(_ folders: String...) throws {
    let arguments = try Report.options.parse(
      folders.map { files.path($0) } + ["--output", files.path("pages/study.html")])
    try Report.run(arguments)
  }

  /// The page, read as XML.
  func page(_ name: String = "pages/study.html") throws -> XMLElement {
    let document = try XMLDocument(xmlString: files.text(name), options: [])
    return try #require(document.rootElement())
  }

  /// A number in the JSON file beside the page.
  func number(_ path: String...) throws -> Double {
    var value = try JSONSerialization.jsonObject(with: files.bytes("pages/study.json"))
    for name in path { value = try #require((value as? [String: Any])?[name], "\(path)") }
    return try #require(value as? Double, "\(path)")
  }
}

extension XMLElement {
  /// The texts of all elements of a name.
  func texts(_ name: String) throws -> [String] {
    try nodes(forXPath: "//\(name)").map { $0.stringValue ?? "" }
  }
}
