import DataflowGraph
import Tensors

extension Plan: CustomStringConvertible {
  /// One line a step: index, device, operation and name; each result's type and shape, where it lies and
  /// its bytes; the input it overwrites; floating-point operations.
  ///
  ///     2 CPU:0 MatMul layer/MatMul -> float[64, 32] at 8192, 8192 bytes; 262144 flops
  ///     3 CPU:0 Tanh layer/Tanh -> float[64, 32] at 8192, 8192 bytes over input 0; 2048 flops
  ///
  /// Results lie at offsets in their device's arena, which are known where all sizes are; else buffers
  /// have numbers, and sizes names.
  public var description: String { lines.joined(separator: "\n") }

  /// The same, and below each call of a function for slices, indented, what the function does with one of them.
  ///
  /// - Throws: `GraphError` where the function cannot be planned.
  func description(withSlicesPlacedBy placement: Placement) throws -> String {
    try zip(lines, steps).map { line, step in
      guard let call = step.node.operation as? SlicedCall else { return line }
      let function = try Plan(call.function, on: call.devices.first, placement)
      let inner = try function.description(withSlicesPlacedBy: placement)
      return ([line] + inner.split(separator: "\n").map { "    " + $0 }).joined(separator: "\n")
    }.joined(separator: "\n")
  }

  private var lines: [String] {
    let memory = knownMemory
    return steps.enumerated().map { index, step in
      let results = step.outputs.map { describe($0, memory) }
      let overwritten = step.overwrites.map { " over input \($0)" } ?? ""
      let flops = step.node.operation.flops(
        inputs: step.inputs.map { values[$0].spec }, outputs: step.outputs.map { values[$0].spec })
      let result = results.isEmpty ? "" : " -> " + results.joined(separator: ", ")
      let work = flops == 0 ? "" : "; \(flops) flops"
      let place = deviceNames[step.device].short
      return "\(index) \(place) \(step.node.operationName) \(step.node.name)"
        + "\(result)\(overwritten)\(work)"
    }
  }

  private func describe(_ value: Int, _ memory: EpochMemory?) -> String {
    let buffer = values[value].buffer
    let bytes = buffers[buffer].byteCount
    let place: String
    switch buffers[buffer].home {
    case .arena: place = "at \(memory.map { "\($0.offset(ofBuffer: buffer))" } ?? "#\(buffer)")"
    case .feed(let index): place = "in feed \(feeds[index].name)"
    case .feedCopy(let index): place = "in a copy of feed \(feeds[index].name)"
    case .constant: place = "in a constant"
    case .variable(let node): place = "in variable \(node.name)"
    }
    return "\(values[value].spec) \(place), \(bytes) bytes"
  }

  /// The layout of the arena where every size is known. Kernels' scratch memory is not in it.
  private var knownMemory: EpochMemory? {
    guard epochs.count == 1 else { return nil }
    var needed: [Int] = []
    for index in epochs[0].buffers {
      guard let bytes = buffers[index].byteCount.known else { return nil }
      if case .arena = buffers[index].home { needed.append(bytes) } else { needed.append(0) }
    }
    var memory = EpochMemory(epochs[0], self)
    // The host's memory is all that this asks for.
    _ = try? memory.makeRoom(for: needed + epochs[0].steps.map { _ in 0 }, self)
    return memory
  }
}
