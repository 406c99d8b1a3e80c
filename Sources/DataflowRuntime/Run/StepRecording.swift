import DataflowGraph
import Tensors

/// Steps of a plan that a device does one after the other, which it may have written down so that all of them
/// take one call.
///
/// A run that finds everything as it was in the last one writes them down, those after it replay that;
/// where sizes have changed or tensors lie elsewhere, the steps run one by one again.
final class StepRecording {
  let steps: [Int]
  private let memory: any DeviceMemory
  /// Where the steps' tensors and scratch memory were in the last run.
  private var places: [UnsafeMutableRawPointer] = []
  /// How many kernels had been prepared by then.
  private var preparations = -1
  private(set) var recording: (any DeviceRecording)?
  /// Whether the device has said that it cannot.
  private var isRefused = false

  init(_ steps: [Int], on memory: any DeviceMemory) { (self.steps, self.memory) = (steps, memory) }

  /// Whether what was recorded may be replayed in this run, or is now that everything is as it was.
  func isReady(in runner: PlanRunner, _ body: () throws -> Void) -> Bool {
    guard !isRefused else { return false }
    guard isSame(in: runner) else {
      recording = nil
      return false
    }
    if recording == nil {
      recording = try? memory.record(body)
      isRefused = recording == nil
    }
    return recording != nil
  }

  /// - Throws: what the device says; the steps run one by one from then on.
  func replay() throws {
    do {
      try recording?.replay()
    } catch {
      recording = nil
      isRefused = true
      throw error
    }
  }

  /// Compares with the last run, and notes how it is now.
  private func isSame(in runner: PlanRunner) -> Bool {
    let isKnown = !places.isEmpty
    var isSame = isKnown && preparations == runner.preparations
    preparations = runner.preparations
    var position = 0
    runner.forEachPlace(of: steps) { place in
      if !isKnown {
        places.append(place)
      } else if places[position] != place {
        places[position] = place
        isSame = false
      }
      position += 1
    }
    return isSame
  }
}

extension PlanRunner {
  /// What a run does in order, where some of its steps may be recorded; nil where none may.
  ///
  /// Copies of feeds come first: they lie in memory of their own, so that nothing else is in the way.
  func makeSequence() -> [PlannedWork]? {
    guard !plan.hasBranches, !spaces.isEmpty else { return nil }
    var (copies, sequence): ([PlannedWork], [PlannedWork]) = ([], [])
    var pending: [Int] = []
    var hasRecording = false
    func close() {
      let memory = pending.first.flatMap {
        environment.placement.devices[plan.steps[$0].device].memory
      }
      if let memory, pending.count > 1 {
        sequence.append(.recording(StepRecording(pending, on: memory)))
        hasRecording = true
      } else {
        sequence += pending.map { .step($0) }
      }
      pending = []
    }
    for (index, step) in plan.steps.enumerated() {
      let transfer = steps[index].kernel as? TransferKernel
      if let transfer, step.epoch == 0, feedCopies.values.contains(where: { $0 === transfer }) {
        copies.append(.step(index))
        continue
      }
      if let last = pending.last, plan.steps[last].device != step.device { close() }
      if steps[index].kernel is any RepeatableKernel {
        pending.append(index)
      } else {
        close()
        sequence.append(.step(index))
      }
    }
    close()
    return hasRecording ? copies + sequence : nil
  }

  func run(
    _ recording: StepRecording, on executor: any ParallelExecutor, _ control: RunControl
  ) throws {
    func runSteps() throws {
      for index in recording.steps { try run(index, on: executor, control) }
    }
    // Who traces wants to know of each step, and poisoned memory is to be seen by each.
    guard control.trace == nil, !environment.checksMemory, recording.isReady(in: self, runSteps)
    else { return try runSteps() }
    let node = plan.steps[recording.steps[0]].node
    try atNode(node) {
      if control.cancellation != nil { try state.check() }
      try recording.replay()
    }
  }

  /// Calls `body` with where the steps' inputs, outputs and scratch memory are.
  func forEachPlace(of indices: [Int], _ body: (UnsafeMutableRawPointer) -> Void) {
    for index in indices {
      let step = plan.steps[index]
      let first = steps[index].firstInput
      for view in first..<first + step.inputs.count + step.outputs.count { body(views[view].base) }
      body(steps[index].workspace)
    }
  }
}

/// A part of a run.
enum PlannedWork {
  case step(Int)
  case recording(StepRecording)
}
