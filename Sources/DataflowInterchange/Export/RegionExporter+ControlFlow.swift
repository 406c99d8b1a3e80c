import DataflowFormats
import DataflowGraph
import Tensors

extension RegionExporter {
  /// A loop as a frame of version 1.
  func exportLoop(_ node: Node, _ loop: While) throws {
    try requireUnread(node, from: loop.variableCount)
    guard loop.variableCount > 0 else {
      throw GraphError("has no loop variables, without which TensorFlow 1 has no loops")
    }
    let name = prefix + node.name
    let types = node.inputs.prefix(loop.variableCount).map { DataType($0.elementType) }
    let enter = { (tensor: String, type: ElementType) in
      self.enter(tensor, DataType(type), loop: name, isConstant: true, of: node)
    }
    let enters = zip(node.inputs, types).map { input, type in
      self.enter(self.name(of: input), type, loop: name, isConstant: false, of: node)
    }
    let nexts = types.indices.map { exporter.uniqueName("\(name)/NextIteration_\($0)") }
    let merges = types.indices.map { index in
      add(
        "Merge", [enters[index], nexts[index]], name: "\(node.name)/Merge_\(index)",
        attributes: ["N": .int(2), "T": .type(types[index])])
    }
    let condition = RegionExporter(
      loop.condition, in: self, prefix: "\(name)/cond/", pivot: merges[0], arguments: merges,
      captured: node.capturedInputs[0], isLoop: true, enter: enter)
    try condition.exportNodes()
    let loopCondition = add(
      "LoopCond", condition.results(of: loop.condition), name: "\(node.name)/LoopCond",
      attributes: [:])
    let switches = types.indices.map { index in
      add(
        "Switch", [merges[index], loopCondition], name: "\(node.name)/Switch_\(index)",
        attributes: ["T": .type(types[index])])
    }
    let arguments = types.indices.map { index in
      add(
        "Identity", ["\(switches[index]):1"], name: "\(node.name)/Identity_\(index)",
        attributes: ["T": .type(types[index])])
    }
    let body = RegionExporter(
      loop.body, in: self, prefix: "\(name)/body/", pivot: arguments[0], arguments: arguments,
      captured: node.capturedInputs[1], isLoop: true, enter: enter)
    try body.exportNodes()
    for (index, result) in body.results(of: loop.body).enumerated() {
      exporter.add(
        NodeDef(
          name: nexts[index], op: "NextIteration", inputs: [result],
          attributes: ["T": .type(types[index])]))
      let exit = add(
        "Exit", [switches[index]], name: "\(node.name)/Exit_\(index)",
        attributes: ["T": .type(types[index])])
      set(node[index], exit)
    }
    finish(node, node.outputs.prefix(types.count).map { self.name(of: $0) }, types[0])
  }

  /// The outputs of the region's function, once all is done that it only does: TensorFlow runs nothing else.
  /// The trigger runs also after what stands on a branch that was not taken.
  ///
  /// - Returns: the outputs' tensors; where there are no outputs, that of the pivot.
  private func results(of function: GraphFunction) -> [String] {
    let tensors =
      function.outputs.isEmpty
      ? [pivot!] : function.outputs.map { gated(name(of: $0), $0.elementType) }
    let effects = graph.nodes.filter(\.operation.isStateful).compactMap { controlName(of: $0) }
    if effects.isEmpty { return tensors }
    let trigger = add(
      "ControlTrigger", effects.map { "^\($0)" }, name: "effects", attributes: [:])
    return tensors.enumerated().map { index, tensor in
      let type = function.outputs.isEmpty ? ElementType.bool : function.outputs[index].elementType
      return add(
        "Identity", [tensor, "^\(trigger)"], name: "result_\(index)",
        attributes: ["T": .type(DataType(type))])
    }
  }

  private func enter(
    _ tensor: String, _ type: DataType, loop: String, isConstant: Bool, of node: Node
  ) -> String {
    add(
      "Enter", [tensor] + controls(of: node), name: "\(node.name)/Enter",
      attributes: [
        "T": .type(type), "frame_name": .text(loop), "is_constant": .bool(isConstant),
        "parallel_iterations": .int(1),
      ])
  }

  /// Stacks: in TensorFlow their size is limited by an input, and the tensors' shapes are not known.
  func exportStack(_ node: Node) throws {
    var inputs = node.inputs.map { name(of: $0) }
    if inputs.isEmpty { inputs = [constant(Tensor(Int32(-1)), name: "\(node.name)/max_size")] }
    let type = try node.operation.attributes.type("elem_type")
    let exported = add(
      node.operationName, inputs, name: node.name,
      attributes: ["elem_type": .type(DataType(type))], of: node)
    set(node, exported)
  }

  /// What a loop records of its iterations for the gradient has no counterpart.
  private func requireUnread(_ node: Node, from first: Int) throws {
    for reader in graph.nodes {
      for input in reader.inputs where input.node == node && input.index >= first {
        throw GraphError(
          "\(reader.name) reads output \(input.index), what the loop records of its iterations; "
            + "TensorFlow's loops have only the first \(first)")
      }
    }
  }

  /// A condition as branches of version 1: what the branches read goes through `Switch`, what they
  /// give meets in `Merge`.
  func exportCondition(_ node: Node, _ condition: If) throws {
    let predicate = add(
      "Identity", [name(of: node.inputs[0])] + controls(of: node), name: "\(node.name)/condition",
      attributes: ["T": .type(DataType(.bool))])
    func branch(_ function: GraphFunction, _ side: Int) throws -> [String] {
      let suffix = side == 0 ? "" : ":1"
      func gate(_ tensor: String, _ type: ElementType) -> String {
        add(
          "Switch", [tensor, predicate], name: "\(node.name)/Switch",
          attributes: ["T": .type(DataType(type))]) + suffix
      }
      let pivot = add(
        "Identity", [gate(predicate, .bool)], name: "\(node.name)/pivot",
        attributes: ["T": .type(DataType(.bool))])
      let region = RegionExporter(
        function, in: self, prefix: "\(prefix)\(node.name)/\(side == 0 ? "else" : "then")/",
        pivot: pivot, arguments: [], captured: node.capturedInputs[side == 1 ? 0 : 1],
        isLoop: false,
        enter: gate)
      try region.exportNodes()
      return region.results(of: function)
    }
    let (second, first) = (
      try branch(condition.elseBranch, 0), try branch(condition.thenBranch, 1)
    )
    let types = (node.outputs.isEmpty ? [.bool] : node.outputs.map(\.elementType)).map {
      DataType($0)
    }
    let merges = types.indices.map { index in
      add(
        "Merge", [second[index], first[index]], name: "\(node.name)/Merge_\(index)",
        attributes: ["N": .int(2), "T": .type(types[index])])
    }
    for (output, merge) in zip(node.outputs, merges) { set(output, merge) }
    finish(node, merges, types[0])
  }

  /// A node of the control flow's own name, which control inputs mean: it waits for all results.
  private func finish(_ node: Node, _ results: [String], _ type: DataType) {
    let name = add(
      "Identity", [results[0]] + results.dropFirst().map { "^\($0)" }, name: node.name,
      attributes: ["T": .type(type)], of: node)
    setControl(node, name)
  }
}
