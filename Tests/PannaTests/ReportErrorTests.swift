import Foundation
import ProgramSupport
import Testing

@testable import panna

@Suite("report: what is wrong with its input")
struct ReportErrorTests {
  private static let thermo =
    "# step time_fs temperature_K kinetic_eV potential_eV total_eV pressure_GPa"

  @Test(
    "a damaged file is named with line, column, what was found and what is expected",
    arguments: [
      ("eval/20.dat", "", "eval/20.dat:1: found \"\"; expected \"#filename n_atoms e_ref e_nn\""),
      (
        "eval/20.dat", "#filename n_atoms e_ref e_nn\n",
        "eval/20.dat: there is no structure in it"
      ),
      (
        "eval/20.dat", "#filename n_atoms e_ref e_nn\na 1 2 3\nb 1 2",
        "eval/20.dat:3: found 3 columns; expected 4: filename n_atoms e_ref e_nn"
      ),
      (
        "eval/20.dat", "#filename n_atoms e_ref e_nn\na 1 2 3\n\nb 1 2 3",
        "eval/20.dat:3: found 0 columns; expected 4: filename n_atoms e_ref e_nn"
      ),
      (
        "eval/20.dat", "#filename n_atoms e_ref e_nn\na 1 2 3x",
        "eval/20.dat:2: e_nn: found \"3x\"; expected a finite number"
      ),
      (
        "eval/20.dat", "#filename n_atoms e_ref e_nn\na 1 nan 3",
        "eval/20.dat:2: e_ref: found \"nan\"; expected a finite number"
      ),
      (
        "eval/20.dat", "#filename n_atoms e_ref e_nn\na 1 2 3\na 0 2 3",
        "eval/20.dat:3: n_atoms: found 0.0; expected a whole number from 1"
      ),
      (
        "eval/20_forces.dat", "#filename atom_id\n",
        "eval/20_forces.dat:1: found \"#filename atom_id\";"
          + " expected \"#filename atom_id fx_nn fy_nn fz_nn fx_ref fy_ref fz_ref\""
      ),
      ("sw_thermo.dat", "# step\n", "sw_thermo.dat:1: found \"# step\"; expected \"\(thermo)\""),
      (
        "sw_thermo.dat", "\(thermo) natoms=4\n",
        "sw_thermo.dat:1: found \"natoms=4\" after the columns; expected atoms=<number>"
      ),
      (
        "sw_thermo.dat", "\(thermo) atoms=4\n0 0 0 0 0 0 0\n",
        "sw_thermo.dat: found 1 line of numbers; expected at least 2"
      ),
      (
        "sw_thermo.dat", "\(thermo) atoms=4\n0 1 0 0 0 0 0\n1 1 0 0 0 0 0\n",
        "sw_thermo.dat:3: time_fs: found 1.0; expected more than 1.0"
      ),
      (
        "sw_thermo.dat", "\(thermo) atoms=4\n0 1 0 0 0 inf 0\n",
        "sw_thermo.dat:2: total_eV: found \"inf\"; expected a finite number"
      ),
      (
        "nn_thermo.dat", "\(thermo) atoms=5\n0 0 0 0 0 0 0\n1 1 0 0 0 0 0\n",
        "nn_thermo.dat:1: found atoms=5; expected atoms=4 as in sw_thermo.dat"
      ),
      ("nn_rdf.dat", "# r_angstrom g", "nn_rdf.dat: there is no line of numbers in it"),
      (
        "nn_rdf.dat", "# r_angstrom g\n2 1\n1 1\n",
        "nn_rdf.dat:3: r_angstrom: found 1.0; expected more than 2.0"
      ),
    ])
  func damagedFile(name: String, text: String, message: String) throws {
    let fixture = try ReportFixture()
    try fixture.writeAll()
    try fixture.files.write(text, to: name)
    #expect(fixture.files.message { try fixture.run() } == message)
    // Nothing is half done.
    #expect(!fixture.files.exists("pages"))
  }

  @Test("carriage returns and blank lines at the end do no harm")
  func lineEnds() throws {
    let fixture = try ReportFixture()
    try fixture.writeAll()
    try fixture.files.write(
      ReportFixture.energies.replacing("\n", with: "\r\n") + "\r\n\r\n", to: "eval/20.dat")
    try fixture.run()
    #expect(try fixture.number("evaluation", "all", "structures") == 3)
  }

  @Test(
    "a missing file or folder is named",
    arguments: [
      ("nn_rdf.dat", "nn_rdf.dat: cannot be read"),
      ("sw_thermo.dat", "sw_thermo.dat: cannot be read"),
      ("eval/20.dat", "eval: there is neither <step>.dat nor energies.dat among its 1 file"),
    ])
  func missing(name: String, message: String) throws {
    let fixture = try ReportFixture()
    try fixture.writeAll()
    try FileManager.default.removeItem(at: fixture.files.url(name))
    let found = fixture.files.message { try fixture.run() }
    #expect(found.replacing(fixture.files.folder.path + "/", with: "") == message)
  }

  @Test("a folder without event files, or with others' only, is named")
  func noTraining() throws {
    let fixture = try ReportFixture()
    try fixture.files.write("x", to: "train/notes.txt")
    #expect(
      fixture.files.message { _ = try TrainingRecord(folder: fixture.files.url("train")) }
        == "train: there is no events.out.tfevents.* among its 1 file")
    try fixture.writeEvents(steps: 1...1) { _ in [("accuracy", 1)] }
    #expect(
      fixture.files.message { _ = try TrainingRecord(folder: fixture.files.url("train")) }
        .hasPrefix("train: the event files hold \"accuracy\"; expected one of"))
  }

  @Test("a step that is larger than any is named")
  func hugeStep() throws {
    let fixture = try ReportFixture()
    try fixture.writeEvents(steps: Int.max...Int.max) { _ in [("5.Errors/3.Force_RMSE", 1)] }
    #expect(
      fixture.files.message { try fixture.show("train") }
        == "train: the event files hold step 9223372036854775807; expected at most 9007199254740992"
    )
    try fixture.writeEvents(steps: 1 << 53...1 << 53, wallTime: 2000) { _ in
      [("5.Errors/3.Force_RMSE", 1), ("6.Validation/2.Energy_RMSE_atom", 1)]
    }
    try fixture.show("train")
    #expect(try fixture.number("training", "steps") == 9_007_199_254_740_992)
  }

  @Test(
    "errors at the limits of numbers have a page",
    arguments: ["1e304", "1e305", "1e308", "-1e308", "5e-324"])
  func hugeErrors(number: String) throws {
    let fixture = try ReportFixture()
    try fixture.files.write(
      "#filename n_atoms e_ref e_nn\na 1 -1.5 \(number)\nb 1 1e308 \(number)", to: "eval/5.dat")
    try fixture.files.write(
      """
      #filename atom_id fx_nn fy_nn fz_nn fx_ref fy_ref fz_ref
      a 0 \(number) 0 0 -1e308 0 \(number)
      """, to: "eval/5_forces.dat")
    try fixture.show("eval")
    #expect(try fixture.page().texts("h2") == ["Evaluation"])
  }

  @Test("a damaged event file is named")
  func damagedEvents() throws {
    let fixture = try ReportFixture()
    try fixture.writeTraining()
    let name = "train/" + (try #require(try fixture.files.names(in: "train").first))
    var bytes = try fixture.files.bytes(name)
    bytes[bytes.count - 20] ^= 1
    try bytes.write(to: fixture.files.url(name))
    let message = fixture.files.message {
      _ = try TrainingRecord(folder: fixture.files.url("train"))
    }
    #expect(message.hasPrefix("\(name): record 400 at byte "))
  }

  @Test("a group that no structure belongs to is named")
  func emptyGroup() throws {
    let fixture = try ReportFixture()
    try fixture.writeAll()
    #expect(
      fixture.files.message { try fixture.run(set: ["EVALUATION.groups=diamond, graphite"]) }
        == "eval/20.dat: no structure's name begins with \"graphite\", one of groups; the first is"
        + " \"diamond_1\"")
  }

  @Test("neither the page nor its numbers replace what they are made of")
  func inputs() throws {
    let fixture = try ReportFixture()
    try fixture.writeAll()
    try fixture.writeThermo("nn.json", slope: 0)
    try fixture.files.write("{}", to: "eval/20.json")
    let text = ReportFixture.configuration.replacing("nn_thermo.dat", with: "nn.json")
    for (page, input) in [("eval/20", "eval/20.json"), ("nn", "nn.json")] {
      let before = try fixture.files.text(input)
      #expect(
        fixture.files.message { try fixture.run(text, set: ["REPORT.output=FOLDER/\(page).html"]) }
          == "[REPORT] output \(input): \(input) is read and would be lost: name another place to"
          + " write to")
      #expect(try fixture.files.text(input) == before && !fixture.files.exists("\(page).html"))
    }
    #expect(
      fixture.files.message {
        try fixture.files.run(
          Report.self, fixture.files.path("eval"), "-o", fixture.files.path("eval/20.html"))
      }
        == "--output eval/20.json: eval/20.json is read and would be lost: name another place to"
        + " write to")
  }

  @Test(
    "a wrong configuration is named with line, key and what is allowed",
    arguments: [
      (
        "output = FOLDER/pages/study.html", "output = FOLDER/study.json",
        "report.ini:3: [REPORT] output = study.json: expected a path that ends in .html"
      ),
      (
        "energy_rmse = 2.7", "energy_rsme = 2.7",
        "report.ini:16: [PAPER] energy_rsme is an unknown key; did you mean energy_rmse? Allowed:"
          + " energy_mae, energy_max, energy_rmse, force_mae, force_max, force_rmse,"
          + " fraction_energy_above_5mev, fraction_force_above_0.3"
      ),
      (
        "energy_rmse = 2.7", "energy_rmse = low",
        "report.ini:16: [PAPER] energy_rmse = low: expected a number of at least 0.0"
      ),
      (
        ", FOLDER/nn_thermo.dat", "",
        "report.ini:12: [ENERGY_CONSERVATION] Diamond, 300 K = sw_thermo.dat: expected two files"
          + " separated by \",\": the reference's, the networks'"
      ),
      (
        "[EVALUATION]\neval_dir = FOLDER/eval\ngroups = diamond, liquid\n", "",
        "report.ini:13: [PAPER] energy_rmse = 2.7: expected a section [EVALUATION] to compare with"
      ),
      (
        "[TRAINING]", "[TRANING]",
        "report.ini:6: section [TRANING] is unknown; did you mean [TRAINING]? Allowed:"
          + " [ENERGY_CONSERVATION] [EVALUATION] [PAPER] [RADIAL_DISTRIBUTION] [REPORT] [TRAINING]"
      ),
    ])
  func configuration(old: String, new: String, message: String) throws {
    let fixture = try ReportFixture()
    try fixture.writeAll()
    let text = ReportFixture.configuration.replacing(old, with: new)
    #expect(fixture.files.message { try fixture.run(text) } == message)
    #expect(!fixture.files.exists("pages"))
  }
}
