import DataflowGraph
import Tensors

/// Runs a function's graph inside a step of another plan.
final class FunctionPlanRunner: FunctionRunner {
  let runner: PlanRunner

  /// - Parameters:
  ///   - device: where nodes run that ask for nothing, nil for where the session's do.
  ///   - callers: the nodes that call it, from the outside.
  /// - Throws: `GraphError` where the function's graph cannot be planned.
  init(
    _ function: GraphFunction, on device: DeviceName?, _ environment: RunEnvironment,
    callers: String
  ) throws {
    let plan = try Plan(function, on: device, environment.placement)
    runner = try PlanRunner(plan, environment, callers: callers)
  }

  func run(_ inputs: [Tensor], in context: borrowing KernelContext) throws -> [Tensor] {
    let state = context.state
    return try runner.run(
      inputs, symbols: state.symbols, on: context.executor,
      RunControl(
        cancellation: state.cancellation,
        trace: state.tracesFunctions ? state.trace as? RunTrace : nil))
  }
}
