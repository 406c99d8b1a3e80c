import Dataflow
import Testing

/// Graphs that cannot be imported, with exact messages.
@Suite struct ImportErrorTests {
  private func message(
    _ text: String, options: ImportOptions = ImportOptions()
  ) throws -> String? {
    do {
      _ = try Graph(importing: try GraphDef(text: text), options: options)
      return nil
    } catch let error as GraphError {
      return error.description
    }
  }

  private static let x = """
    node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } }
      attr { key: "shape" value { shape { dim { size: 2 } dim { size: 3 } } } } }

    """

  @Test func unknownOperationsAreNamed() throws {
    #expect(
      try message(Self.x + #"node { name: "y" op: "Tanhh" input: "x" }"#)
        == #"Tanhh "y" (float[2, 3]): there is no operation Tanhh; did you mean Tanh?; "#
        + "OperationRegistry.register adds one that is defined elsewhere")
  }

  @Test func unknownOperationsAreListed() throws {
    let def = try GraphDef(
      text: Self.x
        + #"node { name: "y" op: "Tanhh" input: "x" } node { name: "z" op: "Enter" input: "y" }"#
        + #" library { function { node_def { name: "f" op: "Unheard" } } }"#)
    #expect(def.unknownOperations == ["Tanhh", "Unheard"])
  }

  @Test func missingInputsAreNamed() throws {
    #expect(
      try message(Self.x + #"node { name: "y" op: "Exp" input: "xx" }"#)
        == #"Exp "y" (xx): input xx is no node of the graph; did you mean x?"#)
    #expect(
      try message(Self.x + #"node { name: "y" op: "Exp" input: "x:1" }"#)
        == #"Exp "y" (x:1): input x:1 is missing: Placeholder has 1 outputs"#)
    #expect(
      try message(Self.x + #"node { name: "y" op: "Exp" input: "x:a" }"#)
        == #"Exp "y" (x:a): input x:a is not understood; allowed: name, name:output, ^name"#)
    #expect(
      try message(Self.x + #"node { name: "x" op: "NoOp" }"#)
        == #"NoOp "x" (): there are two nodes of this name"#)
  }

  @Test func typesThatNoTensorsHaveAreNamed() throws {
    let found = try message(
      Self.x
        + #"node { name: "y" op: "Cast" input: "x" attr { key: "DstT" value { type: DT_INT8 } } }"#
    )
    #expect(
      found?.hasPrefix(
        #"Cast "y" (x): attribute DstT = DT_INT8: there are no such tensors; allowed: DT_FLOAT, "#)
        == true)
  }

  /// Attributes that would change the numbers and are not computed here.
  @Test(arguments: [
    (
      "BiasAdd", ["x", "v"], #"data_format" value { s: "NCHW""#, "data_format = NCHW; allowed: NHWC"
    ),
    ("BiasAddGrad", ["x"], #"data_format" value { s: "NCHW""#, "data_format = NCHW; allowed: NHWC"),
    ("ApplyAdam", ["x"], #"use_nesterov" value { b: true"#, "use_nesterov = true; allowed: false"),
    (
      "ResourceApplyAdam", ["x"], #"use_nesterov" value { b: true"#,
      "use_nesterov = true; allowed: false"
    ),
    (
      "ApplyAdagrad", ["x"], #"update_slots" value { b: false"#,
      "update_slots = false; allowed: true"
    ),
    ("Cast", ["x"], #"Truncate" value { b: true"#, "Truncate = true; allowed: false"),
    (
      "GatherNd", ["x", "v"], #"bad_indices_policy" value { s: "IGNORE""#,
      #"bad_indices_policy = IGNORE; allowed: "", DEFAULT, ERROR"#
    ),
  ]) func whatIsNotComputedIsNamed(
    operation: String, inputs: [String], attribute: String, expected: String
  ) throws {
    let v = """
      node { name: "v" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } }
        attr { key: "shape" value { shape { dim { size: 3 } } } } }

      """
    let names = inputs.map { #"input: "\#($0)""# }.joined(separator: " ")
    let node = #"node { name: "y" op: "\#(operation)" \#(names) attr { key: "\#(attribute) } } }"#
    #expect(try message(Self.x + v + node)?.hasSuffix(": attribute \(expected)") == true)
  }

  @Test func cyclesAreNamed() throws {
    let text = """
      node { name: "a" op: "Neg" input: "c" attr { key: "T" value { type: DT_FLOAT } } }
      node { name: "b" op: "Neg" input: "a" attr { key: "T" value { type: DT_FLOAT } } }
      node { name: "c" op: "Neg" input: "b" attr { key: "T" value { type: DT_FLOAT } } }
      """
    #expect(try message(text) == #"Neg "a" (c): depends on itself: a -> b -> c -> a"#)
  }

  @Test func wrongTypesAreNamed() throws {
    let text =
      Self.x + """
        node { name: "i" op: "Const" attr { key: "dtype" value { type: DT_INT32 } }
          attr { key: "value" value { tensor { dtype: DT_INT32 int_val: 1 tensor_shape { } } } } }
        node { name: "y" op: "AddV2" input: "x" input: "i" }
        """
    #expect(
      try message(text)
        == #"AddV2 "y" (float[2, 3], int32[]): input 1 is int32, input 0 is float: "#
        + "types must match")
    #expect(
      try message(
        #"node { name: "h" op: "Placeholder" attr { key: "dtype" value { type: DT_BFLOAT16 } } } "#
          + #"node { name: "y" op: "Exp" input: "h" }"#)
        == #"Placeholder "h" (): attribute dtype = DT_BFLOAT16: there are no such tensors; "#
        + "allowed: DT_FLOAT, DT_DOUBLE, DT_HALF, DT_INT32, DT_INT64, DT_UINT8, DT_BOOL, DT_RESOURCE"
    )
  }

  @Test func unknownShapesCanBeGiven() throws {
    let text = """
      node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } }
        attr { key: "shape" value { shape { unknown_rank: true } } } }
      node { name: "y" op: "Exp" input: "x" }
      """
    #expect(
      try message(text)
        == #"Placeholder "x" (): how many dimensions it has is not known; say it: "#
        + #"ImportOptions(shapes: ["x": …])"#)
    let graph = try Graph(
      importing: try GraphDef(text: text), options: ImportOptions(shapes: ["x": ["n", 3]]))
    #expect(try graph.value(named: "x").shape == ["n", 3])
  }

  @Test func axesMustBeKnown() throws {
    let text =
      Self.x + """
        node { name: "axes" op: "Placeholder" attr { key: "dtype" value { type: DT_INT32 } }
          attr { key: "shape" value { shape { dim { size: 1 } } } } }
        node { name: "y" op: "Sum" input: "x" input: "axes" }
        """
    #expect(
      try message(text)
        == #"Sum "y" (float[2, 3], int32[1]): axes is only known in the run, but is an "#
        + "attribute here: it must be a constant")
  }

  @Test func whatIsNotNeededIsLeftOut() throws {
    let text =
      Self.x + #"node { name: "y" op: "Exp" input: "x" } node { name: "z" op: "Unheard" }"#
    let graph = try Graph(
      importing: try GraphDef(text: text), options: ImportOptions(outputs: ["y:0"]))
    #expect(graph.nodes.map(\.name) == ["x", "y"])
    #expect(
      try message(text, options: ImportOptions(outputs: ["yy"]))
        == "the graph has no node yy; did you mean y?")
  }

  /// A variable with what saves and restores it, as TensorFlow's `Saver` has it, and a placeholder that nothing reads.
  private static let saver =
    x + """
      node { name: "w" op: "VariableV2" attr { key: "dtype" value { type: DT_FLOAT } }
        attr { key: "shape" value { shape { dim { size: 2 } dim { size: 3 } } } } }
      node { name: "save/Const/input" op: "Const" attr { key: "dtype" value { type: DT_STRING } }
        attr { key: "value" value { tensor { dtype: DT_STRING string_val: "a" tensor_shape {} } } } }
      node { name: "save/Const" op: "PlaceholderWithDefault" input: "save/Const/input"
        attr { key: "dtype" value { type: DT_STRING } } attr { key: "shape" value { shape {} } } }
      node { name: "save/SaveV2" op: "SaveV2" input: "save/Const" input: "w" }
      node { name: "save/control_dependency" op: "Identity" input: "save/Const" input: "^save/SaveV2" }
      node { name: "save/RestoreV2" op: "RestoreV2" input: "save/Const" }
      node { name: "save/Assign" op: "Assign" input: "w" input: "save/RestoreV2" }
      node { name: "save/restore_all" op: "NoOp" input: "^save/Assign" }
      node { name: "w/start" op: "Identity" input: "x" }
      node { name: "w/Assign" op: "Assign" input: "w" input: "w/start" }
      node { name: "y" op: "Exp" input: "w" }
      node { name: "unused" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } } }

      """

  /// Who does not restore anything does without; who wants it, or what comes after it, is told why there is nothing.
  @Test func savingAndRestoringIsLeftOut() throws {
    let graph = try Graph(importing: GraphDef(text: Self.saver))
    #expect(graph.nodes.map(\.name).sorted() == ["w", "w/Assign", "w/start", "x", "y"])
    #expect(graph.variables.map(\.initializer.name) == ["w/Assign"])
    #expect(
      graph.leftOut.sorted() == [
        "save/Assign", "save/Const", "save/RestoreV2", "save/SaveV2", "save/control_dependency",
        "save/restore_all", "unused",
      ])
    let error = try #require(
      try message(Self.saver, options: ImportOptions(outputs: ["save/restore_all"])))
    #expect(error.hasPrefix(#"RestoreV2 "save/RestoreV2" "#) && error.contains("no operation"))
    let after = try message(
      Self.saver + #"node { name: "z" op: "Exp" input: "x" input: "^save/restore_all" }"#)
    #expect(
      after?.hasPrefix(#"Exp "z" (x, ^save/restore_all): waits for save/restore_all"#) == true)
    let read = try message(Self.saver + #"node { name: "z" op: "Exp" input: "save/RestoreV2" }"#)
    #expect(read == error)
  }

  /// Whoever initializes variables wants what does so, and nothing else.
  @Test func initializersComeWithTheirVariables() throws {
    let options = ImportOptions(outputs: ["y"], includesInitializers: true)
    let graph = try Graph(importing: GraphDef(text: Self.saver), options: options)
    #expect(Set(graph.nodes.map(\.name)) == ["x", "w", "w/start", "w/Assign", "y"])
    #expect(graph.variables.count == 1 && graph.leftOut.isEmpty)
    let without = try Graph(
      importing: GraphDef(text: Self.saver), options: ImportOptions(outputs: ["y"]))
    #expect(without.nodes.map(\.name) == ["w", "y"])
  }

  @Test func textsAreErrorsOnlyWhereTheyAreRead() throws {
    let text = """
      node { name: "s" op: "Const" attr { key: "dtype" value { type: DT_STRING } }
        attr { key: "value" value { tensor { dtype: DT_STRING string_val: "a" tensor_shape {} } } } }

      """
    #expect(try message(text) == nil)
    #expect(
      try message(text + #"node { name: "y" op: "Identity" input: "s" }"#)
        == #"Const "s" (): a tensor is of type DT_STRING; allowed: DT_FLOAT, DT_DOUBLE, DT_HALF, "#
        + "DT_INT32, DT_INT64, DT_UINT8, DT_BOOL")
  }

  /// Whoever asks for a value that could not be made is told why.
  @Test func whatCouldNotBeMadeIsExplained() throws {
    let graph = try Graph(
      importing: GraphDef(
        text: """
          node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } }
            attr { key: "shape" value { shape { dim { size: -1 } } } } }
          node { name: "shape" op: "Shape" input: "x" }
          node { name: "both" op: "BroadcastArgs" input: "shape" input: "shape" }
          """))
    let error = #expect(throws: GraphError.self) { try graph.value(named: "both:0") }
    #expect(error?.node == "both" && error?.operation == "BroadcastArgs")
    #expect(error?.message.hasPrefix("there is no operation BroadcastArgs") == true)
  }

  @Test func valuesAreFoundByName() throws {
    let graph = try Graph(importing: try GraphDef(text: Self.x))
    #expect(try graph.value(named: "x:0") == graph.value(named: "x"))
    #expect(
      throws: GraphError("has 1 outputs, not an output 1", node: "x", operation: "Placeholder")
    ) { try graph.value(named: "x:1") }
    #expect(throws: GraphError("the graph has no value y; did you mean x?")) {
      try graph.value(named: "y")
    }
  }

  /// A function that is called is part of the graph, and so are its variables; a branch is a graph of its own.
  @Test(arguments: ["VariableV2", "VarHandleOp"])
  func variablesOfBranchesAreErrors(operation: String) throws {
    func text(_ call: String) -> String {
      """
      node { name: "c" op: "Placeholder" attr { key: "dtype" value { type: DT_BOOL } }
        attr { key: "shape" value { shape { } } } }
      node { name: "y" \(call) }
      library {
        function {
          signature { name: "f" output_arg { name: "r" type: DT_FLOAT } }
          node_def { name: "v" op: "\(operation)" attr { key: "dtype" value { type: DT_FLOAT } }
            attr { key: "shape" value { shape { } } } }
          node_def { name: "read" op: "ReadVariableOp" input: "v:ref:0" }
          ret { key: "r" value: "read:value:0" } } }
      """
    }
    #expect(
      try message(
        text(
          """
          op: "If" input: "c" attr { key: "then_branch" value { func { name: "f" } } }
          attr { key: "else_branch" value { func { name: "f" } } }
          """))
        == #"VariableV2 "v" (): a variable within a loop or branch; make it outside"#)
    #expect(
      try message(text(#"op: "PartitionedCall" attr { key: "f" value { func { name: "f" } } }"#))
        == nil)
  }

  /// Names that the graph language cannot write, of nodes, of a function's too, and of loops.
  @Test func namesThatCannotBeWrittenAreErrors() throws {
    let allowed = "a name is not empty and has neither line ends nor backquotes"
    for (name, shown) in [
      (#"a\nb"#, #""a\nb""#), ("a`b", "\"a`b\""), ("", "\"\""), (#"a\r\nb"#, #""a\r\nb""#),
    ] {
      let node = "name: \"\(name)\" op: \"NoOp\""
      #expect(try message("node { \(node) }") == "node \(shown) (NoOp): \(allowed)")
      let call = """
        node { name: "call" op: "PartitionedCall" attr { key: "f" value { func { name: "f" } } } }
        library { function { signature { name: "f" } node_def { \(node) } } }
        """
      let inner = name.isEmpty ? "\"call/\"" : shown.replacing("\"a", with: "\"call/a")
      let message = try message(call)
      #expect(
        message
          == (name.isEmpty ? nil : "PartitionedCall \"call\" (): node \(inner) (NoOp): \(allowed)"))
      let loop =
        Self.x + """
          node { name: "enter" op: "Enter" input: "x"
            attr { key: "frame_name" value { s: "\(name)" } } }
          """
      #expect(
        try self.message(loop)
          == "Enter \"enter\" (x): attribute frame_name = \(shown): \(allowed)")
    }
    #expect(try message(#"node { name: "a b:0/ä" op: "NoOp" }"#) == nil)
  }

  @Test func brokenLoopsAreErrors() throws {
    let text =
      Self.x + """
        node { name: "exit" op: "Exit" input: "x" }
        """
    #expect(try message(text) == #"Exit "exit" (x): leaves a loop, but is in none"#)
    let endless =
      Self.x + """
        node { name: "enter" op: "Enter" input: "x"
          attr { key: "frame_name" value { s: "loop" } } }
        node { name: "exit" op: "Exit" input: "enter" }
        """
    #expect(try message(endless) == "the loop loop has no LoopCond")
  }
}
