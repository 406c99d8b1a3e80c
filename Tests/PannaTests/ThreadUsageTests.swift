#if os(Linux)
  import Foundation
  import TestSupport
  import Testing

  /// What the program takes of the machine, as the system sees it.
  @Suite(
    .serialized, .enabled(if: FileManager.default.isExecutableFile(atPath: TrainTests.executable)))
  struct ThreadUsageTests {
    /// Chains that have nothing to do with each other, of steps with work for several threads.
    private static let graph = """
      x = variable(uniform(double[50000], seed: 3))
      function chain(start) {
        y_0 = start
        for link in range(6) {
          sum_{link} = Cumsum(y_{link}, axis: 0, exclusive: false, reverse: false)
          y_{link + 1} = Tanh(sum_{link})
        }
        return y_6
      }
      y = AddN([chain(x + 1), chain(x + 2), chain(x + 3), chain(x + 4)])
      """

    /// Nanoseconds of computing, by thread.
    private func computing(_ process: Process) -> [String: Double] {
      let folder = "/proc/\(process.processIdentifier)/task"
      let threads = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      var times: [String: Double] = [:]
      for thread in threads {
        let text = try? String(contentsOfFile: "\(folder)/\(thread)/schedstat", encoding: .utf8)
        if let first = text?.split(separator: " ").first { times[thread] = Double(first) }
      }
      return times
    }

    @Test(arguments: [1, 2, 4], [1, 2, 4])
    func staysBelowWhatWasAsked(inter: Int, intra: Int) throws {
      let folder = try TemporaryFolder()
      let file = folder.url.appendingPathComponent("chains.graph")
      try Self.graph.write(to: file, atomically: true, encoding: .utf8)
      let process = Process()
      process.executableURL = URL(fileURLWithPath: TrainTests.executable)
      process.arguments = [
        "graph", "run", file.path, "--initialize", "--target", "y", "--repeat", "1000000",
        "--inter-op", "\(inter)", "--intra-op", "\(intra)",
      ]
      process.standardOutput = FileHandle.nullDevice
      try process.run()
      defer {
        // Children of test threads may not hear gentler signals.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
      }
      while computing(process).values.reduce(0, +) < 2e8 { usleep(10_000) }

      let (start, before) = (DispatchTime.now().uptimeNanoseconds, computing(process))
      usleep(300_000)
      let after = computing(process)
      let wall = Double(DispatchTime.now().uptimeNanoseconds - start)
      let most = max(inter, intra)
      // The caller's thread, and one more for each that computes beside it.
      #expect(after.count <= most)
      let times = after.map { $1 - before[$0, default: 0] }
      // What is told of a running thread is as old as the scheduler's last tick, 10 ms at most.
      #expect(times.reduce(0, +) <= Double(most) * (wall + 1e7))
      #expect(times.reduce(0, +) > 0)
      if most > 1 { #expect(times.count { $0 > 0 } > 1) }
    }
  }
#endif
