import DataflowFormats
import DataflowGraph
import Tensors

/// Exports one graph: the outermost one, or that of a loop's or a condition's function.
final class RegionExporter {
  let exporter: GraphExporter
  let graph: Graph
  let parent: RegionExporter?
  /// Stands before the names of the nodes.
  let prefix: String
  /// The node that decides whether the nodes of the region run, nil where they always do.
  let pivot: String?
  /// Brings a tensor of the region around into this one.
  private let enter: (String, ElementType) -> String
  private var names: [Value: String] = [:]
  private var controlNames: [Node: String] = [:]
  private var entered: [String: String] = [:]
  /// Whether what is brought in is there in every iteration of a loop, also behind its last one.
  private let isLoop: Bool
  /// What is so brought in.
  private var invariants: Set<String> = []
  /// The tensors of sizes that have names, as far as there are some, by their types.
  var symbols: [String: [ElementType: String]] = [:]

  /// The outermost region.
  init(_ exporter: GraphExporter, _ graph: Graph) {
    self.exporter = exporter
    self.graph = graph
    parent = nil
    prefix = ""
    pivot = nil
    isLoop = false
    enter = { name, _ in name }
  }

  /// The region of a function's graph.
  ///
  /// - Parameters:
  ///   - arguments: the tensors of this region that the declared inputs are.
  ///   - captured: the values of the region around that the others are.
  ///   - isLoop: whether what is brought in is there in every iteration.
  init(
    _ function: GraphFunction, in parent: RegionExporter, prefix: String, pivot: String,
    arguments: [String], captured: some Sequence<Value>, isLoop: Bool,
    enter: @escaping (String, ElementType) -> String
  ) {
    exporter = parent.exporter
    graph = function.graph
    self.parent = parent
    self.prefix = prefix
    self.pivot = pivot
    self.isLoop = isLoop
    self.enter = enter
    for (input, name) in zip(function.inputs, arguments) { names[input] = name }
    for (input, outer) in zip(function.inputs.dropFirst(arguments.count), captured) {
      names[input] = enteredName(of: parent.name(of: outer), input.elementType)
    }
  }

  func exportNodes() throws {
    // The inputs of functions have names already.
    for node in graph.nodes where node.outputs.allSatisfy({ names[$0] == nil }) {
      do {
        try export(node)
      } catch let error as GraphError where error.node == nil {
        throw node.error(error.message)
      }
    }
  }

  /// What TensorFlow takes for a node's name.
  private static func isName(_ text: String) -> Bool {
    func isPlain(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."):
        true
      default: false
      }
    }
    return text.utf8.first.map(isPlain) == true
      && text.utf8.allSatisfy { isPlain($0) || "_-/>\\".utf8.contains($0) }
  }

  private func export(_ node: Node) throws {
    guard Self.isName(prefix + node.name) else {
      throw node.error(
        "has a name that TensorFlow does not take; allowed: a letter, digit or ., then also _ - / > \\"
      )
    }
    switch node.operation {
    case let loop as While: try exportLoop(node, loop)
    case let condition as If: try exportCondition(node, condition)
    // Its sizes are exported where they are used.
    case is BindSizes: break
    case is StackV2, is StackPopV2: try exportStack(node)
    case let gather as GatherV2 where gather.zeroesNegative: try exportGather(node, gather.axis)
    case let relu as LeakyRelu where Double(Float(relu.alpha)) != relu.alpha:
      try exportLeakyRelu(node, relu.alpha)
    default: try exportOperation(node)
    }
  }

  func exportOperation(_ node: Node) throws {
    let form = type(of: node.operation).tensorFlowForm
    guard form.isKnownToTensorFlow else { throw GraphError("TensorFlow has no such operation") }
    let name: String
    if let simpler = simplerName(of: node) {
      name = add(
        simpler, node.inputs.map { self.name(of: $0) }, name: node.name,
        attributes: ["T": .type(DataType(node.inputs[0].elementType))], of: node)
    } else {
      name = add(
        node.operationName, try inputs(of: node, form), name: node.name,
        attributes: try attributes(of: node, form), of: node)
    }
    set(node, name)
  }

  /// Another operation for what TensorFlow's own does not allow.
  private func simplerName(of node: Node) -> String? {
    switch node.operation {
    case is ConcatV2 where node.inputs.count == 1: "Identity"
    case is BiasAdd where node.inputs[0].shape.rank == 1: "AddV2"
    case is Squeeze where node.inputs[0].shape == node.output.shape: "Identity"
    case is Identity where isSnapshot(node): "DeepCopy"
    default: nil
    }
  }

  /// Whether an `Identity` holds what a variable was when it ran, for those who read it after a write; TensorFlow's is the
  /// variable's buffer. Its `DeepCopy` has no gradient.
  private func isSnapshot(_ node: Node) -> Bool {
    node.inputs[0].spec.isReference
      && (readAfterWrites.contains(node.output)
        || !node.controlInputs.isEmpty && written.contains(writes.variable(of: node.inputs[0])))
  }

  /// The variables to which more than their initial values is written.
  private lazy var written: Set<Value> = {
    let (initializers, writes) = (Set(graph.variables.map(\.initializer)), writes)
    return graph.nodes.reduce(into: []) { found, node in
      if initializers.contains(node) { return }
      for index in node.operation.mutatedInputs {
        found.insert(writes.variable(of: node.inputs[index]))
      }
    }
  }()

  private lazy var writes: WritesBefore = {
    var writes = WritesBefore()
    writes.note(graph.nodes[...])
    return writes
  }()

  /// The other names of variables that are read after a write of the variable.
  private lazy var readAfterWrites: Set<Value> = {
    let writes = writes
    return graph.nodes.reduce(into: []) { found, node in
      let written = writes.written(before: node)
      if written.isEmpty { return }
      for input in node.inputs where input.node.operation is Identity {
        if written.contains(writes.variable(of: input.node.inputs[0])) { found.insert(input) }
      }
    }
  }()

  /// Makes the outputs of a node those of a node of that name.
  func set(_ node: Node, _ name: String) {
    for output in node.outputs {
      names[output] = output.index == 0 ? name : "\(name):\(output.index)"
    }
    controlNames[node] = name
  }

  // MARK: Names

  /// The tensor that a value is.
  func name(of value: Value) -> String {
    names[value] ?? value.name
  }

  /// Whether the value is computed by a node that is exported already.
  func hasName(_ value: Value) -> Bool { names[value] != nil }

  /// Makes a value stand for a tensor.
  func set(_ value: Value, _ tensor: String) { names[value] = tensor }

  /// The node that control inputs name, nil where none is exported.
  func controlName(of node: Node) -> String? { controlNames[node] }

  /// The node's control inputs.
  func controls(of node: Node) -> [String] {
    node.controlInputs.compactMap { controlNames[$0].map { "^\($0)" } }
  }

  /// Makes control inputs that name a node mean another one.
  func setControl(_ node: Node, _ name: String) { controlNames[node] = name }

  /// The tensor of this region that stands for one of the region around.
  func enteredName(of tensor: String, _ type: ElementType) -> String {
    if let known = entered[tensor] { return known }
    let name = enter(tensor, type)
    entered[tensor] = name
    if isLoop { invariants.insert(name) }
    return name
  }

  /// A tensor that is there only where the region runs: of one that a loop always has a copy.
  func gated(_ tensor: String, _ type: ElementType) -> String {
    guard invariants.contains(tensor) else { return tensor }
    return add(
      "Identity", [tensor], name: "\(tensor.split(separator: "/").last!)/gated",
      attributes: ["T": .type(DataType(type))])
  }

  // MARK: Nodes

  /// Adds a node; its name is that of the exported node, or one like it that is still free.
  ///
  /// - Parameter node: the node whose name, device and control inputs it has.
  @discardableResult
  func add(
    _ op: String, _ inputs: [String], name: String, attributes: [String: AttrValue],
    of node: Node? = nil
  ) -> String {
    let isOwn = prefix.isEmpty && node?.name == name
    let unique = isOwn ? name : exporter.uniqueName(prefix + name)
    var attributes = attributes
    var inputs = inputs
    var device = ""
    if let node {
      device = node.device.description
      inputs += controls(of: node)
      if let other = node.colocation, let name = controlNames[other] {
        var list = AttrList()
        list.strings = [Array("loc:@\(name)".utf8)]
        attributes["_class"] = .list(list)
      }
    }
    if let pivot, inputs.allSatisfy(invariants.contains) { inputs.append("^\(pivot)") }
    exporter.add(
      NodeDef(name: unique, op: op, inputs: inputs, device: device, attributes: attributes))
    return unique
  }

  /// Adds a constant.
  func constant(_ tensor: Tensor, name: String) -> String {
    add(
      "Const", [], name: name,
      attributes: [
        "dtype": .type(DataType(tensor.elementType)), "value": .tensor(TensorProto(tensor)),
      ])
  }

  // MARK: Inputs and attributes

  /// The inputs with the operands put in that are attributes here.
  private func inputs(of node: Node, _ form: TensorFlowForm) throws -> [String] {
    var inputs = Self.inputs(of: node).map { name(of: $0) }
    let total = inputs.count + form.operands.count
    let placed = form.operands.map { operand in
      (operand.position < 0 ? total + operand.position : operand.position, operand)
    }
    for (position, operand) in placed.sorted(by: { $0.0 < $1.0 }) {
      inputs.insert(try export(operand, of: node), at: min(position, inputs.count))
    }
    return inputs
  }

  /// What the node reads; a check that shows nothing shows the condition, since TensorFlow's shows something.
  private static func inputs(of node: Node) -> [Value] {
    node.operation is Assert && node.inputs.count == 1 ? node.inputs + node.inputs : node.inputs
  }

  private func export(_ operand: TensorFlowForm.Operand, of node: Node) throws -> String {
    let name = "\(node.name)/\(operand.attribute)"
    let type = try operandType(operand, of: node)
    let whole: ElementType = type == .int32 ? .int32 : .int64
    let sizes = try numbers(operand, of: node)
    let tensor: String
    switch operand.kind {
    case .int, .size: tensor = try exportSize(sizes[0], whole, name: name)
    case .ints, .places, .sizes: tensor = try exportSizes(sizes, whole, name: name)
    case .pairs:
      let flat = try exportSizes(sizes, whole, name: name)
      let shape = constant(Tensor([Int32(sizes.count / 2), 2]), name: "\(name)/shape")
      tensor = add(
        "Reshape", [flat, shape], name: "\(name)/pairs",
        attributes: ["T": .type(DataType(whole)), "Tshape": .type(.int32)])
    }
    return cast(tensor, from: whole, to: type, name: "\(name)/typed")
  }

  /// What an operand says, in TensorFlow's order.
  private func numbers(_ operand: TensorFlowForm.Operand, of node: Node) throws -> [Dimension] {
    let attributes = node.operation.attributes
    switch operand.kind {
    case .int, .size: return [try attributes.dimension(operand.attribute)]
    case .ints, .places, .sizes: return try attributes.shape(operand.attribute).dimensions
    case .pairs:
      let before = try attributes.shape("before").dimensions
      return zip(before, try attributes.shape("after").dimensions).flatMap { [$0, $1] }
    }
  }

  /// The type that an operand has in TensorFlow: where it is free, the smallest for all that have it.
  private func operandType(
    _ operand: TensorFlowForm.Operand, of node: Node
  ) throws -> ElementType {
    guard let name = operand.typeAttribute else { return .int32 }
    let form = Swift.type(of: node.operation).tensorFlowForm
    if let source = form.types[name], case .type(let type) = Self.typeAttribute(source, of: node) {
      return type.elementType ?? .int32
    }
    if node.operation.attributes[name] != nil { return try node.operation.attributes.type(name) }
    let all = try form.operands.filter { $0.typeAttribute == name }
      .flatMap { try numbers($0, of: node) }
    let isSmall = all.allSatisfy { size in
      size.sortedTerms.allSatisfy { Int32(exactly: $0.coefficient) != nil }
    }
    return isSmall ? .int32 : .int64
  }

  private func attributes(
    of node: Node, _ form: TensorFlowForm
  ) throws -> [String: AttrValue] {
    var own = node.operation.attributes.values.filter { !form.own.contains($0.key) }
    for operand in form.operands {
      own[operand.attribute] = nil
      if operand.kind == .pairs { (own["before"], own["after"]) = (nil, nil) }
    }
    var result = try own.mapValues { try AttrValue($0) }
    for operand in form.operands {
      if let name = operand.typeAttribute {
        result[name] = .type(DataType(try operandType(operand, of: node)))
      }
    }
    for (name, source) in form.types where result[name] == nil {
      result[name] = Self.typeAttribute(source, of: node)
    }
    if let count = form.count {
      // Places and rows come in pairs.
      let pairs = node.operationName == "DynamicStitch" ? 2 : 1
      result[count] = .int(Int64(node.inputs.count / pairs))
    }
    return result.merging(try derivedAttributes(of: node)) { $1 }
  }

  /// Attributes that follow from more than the operation itself.
  private func derivedAttributes(of node: Node) throws -> [String: AttrValue] {
    switch node.operation {
    case is SplitV: return ["num_split": .int(Int64(node.outputSpecs.count))]
    // Without axes, sizes with names would go where they are 1 in the run.
    case let squeeze as Squeeze:
      return [
        "squeeze_dims": try AttrValue(.ints(try squeeze.removedAxes(of: node.inputs[0].shape)))
      ]
    // Only a queue that pads knows of sizes that differ; the others then know no shapes at all.
    case let queue as any QueueOperation where !(queue is PaddingFIFOQueueV2):
      return queue.shapes.contains { $0.known == nil } ? ["shapes": .list(AttrList())] : [:]
    default: return [:]
    }
  }

  private static func typeAttribute(_ source: TensorFlowForm.TypeSource, of node: Node)
    -> AttrValue?
  {
    func list(_ values: [Value]) -> AttrValue {
      var list = AttrList()
      list.types = values.map { DataType($0.elementType) }
      return .list(list)
    }
    switch source {
    case .input(let place):
      let index = place < 0 ? node.inputs.count + place : place
      return node.inputs.indices.contains(index)
        ? .type(DataType(node.inputs[index].elementType)) : nil
    case .output(let index):
      return node.outputSpecs.indices.contains(index)
        ? .type(DataType(node.outputSpecs[index].elementType)) : nil
    case .inputs(let first): return list(Array(inputs(of: node).dropFirst(first)))
    case .outputs: return list(node.outputs)
    case .fixed(let type): return .type(DataType(type))
    }
  }
}

extension DataType {
  static let int32 = DataType(.int32)
  static let int64 = DataType(.int64)
}
