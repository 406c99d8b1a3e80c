import Dataflow
import Testing

/// What importing makes of single nodes.
@Suite struct ImportTests {
  private func placeholder(
    _ name: String, _ sizes: [Int], _ type: DataType = .float
  ) -> NodeDef {
    NodeDef(
      name: name, op: "Placeholder",
      attributes: ["dtype": .type(type), "shape": .shape(TensorShapeProto(sizes: sizes))])
  }

  private func constant(_ name: String, _ tensor: Tensor) -> NodeDef {
    NodeDef(
      name: name, op: "Const",
      attributes: [
        "dtype": .type(DataType(tensor.elementType)), "value": .tensor(TensorProto(tensor)),
      ])
  }

  private func imported(
    _ nodes: [NodeDef], options: ImportOptions = ImportOptions()
  ) throws -> Graph {
    try Graph(importing: GraphDef(nodes: nodes), options: options)
  }

  @Test func nodesMayStandInAnyOrder() throws {
    let graph = try imported([
      NodeDef(name: "z", op: "Neg", inputs: ["y"]), NodeDef(name: "y", op: "Exp", inputs: ["x"]),
      placeholder("x", [2]),
    ])
    #expect(graph.nodes.map(\.name) == ["x", "y", "z"])
  }

  @Test func deepGraphsNeedNoDeepStack() throws {
    let count = 30_000
    let nodes = (1...count).reversed().map {
      NodeDef(name: "n\($0)", op: "Neg", inputs: ["n\($0 - 1)"])
    }
    let graph = try imported(nodes + [placeholder("n0", [1])])
    #expect(graph.nodes.count == count + 1)
    #expect(graph.nodes.last?.name == "n\(count)")
  }

  @Test func unknownSizesGetNames() throws {
    let graph = try imported([placeholder("in/x", [-1, 3, -1])])
    #expect(try graph.value(named: "in/x").shape == ["in_x_0", 3, "in_x_2"])
  }

  /// -1 in `Reshape` and `Slice`, with sizes that only the feed knows.
  @Test func openSizesAreFilledIn() throws {
    let graph = try imported([
      placeholder("x", [-1, 6]), constant("shape", Tensor([-1, 2] as [Int32])),
      NodeDef(name: "y", op: "Reshape", inputs: ["x", "shape"]),
      constant("begin", Tensor([1, 0] as [Int32])), constant("size", Tensor([-1, 1] as [Int32])),
      NodeDef(name: "z", op: "Slice", inputs: ["y", "begin", "size"]),
    ])
    let rows: Dimension = "x_0"
    #expect(try graph.value(named: "y").shape == [rows * 3, 2])
    #expect(try graph.value(named: "z").shape == [rows * 3 - 1, 1])
  }

  /// Where a shape without elements is asked for, an open size follows from the sizes that are not 0, as in TensorFlow.
  @Test(arguments: [
    (given: [-1, 2], fed: [0, 2], asked: [0, -1], expected: [0, 2]),
    (given: [0, 2, 3], fed: [0, 2, 3], asked: [0, -1], expected: [0, 6]),
    (given: [2, -1, 3], fed: [2, 0, 3], asked: [2, 0, -1], expected: [2, 0, 3]),
    (given: [0, 5], fed: [0, 5], asked: [0, -1, 3], expected: [0, 1, 3]),
    (given: [0, -1, -1], fed: [0, 4, 3], asked: [0, -1, 2], expected: [0, 6, 2]),
    (given: [0, -1, -1], fed: [0, 0, 3], asked: [0, -1], expected: [0, 3]),
  ]) func openSizesBesideZeros(given: [Int], fed: [Int], asked: [Int], expected: [Int]) throws {
    let graph = try imported([
      placeholder("x", given), constant("shape", Tensor(asked.map { Int32($0) })),
      NodeDef(name: "y", op: "Reshape", inputs: ["x", "shape"]),
    ])
    let y = try Session(graph).run(
      [try graph.value(named: "y")],
      feeds: [try graph.value(named: "x"): Tensor(zeros: Shape(fed), elementType: .float32)])
    #expect(y[0].shape == Shape(expected))
  }

  /// A size that both shapes have cancels; what has elements has no shape without them.
  @Test func zerosInShapesLeaveOtherSizes() throws {
    let nodes = [
      placeholder("x", [0, 2, -1]), constant("zero", Tensor(Int32(0))),
      constant("two", Tensor(Int32(2))),
      constant("open", Tensor(Int32(-1))), NodeDef(name: "sizes", op: "Shape", inputs: ["x"]),
      NodeDef(name: "last", op: "GatherV2", inputs: ["sizes", "two", "zero"]),
      NodeDef(name: "shape", op: "Pack", inputs: ["zero", "open", "last"]),
      NodeDef(name: "y", op: "Reshape", inputs: ["x", "shape"]),
    ]
    #expect(try imported(nodes).value(named: "y").shape == [0, 2, "x_2"])
    let error = #expect(throws: GraphError.self) {
      try imported([
        placeholder("x", [2, 3]), constant("shape", Tensor([0, -1] as [Int32])),
        NodeDef(name: "y", op: "Reshape", inputs: ["x", "shape"]),
      ])
    }
    #expect(error?.message == "[2, 3] cannot become [0, 6]: the element counts differ")
  }

  /// Sizes that are computed from data are read in the run.
  @Test func sizesMayBeData() throws {
    let graph = try imported([
      placeholder("x", [6]), placeholder("shape", [2], DataType(.int32)),
      NodeDef(name: "y", op: "Reshape", inputs: ["x", "shape"]),
    ])
    let x = Tensor((0..<6).map { Float($0) })
    let feeds = [
      try graph.value(named: "x"): x, try graph.value(named: "shape"): Tensor([3, 2] as [Int32]),
    ]
    let y = try Session(graph).run([try graph.value(named: "y")], feeds: feeds)[0]
    #expect(y == x.reshaped(to: [3, 2]))
  }

  /// What does not fit into int32 is computed in the run, as TensorFlow does.
  @Test func wholeNumbersOverflow() throws {
    let graph = try imported([
      constant("most", Tensor(Int32.max)), constant("one", Tensor(Int32(1))),
      constant("two", Tensor(Int32(2))),
      NodeDef(name: "sum", op: "AddV2", inputs: ["most", "one"]),
      NodeDef(name: "y", op: "FloorDiv", inputs: ["sum", "two"]),
      constant("large", Tensor(Int64(1 << 33 + 5))),
      NodeDef(
        name: "cut", op: "Cast", inputs: ["large"], attributes: ["DstT": .type(DataType(.int32))]),
    ])
    let values = try ["y", "cut"].map { try graph.value(named: $0) }
    let found = try Session(graph).run(values)
    #expect(found == [Tensor(Int32(-1 << 30)), Tensor(Int32(5))])
  }

  /// `n / max(n, 1)` as TensorFlow's gradients of means have it, where a batch may be empty.
  @Test(arguments: [0, 3]) func sizesMayBeZero(rows: Int) throws {
    let graph = try imported([
      placeholder("x", [-1]), constant("one", Tensor(Int32(1))),
      NodeDef(name: "n", op: "Size", inputs: ["x"]),
      NodeDef(name: "most", op: "Maximum", inputs: ["n", "one"]),
      NodeDef(name: "y", op: "FloorDiv", inputs: ["n", "most"]),
      constant("zero", Tensor(Float(0))), constant("axis", Tensor(Int32(0))),
      NodeDef(name: "sizes", op: "ExpandDims", inputs: ["most", "axis"]),
      NodeDef(name: "z", op: "Fill", inputs: ["sizes", "zero"]),
    ])
    let x = Tensor(shape: [rows], scalars: Array(repeating: Float(0), count: rows))
    let values = try ["most", "y", "z"].map { try graph.value(named: $0) }
    let found = try Session(graph).run(values, feeds: [graph.value(named: "x"): x])
    #expect(found[0] == Tensor(Int32(max(rows, 1))))
    #expect(found[1] == Tensor(Int32(rows == 0 ? 0 : 1)))
    #expect(found[2].shape == [max(rows, 1)])
  }

  /// Numbers and shapes that are fed are not those that the graph has.
  @Test func numbersMayBeFed() throws {
    let nodes = [
      placeholder("x", [2, 3]), constant("k", Tensor(Int32(3))), constant("two", Tensor(Int32(2))),
      NodeDef(name: "sum", op: "AddV2", inputs: ["k", "two"]),
      NodeDef(name: "shape", op: "Shape", inputs: ["x"]),
      NodeDef(name: "y", op: "Reshape", inputs: ["x", "shape"]),
      NodeDef(name: "total", op: "Sum", inputs: ["x", "k"]),
    ]
    let options = ImportOptions(outputs: ["sum", "y"], feeds: ["k:0", "shape"])
    let graph = try imported(nodes, options: options)
    let values = try ["sum", "y"].map { try graph.value(named: $0) }
    let found = try Session(graph).run(
      values,
      feeds: [
        graph.value(named: "x"): Tensor(shape: [2, 3], scalars: [1, 2, 3, 4, 5, 6] as [Float]),
        graph.value(named: "k"): Tensor(Int32(5)),
        graph.value(named: "shape"): Tensor([3, 2] as [Int32]),
      ])
    #expect(found[0] == Tensor(Int32(7)))
    #expect(found[1].shape == [3, 2])
    let error = #expect(throws: GraphError.self) {
      try imported(nodes, options: ImportOptions(feeds: ["k"]))
    }
    #expect(error?.node == "total")
    #expect(
      error?.message
        == "axes is only known in the run, but is an attribute here: it must be a constant")
  }

  @Test func defaultsNeedNoFeed() throws {
    let graph = try imported([
      constant("c", Tensor([1, 2] as [Float])),
      NodeDef(name: "x", op: "PlaceholderWithDefault", inputs: ["c"]),
      NodeDef(name: "y", op: "Neg", inputs: ["x"]),
    ])
    let (x, y) = (try graph.value(named: "x"), try graph.value(named: "y"))
    #expect(try Session(graph).run([y])[0] == Tensor([-1, -2] as [Float]))
    let fed = try Session(graph).run([y], feeds: [x: Tensor([3, 4] as [Float])])[0]
    #expect(fed == Tensor([-3, -4] as [Float]))
  }

  /// A default that will be fed has the sizes that TensorFlow leaves open.
  @Test func fedDefaultsMayHaveOtherSizes() throws {
    let nodes = [
      constant("c", Tensor([1, 2] as [Float])),
      NodeDef(
        name: "x", op: "PlaceholderWithDefault", inputs: ["c"],
        attributes: ["shape": .shape(TensorShapeProto(sizes: [-1]))]),
      NodeDef(name: "y", op: "Neg", inputs: ["x"]),
    ]
    let graph = try imported(nodes, options: ImportOptions(feeds: ["x"]))
    let (x, y) = (try graph.value(named: "x"), try graph.value(named: "y"))
    #expect(y.shape == ["x_0"])
    let fed = try Session(graph).run([y], feeds: [x: Tensor([3, 4, 5] as [Float])])[0]
    #expect(fed == Tensor([-3, -4, -5] as [Float]))
  }

  @Test func severalValuesMayHaveOtherNamesTogether() throws {
    let graph = try imported([
      placeholder("x", [2]), constant("c", Tensor(Float(3))),
      NodeDef(name: "both", op: "IdentityN", inputs: ["x", "c"]),
      NodeDef(name: "y", op: "Mul", inputs: ["both", "both:1"]),
    ])
    let feeds = [try graph.value(named: "x"): Tensor([1, 2] as [Float])]
    let values = try ["y", "both:1"].map { try graph.value(named: $0) }
    let found = try Session(graph).run(values, feeds: feeds)
    #expect(found == [Tensor([3, 6] as [Float]), Tensor(Float(3))])
    let whole = try imported([
      constant("a", Tensor(Int64(7))), constant("b", Tensor(Int32(5))),
      NodeDef(name: "both", op: "IdentityN", inputs: ["a", "b"]),
      NodeDef(name: "y", op: "AddV2", inputs: ["both:1", "b"]),
    ])
    #expect(try Session(whole).run([whole.value(named: "y")])[0] == Tensor(Int32(10)))
  }

  /// TensorFlow's gradients are 0 where those that arrive are, whatever the slope.
  @Test(
    arguments: [
      ("SqrtGrad", [0, 0.75, .infinity]), ("RsqrtGrad", [0, -12, 0]),
      ("ReciprocalGrad", [0, -12, 0]), ("InvGrad", [0, -12, 0]),
    ] as [(String, [Double])])
  func gradientsAreZeroWhereNoneArrives(name: String, expected: [Double]) throws {
    let graph = try imported([
      constant("y", Tensor([0, 2.0, 0, .infinity, .nan])),
      placeholder("g", [5], DataType(.float64)),
      NodeDef(name: "d", op: name, inputs: ["y", "g"]),
    ])
    let feeds = [try graph.value(named: "g"): Tensor([0, 3.0, 1, 0, -0.0])]
    let found = try Session(graph).run([graph.value(named: "d")], feeds: feeds)[0]
    #expect(found.scalars(as: Double.self) == expected + [0, 0])
    let wrong = #expect(throws: GraphError.self) {
      try imported([
        placeholder("y", [2]), placeholder("g", [3]),
        NodeDef(name: "d", op: name, inputs: ["y", "g"]),
      ])
    }
    #expect(wrong?.message == "input 1 has shape [3], input 0 [2]")
  }

  /// TensorFlow's results of 0...11 in three rows.
  @Test(
    arguments: [
      ("REFLECT", [1, 0, 1, 1], [12, 10, 24, 20]), ("SYMMETRIC", [0, 1, 1, 1], [1, 5, 26, 34]),
      ("REFLECT", [0, 0, 0, 0], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
    ] as [(String, [Int32], [Float])])
  func gradientsOfReflectionsAreSums(mode: String, paddings: [Int32], expected: [Float]) throws {
    func graph(_ paddings: [Int32]) throws -> Graph {
      try imported([
        placeholder("g", [-1, 4]), constant("p", Tensor(shape: [2, 2], scalars: paddings)),
        NodeDef(
          name: "d", op: "MirrorPadGrad", inputs: ["g", "p"],
          attributes: ["mode": .string(Array(mode.utf8))]),
      ])
    }
    let right = try graph(paddings)
    let g = Tensor(shape: [3, 4], scalars: (0..<12).map { Float($0) })
    let found = try Session(right).run(
      [right.value(named: "d")], feeds: [right.value(named: "g"): g])[0]
    #expect(found.scalars(as: Float.self) == expected)
    let error = #expect(throws: GraphError.self) { try graph([0, 0, 3, 2]) }
    #expect(
      error?.message == "paddings [0, 3] and [0, 2] are longer than the shape [g_0, 4]")
  }

  /// The values are there, and so is the gradient past it.
  @Test func aGradientOfTheUsersChoiceIsRefused() throws {
    let graph = try imported([
      placeholder("x", [2]), constant("c", Tensor(Float(3))),
      NodeDef(
        name: "both", op: "IdentityN", inputs: ["x", "c"],
        attributes: ["_gradient_op_type": .string(Array("CustomGradient-1".utf8))]),
      NodeDef(name: "y", op: "Mul", inputs: ["both", "both:1"]),
      NodeDef(name: "z", op: "Neg", inputs: ["x"]),
    ])
    let x = try graph.value(named: "x")
    let (y, z) = (try graph.value(named: "y"), try graph.value(named: "z"))
    let values = [y, try graph.gradient(of: z, withRespectTo: x)]
    let found = try Session(graph).run(values, feeds: [x: Tensor([1, 2] as [Float])])
    #expect(found == [Tensor([3, 6] as [Float]), Tensor([-1, -1] as [Float])])
    let error = #expect(throws: GraphError.self) { try graph.gradient(of: y, withRespectTo: x) }
    #expect(error?.node == "both" && error?.operation == "PreventGradient")
    #expect(
      error?.message
        == "has a gradient of the user's choice, which is in no file (on the path both <- x)")
  }

  @Test func preventedGradientsAreErrors() throws {
    let graph = try imported([
      placeholder("x", [2]),
      NodeDef(
        name: "p", op: "PreventGradient", inputs: ["x"],
        attributes: ["message": .string(Array("is not twice differentiable".utf8))]),
      NodeDef(name: "y", op: "Neg", inputs: ["p"]),
    ])
    let (x, y) = (try graph.value(named: "x"), try graph.value(named: "y"))
    #expect(
      try Session(graph).run([y], feeds: [x: Tensor([1, 2] as [Float])])
        == [Tensor([-1, -2] as [Float])])
    let error = #expect(throws: GraphError.self) { try graph.gradient(of: y, withRespectTo: x) }
    #expect(error?.message == "is not twice differentiable (on the path p <- x)")
    let node = try GraphDef(exporting: graph).nodes.first { $0.name == "p" }
    #expect(node?.op == "PreventGradient")
    #expect(
      node?.attributes["message"] == .string(Array("is not twice differentiable".utf8)))
  }

  @Test func meansOfSegmentsAreOfAllNumbers() throws {
    func graph(_ type: ElementType, _ ids: Tensor) throws -> Graph {
      try imported([
        placeholder("x", [3], DataType(type)), constant("ids", ids),
        NodeDef(name: "y", op: "SegmentMean", inputs: ["x", "ids"]),
      ])
    }
    let whole = try graph(.int64, Tensor([0, 0, 1] as [Int32]))
    let feeds = [try whole.value(named: "x"): Tensor([4, 3, -5] as [Int64])]
    let found = try Session(whole).run([whole.value(named: "y")], feeds: feeds)[0]
    #expect(found == Tensor([3, -5] as [Int64]))
    for (type, ids) in [
      (ElementType.bool, Tensor([0, 0, 1] as [Int32])), (.float32, Tensor([0, 0, 1] as [Float])),
      (.float32, Tensor(Int32(0))), (.float32, Tensor([0, 1] as [Int32])),
    ] {
      let error = #expect(throws: GraphError.self) { try graph(type, ids) }
      #expect(error?.node == "y" && error?.operation == "SegmentMean")
    }
  }

  /// With a vector as its condition, `Select` chooses rows.
  @Test func selectChoosesRows() throws {
    let graph = try imported([
      constant("c", Tensor([true, false])), placeholder("x", [2, 2]), placeholder("y", [2, 2]),
      NodeDef(name: "z", op: "Select", inputs: ["c", "x", "y"]),
    ])
    let feeds = [
      try graph.value(named: "x"): Tensor(shape: [2, 2], scalars: [1, 2, 3, 4] as [Float]),
      try graph.value(named: "y"): Tensor(shape: [2, 2], scalars: [5, 6, 7, 8] as [Float]),
    ]
    let z = try Session(graph).run([try graph.value(named: "z")], feeds: feeds)[0]
    #expect(z == Tensor(shape: [2, 2], scalars: [1, 2, 7, 8] as [Float]))
  }

  @Test func variablesOfBothKindsAreVariables() throws {
    let shape = AttrValue.shape(TensorShapeProto(sizes: [2]))
    let type = ["dtype": AttrValue.type(.float), "shape": shape]
    let graph = try imported([
      constant("start", Tensor([1, 2] as [Float])),
      NodeDef(name: "a", op: "VariableV2", attributes: type),
      NodeDef(name: "a/Assign", op: "Assign", inputs: ["a", "start"]),
      NodeDef(name: "b", op: "VarHandleOp", attributes: type),
      NodeDef(name: "b/Assign", op: "AssignVariableOp", inputs: ["b", "start"]),
      NodeDef(name: "b/Read", op: "ReadVariableOp", inputs: ["b"]),
      NodeDef(name: "b/Is", op: "VarIsInitializedOp", inputs: ["b"]),
      NodeDef(name: "sum", op: "AddV2", inputs: ["a", "b/Read"]),
    ])
    #expect(graph.variables.map(\.name) == ["a", "b"])
    #expect(graph.variables.map(\.initializer.name) == ["a/Assign", "b/Assign"])
    #expect(graph.variables.map(\.isTrainable) == [true, true])
    let session = Session(graph)
    try session.initializeVariables()
    #expect(
      try session.run([try graph.value(named: "sum")])[0] == Tensor([2, 4] as [Float]))
  }

  /// A function of TensorFlow 2 with two outputs, which are named in its body.
  @Test func callsAreExpanded() throws {
    var def = try GraphDef(
      text: """
        node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } }
          attr { key: "shape" value { shape { dim { size: 2 } } } } }
        node { name: "call" op: "PartitionedCall" input: "x"
          attr { key: "f" value { func { name: "both" } } } }
        node { name: "y" op: "AddV2" input: "call" input: "call:1" }
        library { function {
          signature { name: "both" input_arg { name: "a" type: DT_FLOAT }
            output_arg { name: "first" type: DT_FLOAT } output_arg { name: "second" type: DT_FLOAT } }
          node_def { name: "exp" op: "Exp" input: "a" }
          node_def { name: "neg" op: "Neg" input: "exp:y:0" input: "^exp" }
          ret { key: "first" value: "neg:y:0" } ret { key: "second" value: "a" } } }
        """)
    let graph = try Graph(importing: def)
    #expect(graph.nodes.map(\.name) == ["x", "call/exp", "call/neg", "call", "call/1", "y"])
    #expect(graph.node(named: "call/neg")?.controlInputs.map(\.name) == ["call/exp"])
    #expect(try graph.value(named: "y").node.inputs.map(\.name) == ["call", "call/1"])
    #expect(try graph.value(named: "call:1").node.inputs.map(\.name) == ["x"])

    def.library.functions[0].results["first"] = nil
    let error = #expect(throws: GraphError.self) { try Graph(importing: def) }
    #expect(error?.message == "the function both does not say what its output first is")
    def.nodes[1].attributes["f"] = .function(NameAttrList(name: "bath"))
    let missing = #expect(throws: GraphError.self) { try Graph(importing: def) }
    #expect(
      missing?.message == "the graph's library has no function bath; did you mean both?")
  }

  private static let counting = """
    node { name: "v" op: "VarHandleOp" attr { key: "dtype" value { type: DT_FLOAT } }
      attr { key: "shape" value { shape { } } } }
    node { name: "one" op: "Const" attr { key: "dtype" value { type: DT_FLOAT } }
      attr { key: "value" value { tensor { dtype: DT_FLOAT tensor_shape { } float_val: 1 } } } }
    node { name: "v/Assign" op: "AssignVariableOp" input: "v" input: "one" }
    node { name: "step" op: "StatefulPartitionedCall" input: "v"
      attr { key: "f" value { func { name: "count" } } } }
    node { name: "after" op: "ReadVariableOp" input: "v" input: "^step" }
    node { name: "again" op: "StatefulPartitionedCall" input: "v" input: "^after"
      attr { key: "f" value { func { name: "count" } } } }
    node { name: "end" op: "ReadVariableOp" input: "v" input: "^again" }
    library { function {
      signature { name: "count" input_arg { name: "h" type: DT_RESOURCE } is_stateful: true
        control_output: "update" }
      node_def { name: "read" op: "ReadVariableOp" input: "h" }
      node_def { name: "ten" op: "Const" attr { key: "dtype" value { type: DT_FLOAT } }
        attr { key: "value" value { tensor { dtype: DT_FLOAT tensor_shape { } float_val: 10 } } } }
      node_def { name: "add" op: "AssignAddVariableOp" input: "h" input: "ten:output:0"
        input: "^read" }
      node_def { name: "out" op: "Square" input: "ten:output:0" }
      control_ret { key: "update" value: "add" } } }
    """

  /// What a function does beside what it returns happens whenever it is called, between what comes before and after.
  @Test(arguments: [true, false]) func callsDoAllThatTheirFunctionsDo(returns: Bool) throws {
    var def = try GraphDef(text: Self.counting)
    if returns {
      let output = try GraphDef(
        text: #"library { function { signature { output_arg { name: "y" type: DT_FLOAT } } } }"#)
      def.library.functions[0].signature.outputs = output.library.functions[0].signature.outputs
      def.library.functions[0].results = ["y": "out:y:0"]
    }
    let graph = try Graph(importing: def)
    let session = Session(graph)
    try session.initializeVariables()
    func run(_ name: String) throws -> Float {
      try session.run([graph.value(named: name)])[0].scalar()
    }
    #expect(try run("after") == 11)
    #expect(try run("end") == 31)
    _ = try session.run([], targets: [#require(graph.node(named: "step"))])
    #expect(try run("v") == 41)
    if returns {
      #expect(try run("step") == 100)
      #expect(try run("v") == 51)
    }
  }

  /// What a branch does beside what it returns happens where it is taken.
  @Test func branchesDoAllThatTheirFunctionsDo() throws {
    var def = try GraphDef(
      text: """
        node { name: "c" op: "Placeholder" attr { key: "dtype" value { type: DT_BOOL } }
          attr { key: "shape" value { shape { } } } }
        node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } }
          attr { key: "shape" value { shape { } } } }
        node { name: "y" op: "If" input: "c" input: "x"
          attr { key: "then_branch" value { func { name: "checked" } } }
          attr { key: "else_branch" value { func { name: "plain" } } } }
        library {
          function {
            signature { name: "checked" input_arg { name: "a" type: DT_FLOAT }
              output_arg { name: "b" type: DT_FLOAT } control_output: "check" }
            node_def { name: "less" op: "Less" input: "a" input: "a" }
            node_def { name: "check" op: "Assert" input: "less:z:0" input: "a" }
            ret { key: "b" value: "a" } control_ret { key: "check" value: "check" } }
          function {
            signature { name: "plain" input_arg { name: "a" type: DT_FLOAT }
              output_arg { name: "b" type: DT_FLOAT } }
            ret { key: "b" value: "a" } } }
        """)
    let graph = try Graph(importing: def)
    func run(_ isTaken: Bool) throws -> Float {
      try Session(graph).run(
        [graph.value(named: "y")],
        feeds: [
          graph.value(named: "c"): Tensor(isTaken), graph.value(named: "x"): Tensor(Float(3)),
        ])[0].scalar()
    }
    #expect(try run(false) == 3)
    #expect(throws: GraphError.self) { try run(true) }

    for index in 0..<2 { def.library.functions[index].signature.outputs = [] }
    let error = #expect(throws: GraphError.self) { try Graph(importing: def) }
    #expect(
      error?.message
        == "the function checked returns nothing, so that what it does would be left out")
    #expect(error?.node == "y")
  }

  @Test func functionsNeedNoArguments() throws {
    let graph = try Graph(
      importing: try GraphDef(
        text: """
          node { name: "five" op: "PartitionedCall" attr { key: "f" value { func { name: "f" } } } }
          library { function {
            signature { name: "f" output_arg { name: "y" type: DT_FLOAT } }
            node_def { name: "c" op: "Const" attr { key: "dtype" value { type: DT_FLOAT } }
              attr { key: "value" value { tensor { dtype: DT_FLOAT tensor_shape { } float_val: 5 } } } }
            ret { key: "y" value: "c:output:0" } } }
          """))
    #expect(try Session(graph).run([graph.value(named: "five")])[0] == Tensor(Float(5)))
  }

  /// An axis that is computed of constants, as TensorFlow's vectorized loops do: `axis + (axis >= 0)`.
  @Test func numbersFollowFromConstants() throws {
    let nodes = [
      placeholder("x", [2, 3]), constant("axis", Tensor([0] as [Int32])),
      constant("zero", Tensor(Int32(0))),
      NodeDef(name: "is_positive", op: "GreaterEqual", inputs: ["axis", "zero"]),
      NodeDef(
        name: "one", op: "Cast", inputs: ["is_positive"],
        attributes: ["DstT": .type(DataType(.int32))]),
      NodeDef(name: "next", op: "AddV2", inputs: ["axis", "one"]),
      NodeDef(name: "y", op: "Sum", inputs: ["x", "next"]),
    ]
    #expect(try imported(nodes).value(named: "y").shape == [2])
    let error = #expect(throws: GraphError.self) {
      try imported(nodes, options: ImportOptions(feeds: ["axis"]))
    }
    #expect(error?.message.hasPrefix("axes is only known in the run") == true)
  }

  /// Numbers of floating point between constants, as TensorFlow rounds them.
  @Test func rangesMayHaveFractions() throws {
    func range(_ start: Float, _ limit: Float, _ delta: Float) throws -> Graph {
      try imported([
        constant("start", Tensor(start)), constant("limit", Tensor(limit)),
        constant("delta", Tensor(delta)),
        NodeDef(
          name: "y", op: "Range", inputs: ["start", "limit", "delta"],
          attributes: ["Tidx": .type(.float)]),
      ])
    }
    for (start, limit, delta, expected) in [
      (0, 1, 0.25, [0, 0.25, 0.5, 0.75]), (0.5, 3, 1, [0.5, 1.5, 2.5]), (0, 2.5, 1, [0, 1, 2]),
      (1, 0, -0.4, [1, 1 - 0.4, 1 - 2 * 0.4]), (0.5, 0.5, 1, []),
    ] as [(Float, Float, Float, [Float])] {
      let graph = try range(start, limit, delta)
      #expect(try Session(graph).run([graph.value(named: "y")]) == [Tensor(expected)])
    }
    let error = #expect(throws: GraphError.self) { try range(0, 1, -0.25) }
    #expect(error?.message == "there are no numbers from 0.0 to 1.0 by steps of -0.25")
  }

  /// A function that calls itself without an end.
  @Test func endlessCallsAreErrors() throws {
    let def = try GraphDef(
      text: """
        node { name: "call" op: "PartitionedCall" attr { key: "f" value { func { name: "f" } } } }
        library { function { signature { name: "f" }
          node_def { name: "n" op: "PartitionedCall" attr { key: "f" value { func { name: "f" } } } }
        } }
        """)
    let error = #expect(throws: GraphError.self) { try Graph(importing: def) }
    #expect(error?.message == "calls lie deeper than 100 in each other: f")
  }
}
