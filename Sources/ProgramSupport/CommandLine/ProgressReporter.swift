import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// Tells on standard error how far long work is: a bar on a terminal, plain lines otherwise.
public final class ProgressReporter: Sendable {
  private struct State {
    var done: Int
    var lastShown: ContinuousClock.Instant
    /// Whether the cursor stands behind a bar.
    var hasOpenLine = false
  }

  private let title: String
  private let unit: String
  private let total: Int
  private let first: Int
  private let isTerminal: Bool
  /// How many characters fit into a line; nil where lines may have any length.
  private let columns: Int?
  private let interval: Duration
  private let start: ContinuousClock.Instant
  private let state: Mutex<State>
  private let write: @Sendable (String) -> Void

  /// - Parameters:
  ///   - title: what is done.
  ///   - unit: what is counted, in the plural.
  ///   - first: how much was done before.
  public convenience init(_ title: String, unit: String, total: Int, first: Int = 0) {
    let isTerminal = isatty(STDERR_FILENO) == 1
    self.init(
      title, unit: unit, total: total, first: first, isTerminal: isTerminal,
      columns: isTerminal ? Self.terminalWidth() : nil
    ) { FileHandle.standardError.write(Data($0.utf8)) }
  }

  init(
    _ title: String, unit: String, total: Int, first: Int = 0, isTerminal: Bool,
    columns: Int? = nil, interval: Duration? = nil, write: @escaping @Sendable (String) -> Void
  ) {
    self.columns = columns
    self.title = title
    self.unit = unit
    self.total = total
    self.first = first
    self.isTerminal = isTerminal
    self.interval = interval ?? (isTerminal ? .milliseconds(100) : .seconds(10))
    self.write = write
    start = .now
    state = Mutex(State(done: first, lastShown: start))
  }

  /// Ends the line of a bar whose work was not finished.
  deinit {
    if state.withLock({ $0.hasOpenLine }) { write("\n") }
  }

  /// Notes that more was done.
  public func advance(by count: Int = 1, note: @autoclosure () -> String = "") {
    state.withLock { state in
      state.done += count
      let now = ContinuousClock.now
      guard now - state.lastShown >= interval else { return }
      state.lastShown = now
      show(state.done, note(), now)
      state.hasOpenLine = isTerminal
    }
  }

  /// Ends the work with a last line.
  public func finish(note: String = "") {
    state.withLock { state in
      show(state.done, note, .now)
      if isTerminal { write("\n") }
      state.hasOpenLine = false
    }
  }

  /// Lets `body` write lines of its own, which the bar makes room for.
  public func interrupt(_ body: () -> Void) {
    state.withLock { state in
      if state.hasOpenLine { write("\r\u{1B}[K") }
      state.hasOpenLine = false
      body()
    }
  }

  private func show(_ done: Int, _ note: String, _ now: ContinuousClock.Instant) {
    let seconds = max((now - start) / .seconds(1), 1e-9)
    let rate = Double(done - first) / seconds
    var line = "\(title): \(done)/\(total) \(unit), \(Self.number(rate)) \(unit)/s"
    if done < total && rate > 0 {
      line += ", \(Self.time(Double(total - done) / rate)) left"
    } else {
      line += ", \(Self.time(seconds)) taken"
    }
    if !note.isEmpty { line += ", \(note)" }
    guard isTerminal else { return write(line + "\n") }
    // A line that wraps could not be overwritten by the next.
    write("\r\u{1B}[K" + "\(bar(done)) \(line)".prefix(max(20, (columns ?? 80) - 1)))
  }

  private static func terminalWidth() -> Int? {
    var size = winsize()
    let isKnown = ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    return isKnown ? Int(size.ws_col) : nil
  }

  private func bar(_ done: Int) -> String {
    let filled = total > 0 ? 20 * min(done, total) / total : 20
    return "[" + String(repeating: "#", count: filled)
      + String(repeating: ".", count: 20 - filled) + "]"
  }

  /// About three digits.
  static func number(_ value: Double) -> String {
    String(format: value < 0.01 ? "%.2g" : value < 10 ? "%.2f" : "%.0f", value)
  }

  static func time(_ seconds: Double) -> String {
    guard seconds < 1e9 else { return "years" }
    let whole = Int(seconds.rounded())
    switch whole {
    case ..<60: return "\(whole) s"
    case ..<3600: return "\(whole / 60) min \(whole % 60) s"
    default: return "\(whole / 3600) h \(whole % 3600 / 60) min"
    }
  }
}
