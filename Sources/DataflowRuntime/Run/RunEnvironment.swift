import DataflowGraph
import Dispatch
import Tensors

/// What the plans of one session share.
final class RunEnvironment {
  let variables: VariableStore
  let resources = ResourceStore()
  /// Poisons memory before each run and looks for writes beyond buffers after it.
  let checksMemory: Bool
  /// How many steps run at a time.
  let interOpThreads: Int
  let placement: Placement

  init(checksMemory: Bool, interOpThreads: Int, placement: Placement) {
    BLAS.prepare
    self.placement = placement
    variables = VariableStore(placement.devices)
    self.checksMemory = checksMemory
    self.interOpThreads = interOpThreads
  }
}

/// How one run is watched and ended.
struct RunControl {
  var cancellation: Cancellation?
  var trace: RunTrace?
  /// What runs steps side by side, nil where they run in order.
  var lanes: LaneSet?
  /// What the run gives up while it waits, nil inside a function.
  var turn: Turn?
}

/// The right to compute, which one run of a session has at a time.
final class Turn: Sendable {
  private let semaphore = DispatchSemaphore(value: 1)

  func enter() { semaphore.wait() }
  func leave() { semaphore.signal() }
}

/// How a run is watched and ended.
public struct RunOptions: Sendable {
  /// Ends the run from another thread or at a deadline.
  public var cancellation: Cancellation?
  /// Notes when each step ran.
  public var trace: RunTrace?
  /// Sizes by their names that are known without the run's feeds, as a task's are that another task is fed.
  public var sizes: [String: Int]

  public init(
    cancellation: Cancellation? = nil, trace: RunTrace? = nil, sizes: [String: Int] = [:]
  ) {
    self.cancellation = cancellation
    self.trace = trace
    self.sizes = sizes
  }
}
