import DataflowGraph
import Tensors

/// The memory that runs of one plan, and of the functions that it calls, take beside feeds, constants, variables and results.
package struct MemoryUse: Sendable, Equatable {
  /// Bytes of the arenas.
  package let byteCount: Int
  /// The most bytes that values and scratch memory need at one time where steps run in order, however
  /// they are laid out.
  package let lowerBound: Int
}

extension Session {
  /// The memory of the runs with these feeds, fetches and targets; nil before the first.
  package func memoryUse(
    feeds: [Value: Tensor], fetches: [Value], targets: [Node] = []
  ) -> MemoryUse? {
    withRunner(feeds: Array(feeds.keys), fetches: fetches, targets: targets) { $0.memoryUse }
  }
}

extension PlanRunner {
  fileprivate var memoryUse: MemoryUse {
    var live = Array(repeating: 0, count: max(1, plan.steps.count))
    for memory in memories {
      for request in memory.requests(of: plan) {
        let last = min(request.lastStep, live.count - 1)
        for step in min(max(0, request.firstStep), last)...last {
          live[step] += request.byteCount
        }
      }
    }
    var byteCount = memories.reduce(0) { $0 + $1.byteCount }
    for (index, step) in steps.enumerated() {
      for case let function as FunctionPlanRunner
        in (step.kernel as? any FunctionCaller)?.functionRunners ?? []
      {
        let use = function.runner.memoryUse
        byteCount += use.byteCount
        live[index] += use.lowerBound
      }
    }
    return MemoryUse(byteCount: byteCount, lowerBound: live.max()!)
  }
}
