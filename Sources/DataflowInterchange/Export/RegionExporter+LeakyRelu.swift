import DataflowFormats
import DataflowGraph
import Tensors

extension RegionExporter {
  /// `LeakyRelu` with a slope that TensorFlow's attribute, of single precision, does not hold: a choice between `x` and
  /// the slope times `x`. Of single precision it is the attribute's all the same.
  func exportLeakyRelu(_ node: Node, _ alpha: Double) throws {
    let x = node.inputs[0]
    guard x.elementType == .float64 else { return try exportOperation(node) }
    let (input, controls, type) = (name(of: x), controls(of: node), DataType(x.elementType))
    func part(_ op: String, _ other: Double, _ suffix: String) -> String {
      let number = constant(Tensor(other), name: "\(node.name)/\(suffix)")
      return add(
        op, [input, number] + controls, name: "\(node.name)/\(op)", attributes: ["T": .type(type)])
    }
    set(
      node,
      add(
        "SelectV2", [part("Greater", 0, "zero"), input, part("Mul", alpha, "alpha")],
        name: node.name, attributes: ["T": .type(type)], of: node))
  }
}
