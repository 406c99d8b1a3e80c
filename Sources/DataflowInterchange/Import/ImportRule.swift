import DataflowFormats
import DataflowGraph
import Tensors

/// How an operation of TensorFlow's is imported that has no counterpart of its name here, or one that
/// takes something else.
struct ImportRule: Sendable {
  /// The operation here that takes its place, nil where several do.
  let operation: String?
  let values: @Sendable (NodeImport) throws -> [Value]

  init(
    as operation: String? = nil, values: @escaping @Sendable (NodeImport) throws -> [Value]
  ) {
    self.operation = operation
    self.values = values
  }

  /// The operation under another name.
  static func alias(_ name: String) -> ImportRule {
    ImportRule(as: name) { try $0.add(name).outputs }
  }

  /// Several operations in place of one.
  static func rewrite(_ body: @escaping @Sendable (NodeImport) throws -> Value) -> ImportRule {
    ImportRule { node in try node.rewritten { try body(node) } }
  }

  /// All rules by the names of TensorFlow's operations.
  static let named: [String: ImportRule] = {
    let groups = [aliases, sources, variables, gradients, calls, queues]
    return groups.reduce(into: [:]) { rules, group in rules.merge(group) { $1 } }
  }()

  // MARK: Other names

  private static let aliases: [String: ImportRule] = {
    var rules = Dictionary(uniqueKeysWithValues: otherNames.map { ($0, ImportRule.alias($1)) })
    rules["Concat"] = ImportRule { node in
      try node.add("ConcatV2", Array(node.inputs.dropFirst() + node.inputs.prefix(1))).outputs
    }
    rules["Gather"] = gatherOfRows
    rules["ResourceGather"] = gatherOfRows
    rules["TopK"] = ImportRule { node in
      guard case .int(let k)? = node.def.attributes["k"] else {
        throw GraphError("attribute k is missing")
      }
      let extra: Attributes = ["k": .shape([Dimension(Int(k))])]
      let count = ImportedTensor(
        node.graph.constant(Tensor(Int32(truncatingIfNeeded: k))),
        sizes: SizeTensor(scalar: Dimension(Int(k))))
      return try node.add("TopKV2", node.inputs + [count], extra: extra).outputs
    }
    rules["Select"] = ImportRule { try select($0) }
    rules["SegmentMean"] = .rewrite { node in
      // What does not fit the sums fits nothing else of the mean.
      _ = try SegmentSum().outputs(for: node.inputs.map { try $0.value.spec })
      return segmentMean(try node.value(0), try node.value(1))
    }
    rules["IdentityN"] = ImportRule { node in
      let operation: any Operation =
        node.def.attributes["_gradient_op_type"] == nil
        ? Identity()
        : PreventGradient(message: "has a gradient of the user's choice, which is in no file")
      return try node.inputs.indices.map { index in
        try node.graph.add(
          operation, [node.value(index)], name: node.outputName(index),
          controlInputs: node.controls
        ).output
      }
    }
    rules["Assert"] = ImportRule { node in
      // What is printed with it may be texts, which no tensor holds here.
      let printed = node.inputs.dropFirst().filter { (try? $0.value) != nil }
      return try node.add("Assert", node.inputs.prefix(1) + printed).outputs
    }
    rules["Print"] = ImportRule { node in
      let printed = node.inputs.dropFirst().filter { (try? $0.value) != nil }
      return try node.add("Print", node.inputs.prefix(1) + printed).outputs
    }
    rules["Range"] = ImportRule(as: "Range") { node in
      guard let numbers = try floatRange(node) else { return try node.add("Range").outputs }
      return try node.constant(numbers, name: node.def.name).outputs
    }
    for name in ["ScalarSummary", "HistogramSummary"] {
      rules[name] = ImportRule { node in
        let extra: Attributes = ["tag": .string(try node.text(0))]
        return try node.add(name, Array(node.inputs.dropFirst()), extra: extra).outputs
      }
    }
    return rules
  }()

  private static let otherNames = [
    "Add": "AddV2", "BatchMatMul": "BatchMatMulV2", "BatchMatMulV3": "BatchMatMulV2",
    "Snapshot": "Identity", "DeepCopy": "Identity",
    "RefIdentity": "Identity", "_Retval": "Identity",
    "RefSwitch": "Switch", "RefMerge": "Merge",
    "ParallelDynamicStitch": "DynamicStitch", "InvGrad": "ReciprocalGrad",
  ]

  private static let gatherOfRows = ImportRule { node in
    // Of batches the dimension behind those that are shared.
    var place = 0
    if case .int(let batch)? = node.def.attributes["batch_dims"] {
      place = Int(batch) + (batch < 0 ? try node.value(1).shape.rank : 0)
    }
    let axis = ImportedTensor(
      node.graph.constant(Tensor(Int32(truncatingIfNeeded: place)), name: "\(node.def.name)/axis"),
      sizes: SizeTensor(scalar: Dimension(place)))
    return try node.add("GatherV2", node.inputs + [axis]).outputs
  }

  /// The numbers of a `Range` between constants of floating point, which is one of whole numbers here; nil where they are
  /// more than sizes have, or are only known in the run.
  private static func floatRange(_ node: NodeImport) throws -> Tensor? {
    func range<T: BinaryFloatingPoint & TensorElement>(_: T.Type) throws -> Tensor? {
      let ends = try (0..<3).compactMap { index -> T? in
        guard let end = node.region.constant(try node.value(index)), end.elementCount == 1,
          end.elementType == T.elementType
        else { return nil }
        return end.scalars(as: T.self)[0]
      }
      guard ends.count == 3, ends.contains(where: { $0 != $0.rounded() }) else { return nil }
      let (start, limit, delta) = (ends[0], ends[1], ends[2])
      guard delta != 0, start == limit || (start < limit) == (delta > 0) else {
        throw GraphError("there are no numbers from \(start) to \(limit) by steps of \(delta)")
      }
      let count = ((limit - start) / delta).magnitude.rounded(.up)
      guard count <= T(SizeTensor.limit) else { return nil }
      let numbers = (0..<Int(count)).map { index -> T in start + T(index) * delta }
      return Tensor(numbers)
    }
    guard node.inputs.count == 3, let type = try? node.value(0).elementType else { return nil }
    switch type {
    case .float32: return try range(Float.self)
    case .float64: return try range(Double.self)
    default: return nil
    }
  }

  /// `Select` takes whole rows where the condition is a vector.
  private static func select(_ node: NodeImport) throws -> [Value] {
    let (condition, x) = (try node.value(0), try node.value(1))
    guard condition.shape.rank == 1, x.shape.rank > 1 else {
      return try node.add("SelectV2").outputs
    }
    let ones = Array(repeating: Dimension(1), count: x.shape.rank - 1)
    let column = ImportedTensor(
      reshape(condition, SymbolicShape([condition.shape[0]] + ones), name: "\(node.def.name)/rows"))
    return try node.add("SelectV2", [column] + node.inputs.dropFirst()).outputs
  }

  // MARK: Constants and placeholders

  private static let sources: [String: ImportRule] = [
    "Const": ImportRule { node in
      guard case .tensor(let proto)? = node.def.attributes["value"] else {
        throw GraphError("attribute value is missing or no tensor")
      }
      let tensor: Tensor
      do throws(FormatError) {
        tensor = try proto.tensor()
      } catch {
        throw GraphError(error.message)
      }
      let constant = Const(tensor)
      return [
        try node.graph.add(constant, name: node.def.name, controlInputs: node.controls).output
      ]
    },
    "Placeholder": ImportRule { try placeholder($0) },
    "PlaceholderV2": ImportRule { try placeholder($0) },
    "PlaceholderWithDefault": ImportRule(as: "Identity") { try placeholderWithDefault($0) },
  ]

  /// Any value can be fed, also one that is computed where nobody feeds it; but what is known to be fed may have other
  /// sizes than its default.
  private static func placeholderWithDefault(_ node: NodeImport) throws -> [Value] {
    guard node.isFed, case .shape(let proto)? = node.def.attributes["shape"],
      let sizes = proto.sizes
    else { return try node.add("Identity").outputs }
    try node.requireModerate(sizes.compactMap { $0 })
    let operation = Placeholder(
      elementType: try node.value(0).elementType, shape: SymbolicShape(sizes, naming: node.sizeStem)
    )
    return [
      try node.graph.add(operation, name: node.def.name, controlInputs: node.controls).output
    ]
  }

  private static func placeholder(_ node: NodeImport) throws -> [Value] {
    let type = try node.def.elementType("dtype")
    let name = node.def.name
    let shape: SymbolicShape
    if let given = node.region.importer.options.shapes[name] {
      shape = given
    } else if case .shape(let proto)? = node.def.attributes["shape"], let sizes = proto.sizes {
      try node.requireModerate(sizes.compactMap { $0 })
      shape = SymbolicShape(sizes, naming: node.sizeStem)
    } else {
      throw GraphError(
        "how many dimensions it has is not known; say it: ImportOptions(shapes: [\"\(name)\": …])")
    }
    let operation = Placeholder(elementType: type, shape: shape)
    return [try node.graph.add(operation, name: name, controlInputs: node.controls).output]
  }
}
