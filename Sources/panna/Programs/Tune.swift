import AtomicNetworks
import Atomistics
import Dataflow
import Foundation
import ProgramSupport

/// Measures with which threads a training goes fastest.
enum Tune: Program {
  static let name = "tune"
  static let summary = "measures with which threads a training goes fastest"
  static let options = CommandLineOptions([
    .config, .set,
    .init("--seconds", value: "N", help: "how long it measures in all (60)"),
    .init("--output", "-o", value: "DIR", help: "folder for tune.svg and tune.ini (.)"),
  ])
  static let details = """
    The configuration file is that of train. Steps of its training are taken with different numbers
    of operations at a time (inter_op), threads inside each (intra_op) and threads that make batches
    (readers), all in turn and twice, and nothing of the training is written. It prints a table with
    the steps a second of each setting and the part of the time that was spent waiting for input,
    and writes a picture, tune.svg, and the best setting as a [PARALLELIZATION] section, tune.ini,
    which replaces that of the configuration, whose other keys it takes over.

    Results of a training do not depend on these settings, only its speed does.
    """
  static let example = "  panna tune --config train.ini --seconds 120"

  static func run(_ arguments: ParsedArguments) throws {
    let file = try arguments.configuration()
    let configuration = try TrainConfiguration(file)
    let seconds = try arguments.int("--seconds", in: 1...86_400) ?? 60
    let folder = URL(fileURLWithPath: arguments["--output"] ?? ".")
    try Folder.make(folder)
    let picture = folder.appendingPathComponent("tune.svg")
    let section = folder.appendingPathComponent("tune.ini")
    for result in [picture, section] {
      try result.check(replacesNoneOf: [URL(fileURLWithPath: file.path)], "--output")
      try AtomicFile.checkCanBeWritten(result)
    }
    let setup = try TrainingSetup(configuration)
    let tuning = try Tuning(setup, threads: ThreadCount.available, seconds: Double(seconds))
    for line in tuning.table { say(line) }
    let text = tuning.section(in: file).text
    say("")
    say(text)
    say("tune: \(tuning.summary)")
    try FileAccess.write(Data(tuning.plot.standaloneSVG.utf8), to: picture)
    try FileAccess.write(Data(text.utf8), to: section)
    say("tune: the picture is \(picture.path), the section \(section.path)")
    if file["PARALLELIZATION"] != nil {
      say("tune: the section replaces that of \(file.path), whose other keys it takes over")
    }
  }
}

/// Settings of threads with how fast a training goes.
struct Tuning {
  struct Setting: Hashable {
    let interOp: Int
    let intraOp: Int
    let readers: Int
  }

  struct Measurement {
    let setting: Setting
    var stepsPerSecond: Double
    /// The part of the time that was spent waiting for batches.
    var waiting: Double
  }

  /// In the order in which they were first measured.
  private(set) var measurements: [Measurement] = []
  /// What a training does that says nothing.
  private let standard: Setting

  /// Measures every setting twice, and keeps the faster time: other programs only ever slow one down.
  ///
  /// - Parameter threads: the most that may compute at a time.
  init(_ setup: TrainingSetup, threads: Int, seconds: Double) throws {
    standard = Setting(interOp: 1, intraOp: threads, readers: 1)
    let counts = Self.counts(upTo: threads)
    let readers = Self.counts(upTo: min(threads, 4))
    let pairs = counts.flatMap { inter in counts.map { (inter, $0) } }
    let slice = seconds / Double(2 * (pairs.count + readers.count - 1))
    let progress = ProgressReporter(
      "tune", unit: "measurements", total: 2 * (pairs.count + readers.count - 1))
    func measure(_ settings: [Setting]) throws {
      for _ in 0..<2 {
        for setting in settings {
          add(try Self.measure(setup, setting, seconds: slice))
          progress.advance()
        }
      }
    }
    try measure(pairs.map { Setting(interOp: $0.0, intraOp: $0.1, readers: 1) })
    let best = best.setting
    try measure(
      readers.dropFirst().map {
        Setting(interOp: best.interOp, intraOp: best.intraOp, readers: $0)
      })
    progress.finish()
  }

  /// 1, 2, 4 … and the most.
  static func counts(upTo most: Int) -> [Int] {
    var counts: [Int] = []
    var count = 1
    while count < most {
      counts.append(count)
      count *= 2
    }
    return counts + [most]
  }

  private static func measure(
    _ setup: TrainingSetup, _ setting: Setting, seconds: Double
  ) throws -> Measurement {
    let trainer = try setup.makeTrainer(
      intraOpThreads: setting.intraOp, interOpThreads: setting.interOp)
    var options = setup.configuration.pipeline.batches
    options.threads = setting.readers
    let batches = setup.makeBatches(trainer, options)
    defer { batches.close() }
    // The first steps plan, and lay out memory.
    for _ in 0..<3 { try step(trainer, batches) }
    let (start, waited) = (ContinuousClock.now, batches.statistics.waitingTime)
    var (steps, time) = (0, Duration.zero)
    repeat {
      try step(trainer, batches)
      steps += 1
      time = .now - start
    } while time < .seconds(seconds)
    return Measurement(
      setting: setting, stepsPerSecond: Double(steps) / (time / .seconds(1)),
      waiting: (batches.statistics.waitingTime - waited) / time)
  }

  private static func step(_ trainer: Trainer, _ batches: BatchPipeline) throws {
    if let batch = try batches.next() { _ = try trainer.run(batch) }
  }

  private mutating func add(_ new: Measurement) {
    guard let place = measurements.firstIndex(where: { $0.setting == new.setting }) else {
      return measurements.append(new)
    }
    if new.stepsPerSecond > measurements[place].stepsPerSecond { measurements[place] = new }
  }

  /// For tests.
  init(_ measurements: [Measurement], standard: Setting) {
    (self.measurements, self.standard) = (measurements, standard)
  }

  // MARK: What is said

  var best: Measurement { measurements.max { $0.stepsPerSecond < $1.stepsPerSecond }! }

  var table: [String] {
    let fastest = best.stepsPerSecond
    return ["inter_op intra_op  readers   steps/s  of the best  waiting for input"]
      + measurements.map { measurement in
        let setting = measurement.setting
        return String(
          format: "%8d %8d %8d %9.4g %10.0f %% %16.0f %%", setting.interOp, setting.intraOp,
          setting.readers, measurement.stepsPerSecond,
          100 * measurement.stepsPerSecond / fastest, 100 * measurement.waiting)
      }
  }

  /// The best setting beside what else a configuration says in its section.
  func section(in file: IniFile) -> IniSection {
    let setting = best.setting
    var section = file.optionalSection("PARALLELIZATION")
    section.set("inter_op_parallelism_threads", to: "\(setting.interOp)")
    section.set("intra_op_parallelism_threads", to: "\(setting.intraOp)")
    section.set("num_parallel_readers", to: "\(setting.readers)")
    section.set("num_parallel_calls", to: "\(setting.readers)")
    return section
  }

  var summary: String {
    let found = measurements.first { $0.setting == standard }
    let gain = found.map { best.stepsPerSecond / $0.stepsPerSecond - 1 } ?? 0
    let speed = String(format: "%.4g steps/s", best.stepsPerSecond)
    let comparison = String(format: "%.0f %% more than", 100 * gain)
    return gain < 0.05
      ? "there is little to gain: the best setting makes \(speed), \(comparison) a training that"
        + " says nothing of threads"
      : "the best setting makes \(speed), \(comparison) a training that says nothing of threads"
  }

  /// Steps a second over threads inside operations, a line for each number of operations at a time.
  var plot: Plot {
    var plot = Plot(
      "Steps a second by threads", x: PlotAxis("threads inside an operation (intra_op)"),
      y: PlotAxis("steps/s", includesZero: true))
    let lines = Dictionary(grouping: measurements.filter { $0.setting.readers == 1 }) {
      $0.setting.interOp
    }
    for (interOp, line) in lines.sorted(by: { $0.key < $1.key }) {
      let (x, y) = (line.map { Double($0.setting.intraOp) }, line.map(\.stepsPerSecond))
      plot.series.append(
        PlotSeries("inter_op \(interOp)", .line, x: x, y: y, colour: plot.series.count / 2))
      plot.series.append(PlotSeries("", .marks, x: x, y: y, colour: plot.series.count / 2))
    }
    return plot
  }
}
