import Dataflow
import Foundation
import ProgramSupport
import TestSupport
import Testing

@testable import AtomicNetworks
@testable import panna

@Suite("report")
struct ReportTests {
  private func isNear(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-9 * max(1, abs(b)) }

  @Test("the page has every section, figure and table")
  func page() throws {
    let fixture = try ReportFixture()
    try fixture.writeAll()
    try fixture.run()
    let page = try fixture.page()
    #expect(try page.texts("h1") == ["Silicon & <more>"])
    #expect(
      try page.texts("h2") == [
        "Beside the paper’s numbers", "Training", "Evaluation", "Conservation of energy",
        "Radial distribution",
      ])
    #expect(try page.texts("p").prefix(2) == ["First line.", "Second line."])
    #expect(try page.nodes(forXPath: "//svg").count == 4 + 4 + 1 + 1)
    #expect(try page.nodes(forXPath: "//table").count == 1 + 1 + 4 + 1 + 1)
    #expect(try page.texts("strong").prefix(2) == ["7.51 meV/atom", "0.276 eV/Å"])
    #expect(try fixture.files.names(in: "pages") == ["study.html", "study.json"])
  }

  @Test("errors are those of the newest evaluation, for all structures and for groups")
  func errors() throws {
    let fixture = try ReportFixture()
    try fixture.writeAll()
    // As a number, 9 comes before 20.
    try fixture.files.write("#filename n_atoms e_ref e_nn\nx 1 -4 -3", to: "eval/9.dat")
    try fixture.run()
    #expect(try fixture.number("evaluation", "step") == 20)
    #expect(
      isNear(
        try fixture.number("evaluation", "all", "energy_rmse"), ((9.0 + 16 + 144) / 3).squareRoot())
    )
    #expect(isNear(try fixture.number("evaluation", "all", "energy_mae"), 19.0 / 3))
    #expect(isNear(try fixture.number("evaluation", "all", "energy_max"), 12))
    #expect(
      isNear(try fixture.number("evaluation", "all", "fraction_energy_above_5mev"), 1.0 / 3))
    #expect(
      isNear(
        try fixture.number("evaluation", "all", "force_rmse"), ((14 * 0.01 + 1) / 15).squareRoot()))
    #expect(isNear(try fixture.number("evaluation", "all", "force_mae"), 2.4 / 15))
    #expect(isNear(try fixture.number("evaluation", "all", "force_max"), 1))
    #expect(isNear(try fixture.number("evaluation", "all", "fraction_force_above_0.3"), 1.0 / 15))
    #expect(isNear(try fixture.number("evaluation", "groups", "diamond", "energy_mae"), 3.5))
    #expect(try fixture.number("evaluation", "groups", "diamond", "force_components") == 12)
    #expect(isNear(try fixture.number("evaluation", "groups", "liquid", "energy_rmse"), 12))
    #expect(try fixture.number("evaluation", "groups", "liquid", "structures") == 1)
    #expect(isNear(try fixture.number("paper", "energy_rmse", "reached"), (169.0 / 3).squareRoot()))
    #expect(try fixture.number("paper", "energy_rmse", "paper") == 2.7)
  }

  @Test("drift and deviation are in meV an atom, whatever the number of atoms")
  func conservation() throws {
    let fixture = try ReportFixture()
    try fixture.writeAll()
    try fixture.run()
    let panel = ["energy_conservation", "Diamond, 300 K"]
    func number(_ potential: String, _ key: String) throws -> Double {
      try fixture.number(panel[0], panel[1], potential, key)
    }
    // 4 meV a ps of four atoms.
    #expect(isNear(try number("reference", "drift_mev_per_atom_per_ps"), 1))
    // Equally spaced values with the span 1: the standard deviation of 0, 1, … 100 over 100.
    let uniform = ((101.0 * 101 - 1) / 12).squareRoot() / 100
    #expect(isNear(try number("reference", "standard_deviation_mev_per_atom"), uniform))
    #expect(abs(try number("network", "drift_mev_per_atom_per_ps")) < 1e-9)
    let alternating = 0.5 * (1 - 1 / (101.0 * 101)).squareRoot()
    #expect(isNear(try number("network", "standard_deviation_mev_per_atom"), alternating))
    #expect(isNear(try number("network", "mean_temperature_k"), (51 * 299.0 + 50 * 301) / 101))
    #expect(
      isNear(try fixture.number(panel[0], panel[1], "mean_difference_mev"), 2.0 / 101 - 2))
  }

  @Test("distributions are compared where their distances agree")
  func distributions() throws {
    let fixture = try ReportFixture()
    try fixture.writeAll()
    try fixture.run()
    let panel = ["radial_distribution", "Diamond, 300 K"]
    #expect(try fixture.number(panel[0], panel[1], "peak_reference_angstrom") == 2.5)
    #expect(try fixture.number(panel[0], panel[1], "height_network") == 2.8)
    #expect(
      isNear(try fixture.number(panel[0], panel[1], "rms_difference"), 0.2 / (20.0).squareRoot()))
    try fixture.files.write("# r_angstrom g\n1 0\n2 3\n", to: "nn_rdf.dat")
    try fixture.run()
    #expect(!(try fixture.files.text("pages/study.json").contains("rms_difference")))
    #expect(try fixture.number(panel[0], panel[1], "height_network") == 3)
  }

  @Test("the closing numbers of a training are those of its last hundred logged steps")
  func training() throws {
    let fixture = try ReportFixture()
    try fixture.writeAll()
    try fixture.run()
    #expect(try fixture.number("training", "steps") == 400)
    #expect(abs(try fixture.number("training", "energy_rmse") - 3) < 1e-6)
    #expect(abs(try fixture.number("training", "force_rmse") - 0.25) < 1e-6)
    let loss = (301...400).reduce(0) { $0 + 4 / Double($1) } / 100
    #expect(abs(try fixture.number("training", "energy_loss") - loss) < 1e-8)
    #expect(abs(try fixture.number("training", "learning_rate") - 0.01) < 1e-8)
  }

  @Test("every number is also in a line of text")
  func lines() throws {
    let fixture = try ReportFixture()
    try fixture.writeAll()
    let lines = try fixture.content().lines
    #expect(
      lines.prefix(3) == [
        "Energy RMSE: 7.51 meV/atom, paper 2.7 meV/atom",
        "Force components off by more than 0.3 eV/Å: 6.67 %, paper 4 %",
        "Training: 400 steps; over the last 100 logged: energy RMSE 3.00 meV/atom, force RMSE"
          + " 0.250 eV/Å",
      ])
    #expect(
      lines.contains(
        "Evaluation (diamond, 2 structures): Energy RMSE 3.54 meV/atom, Energy MAE 3.50 meV/atom,"
          + " Largest energy error 4.00 meV/atom, Energies off by more than 5 meV/atom 0 %"))
    #expect(
      lines.contains(
        "Energy conservation (Diamond, 300 K, reference): standard deviation 0.292 meV/atom,"
          + " drift 1.00 meV/atom/ps at 300 K"))
    #expect(
      lines.last == "Radial distribution (Diamond, 300 K): highest peak at 2.50 Å in the reference,"
        + " 2.50 Å with the network, RMS difference 0.0447")
  }

  @Test("a page may have a title alone")
  func titleOnly() throws {
    let fixture = try ReportFixture()
    try fixture.run("[REPORT]\ntitle = Nothing yet\noutput = FOLDER/pages/study.html\n")
    let page = try fixture.page()
    #expect(try page.texts("h1") == ["Nothing yet"])
    #expect(try page.nodes(forXPath: "//svg | //table | //h2").isEmpty)
  }

  @Test("energies alone are enough; forces are then a dash")
  func withoutForces() throws {
    let fixture = try ReportFixture()
    try fixture.files.write(ReportFixture.energies, to: "eval/energies.dat")
    try fixture.run(
      """
      [REPORT]
      title = Energies
      output = FOLDER/pages/study.html
      [EVALUATION]
      eval_dir = FOLDER/eval
      [PAPER]
      force_rmse = 0.134
      """)
    let page = try fixture.page()
    #expect(try page.nodes(forXPath: "//svg").count == 2)
    #expect(try page.texts("td").prefix(3) == ["Force RMSE", "–", "0.134 eV/Å"])
    #expect(
      try page.texts("p") == ["The saved networks, compared with 3 energies of the reference."])
  }

  /// What `evaluate` writes beside a result.
  private func question(_ members: String) -> String {
    "{\"data\": [], \"networks\": [], \"compute_forces\": true, \(members)}"
  }

  @Test("energies without offsets are not compared, older ones neither; forces are")
  func withoutOffsets() throws {
    let fixture = try ReportFixture()
    try fixture.writeTraining()
    try fixture.writeEvaluation(step: 10)
    try fixture.writeEvaluation()
    let configuration = ReportFixture.configuration.replacing(
      /\[ENERGY_[\s\S]*\[PAPER\]/, with: "[PAPER]")
    func show() throws -> [String] {
      try fixture.run(configuration)
      return try fixture.content(configuration).lines.filter { $0.hasPrefix("Evaluation") }
    }
    #expect(
      try show().contains { $0.hasPrefix("Evaluation (all, 3 structures): Energy RMSE 7.51") })
    // Networks whose offsets are 0 need none.
    try fixture.files.write(
      question("\"add_offset\": false, \"comparable_energies\": true"), to: "eval/20.json")
    #expect(
      try show().contains { $0.hasPrefix("Evaluation (all, 3 structures): Energy RMSE 7.51") })
    #expect(try fixture.number("paper", "energy_rmse", "paper") == 2.7)
    for answered in [
      "\"add_offset\": false", "\"add_offset\": false, \"comparable_energies\": false",
    ] {
      try fixture.files.write(question(answered), to: "eval/20.json")
      let sentence = "energies without offsets, not comparable with the references"
      let lines = try show()
      #expect(lines.count == 6 && lines[0] == "Evaluation (all, 3 structures): \(sentence)")
      #expect(lines[1].hasPrefix("Evaluation (all, 15 components): Force RMSE 0.276 eV/Å"))
      #expect(lines[2] == "Evaluation (diamond, 2 structures): \(sentence)")
      let page = try fixture.page()
      #expect(
        try page.texts("p").contains(
          "The networks after step 20, compared with 15 force components of the reference; \(sentence)."
        ))
      #expect(try page.texts("strong").first == "0.276 eV/Å")
      #expect(try page.texts("td").prefix(3) == ["Energy RMSE", "–", "2.7 meV/atom"])
      // Learning curves and rate; parity and errors of forces.
      #expect(try page.nodes(forXPath: "//svg").count == 4 + 2)
      #expect(try fixture.number("evaluation", "all", "structures") == 3)
      #expect(isNear(try fixture.number("evaluation", "all", "force_max"), 1))
      #expect(try !fixture.files.text("pages/study.json").contains("\"energy_max\""))
    }
    // The step before is among the learning curves where its own energies are comparable.
    let evaluation = try EvaluationSection(fixture.files.url("eval"), groups: [])
    #expect(evaluation.history.map { $0.errors.energy == nil } == [false, true])
    // Without forces nothing is left to show.
    try FileManager.default.removeItem(at: fixture.files.url("eval/20_forces.dat"))
    try fixture.show("eval")
    let page = try fixture.page()
    #expect(
      try page.texts("p") == [
        "The networks after step 20, energies without offsets, not comparable with the references."
      ])
    #expect(try page.nodes(forXPath: "//svg | //table").isEmpty)
  }

  @Test("a structure's name is one column of what evaluate writes, whatever is in it")
  func namesWithBlanks() throws {
    let files = try ProgramFixture()
    var report = EvaluationReport()
    for name in ["my  run\t1", "b", ""] {
      let mean = Evaluator.Result(
        name: name, atomCount: 1, referenceEnergy: -1, energy: -1.5, atomicEnergies: [-1.5],
        forces: [0, 0, 1], referenceForces: [0, 0, 0.5])
      report.add(Committee.Result(mean: mean, energySpread: 0.25, forceSpread: 0.5))
    }
    try report.write(
      energies: files.url("20.dat"), forces: files.url("20_forces.dat"),
      spread: files.url("20_spread.dat"))
    let record = try EvaluationRecord(EvaluationFolder(files.folder).results[0])
    #expect(record.energies.groups.map(\.name) == ["my__run_1", "b", "_"])
    #expect(record.forces?.groups.map(\.name) == ["my__run_1", "b", "_"])
    #expect(record.energies.errors == [-0.5, -0.5, -0.5])
    #expect(
      try files.text("20_spread.dat").split(separator: "\n").dropFirst()
        == ["my__run_1 1 0.25 0.5", "b 1 0.25 0.5", "_ 1 0.25 0.5"])
  }

  @Test("the same files make the same bytes")
  func deterministic() throws {
    let fixture = try ReportFixture()
    try fixture.writeAll()
    try fixture.run()
    let first = try ["html", "json"].map { try fixture.files.bytes("pages/study.\($0)") }
    try fixture.run()
    #expect(try ["html", "json"].map { try fixture.files.bytes("pages/study.\($0)") } == first)
  }

  @Test(
    "results of the original program are read",
    .enabled(if: Golden.isPresent, "reference data absent"))
  func golden() throws {
    let folder = Golden.url("panna/golden/train/run_quad/eval")
    let section = try EvaluationSection(folder, groups: [])
    #expect(section.history.map(\.step) == [40])
    let energy = try #require(section.all.energy)
    #expect(energy.count > 1 && energy.rmse > 0)
    #expect(section.all.force!.count.isMultiple(of: 3))
  }
}

@Suite("report: training records")
struct TrainingRecordTests {
  @Test("where a restarted training begins, the earlier file's later steps end")
  func restart() throws {
    let fixture = try ReportFixture()
    // The second is the later one by number, not by letter.
    try fixture.writeEvents(steps: 1...12, wallTime: 999) {
      [("5.Errors/3.Force_RMSE", Double($0))]
    }
    try fixture.writeEvents(steps: 9...10, wallTime: 1000) { _ in [("5.Errors/3.Force_RMSE", 0.5)] }
    let record = try TrainingRecord(folder: fixture.files.url("train"))
    let curve = try #require(record.curves[.forceRMSE])
    #expect(curve.steps == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    #expect(curve.values == [1, 2, 3, 4, 5, 6, 7, 8, 0.5, 0.5])
    #expect(record.lastStep == 10)
    // A training is logged now and then, and ends with a checkpoint.
    try fixture.files.write("", to: "train/checkpoint-13.panna")
    #expect(try TrainingRecord(folder: fixture.files.url("train")).lastStep == 13)
  }

  @Test("the time that a training waited for its data is told, with advice where it is long")
  func waiting() throws {
    for (fraction, words) in [
      (0.04, "4 % of the time was spent waiting for input."),
      (
        0.5,
        "50 % of the time was spent waiting for input; a larger num_parallel_calls, or memory_budget with"
          + " dataset_cache, may help."
      ),
    ] {
      let fixture = try ReportFixture()
      try fixture.writeEvents(steps: 1...3) { step in
        [
          ("5.Errors/2.Energy_RMSE_atom", 0.003),
          (TrainLog.waitingTag, step == 3 ? fraction : 0.9),
        ]
      }
      try fixture.show("train")
      #expect(try fixture.page().texts("p").contains { $0.hasSuffix(words) })
      let record = try TrainingRecord(folder: fixture.files.url("train"))
      #expect(record.curves[.waiting]?.values.count == 3)
    }
  }

  @Test("a restarted training that wrote nothing yet ends nothing")
  func emptyRestart() throws {
    let fixture = try ReportFixture()
    try fixture.writeEvents(steps: 1...3) { [("learning_rate", Double($0))] }
    try fixture.writeEvents(steps: 4...4, wallTime: 2000) { _ in [] }
    let record = try TrainingRecord(folder: fixture.files.url("train"))
    #expect(record.curves[.learningRate]?.values == [1, 2, 3])
  }

  @Test("the original's tags are understood, root mean square errors preferred")
  func tags() throws {
    let fixture = try ReportFixture()
    try fixture.writeEvents(steps: 1...1) { _ in
      [("1.Losses/3.Energy_RMSE_atom", 0.5), ("1.Losses/mul_1", 7)]
    }
    let original = try TrainingRecord(folder: fixture.files.url("train"))
    #expect(original.curves[.energyRMSE] == nil)
    #expect(original.curves[.energyDeviation]?.values == [500])
    #expect(original.curves[.energyLoss]?.values == [7])
    try fixture.writeEvents(steps: 2...2, wallTime: 2000) { _ in
      [("1.Losses/3.Energy_RMSE_atom", 0.5), ("5.Errors/2.Energy_RMSE_atom", 0.25)]
    }
    let record = try TrainingRecord(folder: fixture.files.url("train"))
    #expect(record.curves[.energyRMSE]?.values == [250])
    #expect(record.curves[.energyDeviation] == nil)
  }

  /// The original's "RMSE" is sqrt(<D²> - <D>²).
  @Test("what the original calls an RMSE is said to be a standard deviation")
  func deviation() throws {
    let fixture = try ReportFixture()
    try fixture.writeEvents(steps: 1...3) { _ in [("1.Losses/3.Energy_RMSE_atom", 0.5)] }
    try fixture.show("train")
    let meaning = "an error that all have in common is not in it, but energy_rescale is"
    let page = try fixture.page()
    #expect(
      try page.texts("p").contains(
        "The training took 3 steps. Over the last 3 logged steps the standard deviation of the energy"
          + " errors is 500 meV/atom: \(meaning)."))
    #expect(try page.texts("text").contains("training batches, standard deviation"))
    #expect(try page.texts("figcaption").contains { $0.hasSuffix("errors: \(meaning).") })
    #expect(try page.nodes(forXPath: "//table").isEmpty)
    #expect(try fixture.number("training", "energy_standard_deviation") == 500)
    #expect(!(try fixture.files.text("pages/study.json").contains("energy_rmse")))
    let configuration = try ReportConfiguration(
      folders: [fixture.files.url("train")], output: fixture.files.url("x.html"))
    #expect(
      try ReportContent(configuration).lines == [
        "Training: 3 steps; over the last 3 logged: standard deviation of the energy errors 500"
          + " meV/atom (\(meaning))"
      ])
  }

  @Test("averages are root mean squares or means of equally long stretches")
  func averages() {
    let curve = TrainingRecord.Curve(steps: [1, 2, 3, 4, 5], values: [3, 4, 1, 7, 2])
    let squares = curve.averaged(count: 3, isRMS: true)
    #expect(squares.steps == [1.5, 3.5, 5])
    #expect(squares.values == [(12.5).squareRoot(), 5, 2])
    #expect(curve.averaged(count: 3, isRMS: false).values == [3.5, 4, 2])
    #expect(curve.averaged(count: 5, isRMS: false) == curve)
    #expect(curve.averaged(count: 99, isRMS: false) == curve)
    #expect(curve.final(2, isRMS: false) == 4.5)
    #expect(TrainingRecord.Curve().averaged(count: 3, isRMS: true) == TrainingRecord.Curve())
  }

  @Test("a training that diverged still has a page, its numbers null")
  func diverged() throws {
    let fixture = try ReportFixture()
    try fixture.writeEvents(steps: 1...3) { [("5.Errors/3.Force_RMSE", $0 > 1 ? .nan : 1)] }
    try fixture.run(
      """
      [REPORT]
      title = Diverged
      output = FOLDER/pages/study.html
      [TRAINING]
      train_dir = FOLDER/train
      """)
    #expect(try fixture.files.text("pages/study.json").contains("\"force_rmse\" : null"))
    #expect(try fixture.page().nodes(forXPath: "//svg").count == 1)
  }
}

@Suite("report: numbers")
struct ReportNumberTests {
  @Test(
    "numbers have three digits",
    arguments: [
      (0.0, "0"), (1, "1.00"), (-12.345, "-12.3"), (123.456, "123"), (0.00123456, "0.00123"),
      (1e-7, "1.00e-07"), (123_456, "123456"), (9.999, "10.00"), (.infinity, "inf"),
    ])
  func numbers(value: Double, text: String) {
    #expect(ReportText.number(value) == text)
  }

  @Test("fractions are shown in percent, other numbers with their unit, none as a dash")
  func measures() {
    #expect(ErrorMeasure.energyFraction.text(0.0912) == "9.12 %")
    #expect(ErrorMeasure.energyRMSE.text(2.7) == "2.70 meV/atom")
    #expect(ErrorMeasure.forceMaximum.quoted(10.7) == "10.7 eV/Å")
    #expect(ErrorMeasure.forceFraction.quoted(0.04) == "4 %")
    #expect(ErrorMeasure.forceRMSE.text(nil) == "–")
  }

  @Test("statistics of known errors")
  func statistics() {
    let statistics = ErrorStatistics([3, -4, 5, -5], threshold: 4.5)
    #expect(statistics.rmse == (75.0 / 4).squareRoot())
    #expect(statistics.mae == 17.0 / 4)
    #expect(statistics.largest == 5)
    #expect(statistics.fractionAbove == 0.5)
    #expect(ErrorStatistics([5], threshold: 5).fractionAbove == 0)
  }
}
