import Dataflow
import Foundation
import ProgramSupport

/// A log whose lines do not say their steps: a checkpoint keeps how many there are.
final class StepLog {
  private let file: LogFile
  private var lines = 0
  private var last = ""

  /// How many lines there are, and the last of them, by which the log is known again.
  var mark: String { "\(lines) \(last)" }

  /// - Parameters:
  ///   - mark: what a checkpoint says of an earlier run's lines; the rest was never checkpointed.
  ///   - keptLines: how many are kept where no checkpoint says it.
  /// - Throws: `WorkError` where the lines are not those of the mark; the file is as it was then.
  init(_ url: URL, mark: String? = nil, keptLines: Int) throws {
    let parts = mark?.split(separator: " ", maxSplits: 1) ?? []
    let count = parts.first.flatMap { Int($0) } ?? keptLines
    var kept = 0
    var line: [UInt8] = []
    let size = try LogFile.size(of: url) { found in
      guard kept < count else { return false }
      kept += 1
      if kept == count { line = Array(found) }
      return true
    }
    let isKnown = kept == count && (parts.count < 2 || line.elementsEqual(parts[1].utf8))
    guard size == 0 || mark == nil || isKnown else {
      throw WorkError(
        "\(url.path): is another training's: line \(count) is not the one that this one wrote before its"
          + " checkpoint; move the logs there away, or name another log_dir")
    }
    file = try LogFile(url, keeping: size)
    (lines, last) = (kept, String(decoding: line, as: UTF8.self))
  }

  func write(_ numbers: [Double]) throws {
    last = try file.append(numbers)
    lines += 1
  }
}
