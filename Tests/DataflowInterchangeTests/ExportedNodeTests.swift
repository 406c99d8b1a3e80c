import Dataflow
import Testing

/// What exported nodes tell TensorFlow, and that it is read again.
@Suite struct ExportedNodeTests {
  private func nodes(_ def: GraphDef) -> [String: NodeDef] {
    Dictionary(uniqueKeysWithValues: def.nodes.map { ($0.name, $0) })
  }

  private func export(_ text: String) throws -> GraphDef {
    try GraphDef(exporting: Graph(text: text))
  }

  private func constant(_ node: NodeDef?) throws -> Tensor {
    guard case .tensor(let proto)? = node?.attributes["value"] else {
      throw GraphError("\(node?.name ?? "nothing") is no constant")
    }
    return try proto.tensor()
  }

  private func types(_ types: [ElementType]) -> AttrValue {
    var list = AttrList()
    list.types = types.map { DataType($0) }
    return .list(list)
  }

  private func ints(_ numbers: [Int64]) -> AttrValue {
    var list = AttrList()
    list.ints = numbers
    return .list(list)
  }

  @Test func wholeNumbersKeepTheirValues() throws {
    let def = try export(
      """
      x = placeholder(float[5])
      s = StridedSlice(x, begin: [1], end: [9223372036854775807], strides: [1])
      r = Roll(x, shift: [3000000001], axis: [0])
      """)
    let nodes = nodes(def)
    let (int32, int64) = (AttrValue.type(DataType(.int32)), AttrValue.type(DataType(.int64)))
    #expect(try constant(nodes["s/begin"]) == Tensor([1 as Int64]))
    #expect(try constant(nodes["s/end"]) == Tensor([Int64.max]))
    #expect(nodes["s"]?.attributes["Index"] == int64)
    #expect(try constant(nodes["r/shift"]) == Tensor([3_000_000_001 as Int64]))
    #expect(try constant(nodes["r/axis"]) == Tensor([0 as Int32]))
    #expect(nodes["r"]?.attributes["Tshift"] == int64)
    #expect(nodes["r"]?.attributes["Taxis"] == int32)
    let graph = try Graph(importing: def)
    let results = try Session(graph).run(
      [try graph.value(named: "s"), try graph.value(named: "r")],
      feeds: [try graph.value(named: "x"): Tensor([1, 2, 3, 4, 5] as [Float])])
    #expect(results[0] == Tensor([2, 3, 4, 5] as [Float]))
    #expect(results[1] == Tensor([5, 1, 2, 3, 4] as [Float]))
  }

  @Test(arguments: ["ünï", "a b", "_a"]) func namesThatTensorFlowDoesNotTakeAreErrors(
    name: String
  ) throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [])
    _ = try graph.add(Exp(), [x], name: name)
    let error = #expect(throws: GraphError.self) { try GraphDef(exporting: graph) }
    #expect(error?.message.hasPrefix("has a name that TensorFlow does not take; ") == true)
  }

  /// TensorFlow's slope is of single precision: another one is written out.
  @Test func slopesKeepTheirPrecision() throws {
    let def = try export(
      """
      x = placeholder(double[3])
      a = LeakyRelu(x, alpha: 0.3)
      b = LeakyRelu(x, alpha: 0.25)
      """)
    let nodes = nodes(def)
    #expect(nodes["a"]?.op == "SelectV2" && nodes["b"]?.op == "LeakyRelu")
    let graph = try Graph(importing: def)
    let results = try Session(graph).run(
      ["a", "b"].map { try graph.value(named: $0) },
      feeds: [try graph.value(named: "x"): Tensor([-3, 0, 2.0])])
    #expect(results[0] == Tensor([0.3 * -3, 0, 2]))
    #expect(results[1] == Tensor([0.25 * -3, 0, 2]))
    let error = #expect(throws: GraphError.self) {
      try export("x = placeholder(float[])\ny = LeakyRelu(x, alpha: 1e300)")
    }
    #expect(
      error?.message
        == "1e+300 is beyond single precision, which TensorFlow's attributes have")
  }

  @Test func sizesAreOfTheTypeThatHoldsThem() throws {
    let nodes = nodes(
      try export(
        """
        x = placeholder(float[n])
        known = Range(start: 5000000000, limit: 5000000003, delta: 1, Tidx: int64)
        named = Range(start: 0, limit: 3000000000 - n, delta: 1, Tidx: int64)
        small = Reshape(x, shape: [n, 1])
        """))
    #expect(try constant(nodes["known/start"]) == Tensor(5_000_000_000 as Int64))
    #expect(try constant(nodes["named/start"]) == Tensor(0 as Int64))
    let shapes = nodes.values.filter { $0.op == "Shape" }.map { $0.attributes["out_type"] }
    #expect(shapes.count == 2)
    #expect(shapes.contains(.type(DataType(.int32))) && shapes.contains(.type(DataType(.int64))))
  }

  @Test func numbersThatNoTypeHoldsAreRefused() throws {
    let error = #expect(throws: GraphError.self) {
      try export(
        """
        i = placeholder(int32[2])
        h = OneHot(i, float(1), float(0), depth: 3000000000)
        """)
    }
    #expect(error?.node == "h")
    #expect(error?.message == "TensorFlow takes 3000000000 as int32, which does not hold it")
  }

  @Test func whatIsShownHasTypes() throws {
    let nodes = nodes(
      try export(
        """
        x = placeholder(float[2])
        c = placeholder(bool)
        i = placeholder(int32)
        shown = Assert(c, x, i)
        bare = Assert(c)
        p = Print(x, i, x)
        """))
    #expect(nodes["shown"]?.attributes["T"] == types([.float32, .int32]))
    #expect(nodes["bare"]?.inputs == ["c", "c"])
    #expect(nodes["bare"]?.attributes["T"] == types([.bool]))
    #expect(nodes["p"]?.attributes["T"] == .type(DataType(.float32)))
    #expect(nodes["p"]?.attributes["U"] == types([.int32, .float32]))
  }

  @Test func queuesAloneKnowTheShapesOfTheirElements() throws {
    let def = try export(
      """
      q = PaddingFIFOQueueV2(capacity: 3, component_types: [float, int32], shapes: [[n], []])
      x = placeholder(float[m])
      i = placeholder(int32)
      put = QueueEnqueueV2(q, x, i)
      one = QueueDequeueV2(q, component_types: [float, int32], shapes: [[n], []])
      two = QueueDequeueManyV2(q, n: 2, component_types: [float, int32], shapes: [[n], []], pads: true)
      """)
    let nodes = nodes(def)
    #expect(nodes["put"]?.attributes == ["Tcomponents": types([.float32, .int32])])
    #expect(nodes["one"]?.attributes == ["component_types": types([.float32, .int32])])
    #expect(nodes["two"]?.attributes == ["component_types": types([.float32, .int32])])
    let graph = try Graph(importing: try GraphDef(binary: def.binary))
    let (one, two) = (
      try #require(graph.node(named: "one")), try #require(graph.node(named: "two"))
    )
    #expect(one.operation.attributes["shapes"] == .shapes([["q_0_0"], []]))
    #expect(one.outputSpecs.map(\.elementType) == [.float32, .int32])
    #expect(one.outputSpecs.map(\.shape.rank) == [1, 0])
    #expect(two.operation.attributes["pads"] == .bool(true))
    #expect(two.outputSpecs.map(\.shape.rank) == [2, 1])
  }

  /// Only queues that pad say of sizes that they differ.
  @Test func shapesThatDifferAreLeftOut() throws {
    let def = try export("q = FIFOQueueV2(component_types: [float], shapes: [[n]])")
    #expect(nodes(def)["q"]?.attributes["shapes"] == .list(AttrList()))
    let error = #expect(throws: GraphError.self) { try Graph(importing: def) }
    #expect(error?.node == "q")
    #expect(
      error?.message == "attribute shapes is missing or empty; expected one for each component")
  }

  @Test func gradientsOfEinsumsHaveTheirDots() throws {
    let def = try export(
      """
      a = placeholder(double[n, 2, 3])
      b = placeholder(double[3, 4])
      y = Einsum(a, b, equation: "...ij,jk->...ik")
      da, db = gradient(y * y, [a, b])
      """)
    let equations = def.nodes.filter { $0.op == "Einsum" }.map { node in
      if case .string(let text)? = node.attributes["equation"] {
        String(decoding: text, as: UTF8.self)
      } else {
        ""
      }
    }
    #expect(
      equations.sorted() == ["...ij,jk->...ik", "...ik,...ij->...jk", "...ik,jk->...ij"])
  }

  /// TensorFlow's `Identity` of a variable is what the variable is when it is read.
  @Test func whatAVariableWasIsCopied() throws {
    let text = """
      v = variable(double(1))
      plain = Identity(v)
      y = plain * 3
      early = Identity(v)
      a = AssignAdd(v, double(5))
      r = Identity(v, ^a)
      b = Assign(v, r * 2)
      difference = Sub(b, early)
      """
    let nodes = nodes(try export(text))
    #expect(nodes["plain"]?.op == "Identity")
    // Nothing writes the variable but what initializes it, so that there is a gradient.
    let unwritten = try export("v = variable(double(1))\nc = NoOp()\nr = Identity(v, ^c)")
    #expect(self.nodes(unwritten)["r"]?.op == "Identity")
    #expect(nodes["r"]?.op == "DeepCopy" && nodes["r"]?.inputs == ["v", "^a"])
    #expect(nodes["early"]?.op == "DeepCopy")
    #expect(nodes["early"]?.attributes["T"] == .type(DataType(.float64)))

    func results(_ graph: Graph) throws -> [Tensor] {
      let session = Session(graph)
      try session.initializeVariables()
      return try session.run(["y", "r", "difference"].map { try graph.value(named: $0) })
    }
    let graph = try Graph(text: text)
    let expected = try results(graph)
    #expect(expected == [Tensor(3.0), Tensor(6.0), Tensor(11.0)])
    #expect(try results(Graph(importing: GraphDef(exporting: graph))) == expected)
  }

  @Test func squeezedAxesAreSaid() throws {
    let nodes = nodes(
      try export(
        """
        x = placeholder(float[n, 1])
        y = placeholder(float[n])
        all = Squeeze(x)
        last = Squeeze(x, squeeze_dims: [-1])
        none = Squeeze(y)
        """))
    #expect(nodes["all"]?.attributes["squeeze_dims"] == ints([1]))
    #expect(nodes["last"]?.attributes["squeeze_dims"] == ints([1]))
    #expect(nodes["none"]?.op == "Identity" && nodes["none"]?.inputs == ["y"])
  }
}
