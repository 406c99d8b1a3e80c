import DataflowGraph
import Tensors

/// On what it depends, where there are `Switch`es, whether the nodes of a graph are computed.
struct BranchConditions {
  enum Condition: Hashable {
    /// That a value is true, or that it is false.
    case decision(Value, Bool)
    /// That one of a `Merge`'s inputs is computed, which are not the two branches of a decision.
    case arrival(Node)
  }

  /// Conditions all of which must hold.
  private var ofNode: [Node: Set<Condition>] = [:]

  /// - Parameter nodes: in an order in which inputs come first.
  init(_ nodes: [Node]) {
    for node in nodes {
      let inputs = node.inputs.map { self[$0] }
      switch node.operation {
      case is Merge: ofNode[node] = joined(inputs, at: node)
      case is ControlTrigger: ofNode[node] = []
      default:
        let sizeSources = node.graph.hasLateSizes ? node.lateSizeSources : []
        let others = (node.controlInputs + sizeSources).map { ofNode[$0] ?? [] }
        ofNode[node] = (inputs + others).reduce(into: []) { $0.formUnion($1) }
      }
    }
  }

  subscript(node: Node) -> Set<Condition> { ofNode[node]! }

  subscript(value: Value) -> Set<Condition> {
    let own = self[value.node]
    guard value.node.operation is Switch else { return own }
    return own.union([decision(value.node.inputs[1], is: value.index == 1)])
  }

  /// The conditions of a `Merge`: of two inputs that differ in one decision, one is computed whatever that is.
  private func joined(_ inputs: [Set<Condition>], at node: Node) -> Set<Condition> {
    let common = inputs.dropFirst().reduce(inputs[0]) { $0.intersection($1) }
    var alternatives = Set(inputs.map { $0.subtracting(common) })
    while !alternatives.contains([]) {
      let wider = alternatives.flatMap { conditions in
        conditions.compactMap { condition -> Set<Condition>? in
          guard case .decision(let value, let isTrue) = condition else { return nil }
          let rest = conditions.subtracting([condition])
          return alternatives.contains(rest.union([.decision(value, !isTrue)])) ? rest : nil
        }
      }
      if alternatives.isSuperset(of: wider) { return common.union([.arrival(node)]) }
      alternatives.formUnion(wider)
    }
    return common
  }

  /// Whether a value is true, in terms of what it is another name or the negation of.
  private func decision(_ value: Value, is isTrue: Bool) -> Condition {
    var (value, isTrue) = (value, isTrue)
    while true {
      let node = value.node
      switch node.operation {
      // What a variable is may change from one read to the next.
      case is Identity where !node.inputs[0].spec.isReference: value = node.inputs[0]
      case is LogicalNot: (value, isTrue) = (node.inputs[0], !isTrue)
      case is Equal:
        guard let (source, side) = sideOfMerge(node) else { return .decision(value, isTrue) }
        return .decision(source, side == isTrue)
      default: return .decision(value, isTrue)
      }
    }
  }

  /// The decision that leads to the second input of a `Merge`, where a node asks whether that was computed, as
  /// gradients do.
  private func sideOfMerge(_ node: Node) -> (Value, Bool)? {
    let (place, number) = (node.inputs[0], node.inputs[1].node.operation as? Const)
    guard place.index == 1, place.node.operation is Merge, place.node.inputs.count == 2,
      number?.value == Tensor(1 as Int32)
    else { return nil }
    let (first, second) = (self[place.node.inputs[0]], self[place.node.inputs[1]])
    let (only, other) = (second.subtracting(first), first.subtracting(second))
    guard only.count == 1, case .decision(let source, let side)? = only.first,
      other == [.decision(source, !side)]
    else { return nil }
    return (source, side)
  }
}
