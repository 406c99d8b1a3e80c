import DataflowRuntime

/// Kernels that were recorded as a graph of CUDA's.
final class CUDARecording: DeviceRecording {
  private let driver: CUDADriver
  private let graphs: CUDALibrary.Graphs
  private let graph: CUDALibrary.Handle

  /// Records the kernels that `body` starts in a stream of its own.
  init(
    _ driver: CUDADriver, _ graphs: CUDALibrary.Graphs, in stream: CUDALibrary.Handle,
    _ body: () throws -> Void
  ) throws {
    // What other threads do in the meantime does not concern it: the mode is the relaxed one.
    try driver.call("beginning to record") { graphs.begin(stream, 2) }
    var recorded: CUDALibrary.Handle?
    defer { if let recorded { _ = graphs.destroy(recorded) } }
    do {
      try driver.streams.with(stream, body)
    } catch {
      try? driver.call("ending a recording") { graphs.end(stream, &recorded) }
      throw error
    }
    try driver.call("ending a recording") { graphs.end(stream, &recorded) }
    var graph: CUDALibrary.Handle?
    try driver.call("preparing a recording") { graphs.instantiate(&graph, recorded, 0) }
    (self.driver, self.graphs, self.graph) = (driver, graphs, graph!)
  }

  deinit {
    try? driver.call("giving up a recording") { graphs.destroyInstance(graph) }
  }

  func replay() throws {
    try driver.call("replaying a recording") { graphs.launch(graph, driver.streams.main) }
  }
}
