import TestSupport
import Testing

@testable import DataflowFormats

@Suite struct ProtobufTextTests {
  private func value(_ text: String) throws -> AttrValue? {
    let graph = try GraphDef(text: "node { attr { key: 'a' value { \(text) } } }")
    return graph.nodes[0].attributes["a"]
  }

  @Test func isTolerantInWhatItReads() throws {
    let graph = try GraphDef(
      text: """
        # A comment.
        versions < producer: 0x10 >  ; library: { }
        node: {
          op: "A" 'B'   # put together
          name : 'x', input: ["a", "b"]; input: "c"
          experimental_debug_info { original_node_names: ["q"] nested < a: -1.5e3 b { } > }
          attr: [ { key: "k" value: { i: -010 } }, { value { b: t } key: "l" } ]
        }
        """)
    #expect(graph.versions.producer == 16)
    let node = NodeDef(
      name: "x", op: "AB", inputs: ["a", "b", "c"],
      attributes: ["k": .int(-8), "l": .bool(true)])
    #expect(graph.nodes == [node])
  }

  @Test(
    arguments: [
      ("1.5f", 1.5), ("2.", 2), ("-.5", -0.5), ("inf", .infinity), ("- infinity", -.infinity),
      ("3", 3), ("1e-3", 1e-3),
    ] as [(String, Float)])
  func numbersAreWrittenInManyWays(text: String, number: Float) throws {
    #expect(try value("f: \(text)") == .float(number))
  }

  @Test func notANumberReturns() throws {
    guard case .float(let number)? = try value("f: nan") else {
      Issue.record("no number")
      return
    }
    #expect(number.isNaN)
    var writer = ProtobufTextWriter()
    number.write("f", to: &writer)
    #expect(writer.text == "f: nan\n")
  }

  @Test(arguments: [
    (#""\a\b\f\n\r\t\v\\\'\"\?""#, "07080c0a0d090b5c27223f"),
    (#""\0\01\0019\377\x1\x41g""#, "00010139ff014167"),
    (#""é\u00e9\U0001F600""#, "c3a9c3a9f09f9880"),
    (#"'a"' "b'""#, "612262 27"),
  ])
  func escapesAreUnderstood(text: String, bytes: String) throws {
    #expect(try value("s: \(text)") == .string([UInt8](hex: bytes)))
  }

  @Test func everyByteReturns() throws {
    let bytes = (0...255).map { UInt8($0) }
    var writer = ProtobufTextWriter()
    bytes.write("s", to: &writer)
    #expect(try value(writer.text) == .string(bytes))
    #expect(writer.text.utf8.allSatisfy { $0 == 10 || (32..<127).contains($0) })
  }

  @Test func typesAreNamesOrNumbers() throws {
    #expect(try value("type: DT_FLOAT") == .type(.float))
    #expect(try value("type: 7") == .type(.string))
  }

  @Test(arguments: [
    (
      "node {\n  nam: 'x'\n}",
      "line 2, column 3: found nam, expected field of NodeDef: name, op, input, device, attr, "
        + "experimental_debug_info, experimental_type"
    ),
    ("node { name 'x' }", "line 1, column 13: found ', expected :"),
    ("node [ ", "line 1, column 8: found the end, expected {"),
    ("node", "line 1, column 5: found the end, expected {"),
    ("node {", "line 1, column 7: found the end, expected }"),
    ("node { name: 7 }", "line 1, column 14: found 7, expected text in quotation marks"),
    (
      "node { name: 'x\n }",
      "line 1, column 14: found a text without its end, expected quotation mark"
    ),
    ("node { name: '\\377' }", "line 1, column 13: found other bytes, expected UTF-8 text"),
    ("node { } }", "line 1, column 10: found }, expected name of a field of GraphDef"),
    ("node { >", "line 1, column 8: found >, expected name of a field of NodeDef"),
    (
      "versions { producer: 99999999999 }",
      "line 1, column 22: found 99999999999, expected whole number of 32 bits"
    ),
    ("versions { producer: x }", "line 1, column 22: found x, expected whole number of 32 bits"),
    (
      "node { attr { value { type: DT_X } } }",
      "line 1, column 29: found DT_X, expected type such as DT_FLOAT"
    ),
    (
      "node { attr { value { b: yes } } }",
      "line 1, column 26: found yes, expected true or false"
    ),
    ("node { input: ['a' 'b' }", "line 1, column 24: found }, expected , or ]"),
  ])
  func saysWhatIsWrongAndWhere(text: String, message: String) {
    #expect(throws: FormatError(message)) { try GraphDef(text: text) }
  }

  @Test func wrongEscapesAreErrors() {
    let error = #expect(throws: FormatError.self) { try GraphDef(text: #"node { op: "\q" }"#) }
    #expect(error?.message.hasPrefix(#"line 1, column 13: found \q, expected escape"#) == true)
  }

  /// Damage is an error or another graph, never a trap.
  @Test func damagedTextsAreSurvived() {
    let text = Array(
      "node { name: 'x\\n' attr { key: \"k\" value { list { f: [1.5, -2] } } } } # c\n".utf8)
    var errors = 0
    func decode(_ bytes: [UInt8]) {
      do { _ = try GraphDef(text: bytes) } catch { errors += 1 }
    }
    for count in text.indices { decode(Array(text[..<count])) }
    for (_, changed) in text.withEachBitFlipped { decode(changed) }
    #expect(errors > text.count)
  }
}
