import AtomicNetworks
import Atomistics
import Foundation
import ProgramSupport
import Testing

@testable import panna

/// The usage example of the paper (section 4) from the first program to the last, with its own input
/// files; only paths differ. The molecule is the paper's, others are made of it.
@Suite(.timeLimit(.minutes(20))) struct PaperExampleTests {
  private let fixture: ProgramFixture

  init() throws { fixture = try ProgramFixture() }

  private static let water: [SIMD3<Double>] = [
    [-3.103910095932729e-18, 1.972216586331875e-3, 1.829760905993973e-1],
    [3.739048037144415e-17, 1.613226163461667e0, -5.580297760571020e-1],
    [1.187082814066741e-17, -1.644526707907135e0, -5.824461493348307e-1],
  ]
  private static let forces: [SIMD3<Double>] = [
    [-1.811290045808234e-06, -0.02306295358423087, 0.05599605952219937],
    [9.212452357485834e-07, 0.008691667402484345, -0.03363661323243399],
    [8.900448100596506e-07, 0.01437128618174652, -0.02235944628976539],
  ]

  /// A whole file around the paper's snippet.
  private func xml(prefix: String, _ positions: [SIMD3<Double>], energy: Double) -> String {
    func row(_ v: SIMD3<Double>) -> String { "\(v.x) \(v.y) \(v.z)" }
    let atoms = zip(["O", "H", "H"], positions).enumerated().map { index, atom in
      "<atom name=\"\(atom.0)\" index=\"\(index + 1)\">\(row(atom.1))</atom>"
    }
    let structure = """
      <atomic_structure nat="3" alat="3.779452265771e1" bravais_index="1">
        <atomic_positions>\(atoms.joined(separator: "\n"))</atomic_positions>
        <cell>
          <a1>3.779452265771287e1 0.000000000000000e0 0.000000000000000e0</a1>
          <a2>0.000000000000000e0 3.779452265771287e1 0.000000000000000e0</a2>
          <a3>0.000000000000000e0 0.000000000000000e0 3.779452265771287e1</a3>
        </cell>
      </atomic_structure>
      """
    return """
      <?xml version="1.0" encoding="UTF-8"?>
      <qes:espresso xmlns:qes="http://www.quantum-espresso.org/ns/qes/qes-1.0" Units="Hartree atomic units">
        <input><control_variables><calculation>scf</calculation><prefix>\(prefix)</prefix>
          <forces>true</forces></control_variables>\(structure)</input>
        <output>\(structure)<total_energy><etot>\(energy)</etot></total_energy>
          <forces rank="2" dims="3 3">\(Self.forces.map(row).joined(separator: "\n"))</forces></output>
      </qes:espresso>
      """
  }

  /// A molecule whose bonds and angle are a little different, and the energy of springs.
  private func distorted(_ number: Int) -> ([SIMD3<Double>], Double) {
    var generator = SystemlessGenerator(state: UInt64(number) &* 7919 &+ 1)
    let positions = Self.water.map { position in
      position + SIMD3(generator.next(), generator.next(), generator.next()) * 0.12
    }
    func length(_ v: SIMD3<Double>) -> Double { (v * v).sum().squareRoot() }
    func spring(_ places: [SIMD3<Double>], _ i: Int, _ j: Int) -> Double {
      let stretch = length(places[i] - places[j]) - length(Self.water[i] - Self.water[j])
      return 0.25 * stretch * stretch
    }
    let energy =
      -22.00687664809398 + spring(positions, 0, 1) + spring(positions, 0, 2)
      + 0.2 * spring(positions, 1, 2)
    return (positions, energy)
  }

  private struct SystemlessGenerator {
    var state: UInt64
    /// From -1 to 1.
    mutating func next() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 11) / Double(UInt64(1) << 52) - 1
    }
  }

  private func run(_ program: any Program.Type, _ text: String, _ sets: String...) throws {
    try fixture.write(text.replacing("./", with: "FOLDER/"), to: "\(program.name).ini")
    try program.run(
      program.options.parse(
        ["--config", fixture.path("\(program.name).ini")]
          + sets.flatMap { ["--set", $0.replacing("FOLDER", with: fixture.folder.path)] }))
  }

  @Test func fromSimulationsToAValidatedNetwork() throws {
    try fixture.write(
      xml(prefix: "H2O_3e45a0e332", Self.water, energy: -22.00687664809398), to: "qe/0/pwscf.xml")
    for number in 1..<60 {
      let (positions, energy) = distorted(number)
      try fixture.write(
        xml(prefix: "H2O_\(number)", positions, energy: energy), to: "qe/\(number)/pwscf.xml")
    }
    try fixture.run(
      QEParser.self, "-i", fixture.path("qe"), "-o", fixture.path("simulations"), "--addhash")
    let examples = try fixture.names(in: "simulations")
    #expect(examples.count == 60)
    try expectThePapersExample(among: examples)

    try run(
      GvectCalculator.self,
      """
      [IO_INFORMATION]
      input_json_dir = ./simulations
      output_gvect_dir = ./gvectors
      log_dir = .

      [SYMMETRY_FUNCTION]
      type = mBP
      species = H, O

      [PARALLELIZATION]
      number_of_process = 4

      [GVECT_PARAMETERS]
      gvect_parameters_unit = angstrom
      eta_rad = 16
      Rc_rad = 4.6
      Rs0_rad = 0.5
      RsN_rad = 16
      eta_ang = 6.0
      zeta = 50.0
      Rc_ang = 3.1
      Rs0_ang = 0.5
      RsN_ang = 4
      ThetasN = 8
      """, "IO_INFORMATION.log_dir=FOLDER")
    #expect(try fixture.names(in: "gvectors").filter { $0.hasSuffix(".bin") }.count == 60)

    try run(
      TFRPacker.self,
      """
      [IO_INFORMATION]
      input_dir = ./gvectors
      output_dir = ./tfr
      elements_per_file = 1000
      prefix = train

      [CONTENT_INFORMATION]
      n_species = 2
      """)
    // The division by moving files: here all of them serve both ends.
    for folder in ["tfr_train", "tfr_validate"] {
      try FileManager.default.copyItem(at: fixture.url("tfr"), to: fixture.url(folder))
    }

    try run(
      Train.self,
      """
      [IO_INFORMATION]
      data_dir = ./tfr_train
      train_dir = ./train
      log_frequency = 10
      save_checkpoint_steps = 500

      [DATA_INFORMATION]
      atomic_sequence = H, O
      output_offset = -13.62, -2041.84

      [TRAINING_PARAMETERS]
      batch_size = 50
      learning_rate = 0.01
      max_steps = 5000

      [DEFAULT_NETWORK]
      g_size = 128
      architecture = 64:32:1
      trainable = 1:1:1

      [H]
      architecture = 32:1
      trainable = 1:1
      activations = ReLU:Linear
      """, "IO_INFORMATION.log_dir=FOLDER")
    let errors = try fixture.text("delta_e_std.dat").split(separator: "\n").map {
      Double($0.split(separator: " ")[1])!
    }
    #expect(errors.count == 500 && errors.last! < 0.001 * errors[0])

    try run(
      Evaluate.self,
      """
      [IO_INFORMATION]
      data_dir = ./tfr_validate
      train_dir = ./train
      eval_dir = ./validate

      [DATA_INFORMATION]
      g_size = 128
      atomic_sequence = H, O
      output_offset = -13.62, -2041.84

      [VALIDATION_OPTIONS]
      single_step = True
      """)
    let rows = try fixture.text("validate/5000.dat").split(separator: "\n")
    #expect(rows.count == 61)
    let squares = rows.dropFirst().map { row in
      let numbers = row.split(separator: " ").compactMap { Double($0) }.suffix(2)
      return (numbers.first! - numbers.last!) * (numbers.first! - numbers.last!)
    }
    // From 1450 eV; these steps at one rate are no more than a beginning.
    #expect((squares.reduce(0, +) / 60).squareRoot() < 0.6)
  }

  /// The JSON that the paper prints, key by key.
  private func expectThePapersExample(among names: [String]) throws {
    let all = try names.map { try fixture.bytes("simulations/\($0)") }
    let text = try #require(
      all.map { String(decoding: $0, as: UTF8.self) }.first { $0.contains("-22.00687664809398,") })
    for member in [
      "\"atomic_position_unit\": \"cartesian\"", "\"unit_of_length\": \"bohr\"",
      "\"energy\": [-22.00687664809398, \"Ha\"]",
      "[[37.79452265771287, 0.0, 0.0], [0.0, 37.79452265771287, 0.0], [0.0, 0.0, 37.79452265771287]]",
      """
      [1, "O", [-3.103910095932729e-18, 0.001972216586331875, 0.1829760905993973], \
      [-1.811290045808234e-06, -0.02306295358423087, 0.05599605952219937]]
      """,
      """
      [2, "H", [3.739048037144415e-17, 1.613226163461667, -0.558029776057102], \
      [9.212452357485834e-07, 0.008691667402484345, -0.03363661323243399]]
      """,
      """
      [3, "H", [1.187082814066741e-17, -1.644526707907135, -0.5824461493348307], \
      [8.900448100596506e-07, 0.01437128618174652, -0.02235944628976539]]
      """,
    ] {
      #expect(text.contains(member), "\(member)")
    }
  }
}
