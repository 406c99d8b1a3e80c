import DataflowGraph
import Tensors

extension PlanRunner {
  /// Evaluates the shapes of one epoch that may have changed, lets their kernels prepare, and makes room.
  func resolve(_ index: Int) throws {
    let epoch = plan.epochs[index]
    if memories[index].symbols == state.symbols { return }
    let changed = sizes.changes(from: memories[index].symbols, to: state.symbols)
    memories[index].symbols = nil
    try sizes.evaluate(epoch: index, with: state.symbols)
    for value in epoch.values where sizes.isConcerned(value: value, by: changed) {
      sizes.setShape(ofValue: value, &shapes[value])
      if !plan.hasBranches { try checkCount(of: value) }
    }
    for (view, value) in viewValues.enumerated()
    where plan.values[value].epoch == index && sizes.isConcerned(value: value, by: changed) {
      show(view)
    }
    var needed: [Int] = []
    needed.reserveCapacity(epoch.buffers.count + epoch.steps.count)
    for buffer in epoch.buffers { needed.append(sizes.byteCount(ofBuffer: buffer)) }
    for step in epoch.steps {
      if sizes.isConcerned(step: step, by: changed) { scratch[step] = try prepare(step) }
      needed.append(scratch[step])
    }
    let hasMoved = try memories[index].makeRoom(
      for: needed, plan, hasGuards: environment.checksMemory)
    if hasMoved { point(at: index) }
    if !feedCopies.isEmpty { pointAtFeedCopies() }
    memories[index].symbols = state.symbols
  }

  /// Where steps may be left out, what is wrong with sizes counts only for those that run.
  func checkSizes(ofStep index: Int, reading inputs: ArraySlice<Int>) throws {
    for input in inputs { try checkCount(of: input) }
    if let failure = failures[index] { throw failure }
  }

  /// What a view shows must have as many elements as it.
  func checkCount(of value: Int) throws {
    guard let count = sizes.rootCount(ofValue: value), shapes[value].elementCount != count else {
      return
    }
    throw GraphError(
      "\(plan.values[value].name): \(count) elements cannot have the shape \(shapes[value])")
  }

  private func show(_ view: Int) {
    let shape = shapes[viewValues[view]]
    views[view].count = shape.elementCount
    for axis in 0..<shape.rank { views[view].dimensions[axis] = shape[axis] }
  }

  private func prepare(_ index: Int) throws -> Int {
    preparations += 1
    let (first, end) = (steps[index].firstOutput, steps[index].end)
    sizes.setShapes(
      ofValues: viewValues[steps[index].firstInput..<first], &kernelSizes[index].inputs)
    sizes.setShapes(ofValues: viewValues[first..<end], &kernelSizes[index].outputs)
    kernelSizes[index].symbols = state.symbols
    do {
      let bytes = try steps[index].kernel.prepare(kernelSizes[index])
      try checkEqualSizes(of: index)
      if plan.hasBranches { failures[index] = nil }
      return bytes
    } catch {
      let error = describe(error, at: plan.steps[index].node)
      guard plan.hasBranches else { throw error }
      failures[index] = error
      return 0
    }
  }

  /// - Throws: `GraphError` where sizes differ that the step takes for equal.
  func checkEqualSizes(of index: Int) throws {
    for equality in plan.steps[index].node.equalSizes { try equality.check(with: state.symbols) }
  }

  private func pointAtFeedCopies() {
    for (view, value) in viewValues.enumerated() {
      guard let block = feedCopies[plan.values[value].buffer]?.block else { continue }
      views[view].base = block.base
    }
  }

  private func point(at index: Int) {
    let memory = memories[index]
    for (view, value) in viewValues.enumerated() {
      let buffer = plan.values[value].buffer
      guard plan.buffers[buffer].epoch == index, case .arena = plan.buffers[buffer].home else {
        continue
      }
      views[view].base = memory.base(ofBuffer: buffer)
    }
    for (position, step) in plan.epochs[index].steps.enumerated() {
      steps[step].workspace = memory.base(ofScratch: position)
    }
  }

  /// Nothing may have been written behind a step's own memory. Only the last step's neighbours are
  /// known to be untouched, so tests run plans of one step.
  func checkGuards() throws {
    guard plan.steps.count == 1 else { return }
    guard try memories.allSatisfy({ try $0.areGuardsIntact() }) else {
      throw GraphError("memory behind a buffer was written by \(plan.steps[0].node.name)")
    }
  }
}
