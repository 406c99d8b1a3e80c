import DataflowGraph

/// What of a plan can run side by side: its steps in tasks, and which tasks wait for which.
///
/// Steps that follow each other without a choice are one task. The first steps may have to run before
/// all others, since they find out sizes or wait for something.
struct TaskGraph {
  /// The tasks' steps, in order.
  private(set) var tasks: [[Int]] = []
  /// The tasks that wait for each.
  private(set) var successors: [[Int]] = []
  /// How many tasks each waits for.
  private(set) var predecessorCounts: [Int] = []
  /// The first step that is in a task.
  let firstStep: Int
  /// Of each step, its task; nil for those that run before all tasks.
  private var taskOfStep: [Int?]
  /// Of each task, those that are done when it starts.
  private var ancestors: [BitSet] = []

  /// More tasks than that are not worth their bookkeeping.
  private static let mostTasks = 4096

  /// - Parameters:
  ///   - predecessors: of each step, the steps that must be done before it.
  ///   - firstStep: the steps before it run first, in order.
  /// - Returns: nil where nothing can run side by side.
  init?(predecessors: [[Int]], firstStep: Int) {
    self.firstStep = firstStep
    taskOfStep = Array(repeating: nil, count: predecessors.count)
    var successorCounts = Array(repeating: 0, count: predecessors.count)
    for step in predecessors.indices {
      for predecessor in predecessors[step] { successorCounts[predecessor] += 1 }
    }
    for step in firstStep..<max(firstStep, predecessors.count) {
      let before = predecessors[step].filter { $0 >= firstStep }
      let owners = Set(before.map { taskOfStep[$0]! })
      if owners.count == 1, let task = owners.first, let last = tasks[task].last,
        before.contains(last), successorCounts[last] == 1
      {
        tasks[task].append(step)
        taskOfStep[step] = task
        continue
      }
      taskOfStep[step] = tasks.count
      for owner in owners { successors[owner].append(tasks.count) }
      ancestors.append(
        owners.reduce(into: BitSet(below: Self.mostTasks)) { found, owner in
          found.insert(owner)
          found.formUnion(ancestors[owner])
        })
      predecessorCounts.append(owners.count)
      successors.append([])
      tasks.append([step])
      if tasks.count > Self.mostTasks { return nil }
    }
    if tasks.count < 2 { return nil }
  }

  /// Whether `step` is always done when `other` starts.
  func isDone(_ step: Int, before other: Int) -> Bool {
    guard let task = taskOfStep[step] else { return step < other }
    guard let otherTask = taskOfStep[other] else { return false }
    return task == otherTask ? step < other : ancestors[otherTask].contains(task)
  }
}
