import Synchronization
import Testing

@testable import ProgramSupport

@Suite struct ProgressReporterTests {
  /// Collects what a reporter writes.
  private final class Output: Sendable {
    private let text = Mutex("")
    var value: String { text.withLock { $0 } }
    func append(_ more: String) { text.withLock { $0 += more } }
  }

  private func report(
    isTerminal: Bool, columns: Int? = nil, interval: Duration, first: Int = 0,
    _ body: (ProgressReporter) -> Void
  ) -> String {
    let output = Output()
    let reporter = ProgressReporter(
      "pack", unit: "files", total: 10, first: first, isTerminal: isTerminal, columns: columns,
      interval: interval
    ) { output.append($0) }
    body(reporter)
    return output.value
  }

  @Test func plainLinesHaveNoControlCharacters() {
    let text = report(isTerminal: false, interval: .zero) { reporter in
      for _ in 0..<10 { reporter.advance(note: "loss 1") }
      reporter.finish(note: "done")
    }
    let lines = text.split(separator: "\n")
    #expect(lines.count == 11)
    #expect(lines[0].hasPrefix("pack: 1/10 files, "))
    #expect(lines[0].hasSuffix(" s left, loss 1"))
    #expect(lines[10].hasPrefix("pack: 10/10 files, "))
    #expect(lines[10].hasSuffix(" s taken, done"))
    #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 32 })
  }

  @Test func linesComeNowAndThenOnly() {
    let text = report(isTerminal: false, interval: .seconds(1000)) { reporter in
      for _ in 0..<10 { reporter.advance() }
      reporter.finish()
    }
    #expect(text.split(separator: "\n").count == 1)
  }

  @Test func aTerminalGetsOneLineThatIsOverwritten() {
    let text = report(isTerminal: true, columns: 200, interval: .zero) { reporter in
      reporter.advance(by: 5)
      reporter.advance(by: 5)
      reporter.finish()
    }
    let shown = text.split(separator: "\r")
    #expect(shown.count == 3)
    #expect(shown[0].hasPrefix("\u{1B}[K[##########..........] pack: 5/10 files"))
    #expect(shown[1].hasPrefix("\u{1B}[K[####################] pack: 10/10 files"))
    #expect(text.filter { $0 == "\n" }.count == 1 && text.hasSuffix("\n"))
  }

  @Test func linesFitTheTerminal() {
    let text = report(isTerminal: true, columns: 40, interval: .zero) { reporter in
      reporter.advance(note: String(repeating: "x", count: 100))
    }
    #expect(text.count == "\r\u{1B}[K".count + 39)
  }

  @Test func otherLinesReplaceTheBar() {
    let text = report(isTerminal: true, columns: 200, interval: .zero) { reporter in
      reporter.interrupt {}
      reporter.advance()
      reporter.interrupt {}
    }
    // Nothing is erased before there is a bar, and nothing is left open behind the lines.
    #expect(text.hasPrefix("\r\u{1B}[K[##..") && text.hasSuffix("\r\u{1B}[K"))
    let plain = report(isTerminal: false, interval: .zero) { reporter in
      reporter.advance()
      reporter.interrupt {}
    }
    #expect(plain.filter { $0 == "\n" }.count == 1 && plain.hasSuffix("\n"))
  }

  @Test func anUnfinishedBarEndsItsLine() {
    let output = Output()
    do {
      let reporter = ProgressReporter(
        "pack", unit: "files", total: 10, isTerminal: true, columns: 200, interval: .zero
      ) { output.append($0) }
      reporter.advance()
      #expect(!output.value.hasSuffix("\n"))
    }
    #expect(output.value.hasSuffix("\n"))
  }

  /// Work that was done before does not count for the rate.
  @Test func whatWasDoneBeforeIsCounted() {
    let text = report(isTerminal: false, interval: .zero, first: 8) { $0.advance() }
    #expect(text.hasPrefix("pack: 9/10 files, "))
  }

  @Test(arguments: [
    (0.2, "0 s"), (59.4, "59 s"), (60, "1 min 0 s"), (3599, "59 min 59 s"), (3600, "1 h 0 min"),
    (90_061, "25 h 1 min"), (1e30, "years"),
  ])
  func times(seconds: Double, expected: String) {
    #expect(ProgressReporter.time(seconds) == expected)
  }

  @Test(arguments: [(0.0012, "0.0012"), (0.5, "0.50"), (12.3, "12"), (98765, "98765")])
  func rates(value: Double, expected: String) {
    #expect(ProgressReporter.number(value) == expected)
  }
}
