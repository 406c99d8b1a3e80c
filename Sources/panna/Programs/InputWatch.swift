import AtomicNetworks
import Foundation

/// Sees whether a training waits for its data or computes.
struct InputWatch {
  /// Less than this part of the time, or than this time, is not worth a word: the first batch is always waited for.
  private static let notable = (fraction: 0.1, time: Duration.seconds(2))

  private let batches: BatchPipeline
  private let threads: Int
  private let start = ContinuousClock.now

  /// - Parameter threads: those that make the batches.
  init(_ batches: BatchPipeline, threads: Int) {
    self.batches = batches
    self.threads = threads
  }

  /// The part of the time so far in which the training waited.
  var fraction: Double {
    batches.statistics.waitingTime / max(ContinuousClock.now - start, .nanoseconds(1))
  }

  /// For the progress line; nothing where there is little to say.
  var note: String {
    isNotable ? ", \(Self.percentage(fraction)) waiting for input" : ""
  }

  /// What could be done where much time was spent waiting.
  var advice: String? {
    guard isNotable else { return nil }
    return Self.words(fraction)
      + "; [PARALLELIZATION] num_parallel_calls = \(2 * threads), or a larger memory_budget with"
      + " dataset_cache, may help"
  }

  /// For a report: how much of the time was spent waiting, and what could be done.
  static func summary(_ fraction: Double) -> String {
    words(fraction)
      + (fraction < notable.fraction
        ? "." : "; a larger num_parallel_calls, or memory_budget with dataset_cache, may help.")
  }

  private static func words(_ fraction: Double) -> String {
    "\(percentage(fraction)) of the time was spent waiting for input"
  }

  private static func percentage(_ fraction: Double) -> String {
    String(format: "%.0f %%", 100 * fraction)
  }

  private var isNotable: Bool {
    fraction >= Self.notable.fraction && batches.statistics.waitingTime >= Self.notable.time
  }
}
