import DataflowFormats
import DataflowGraph
import Tensors

/// The import of one node.
struct NodeImport {
  let region: RegionImporter
  let def: NodeDef
  let inputs: [ImportedTensor]
  /// The nodes that its control inputs name.
  let controls: [Node]

  var graph: Graph { region.graph }

  /// The node's outputs.
  ///
  /// - Throws: `GraphError` that names the node.
  func run() throws -> [ImportedTensor] {
    let sizes = isFed ? nil : knownSizes() ?? stackedSizes()
    if let constants = try foldedConstants(sizes) { return constants }
    var tensors: [ImportedTensor]
    do {
      tensors = try imported().map { ImportedTensor($0) }
    } catch let error as GraphError where sizes?.allSatisfy({ $0?.sizes != nil }) == true {
      // Nothing here computes it, but its elements are known; whoever wants more gets the error.
      tensors = sizes!.map { ImportedTensor(located(error), sizes: $0) }
    } catch let error as GraphError where isDispensable {
      tensors = [ImportedTensor(located(error))]
    } catch let error as GraphError {
      throw located(error)
    }
    for tensor in tensors {
      if let shape = tensor.shape { try requireModerate(shape.dimensions.compactMap(\.known)) }
    }
    for (index, known) in (sizes ?? []).enumerated() where index < tensors.count {
      tensors[index].sizes = known
    }
    if sizes == nil, tensors.count == 1 { tensors[0].sizes = computedSizes(of: tensors[0]) }
    return try marked(tensors).map { tensor in
      var tensor = tensor
      tensor.stack = stack
      tensor.waits = waits(for: tensor)
      return tensor
    }
  }

  // MARK: Order

  /// What somebody waits for who takes an output's elements and not its value.
  private func waits(for tensor: ImportedTensor) -> [Node] {
    let before = (controls.filter { !$0.isGiven } + waits()).unique
    guard let value = try? tensor.value, value.graph === graph else { return before }
    return before.isEmpty && value.node.controlInputs.allSatisfy(\.isGiven) ? [] : [value.node]
  }

  /// What the inputs that are not among the values wait for, which the node waits for in their place.
  func waits(without values: [Value] = []) -> [Node] {
    let dropped = inputs.filter { input in
      guard !input.waits.isEmpty, let value = try? input.value else { return true }
      return !values.contains(value)
    }
    // A function's node waits in place of what is inside.
    return dropped.flatMap(\.waits).filter { $0.graph === graph }
  }

  /// Whether runs feed it, whatever it is here.
  var isFed: Bool { region.fed.contains(def.name) }

  /// The stack that the outputs are handles of.
  private var stack: String? {
    switch def.op {
    case "StackV2": def.name
    case "Identity", "Switch", "Merge": inputs.lazy.compactMap(\.stack).first
    default: nil
    }
  }

  private func located(_ error: GraphError) -> GraphError {
    guard error.node == nil else { return error }
    return GraphError(
      error.message, node: def.name, operation: def.op,
      inputs: inputs.enumerated().map { index, input in
        (try? input.value.spec.description) ?? def.inputs[index]
      })
  }

  private func imported() throws -> [Value] {
    if let rule = ImportRule.named[def.op] { return try rule.values(self) }
    return try add(def.op).outputs
  }

  /// Whether the node is harmless as long as nobody reads it: one that holds a text or asks about sessions.
  var isHarmless: Bool {
    if ["VarIsInitializedOp", "IsVariableInitialized"].contains(def.op) { return true }
    return def.op == "Const" && def.attributes["dtype"] == .type(.string)
  }

  /// Whether the graph can do without the node: one that belongs to saving and restoring, or that nobody uses.
  private var isDispensable: Bool {
    switch def.op {
    case "Placeholder", "PlaceholderV2": return !region.isUsed(def)
    case "PlaceholderWithDefault": return def.attributes["dtype"] == .type(.string)
    case "Identity", "Pack", "Assign", "AssignVariableOp": return region.lacksInput(def)
    default: return isHarmless || Self.checkpointOperations.contains(def.op)
    }
  }

  private static let checkpointOperations: Set<String> = [
    "Save", "SaveSlices", "SaveV2", "Restore", "RestoreSlice", "RestoreV2", "MergeV2Checkpoints",
    "ShardedFilename", "ShardedFilespec", "StringJoin",
  ]

  // MARK: Whole numbers

  private func knownSizes() -> [SizeTensor?]? {
    SizeFunction.named[def.op]?.outputs(for: sizeArguments)
  }

  private var sizeArguments: SizeArguments {
    SizeArguments(
      node: def, inputs: inputs.map(\.sizes), shapes: inputs.map(\.shape),
      types: inputs.map { (try? $0.value)?.elementType })
  }

  /// Constants in place of a node that computes nothing but known numbers.
  private func foldedConstants(_ sizes: [SizeTensor?]?) throws -> [ImportedTensor]? {
    guard let sizes, let function = SizeFunction.named[def.op],
      !["Const", "Switch", "Merge"].contains(def.op)
    else { return nil }
    let constants = sizes.enumerated().compactMap { index, output in
      output?.tensor(of: function.type(ofOutput: index, sizeArguments))
    }
    // One node for each output is the second choice.
    let isPlain = sizes.count == 1 || OperationRegistry.operation(named: def.op) == nil
    guard constants.count == sizes.count, isPlain else { return nil }
    let conditions = inputs.flatMap(\.conditions)
    return try constants.enumerated().map { index, tensor in
      let node = try constant(tensor, name: outputName(index))
      var result = ImportedTensor(node.output, sizes: sizes[index])
      if !conditions.isEmpty { result.conditions = [node.output] }
      result.waits = waits(for: result)
      return result
    }
  }

  /// Adds a constant in place of what the node computes of its inputs, which waits for what they wait for.
  func constant(_ tensor: Tensor, name: String) throws -> Node {
    let pivots = try region.pivots(of: inputs.flatMap(\.conditions))
    return try graph.add(
      Const(tensor), name: name, controlInputs: (controls + pivots + waits()).unique)
  }

  /// The whole numbers that follow from constants, by whatever operations.
  private func computedSizes(of tensor: ImportedTensor) -> SizeTensor? {
    guard let value = try? tensor.value, [.int32, .int64].contains(value.elementType) else {
      return nil
    }
    return region.constant(value).flatMap { SizeTensor($0) }
  }

  /// The sizes that a stack gives back, where they are those of all iterations.
  private func stackedSizes() -> [SizeTensor?]? {
    guard def.op == "StackPopV2", let stack = inputs.first?.stack,
      let sizes = region.importer.stacked[stack]?.sizes, let list = sizes.sizes
    else { return nil }
    let symbols = list.reduce(into: Set<String>()) { $0.formUnion($1.symbols) }
    let isConstant = symbols.allSatisfy {
      !$0.contains("?") && !region.importer.loopSymbols.contains($0)
    }
    return isConstant ? [sizes] : nil
  }

  /// The name of a node that stands for an output: the node's own for the first one.
  func outputName(_ index: Int) -> String { index == 0 ? def.name : "\(def.name)/\(index)" }

  /// Marks outputs that are computed in some runs only.
  private func marked(_ tensors: [ImportedTensor]) throws -> [ImportedTensor] {
    let isConditional =
      ["Switch", "RefSwitch"].contains(def.op) || inputs.contains { !$0.conditions.isEmpty }
      || controls.contains { region.isConditional($0) }
    guard isConditional else { return tensors }
    return tensors.map { tensor in
      var tensor = tensor
      if case .success(let value) = tensor.result {
        tensor.conditions = [value]
        region.markConditional(value.node)
      } else {
        tensor.conditions = inputs.flatMap(\.conditions)
      }
      return tensor
    }
  }

  // MARK: Operations

  /// Adds the node as an operation of this engine: inputs that are attributes here are taken out.
  ///
  /// - Parameters:
  ///   - name: the operation's name here.
  ///   - extra: attributes that TensorFlow's operation has not.
  func add(
    _ name: String, _ arguments: [ImportedTensor]? = nil, extra: Attributes = [:]
  ) throws -> Node {
    guard let type = OperationRegistry.operation(named: name) else {
      let near = nearestNames(to: name, among: OperationRegistry.names)
      throw GraphError(
        "there is no operation \(name)\(near.hint); OperationRegistry.register adds one that is "
          + "defined elsewhere")
    }
    let form = type.tensorFlowForm
    try require(form.allowed)
    var operands = OperandImport(
      self, arguments ?? inputs, attributes: def.importedAttributes.merging(extra))
    try operands.take(form.operands, of: name)
    let operation: any Operation
    do {
      operation = try type.init(attributes: operands.attributes)
    } catch {
      try def.requireTypes()
      throw error
    }
    let pivots = try region.pivots(of: operands.droppedConditions)
    let values = try operands.remaining.map { try $0.value }
    return try graph.add(
      operation, values, name: def.name,
      controlInputs: (controls + pivots + waits(without: values)).unique)
  }

  /// - Throws: `GraphError` for an attribute with another value than those allowed.
  func require(_ allowed: [String: [AttributeValue]]) throws {
    let attributes = def.importedAttributes
    for (name, values) in allowed.sorted(by: { $0.key < $1.key }) {
      guard let value = attributes[name], !values.contains(value) else { continue }
      throw GraphError(
        "attribute \(name) = \(value.text); allowed: \(values.map(\.text).joined(separator: ", "))")
    }
  }

  /// The text that an input, a constant, holds.
  ///
  /// - Throws: `GraphError` where it is something else.
  func text(_ index: Int) throws -> String {
    guard def.inputs.indices.contains(index),
      let source = region.table.node(named: def.inputs[index]),
      case .tensor(let tensor)? = region.table.nodes[source].attributes["value"],
      tensor.strings.count == 1, let text = String(validating: tensor.strings[0], as: UTF8.self)
    else { throw GraphError("input \(index) is no constant text") }
    return text
  }

  /// - Throws: `GraphError` for sizes whose product no memory holds, as damaged files have them.
  func requireModerate(_ sizes: [Int]) throws {
    var product = 1
    for size in sizes where size != 0 {
      let (next, overflow) = product.multipliedReportingOverflow(by: size)
      guard !overflow, next.magnitude <= 1 << 32 else {
        throw GraphError("the sizes \(sizes) are those of more than 2^32 elements")
      }
      product = next
    }
  }

  /// Several operations in place of the node; the last one bears its name.
  func rewritten(_ body: () throws -> Value) throws -> [Value] {
    let value = try graph.withControlDependencies(controls) {
      try graph.withNameScope("\(def.name)/rewritten", body)
    }
    return [try graph.add(Identity(), [value], name: def.name).output]
  }

  /// Adds one of the operations that stand in place of the node.
  func operation(
    _ name: String, _ inputs: Value..., attributes: Attributes = [:]
  ) throws -> Value {
    guard let type = OperationRegistry.operation(named: name) else {
      throw GraphError("there is no operation \(name), which takes the place of this one")
    }
    return try graph.add(try type.init(attributes: attributes), inputs).output
  }

  /// An input's value.
  func value(_ index: Int) throws -> Value {
    guard inputs.indices.contains(index) else {
      throw GraphError("takes at least \(index + 1) inputs, got \(inputs.count)")
    }
    return try inputs[index].value
  }
}

extension AttributeValue {
  /// A flag or a word, for messages.
  fileprivate var text: String {
    switch self {
    case .bool(let flag): "\(flag)"
    case .string(let text): text.isEmpty ? "\"\"" : text
    default: "\(self)"
    }
  }
}

extension Node {
  /// Whether nothing runs before its value is there: what is fed, constants and other names for them.
  fileprivate var isGiven: Bool {
    var node = self
    while node.operation is Identity, node.controlInputs.isEmpty { node = node.inputs[0].node }
    return node.controlInputs.isEmpty && (node.operation is Placeholder || node.operation is Const)
  }
}

extension [Node] {
  /// Each once.
  fileprivate var unique: [Node] {
    var known: Set<Node> = []
    return filter { known.insert($0).inserted }
  }
}

extension Attributes {
  /// The attributes with others, which win.
  func merging(_ others: Attributes) -> Attributes {
    Attributes(values.merging(others.values) { $1 })
  }
}
