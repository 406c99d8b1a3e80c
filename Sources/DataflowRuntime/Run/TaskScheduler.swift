import DataflowGraph
import Synchronization
import Tensors

/// Which tasks of one run are ready, running and done.
final class TaskScheduler: Sendable {
  private struct State {
    var waitsFor: [Int] = []
    var ready: [Int] = []
    var running = 0
    var left = 0
    var failure: (step: Int, error: any Error)?
  }

  private let graph: TaskGraph
  /// How many tasks run at a time.
  private let limit: Int
  private let state = Guarded(State())
  private let readyCount = Atomic<Int>(0)
  private let isFinished = Atomic<Bool>(true)

  init(_ graph: TaskGraph, limit: Int) {
    self.graph = graph
    self.limit = limit
  }

  /// Begins a run.
  func start() {
    state.withLock { state in
      state.waitsFor = graph.predecessorCounts
      // The last is taken first.
      state.ready = graph.tasks.indices.reversed().filter { graph.predecessorCounts[$0] == 0 }
      state.running = 0
      state.left = graph.tasks.count
      state.failure = nil
      readyCount.store(state.ready.count, ordering: .releasing)
    }
    isFinished.store(false, ordering: .releasing)
  }

  /// Whether all tasks are done, or one has failed.
  var isOver: Bool { isFinished.load(ordering: .acquiring) }

  /// A task to run, if there is one and few enough run already.
  func take() -> Int? {
    guard readyCount.load(ordering: .relaxed) > 0 else { return nil }
    return state.withLock { takeNext(&$0) }
  }

  /// Notes that a task is done and returns the next one, one that waited for it if possible.
  func complete(_ task: Int) -> Int? {
    state.withLock { state in
      state.running -= 1
      state.left -= 1
      for successor in graph.successors[task].reversed() {
        state.waitsFor[successor] -= 1
        if state.waitsFor[successor] == 0 { state.ready.append(successor) }
      }
      if state.left == 0 { isFinished.store(true, ordering: .releasing) }
      return takeNext(&state)
    }
  }

  private func takeNext(_ state: inout State) -> Int? {
    guard state.failure == nil, state.running < limit, let task = state.ready.popLast() else {
      readyCount.store(
        state.running < limit ? state.ready.count : 0, ordering: .relaxed)
      return nil
    }
    state.running += 1
    readyCount.store(state.running < limit ? state.ready.count : 0, ordering: .relaxed)
    return task
  }

  /// Ends the run; of several errors the earliest step's counts.
  func fail(_ error: any Error, at step: Int) {
    state.withLock { state in
      if let earlier = state.failure, earlier.step <= step { return }
      state.failure = (step, error)
      state.ready = []
      readyCount.store(0, ordering: .relaxed)
    }
    isFinished.store(true, ordering: .releasing)
  }

  /// - Throws: what made the run fail.
  func finish() throws {
    if let failure = state.withLock({ $0.failure }) { throw failure.error }
  }
}
