import Foundation
import Tensors
import TestSupport
import Testing

@testable import DataflowFormats

@Suite struct GraphDefTests {
  /// Every kind of attribute and all parts of a graph.
  private static var whole: GraphDef {
    var list = AttrList()
    list.strings = [[0, 255], Array("loc:@x".utf8)]
    list.ints = [-1, 0, .max]
    list.floats = [0, -0.0, 1.5, .infinity]
    list.bools = [false, true]
    list.types = [.float, .string, DataType(number: 101), DataType(number: 77)]
    list.shapes = [TensorShapeProto(sizes: [-1, 3]), TensorShapeProto()]
    list.tensors = [TensorProto(Tensor([1, 2] as [Double]))]
    list.functions = [NameAttrList(name: "f", attributes: ["T": .type(.half)])]
    var unknown = TensorShapeProto()
    unknown.isRankUnknown = true
    let attributes: [String: AttrValue] = [
      "s": .text("a \"quoted\" \\ text\n\té"), "i": .int(-7), "f": .float(1e-30), "b": .bool(false),
      "type": .type(.bfloat16), "shape": .shape(unknown), "list": .list(list),
      "tensor": .tensor(TensorProto(Tensor(shape: [2, 1], scalars: [1, -2] as [Float]))),
      "func": .function(NameAttrList(name: "body")), "p": .placeholder("T"), "none": .unset,
      "zero": .int(0), "empty": .string([]),
    ]
    var graph = GraphDef(
      nodes: [
        NodeDef(name: "x", op: "Placeholder"),
        NodeDef(
          name: "y", op: "Exp", inputs: ["x", "x:1", "^x"], device: "/device:GPU:0",
          attributes: attributes),
      ], versions: VersionDef(producer: 2475))
    graph.versions.badConsumers = [1, 2]
    var function = FunctionDef()
    function.signature.name = "body"
    function.signature.inputs = [OpDef.Argument()]
    function.signature.inputs[0].name = "a"
    function.signature.inputs[0].type = .float
    function.signature.attributes = [OpDef.Attribute()]
    function.signature.attributes[0].standard = .type(.float)
    function.signature.controlOutputs = ["c"]
    function.nodes = [NodeDef(name: "n", op: "Neg", inputs: ["a"])]
    function.results = ["out": "n:y:0"]
    function.argumentAttributes[3] = FunctionDef.ArgumentAttributes()
    function.uniqueResources = [0: 1]
    graph.library.functions = [function]
    return graph
  }

  @Test func everyPartReturnsInBothForms() throws {
    let graph = Self.whole
    #expect(try GraphDef(binary: graph.binary) == graph)
    #expect(try GraphDef(text: graph.text) == graph)
    #expect(try GraphDef(binary: graph.binary).binary == graph.binary)
  }

  @Test func filesReturn() throws {
    let folder = try TemporaryFolder()
    for name in ["g.pb", "g.pbtxt"] {
      try Self.whole.write(to: folder.file(name))
      #expect(try GraphDef.read(folder.file(name)) == Self.whole)
    }
    let text = try String(contentsOf: folder.file("g.pbtxt"), encoding: .utf8)
    #expect(text.hasPrefix("node {\n  name: \"x\"\n  op: \"Placeholder\"\n}\n"))
    let broken = try folder.write("node { name: }", to: "b.pbtxt")
    let expected = FormatError(
      file: broken.path, "line 1, column 14: found }, expected text in quotation marks")
    #expect(throws: expected) { try GraphDef.read(broken) }
  }

  @Test func tensorsReturn() throws {
    for tensor in [
      Tensor(1.5 as Float), Tensor(-2.5), Tensor(7 as Int32), Tensor(-9 as Int64),
      Tensor(200 as UInt8), Tensor(true), Tensor(shape: [2, 2], scalars: [1, 2, 3, 4] as [Float]),
      Tensor(shape: [0, 3], scalars: [Int32]()), Tensor([true, false, true]),
    ] {
      #expect(try TensorProto(tensor).tensor() == tensor)
    }
  }

  @Test func theLastElementOfAListRepeats() throws {
    var proto = TensorProto()
    proto.type = .float
    proto.shape = TensorShapeProto(sizes: [2, 2])
    #expect(try proto.tensor() == Tensor(shape: [2, 2], scalars: [0, 0, 0, 0] as [Float]))
    proto.floats = [1, 2]
    #expect(try proto.tensor() == Tensor(shape: [2, 2], scalars: [1, 2, 2, 2] as [Float]))
  }

  @Test func impossibleTensorsAreErrors() {
    func message(_ change: (inout TensorProto) -> Void) -> String? {
      var proto = TensorProto()
      proto.type = .float
      change(&proto)
      do throws(FormatError) {
        _ = try proto.tensor()
        return nil
      } catch {
        return error.message
      }
    }
    #expect(
      message { $0.type = .string }
        == "a tensor is of type DT_STRING; allowed: DT_FLOAT, DT_DOUBLE, DT_HALF, DT_INT32, DT_INT64, "
        + "DT_UINT8, DT_BOOL")
    #expect(message { $0.shape.isRankUnknown = true } == "a tensor's shape is unknown")
    #expect(
      message { $0.shape = TensorShapeProto(sizes: [2, -1]) }
        == "a tensor's shape has an unknown size")
    #expect(message { $0.floats = [1, 2] } == "a tensor of shape [] has 2 elements")
    #expect(message { $0.content = [1, 2, 3] } == "holds 3 bytes of data, float[] has 4")
    let large = "repeats an element to more than 1073741824 bytes"
    for sizes in [[1 << 40], [1 << 40, 1 << 40], [1 << 62, 1 << 62, 0]] {
      let text = message { $0.shape = TensorShapeProto(sizes: sizes) }
      #expect(text == "a tensor of shape \(sizes) \(large)")
    }
  }

  @Test func typesHaveTensorFlowsNames() {
    #expect(DataType(name: "DT_FLOAT_REF") == DataType(number: 101))
    #expect(DataType(number: 101).elementType == .float32)
    #expect(DataType(number: 101).name == "DT_FLOAT_REF")
    #expect(DataType(name: "DT_NOTHING") == nil)
    #expect(DataType.half.elementType == .float16)
    #expect(DataType.bfloat16.elementType == nil)
    for type in ElementType.allCases {
      #expect(DataType(name: DataType(type).name)?.elementType == type)
    }
  }

  /// Damage is an error or another graph, never a trap.
  @Test func damagedBytesAreSurvived() {
    let bytes = Self.whole.binary
    var errors = 0
    func decode(_ bytes: [UInt8]) {
      do { _ = try GraphDef(binary: bytes) } catch { errors += 1 }
    }
    for count in bytes.indices { decode(Array(bytes[..<count])) }
    for (_, changed) in bytes.withEachBitFlipped { decode(changed) }
    #expect(errors > bytes.count)
  }

  @Test func saysWhereBytesAreWrong() {
    // A node whose name is no UTF-8, and one whose attribute's key is a number.
    #expect(
      throws: FormatError(
        offset: 5, "in NodeDef.name: the field before this place holds no UTF-8 text")
    ) { try GraphDef(binary: [UInt8](hex: "0a03 0a01ff")) }
    #expect(
      throws: FormatError(
        offset: 6, "in entry.key: the field before this place holds no UTF-8 text")
    ) { try GraphDef(binary: [UInt8](hex: "0a04 2a02 0801")) }
  }

  @Test func messagesLieNoDeeperThanAHundred() {
    func nested(_ depth: Int) -> GraphDef {
      var value = AttrValue.int(1)
      for _ in 0..<depth {
        value = .function(NameAttrList(name: "f", attributes: ["a": value]))
      }
      return GraphDef(nodes: [NodeDef(name: "n", op: "o", attributes: ["a": value])])
    }
    let (shallow, deep) = (nested(32), nested(40))
    #expect(throws: Never.self) { try GraphDef(binary: shallow.binary) }
    #expect(throws: Never.self) { try GraphDef(text: shallow.text) }
    let binary = #expect(throws: FormatError.self) { try GraphDef(binary: deep.binary) }
    #expect(binary?.message.contains("more than 100 messages lie in each other") == true)
    let text = #expect(throws: FormatError.self) { try GraphDef(text: deep.text) }
    #expect(text?.message.contains("found more than 100 messages in each other") == true)
  }

  @Test(.enabled(if: Golden.isPresent, "reference data absent"))
  func tensorFlowsGraphsReturn() throws {
    let files = FileManager.default.enumerator(
      at: Golden.url("tensorflow"), includingPropertiesForKeys: nil)!
      .compactMap { $0 as? URL }.filter { $0.pathExtension == "pb" }
    #expect(files.count > 100)
    for file in files {
      let graph = try GraphDef.read(file)
      #expect(!graph.nodes.isEmpty)
      let binary = graph.binary
      #expect(try GraphDef(binary: binary).binary == binary)
      #expect(try GraphDef(text: graph.text).binary == binary, "\(file.path)")
      for node in graph.nodes {
        guard case .tensor(let tensor)? = node.attributes["value"] else { continue }
        #expect(throws: Never.self) { try tensor.tensor() }
      }
    }
  }

  @Test(.enabled(if: Golden.isPresent, "reference data absent"))
  func tensorFlowsTextIsItsBinary() throws {
    let folder = Golden.url("tensorflow/graph_mlp")
    let text = try GraphDef.read(folder.appendingPathComponent("graph.pbtxt"))
    let binary = try GraphDef.read(folder.appendingPathComponent("graph.pb"))
    #expect(text.binary == binary.binary)
    #expect(text.nodes.first?.attributes["shape"] == .shape(TensorShapeProto(sizes: [-1, 128])))
  }
}
