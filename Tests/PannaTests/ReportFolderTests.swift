import AtomicNetworks
import Dataflow
import Foundation
import ProgramSupport
import Testing

@testable import panna

@Suite("report of folders")
struct ReportFolderTests {
  private func isNear(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-6 * max(1, abs(b)) }

  @Test("a training and an evaluation are enough for a page")
  func page() throws {
    let fixture = try ReportFixture()
    try fixture.writeWatchedTraining()
    try fixture.writeEvaluation()
    try fixture.show("train", "eval")
    let page = try fixture.page()
    #expect(try page.texts("h1") == ["train, eval"])
    #expect(
      try page.texts("h2") == [
        "Training", "Evaluation", "Contributions of the species", "Cost of a step",
      ])
    #expect(
      try page.texts("h3") == ["Where the errors are largest", "The most expensive operations"])
    // Learning curve; parity and errors of energies and of forces; means and deviations of species.
    #expect(try page.nodes(forXPath: "//svg").count == 1 + 4 + 2)
    // Nothing is fetched from elsewhere.
    let links = try page.nodes(forXPath: "//@src | //@href | //script | //link | //img")
    #expect(links.isEmpty)
    #expect(!(try fixture.files.text("pages/study.html").contains("url(")))
  }

  @Test("folders in a folder are found, and the page stands in it")
  func folderOfFolders() throws {
    let fixture = try ReportFixture()
    try fixture.writeWatchedTraining()
    try fixture.writeEvaluation()
    try fixture.files.write("x", to: "notes.txt")
    try Report.run(Report.options.parse([fixture.files.folder.path + "/./"]))
    #expect(try fixture.page("report.html").texts("h2").prefix(2) == ["Training", "Evaluation"])
    #expect(try fixture.page("report.html").texts("h1") == [fixture.files.folder.lastPathComponent])
    #expect(fixture.files.exists("report.json"))
    // The same folder under another name is the same folder.
    try fixture.show("train/../train", "", "eval/")
    #expect(fixture.files.exists("pages/study.html"))
  }

  @Test("either one is enough")
  func halves() throws {
    let fixture = try ReportFixture()
    try fixture.writeTraining()
    try fixture.writeEvaluation()
    try fixture.show("train")
    #expect(try fixture.page().texts("h2") == ["Training"])
    try fixture.show("eval")
    #expect(try fixture.page().texts("h2") == ["Evaluation"])
  }

  @Test("validations are a curve of their own, and the best one is named")
  func validation() throws {
    let fixture = try ReportFixture()
    try fixture.writeWatchedTraining()
    try fixture.show("train")
    let texts = try fixture.page().texts("text")
    #expect(texts.contains("validation") && texts.contains("training batches"))
    #expect(isNear(try fixture.number("training", "validation_energy_rmse"), 3))
    #expect(isNear(try fixture.number("training", "validation_energy_mae"), 1.5))
    #expect(isNear(try fixture.number("training", "validation_best_energy_rmse"), 1))
    #expect(try fixture.number("training", "validation_best_energy_rmse_step") == 10)
    #expect(isNear(try fixture.number("training", "validation_best_force_rmse"), 0.5))
    #expect(try fixture.number("training", "validation_best_force_rmse_step") == 5)
    let rows = try fixture.page().nodes(forXPath: "//tr").prefix(5).map { row in
      try row.nodes(forXPath: "td").map { $0.stringValue ?? "" }
    }
    #expect(
      rows == [
        [],
        ["training batches, last 20 logged steps", "4.00", "3.00", "–", "–"],
        ["validation after step 20", "3.00", "1.50", "0.500", "–"],
        ["validation after step 5, the smallest force RMSE", "5.00", "2.50", "0.500", "–"],
        ["validation after step 10, the smallest energy RMSE", "1.00", "0.500", "0.500", "–"],
      ])
    let configuration = try ReportConfiguration(
      folders: [fixture.files.url("train")], output: fixture.files.url("x.html"))
    #expect(
      try ReportContent(configuration).lines.prefix(2) == [
        "Training: 20 steps; over the last 20 logged: energy RMSE 4.00 meV/atom, energy MAE 3.00"
          + " meV/atom",
        "Validation: after step 20 energy RMSE 3.00 meV/atom, energy MAE 1.50 meV/atom, force RMSE"
          + " 0.500 eV/Å; the smallest energy RMSE is 1.00 meV/atom after step 10; the smallest force RMSE is"
          + " 0.500 eV/Å after step 5",
      ])
  }

  @Test("one validation may be that of the smallest energy and of the smallest force error")
  func bestOfBoth() throws {
    let fixture = try ReportFixture()
    try fixture.writeEvents(steps: 1...3) { step in
      let error = step == 2 ? 0.001 : 0.002
      return [("6.Validation/2.Energy_RMSE_atom", error), ("6.Validation/4.Force_RMSE", error)]
    }
    try fixture.show("train")
    #expect(
      try fixture.page().nodes(forXPath: "//tr/td[1]").map(\.stringValue) == [
        "validation after step 3",
        "validation after step 2, the smallest energy RMSE and force RMSE",
      ])
  }

  @Test("the species are in the order of their indices, with means of the last batches")
  func species() throws {
    let fixture = try ReportFixture()
    try fixture.writeWatchedTraining()
    try fixture.show("train")
    let cells = try fixture.page().texts("td")
    #expect(
      cells.dropFirst(20).prefix(8) == [
        "C", "6.00", "-1.00", "0.500", "Si", "2.00", "10.5", "0.250",
      ])
    #expect(try fixture.number("species", "Si", "mean_ev") == 10.5)
    #expect(try fixture.number("species", "C", "standard_deviation_ev") == 0.5)
    #expect(try fixture.number("species", "C", "atoms_in_batch") == 6)
  }

  /// Whatever the networks' outputs are, which are logged as they are.
  @Test("contributions are in eV where energies were rescaled")
  func rescaledSpecies() throws {
    let fixture = try ReportFixture()
    try fixture.writeWatchedTraining()
    let network = try NetworkConfiguration(
      IniFile(
        text: """
          [DATA_INFORMATION]
          atomic_sequence = C
          energy_rescale = 0.5
          [DEFAULT_NETWORK]
          g_size = 2
          architecture = 1
          """, path: "train.ini"), seed: 0
    ).model
    let trainer = try Trainer(
      network, objective: TrainingObjective(),
      schedule: TrainingSchedule(batchSize: 1, maxSteps: 1, learningRate: 0.01))
    try CheckpointFolder(fixture.files.url("train")).write(
      TrainingCheckpoint.make(trainer), step: 20, keeping: 1)
    try fixture.show("train")
    #expect(
      try fixture.page().texts("td").dropFirst(20).prefix(4) == ["C", "6.00", "-2.00", "1.00"])
    #expect(try fixture.number("species", "C", "mean_ev") == -2)
    #expect(try fixture.number("species", "C", "standard_deviation_ev") == 1)
    #expect(try fixture.number("species", "C", "atoms_in_batch") == 6)
  }

  /// A training logs 0 for the mean of no atoms.
  @Test("steps without atoms of a species do not count for what its atoms contribute")
  func absentSpecies() throws {
    let fixture = try ReportFixture()
    try fixture.writeEvents(steps: 1...200) { step in
      // C in each second batch, H in early ones only, O in none.
      let hasC = step.isMultiple(of: 2)
      let contributions: [(String, atoms: Double, mean: Double)] = [
        ("S0.C", hasC ? 4 : 0, hasC ? (step > 100 ? -2 : 5) : 0),
        ("S1.H", step < 50 ? 3 : 0, step < 50 ? 7 : 0), ("S2.O", 0, step > 100 ? .nan : 0),
      ]
      return [("5.Errors/2.Energy_RMSE_atom", 0.004)]
        + contributions.flatMap { name, atoms, mean in
          [
            ("2.Mean_energy/\(name)", mean), ("3.Std_energy/\(name)", abs(mean) / 4),
            ("4.N_atoms/\(name)", atoms),
          ]
        }
    }
    try fixture.show("train")
    #expect(
      try fixture.page().nodes(forXPath: "//tr/td").compactMap(\.stringValue).suffix(12) == [
        "C", "2.00", "-2.00", "0.500", "H", "0", "–", "–", "O", "0", "–", "–",
      ])
    #expect(try fixture.number("species", "C", "mean_ev") == -2)
    #expect(try fixture.number("species", "C", "standard_deviation_ev") == 0.5)
    let configuration = try ReportConfiguration(
      folders: [fixture.files.url("train")], output: fixture.files.url("x.html"))
    #expect(
      try ReportContent(configuration).lines.suffix(3) == [
        "Contribution of C: mean -2.00 eV, standard deviation 0.500 eV",
        "Contribution of H: no atoms in the last 100 logged steps",
        "Contribution of O: no atoms in the last 100 logged steps",
      ])
    // Nor are they points of the curves.
    let species = try TrainingRecord(folder: fixture.files.url("train")).species
    #expect(species.map(\.mean.values.count) == [100, 49, 0])
    #expect(species[0].mean.steps.prefix(2) == [2, 4])
  }

  @Test("costs are added up by operation and listed by name")
  func cost() throws {
    let fixture = try ReportFixture()
    try fixture.writeWatchedTraining()
    try fixture.show("train")
    #expect(try fixture.number("cost", "step") == 11)
    #expect(try fixture.number("cost", "elapsed_microseconds") == 4)
    #expect(try fixture.number("cost", "all", "microseconds") == 5)
    #expect(try fixture.number("cost", "operations", "MatMul", "times") == 2)
    #expect(try fixture.number("cost", "operations", "MatMul", "flops") == 8000)
    #expect(try fixture.number("cost", "nodes", "layer/c", "bytes") == 4000)
    let rows = try fixture.page().nodes(forXPath: "//tr").map { row in
      try row.nodes(forXPath: "td").map { $0.stringValue ?? "" }
    }
    #expect(rows.contains(["MatMul", "2", "4.00", "80.0 %", "2.00", "0.500"]))
    #expect(rows.contains(["all", "3", "5.00", "100.0 %", "1.60", "1.20"]))
    #expect(
      rows.suffix(3) == [
        ["MatMul", "layer/a", "3.00", "60.0 %", "2.00", "0.500"],
        ["MatMul", "layer/b", "1.00", "20.0 %", "2.00", "0.500"],
        ["Exp", "layer/c", "1.00", "20.0 %", "–", "4.00"],
      ])
  }

  @Test("the worst structures are named, the worst first, those of energies and those of forces")
  func worst() throws {
    let fixture = try ReportFixture()
    try fixture.writeEvaluation()
    try fixture.show("eval")
    let rows = try fixture.page().nodes(forXPath: "//tr").map { row in
      try row.nodes(forXPath: "td").map { $0.stringValue ?? "" }
    }
    #expect(
      rows.suffix(7).filter { !$0.isEmpty } == [
        ["liquid_1", "-4.0000", "-3.9880", "12.0"],
        ["diamond_2", "-4.2500", "-4.2540", "-4.00"],
        ["diamond_1", "-4.0000", "-3.9970", "3.00"],
        ["liquid_1", "0.583", "-1.00", "0, z"],
        ["diamond_1", "0.100", "0.100", "0, x"],
        ["diamond_2", "0.100", "0.100", "0, x"],
      ])
  }

  @Test("structures of one name that follow each other are structures of their own")
  func worstOfOneName() throws {
    let fixture = try ReportFixture()
    try fixture.files.write("#filename n_atoms e_ref e_nn\nm 2 0 0\nm 2 0 0", to: "eval/5.dat")
    try fixture.files.write(
      """
      #filename atom_id fx_nn fy_nn fz_nn fx_ref fy_ref fz_ref
      m 0 3 0 0 0 0 0
      m 1 0 0 0 0 0 0
      m 0 0 0 0 0 0 0
      m 1 0 6 0 0 0 0
      """, to: "eval/5_forces.dat")
    try fixture.show("eval")
    let rows = try fixture.page().nodes(forXPath: "//tr").map { row in
      try row.nodes(forXPath: "td").map { $0.stringValue ?? "" }
    }
    #expect(
      rows.suffix(2) == [["m", "2.45", "6.00", "1, y"], ["m", "1.22", "3.00", "0, x"]])
  }

  @Test("a training that logged nothing is said where there is more to show")
  func silentTraining() throws {
    let fixture = try ReportFixture()
    try fixture.writeEvents(steps: 1...1) { _ in [] }
    try fixture.writeEvaluation()
    try fixture.show("train", "eval")
    #expect(try fixture.page().texts("h2") == ["Training", "Evaluation"])
    let remark = "the event files hold no scalars"
    #expect(try fixture.page().texts("p").first == "Nothing is shown of the training: \(remark).")
    let configuration = try ReportConfiguration(
      folders: [fixture.files.folder], output: fixture.files.url("x.html"))
    #expect(try ReportContent(configuration).lines.first == "Training: \(remark)")
    #expect(
      fixture.files.message { try fixture.show("train") }.hasPrefix(
        "train: the event files hold no scalars; expected one of "))
  }

  @Test("ten of many structures are enough")
  func tenWorst() throws {
    let fixture = try ReportFixture()
    let lines = (1...30).map { "s\($0) 1 0 \(Double($0 % 17) / 1000)" }
    try fixture.files.write(
      "#filename n_atoms e_ref e_nn\n" + lines.joined(separator: "\n"), to: "eval/energies.dat")
    try fixture.show("eval")
    let names = try fixture.page().nodes(forXPath: "//tr/td[1]").compactMap(\.stringValue)
    // Equal errors stay in the file's order.
    #expect(
      names.suffix(10) == ["s16", "s15", "s14", "s13", "s30", "s12", "s29", "s11", "s28", "s10"])
  }
}

@Suite("report of folders: what is wrong with its input")
struct ReportFolderErrorTests {
  private func message(_ fixture: ReportFixture, _ arguments: [String]) -> String {
    fixture.files.message { try Report.run(Report.options.parse(arguments)) }
      .replacing(fixture.files.folder.path, with: "FOLDER")
  }

  @Test("arguments that say nothing or too much")
  func usage() throws {
    let fixture = try ReportFixture()
    try fixture.writeTraining()
    let folder = fixture.files.path("train")
    for (arguments, expected) in [
      ([], "which folders? Name some, or a configuration by --config FILE"),
      (
        [folder, "--set", "REPORT.title=x"],
        "--set changes a configuration file, which --config FILE names"
      ),
      (
        [folder, "--config", "report.ini"],
        "with --config the file says which folders and which output: no DIR, no --output"
      ),
      (
        ["--config", "report.ini", "--output", "x.html"],
        "with --config the file says which folders and which output: no DIR, no --output"
      ),
      (
        [folder, "--output", "x.pdf"], "--output x.pdf: expected a path that ends in .html"
      ),
    ] as [([String], String)] {
      let error = #expect(throws: UsageError.self) {
        try Report.run(Report.options.parse(arguments))
      }
      #expect(error?.description == expected)
    }
    #expect(!fixture.files.exists("train/report.html"))
  }

  @Test("folders that are not there, are empty, or hold what is of no use")
  func folders() throws {
    let fixture = try ReportFixture()
    try fixture.files.write("x", to: "empty/notes.txt")
    try fixture.files.write("x", to: "data/6x.dat")
    let nothing =
      "there is neither events.out.tfevents.* of a training nor <step>.dat or energies.dat of an"
      + " evaluation, nor a folder with them"
    for name in ["empty", "data"] {
      #expect(message(fixture, [fixture.files.path(name)]) == "\(name): \(nothing)")
      #expect(!fixture.files.exists("\(name)/report.html"))
    }
    #expect(message(fixture, [fixture.files.path("absent")]).hasPrefix("absent: cannot be read: "))
    #expect(
      message(fixture, [fixture.files.path("empty/notes.txt")])
        .hasPrefix("empty/notes.txt: cannot be read: "))
  }

  @Test("two trainings are one too many")
  func twoTrainings() throws {
    let fixture = try ReportFixture()
    try fixture.writeTraining()
    try FileManager.default.copyItem(
      at: fixture.files.url("train"), to: fixture.files.url("again"))
    #expect(
      message(fixture, [fixture.files.folder.path])
        == "both again and train are of a training; a page shows one of each")
    try fixture.writeEvaluation()
    try FileManager.default.copyItem(at: fixture.files.url("eval"), to: fixture.files.url("old"))
    #expect(
      message(fixture, [fixture.files.path("eval"), fixture.files.path("old")])
        == "both eval and old are of an evaluation; a page shows one of each")
  }

  @Test("an event file that is cut off is read as far as it goes; nothing in it is an error")
  func cutEvents() throws {
    let fixture = try ReportFixture()
    try fixture.writeWatchedTraining()
    let name = "train/" + (try #require(try fixture.files.names(in: "train").first))
    let bytes = try fixture.files.bytes(name)
    try bytes.dropLast(7).write(to: fixture.files.url(name))
    try fixture.show("train")
    #expect(try fixture.number("training", "steps") == 20)
    #expect(try fixture.number("training", "validation_best_energy_rmse_step") == 10)
    try bytes.prefix(60).write(to: fixture.files.url(name))
    #expect(
      message(fixture, [fixture.files.path("train")])
        .hasPrefix("train: the event files hold no scalars; expected one of \"5.Errors/"))
  }

  @Test("a page that cannot be written leaves nothing behind")
  func unwritable() throws {
    let fixture = try ReportFixture()
    try fixture.writeTraining()
    try FileManager.default.createDirectory(
      at: fixture.files.url("taken.html"), withIntermediateDirectories: true)
    #expect(
      message(fixture, [fixture.files.path("train"), "--output", fixture.files.path("taken.html")])
        == "taken.html: cannot be written: Is a directory")
    #expect(try fixture.files.names(in: "") == ["taken.html", "train"])
    try fixture.files.write("x", to: "file")
    #expect(
      message(
        fixture, [fixture.files.path("train"), "--output", fixture.files.path("file/page.html")]
      ) == "file: is a file, not a folder")
  }
}
