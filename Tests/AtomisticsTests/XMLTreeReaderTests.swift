import Foundation
import Testing

@testable import Atomistics

/// The reader of other programs' XML.
@Suite struct XMLTreeReaderTests {
  private func read(_ text: String) throws -> XMLTree { try XMLTreeReader.read(Data(text.utf8)) }

  @Test func everythingThatProgramsWrite() throws {
    let root = try read(
      """
      \u{FEFF}<?xml version="1.0" encoding='UTF-8'?>
      <!DOCTYPE a>
      <!-- <b> & -->
      <q:a xmlns:q = "x" t='"&lt;&#65;&#x42;&amp;'>
        <b>1 <c/>2<![CDATA[<3&]]></b >
        <b><?do <it> ?>&quot;&apos;&gt; é</b>
      </q:a>
      <!-- the end -->

      """)
    #expect(root.name == "a" && root.attributes == ["xmlns:q": "x", "t": "\"<AB&"])
    #expect(root.children.map(\.name) == ["b", "b"] && root.text == "")
    #expect(root.children[0].text == "1 2<3&" && root.children[0].children.map(\.name) == ["c"])
    #expect(root.children[1].text == "\"'> é")
  }

  @Test func latinTextIsReadWhereTheFileSaysSo() throws {
    let text = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a b=\"\u{E9}\">caf\u{E9}</a>"
    let bytes = Data(text.unicodeScalars.map { UInt8($0.value) })
    let root = try XMLTreeReader.read(bytes)
    #expect(root.text == "café" && root.attributes == ["b": "é"])
    #expect(throws: AtomisticsError.self) {
      try XMLTreeReader.read(Data(bytes.dropFirst(44)))
    }
  }

  /// What is wanted is given away in order, and left out of the tree.
  @Test func wantedElementsAreGivenAway() throws {
    var taken: [String] = []
    let root = try XMLTreeReader.read(
      Data("<a><b>1</b><c><b>2</b></c><d/></a>".utf8), wanted: ["b"]
    ) { taken.append($0.text) }
    #expect(taken == ["1", "2"] && root.children.map(\.name) == ["c", "d"])
    #expect(root.children[0].children.isEmpty)
    #expect(throws: AtomisticsError(found: "x", allowed: "y")) {
      try XMLTreeReader.read(Data("<a><b/></a>".utf8), wanted: ["b"]) { _ in
        throw AtomisticsError(found: "x", allowed: "y")
      }
    }
  }

  @Test(arguments: [
    ("", "line 1: found XML that ends too early; allowed: a whole XML file"),
    ("<a>\n<b>", "line 2: found XML that ends too early; allowed: a whole XML file"),
    ("<a b=\"1", "line 1: found XML that ends too early; allowed: a whole XML file"),
    ("<a><!-- ", "line 1: found XML that ends too early; allowed: a whole XML file"),
    ("<a>\n</b>", "line 2: found </b>; allowed: </a>"),
    ("<a/><b/>", "line 1: found <b> after the end; allowed: one outermost element"),
    ("<a/></a>", "line 1: found </a>; allowed: nothing after the end"),
    ("x<a/>", "line 1: found text outside of all elements; allowed: <"),
    ("<a>&b;</a>", "line 1: found &b;; allowed: &amp; &lt; &gt; &quot; &apos; &#…;"),
    ("<a>&#xD800;</a>", "line 1: found &#xD800;; allowed: &amp; &lt; &gt; &quot; &apos; &#…;"),
    ("<a>a & b</a>", "line 1: found & without a name; allowed: &amp;"),
    ("<a b=1/>", "line 1: found b without quotes; allowed: b=\"…\""),
    ("<a b='1' b='2'/>", "line 1: found b twice in <a>; allowed: once"),
    ("<a b='<'/>", "line 1: found < in the value of b; allowed: &lt;"),
    ("<a b/>", "line 1: found /; allowed: ="),
    ("<1/>", "line 1: found no name; allowed: the name of an element or an attribute"),
    (
      "<!DOCTYPE a [ <!ENTITY b \"c\"> ]><a/>",
      "line 1: found a document type with declarations; allowed: one without"
    ),
    (
      "<?xml version='1.0' encoding='EBCDIC'?><a/>",
      "line 1: found encoding ebcdic; allowed: UTF-8, ISO-8859-1"
    ),
    (
      String(repeating: "<a>", count: 300),
      "line 1: found more than 256 elements in each other; allowed: no more"
    ),
  ])
  func errorsAreExact(text: String, message: String) {
    let error = #expect(throws: AtomisticsError.self) { try read(text) }
    #expect(error?.description == message)
  }
}
