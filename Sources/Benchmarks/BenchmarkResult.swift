import Foundation

/// How a benchmark is run.
struct BenchmarkSettings {
  let interOp: Int
  let intraOp: Int
  let seconds: Double
}

/// Times of one benchmark, in microseconds per operation.
struct BenchmarkResult {
  let name: String
  let settings: BenchmarkSettings
  /// Sorted.
  let times: [Double]

  /// - Parameter operations: how many operations one repetition runs.
  init(
    _ name: String, _ settings: BenchmarkSettings, operations: Int, _ repetition: () throws -> Void
  )
    rethrows
  {
    self.name = name
    self.settings = settings
    for _ in 0..<3 { try repetition() }
    var times: [Double] = []
    let end = Date().addingTimeInterval(settings.seconds)
    repeat {
      let start = DispatchTime.now().uptimeNanoseconds
      try repetition()
      let elapsed = DispatchTime.now().uptimeNanoseconds - start
      times.append(Double(elapsed) / 1000 / Double(operations))
    } while Date() < end
    self.times = times.sorted()
  }

  private var median: Double { times[times.count / 2] }

  /// `chain … min 0.012 median 0.013 max 0.020 µs per operation (1 x 1 threads)`
  var line: String {
    let label = name.padding(toLength: 44, withPad: " ", startingAt: 0)
    let numbers = String(
      format: "min %8.4f  median %8.4f  max %8.4f µs", times[0], median, times[times.count - 1])
    return "\(label) \(numbers)  (\(settings.interOp) x \(settings.intraOp) threads)"
  }

  var json: String {
    String(
      format: #"{"name": "%@", "inter_op": %d, "intra_op": %d, "repetitions": %d, "#, name,
      settings.interOp, settings.intraOp, times.count)
      + String(
        format: #""microseconds": {"min": %.6f, "median": %.6f, "max": %.6f}}"#, times[0], median,
        times[times.count - 1])
  }
}
