import DataflowFormats
import DataflowGraph
import Tensors

extension RegionExporter {
  /// Rows of which those with negative indices are zeros: TensorFlow's rows of indices that are not
  /// negative, and a choice between them and zeros.
  func exportGather(_ node: Node, _ axis: Int) throws {
    let (source, indices) = (node.inputs[0], node.inputs[1])
    let (places, controls) = (name(of: indices), controls(of: node))
    let (type, indexType) = (DataType(source.elementType), DataType(indices.elementType))
    let none = constant(
      Tensor(zeros: [], elementType: indices.elementType), name: "\(node.name)/none")
    let place = axis < 0 ? axis + source.shape.rank : axis
    let rows = add(
      "GatherV2",
      [
        name(of: source),
        add(
          "Maximum", [places, none] + controls, name: "\(node.name)/indices",
          attributes: ["T": .type(indexType)]),
        constant(Tensor(Int32(place)), name: "\(node.name)/axis"),
      ] + controls, name: "\(node.name)/rows",
      attributes: [
        "Tparams": .type(type), "Tindices": .type(indexType), "Taxis": .type(.int32),
        "batch_dims": .int(0),
      ])
    var mask = add(
      "GreaterEqual", [places, none] + controls, name: "\(node.name)/is_row",
      attributes: ["T": .type(indexType)])
    for _ in place + 1..<max(place + 1, source.shape.rank) {
      mask = add(
        "ExpandDims", [mask, constant(Tensor(Int32(-1)), name: "\(node.name)/last")],
        name: "\(node.name)/is_row",
        attributes: ["T": .type(DataType(.bool)), "Tdim": .type(.int32)])
    }
    let zero = constant(
      Tensor(zeros: [], elementType: source.elementType), name: "\(node.name)/zero")
    set(
      node,
      add(
        "SelectV2", [mask, rows, zero], name: node.name, attributes: ["T": .type(type)], of: node))
  }
}
