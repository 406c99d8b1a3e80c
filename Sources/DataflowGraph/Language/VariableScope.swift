import Tensors

/// Whether variables of a scope are made or found.
public enum VariableReuse: Sendable {
  /// As in the scope around; outermost, variables are made.
  case inherit
  /// Every variable must be there already.
  case always
  /// A variable that is not there is made.
  case automatic
}

/// The variables that `getVariable` knows, and the scopes that are open.
struct VariableScopes {
  var byName: [String: Variable] = [:]
  var names: [String] = []
  var reuse: [VariableReuse] = []
}

extension Graph {
  /// Puts `name/` before the names of the variables that `body` gets with `getVariable`, and of its nodes.
  ///
  ///     func layer(_ x: Value) throws -> Value {
  ///       let weights = try graph.getVariable("weights", initial: Tensor.random([3, 3]))
  ///       return matMul(x, weights.value)
  ///     }
  ///     let a = try graph.withVariableScope("layer") { try layer(x) }
  ///     let b = try graph.withVariableScope("layer", reuse: .always) { try layer(y) }  // the same weights
  ///
  /// - Parameter reuse: whether variables are made or found; scopes within take it over.
  public func withVariableScope<R>(
    _ name: String, reuse: VariableReuse = .inherit, _ body: () throws -> R
  ) rethrows -> R {
    let inherited = variableScopes.reuse.last ?? .inherit
    variableScopes.names.append(name)
    variableScopes.reuse.append(reuse == .inherit ? inherited : reuse)
    defer {
      variableScopes.names.removeLast()
      variableScopes.reuse.removeLast()
    }
    return try withNameScope(name, body)
  }

  /// The variable of a name in the open variable scopes: a new one, or in a scope that reuses the one
  /// that is there. TensorFlow's `get_variable`.
  ///
  /// - Parameter initial: gives type, shape and first elements of a new variable.
  /// - Throws: `GraphError` where there is one already and the scope does not reuse it; where there is
  ///   none and it must be there; where it has another type or shape.
  public func getVariable(
    _ name: String, initial: @autoclosure () throws -> Tensor, isTrainable: Bool = true
  ) throws -> Variable {
    let full = (variableScopes.names + [name]).joined(separator: "/")
    let reuse = variableScopes.reuse.last ?? .inherit
    if let known = variableScopes.byName[full] {
      guard reuse != .inherit else {
        throw GraphError(
          "there is a variable \(full) already; reuse: .always or .automatic shares it")
      }
      let initial = try initial()
      let wanted = TensorSpec(initial.elementType, SymbolicShape(initial.shape), isReference: true)
      guard known.value.spec == wanted else {
        throw GraphError(
          "variable \(full) is \(known.value.spec), here it is to be \(initial.elementType)\(initial.shape)"
        )
      }
      return known
    }
    guard reuse != .always else {
      let near = nearestNames(to: full, among: variableScopes.byName.keys.sorted())
      throw GraphError("there is no variable \(full) to reuse\(near.hint)")
    }
    // Its name depends on variable scopes alone, whatever name scopes are open.
    let initial = try initial()
    let variable = try outsideNameScopes {
      try self.variable(initial, name: full, isTrainable: isTrainable)
    }
    variableScopes.byName[full] = variable
    return variable
  }
}
