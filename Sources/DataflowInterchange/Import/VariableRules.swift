import DataflowFormats
import DataflowGraph
import Tensors

extension ImportRule {
  /// Variables of both kinds, those that are buffers and those behind a handle: here a variable is its
  /// buffer.
  static let variables: [String: ImportRule] = {
    var rules: [String: ImportRule] = [
      "VariableV2": variable, "Variable": variable, "VarHandleOp": variable,
      "ReadVariableOp": .alias("Identity"),
      "Assign": assignment, "AssignVariableOp": assignment,
      "VarIsInitializedOp": unknownToGraphs, "IsVariableInitialized": unknownToGraphs,
      "DestroyResourceOp": .alias("NoOp"),
    ]
    for (name, here) in updates {
      rules[name] = ImportRule(as: here) { node in
        if here.hasPrefix("Apply") { node.region.importer.addUpdate(of: try node.value(0)) }
        return try node.add(here).outputs
      }
    }
    return rules
  }()

  /// Operations that write to a variable, and their names here.
  private static let updates: [String: String] = {
    let optimizers = [
      "GradientDescent", "Momentum", "Adam", "Adagrad", "AdagradV2", "RMSProp", "CenteredRMSProp",
      "Adadelta", "AdaMax", "Ftrl", "FtrlV2", "ProximalGradientDescent", "KerasMomentum",
    ]
    var names: [String: String] = [:]
    for name in optimizers {
      names["Apply\(name)"] = "Apply\(name)"
      names["ResourceApply\(name)"] = "Apply\(name)"
    }
    for name in ["Add", "Sub", "Update", "Mul", "Div", "Max", "Min"] {
      names["ResourceScatter\(name)"] = "Scatter\(name)"
    }
    names["AssignAddVariableOp"] = "AssignAdd"
    names["AssignSubVariableOp"] = "AssignSub"
    return names
  }()

  private static let variable = ImportRule { node in
    let type = try node.def.elementType("dtype")
    guard case .shape(let proto)? = node.def.attributes["shape"], let sizes = proto.knownSizes,
      let shape = Shape(nonnegative: sizes)
    else { throw GraphError("a variable's shape must be known") }
    let operation = VariableV2(elementType: type, shape: shape)
    let value = try node.graph.add(operation, name: node.def.name, controlInputs: node.controls)
      .output
    node.region.importer.addVariable(value, node: node.def.name)
    return [value]
  }

  private static let assignment = ImportRule { node in
    let assign = try node.add("Assign")
    node.region.importer.addAssignment(assign, to: try node.value(0))
    return assign.outputs
  }

  private static let unknownToGraphs = ImportRule { _ in
    throw GraphError("which variables have a value is known to sessions, not to graphs")
  }
}
