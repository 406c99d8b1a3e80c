import Dataflow
import Testing

/// What waits for what: `tf.control_dependencies` puts control inputs on the constants that an operation reads, which are
/// attributes here.
@Suite struct ImportOrderTests {
  /// A variable `v` of value 1, which `update` adds 1 to, and `read`, which waits for `y`.
  private static let update = """
    node { name: "v" op: "VarHandleOp" attr { key: "dtype" value { type: DT_FLOAT } }
      attr { key: "shape" value { shape { } } } }
    node { name: "one" op: "Const" attr { key: "dtype" value { type: DT_FLOAT } }
      attr { key: "value" value { tensor { dtype: DT_FLOAT tensor_shape { } float_val: 1 } } } }
    node { name: "v/Assign" op: "AssignVariableOp" input: "v" input: "one" }
    node { name: "update" op: "AssignAddVariableOp" input: "v" input: "one" }
    node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } }
      attr { key: "shape" value { shape { dim { size: 2 } dim { size: -1 } } } } }
    node { name: "read" op: "ReadVariableOp" input: "v" input: "^y" }

    """

  private static func numbers(_ name: String, _ values: [Int], after control: String? = "update")
    -> String
  {
    let input = control.map { #"input: "^\#($0)""# } ?? ""
    let list = values.map { "int_val: \($0)" }.joined(separator: " ")
    let sizes = values.count == 1 ? "" : "dim { size: \(values.count) }"
    return """
      node { name: "\(name)" op: "Const" \(input) attr { key: "dtype" value { type: DT_INT32 } }
        attr { key: "value" value { tensor { dtype: DT_INT32 tensor_shape { \(sizes) } \(list) } } } }

      """
  }

  private static func node(
    _ name: String, _ op: String, _ inputs: String..., attributes: String = ""
  )
    -> String
  {
    let inputs = inputs.map { #"input: "\#($0)""# }.joined(separator: " ")
    return #"node { name: "\#(name)" op: "\#(op)" \#(inputs) \#(attributes) }"# + "\n"
  }

  /// Graphs in which `y` waits for the update by way of what becomes its attributes.
  static let waiting: [(String, String)] = [
    ("axis", numbers("axes", [0]) + node("y", "Sum", "x", "axes")),
    ("permutation", numbers("order", [1, 0]) + node("y", "Transpose", "x", "order")),
    ("shape", numbers("shape", [-1, 2]) + node("y", "Reshape", "x", "shape")),
    (
      "numbers that are computed",
      numbers("a", [1]) + numbers("b", [-1], after: nil) + node("c", "AddV2", "a", "b")
        + node("y", "ExpandDims", "x", "c")
    ),
    (
      "sizes with names",
      numbers("a", [1]) + node("s", "Shape", "x") + node("c", "AddV2", "s", "a")
        + node("z", "Exp", "x") + numbers("begin", [0, 0], after: nil)
        + node("s1", "Sub", "c", "a") + node("y", "Slice", "z", "begin", "s1")
    ),
    (
      "numbers alone",
      numbers("a", [0]) + numbers("b", [5], after: nil) + numbers("c", [1], after: nil)
        + node("y", "Range", "a", "b", "c")
    ),
    (
      "arguments of functions",
      numbers("axes", [0])
        + node(
          "y", "PartitionedCall", "x", "axes",
          attributes: #"attr { key: "f" value { func { name: "f" } } }"#)
        + #"library { function { signature { name: "f" input_arg { name: "a" type: DT_FLOAT } "#
        + #"input_arg { name: "b" type: DT_INT32 } output_arg { name: "c" type: DT_FLOAT } } "#
        + #"node_def { name: "d" op: "Sum" input: "a" input: "b" } ret { key: "c" value: "d:output:0" } } }"#
    ),
    (
      "what another name stands for",
      numbers("axes", [0]) + node("axis", "Identity", "axes") + node("y", "Max", "x", "axis")
    ),
  ]

  @Test(arguments: waiting) func whatTakesNumbersWaitsInTheirPlace(_: String, text: String) throws {
    let graph = try Graph(importing: GraphDef(text: Self.update + text))
    let session = Session(graph)
    try session.initializeVariables()
    let x = Tensor(shape: [2, 2], scalars: [1, 2, 3, 4] as [Float])
    let feeds = [try graph.value(named: "x"): x]
    #expect(try session.run([graph.value(named: "read")], feeds: feeds)[0] == Tensor(Float(2)))
    _ = try session.run([graph.value(named: "y")], feeds: feeds)
    #expect(try session.run([graph.value(named: "v")])[0] == Tensor(Float(3)))
  }

  private static let buffer = """
    node { name: "v" op: "VariableV2" attr { key: "dtype" value { type: DT_FLOAT } }
      attr { key: "shape" value { shape { } } } }
    node { name: "one" op: "Const" attr { key: "dtype" value { type: DT_FLOAT } }
      attr { key: "value" value { tensor { dtype: DT_FLOAT tensor_shape { } float_val: 1 } } } }
    node { name: "v/Assign" op: "Assign" input: "v" input: "one" }
    node { name: "v/read" op: "Identity" input: "v" }
    node { name: "add" op: "AssignAdd" input: "v" input: "one" }
    node { name: "double" op: "AddV2" input: "v/read" input: "v/read" input: "^add" }
    node { name: "update" op: "AssignAdd" input: "v" input: "double" }
    node { name: "before" op: "AddV2" input: "v/read" input: "one" }
    node { name: "sum" op: "AddV2" input: "update" input: "v/read" }
    node { name: "after" op: "Identity" input: "v/read" input: "^update" }

    """

  /// An `Identity` of a variable of TensorFlow 1 is the variable's buffer, which is read when its reader runs.
  @Test func otherNamesOfVariablesAreReadAfterWrites() throws {
    let graph = try Graph(importing: GraphDef(text: Self.buffer))
    let session = Session(graph)
    try session.initializeVariables()
    let found = try session.run(
      ["before", "double", "sum", "after"].map { try graph.value(named: $0) })
    #expect(found.map { $0.scalar(as: Float.self) } == [2, 4, 12, 6])
    // Who comes after no write reads the name.
    #expect(graph.node(named: "before")?.inputs.first?.node.name == "v/read")
    #expect(graph.node(named: "after")?.inputs.first?.node.name == "v")
  }

  /// What is fed for the name is what its readers find.
  @Test func otherNamesThatAreFedAreNoVariables() throws {
    let graph = try Graph(
      importing: GraphDef(text: Self.buffer), options: ImportOptions(feeds: ["v/read"]))
    let session = Session(graph)
    try session.initializeVariables()
    let found = try session.run(
      [graph.value(named: "double")], feeds: [graph.value(named: "v/read"): Tensor(Float(5))])
    #expect(found == [Tensor(Float(10))])
  }

  /// What a check prints may be texts, which are no nodes here.
  @Test func checksWaitInPlaceOfTheirTexts() throws {
    let text =
      Self.update
        + """
        node { name: "yes" op: "Const" attr { key: "dtype" value { type: DT_BOOL } }
          attr { key: "value" value { tensor { dtype: DT_BOOL tensor_shape { } bool_val: true } } } }
        node { name: "words" op: "Const" input: "^update" attr { key: "dtype" value { type: DT_STRING } }
          attr { key: "value" value { tensor { dtype: DT_STRING string_val: "no" tensor_shape { } } } } }
        node { name: "y" op: "Assert" input: "yes" input: "words" }
        node { name: "late" op: "NoOp" input: "^words" }
        """
    let graph = try Graph(importing: GraphDef(text: text))
    #expect(graph.node(named: "y")?.controlInputs.map(\.name) == ["update"])
    #expect(graph.node(named: "late")?.controlInputs.map(\.name) == ["update"])
  }

  /// What is there before anything runs is waited for by nobody.
  @Test func nothingWaitsForWhatIsFed() throws {
    let text =
      Self.update + Self.numbers("axes", [0], after: "x") + Self.node("y", "Sum", "x", "axes")
    let graph = try Graph(importing: GraphDef(text: text))
    #expect(graph.node(named: "y")?.controlInputs.isEmpty == true)
  }

  /// A loop of TensorFlow 1 that sums along an axis which enters it and waits for the update.
  @Test func loopsWaitForWhatEntersThem() throws {
    let frame = #"attr { key: "frame_name" value { s: "loop" } }"#
    let text =
      Self.update + Self.numbers("axes", [0])
      + Self.numbers("start", [0], after: nil) + Self.numbers("end", [3], after: nil)
      + Self.numbers("step", [1], after: nil)
      + Self.node("i/Enter", "Enter", "start", attributes: frame)
      + Self.node("axes/Enter", "Enter", "axes", attributes: frame)
      + Self.node("end/Enter", "Enter", "end", attributes: frame)
      + Self.node("step/Enter", "Enter", "step", attributes: frame)
      + Self.node("x/Enter", "Enter", "x", attributes: frame)
      + Self.node("i", "Merge", "i/Enter", "i/Next")
      + Self.node("less", "Less", "i", "end/Enter") + Self.node("cond", "LoopCond", "less")
      + Self.node("switch", "Switch", "i", "cond") + Self.node("in", "Identity", "switch:1")
      + Self.node("sum", "Sum", "x/Enter", "axes/Enter")
      + Self.node("next", "AddV2", "in", "step/Enter", "^sum")
      + Self.node("i/Next", "NextIteration", "next") + Self.node("exit", "Exit", "switch")
      + Self.node("size", "Size", "exit") + Self.node("y", "Range", "start", "size", "step")
    let graph = try Graph(importing: GraphDef(text: text))
    let loop = graph.nodes.first { $0.operation is While }
    #expect(loop?.controlInputs.map(\.name) == ["axes"])
    let axes = graph.node(named: "axes")
    #expect(axes?.controlInputs.map(\.name) == ["update"])
    // Numbers that follow from the loop's shapes come after it too.
    #expect(graph.node(named: "size")?.operation is Const)
    #expect(graph.node(named: "size")?.controlInputs.map(\.name) == ["exit"])
    #expect(graph.node(named: "y")?.controlInputs.map(\.name) == ["size"])
  }
}
