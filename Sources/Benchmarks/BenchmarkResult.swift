import Dataflow
import Foundation

/// How benchmarks are run.
struct BenchmarkSettings: Sendable {
  var interOp: Int
  var intraOp: Int
  let seconds: Double
  /// How often each case is repeated, whatever the time; nil for as long as `seconds` says.
  var repetitions: Int?
  /// Whether the operations of training steps are measured one by one too.
  var showsOperations = false
  /// Where training steps are computed.
  var placement = Placement()

  /// The threads that compute.
  var threads: Int { max(interOp, intraOp) }

  /// As many threads, each for operations of its own.
  var withOperationsSideBySide: BenchmarkSettings {
    var settings = self
    (settings.interOp, settings.intraOp) = (threads, 1)
    return settings
  }
}

/// Times of one benchmark, and what was done in them.
struct BenchmarkResult {
  let workload: String
  let name: String
  let settings: BenchmarkSettings
  /// `ms` or `µs`, of one operation.
  let unit: String
  /// Sorted.
  let times: [Double]
  /// The least time that the processors worked on a repetition, all threads together: less disturbed
  /// where other programs run.
  let processorTime: Double
  /// Arithmetic and traffic of one operation, in 10⁹; 0 where they say nothing.
  var gigaflops = 0.0
  var gigabytes = 0.0
  /// Other figures, with names that tell the unit.
  var figures: [(name: String, value: Double)] = []

  /// Warms up, then repeats for as long as the settings say, and at least three times.
  ///
  /// - Parameter operations: how many operations one repetition runs.
  init(
    _ workload: String, _ name: String, _ settings: BenchmarkSettings, unit: String = "ms",
    operations: Int = 1, gigaflops: Double = 0, gigabytes: Double = 0,
    _ repetition: () throws -> Void
  ) rethrows {
    for _ in 0..<2 { try repetition() }
    var measured = Repetitions(unit, operations)
    while !measured.areEnough(settings) { try measured.take(repetition) }
    self.init(workload, name, settings, measured)
    self.gigaflops = gigaflops
    self.gigabytes = gigabytes
  }

  /// Cases in turn, a repetition of each at a time: where the machine's speed changes, it changes for all.
  ///
  /// The settings' time holds for each case.
  static func inTurn(
    _ workload: String, _ cases: [(name: String, repetition: () throws -> Void)],
    _ settings: BenchmarkSettings, unit: String = "ms", operations: Int = 1
  ) throws -> [BenchmarkResult] {
    for (_, repetition) in cases { for _ in 0..<2 { try repetition() } }
    var measured = cases.map { _ in Repetitions(unit, operations) }
    while !measured.allSatisfy({ $0.areEnough(settings) }) {
      for (index, (_, repetition)) in cases.enumerated() { try measured[index].take(repetition) }
    }
    return zip(cases, measured).map { BenchmarkResult(workload, $0.name, settings, $1) }
  }

  /// Times of the repetitions of a case.
  private struct Repetitions {
    let unit: String
    /// From nanoseconds of a repetition to units of an operation.
    private let scale: Double
    private(set) var times: [Double] = []
    private(set) var processorTime = Double.infinity
    private var nanoseconds = UInt64(0)

    init(_ unit: String, _ operations: Int) {
      self.unit = unit
      scale = (unit == "ms" ? 1e-6 : 1e-3) / Double(operations)
    }

    func areEnough(_ settings: BenchmarkSettings) -> Bool {
      settings.repetitions.map { times.count >= $0 }
        ?? (times.count >= 3 && Double(nanoseconds) >= settings.seconds * 1e9)
    }

    mutating func take(_ repetition: () throws -> Void) rethrows {
      let processorStart = BenchmarkResult.processorNanoseconds()
      let start = DispatchTime.now().uptimeNanoseconds
      try repetition()
      let taken = DispatchTime.now().uptimeNanoseconds - start
      nanoseconds += taken
      times.append(Double(taken) * scale)
      processorTime = min(
        processorTime, Double(BenchmarkResult.processorNanoseconds() - processorStart) * scale)
    }
  }

  private init(
    _ workload: String, _ name: String, _ settings: BenchmarkSettings, _ measured: Repetitions
  ) {
    self.workload = workload
    self.name = name
    self.settings = settings
    unit = measured.unit
    times = measured.times.sorted()
    processorTime = measured.processorTime
  }

  /// A part of another benchmark, with times that were taken elsewhere, in ms.
  init(_ workload: String, _ name: String, _ settings: BenchmarkSettings, times: [Double]) {
    self.workload = workload
    self.name = name
    self.settings = settings
    unit = "ms"
    self.times = times.sorted()
    processorTime = self.times[0]
  }

  private static func processorNanoseconds() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Int(time.tv_sec) * 1_000_000_000 + Int(time.tv_nsec)
  }

  var least: Double { times[0] }
  private var median: Double { times[times.count / 2] }
  /// From an operation's time to seconds.
  private var secondsPerUnit: Double { unit == "ms" ? 1e-3 : 1e-6 }
  /// At the least time.
  private var rates: (flops: Double, bytes: Double) {
    (gigaflops / (least * secondsPerUnit), gigabytes / (least * secondsPerUnit))
  }

  /// `A  training step … min 0.012  median 0.013  max 0.020 ms  80.1 GFLOP/s (1 x 1 threads)`
  var line: String {
    let label =
      "\(workload) ".padding(toLength: 9, withPad: " ", startingAt: 0)
      + name.padding(toLength: 56, withPad: " ", startingAt: 0)
    var text = String(
      format: "min %9.4f  median %9.4f  max %9.4f  processors %9.4f %@", least, median,
      times[times.count - 1], processorTime, unit)
    if gigaflops > 0 { text += String(format: "  %6.1f GFLOP/s", rates.flops) }
    if gigabytes > 0 { text += String(format: "  %6.1f GB/s", rates.bytes) }
    for figure in figures { text += "  \(figure.name) " + String(format: "%.4g", figure.value) }
    return "\(label) \(text)  (\(settings.interOp) x \(settings.intraOp) threads)"
  }

  var json: String {
    var fields = [
      "\"workload\": \"\(workload)\"", "\"case\": \"\(name)\"",
      "\"inter_op\": \(settings.interOp)", "\"intra_op\": \(settings.intraOp)",
      "\"unit\": \"\(unit)\"", "\"repetitions\": \(times.count)",
      String(
        format: "\"min\": %.6f, \"median\": %.6f, \"max\": %.6f, \"processors\": %.6f", least,
        median, times[times.count - 1], processorTime),
    ]
    if gigaflops > 0 { fields.append(String(format: "\"gflops_per_s\": %.2f", rates.flops)) }
    if gigabytes > 0 { fields.append(String(format: "\"gbytes_per_s\": %.2f", rates.bytes)) }
    for figure in figures {
      fields.append("\"\(figure.name)\": " + String(format: "%.9g", figure.value))
    }
    return "{\(fields.joined(separator: ", "))}"
  }
}
