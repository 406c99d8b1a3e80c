import ProtobufWire
import Testing

@testable import DataflowFormats

@Suite struct ProtobufTests {
  private static let boundaries: [UInt64] =
    (0..<64).flatMap { [1 << $0, (1 << $0) - 1] } + [.max]

  @Test func numbersReturn() throws {
    for value in Self.boundaries {
      var writer = ProtobufWriter()
      writer.varint(value)
      #expect(writer.bytes.count == ProtobufWriter.size(varint: value))
      try read(writer.bytes) { reader in
        let back = try reader.varint()
        #expect(back == value)
        #expect(reader.isAtEnd)
      }
    }
  }

  /// Numbers one after the other are as those read one by one, up to where what is wrong with them begins.
  @Test func runsOfNumbersReturn() throws {
    var (writer, starts) = (ProtobufWriter(), [0])
    for value in Self.boundaries {
      writer.varint(value)
      starts.append(writer.bytes.count)
    }
    for count in 0...writer.bytes.count {
      try read(Array(writer.bytes.prefix(count))) { reader in
        let start = starts.last { $0 <= count }!
        guard start < count else {
          let numbers = try reader.varints()
          #expect(
            numbers == Self.boundaries.prefix(numbers.count).map { Int64(bitPattern: $0) })
          #expect(numbers.count == starts.firstIndex(of: start) && reader.isAtEnd)
          return
        }
        let message = "a number is cut off after \(count - start) bytes"
        #expect(throws: FormatError(offset: start, message)) { try reader.varints() }
      }
    }
    try read([3] + Array(repeating: 0xFF, count: 11)) { reader in
      #expect(throws: FormatError(offset: 1, "a number is longer than ten bytes")) {
        try reader.varints()
      }
    }
  }

  @Test func fieldsOfEveryKindReturn() throws {
    var writer = ProtobufWriter()
    writer.field(1, varint: 300)
    writer.field(2, double: -0.5)
    writer.field(3, float: 0.25)
    writer.field(400, string: "mol")
    writer.field(5) { $0.field(1, varint: 7) }
    try read(writer.bytes) { reader in
      let fields = try (0..<5).map { _ in try description(of: reader.next()) }
      #expect(fields == ["1: 300", "2: -0.5", "3: 0.25", "400: 3 bytes", "5: 2 bytes"])
      #expect(reader.isAtEnd)
    }
  }

  /// The bytes of the format's own documentation: field 1 is 150, field 2 "testing".
  @Test func writesTheDocumentedBytes() {
    var writer = ProtobufWriter()
    writer.field(1, varint: 150)
    writer.field(2, string: "testing")
    #expect(writer.bytes == [UInt8](hex: "089601 120774657374696e67"))
  }

  @Test(arguments: [
    ("08", 1, "a number is cut off after 0 bytes"),
    ("0896", 1, "a number is cut off after 1 bytes"),
    ("08ffffffffffffffffffff01", 1, "a number is longer than ten bytes"),
    ("0800 0a0561", 2, "field 1 is 5 bytes long, 1 are left"),
    ("0d0000", 1, "a number of 4 bytes is cut off after 2"),
    ("09000000", 1, "a number of 8 bytes is cut off after 3"),
    ("0801 0b", 2, "field 1 has wire type 3; allowed: 0, 1, 2, 5"),
    ("00", 0, "a field has number 0; allowed: 1 to 536870911"),
  ])
  func namesWhatIsWrongAndWhere(hex: String, offset: Int, message: String) {
    #expect(throws: FormatError(offset: offset, message)) {
      try read([UInt8](hex: hex)) { while try $0.next() != nil {} }
    }
  }

  @Test func countsOffsetsFromTheOutermostMessage() throws {
    try read([UInt8](hex: "0800 1203 0896ff")) { reader in
      _ = try reader.next()
      guard case .bytes(let content)? = try reader.next()?.field else {
        Issue.record("field 2 is no message")
        return
      }
      var nested = reader.nested(content)
      #expect(throws: FormatError(offset: 5, "a number is cut off after 2 bytes")) {
        try nested.next()
      }
    }
  }

  private func description(
    of field: (number: Int, field: ProtobufReader.Field)?
  ) throws -> String {
    let (number, field) = try #require(field)
    return switch field {
    case .varint(let value): "\(number): \(value)"
    case .fixed64(let bits): "\(number): \(Double(bitPattern: bits))"
    case .fixed32(let bits): "\(number): \(Float(bitPattern: bits))"
    case .bytes(let content): "\(number): \(content.count) bytes"
    }
  }

  private func read(_ bytes: [UInt8], _ body: (inout ProtobufReader) throws -> Void) throws {
    try bytes.withUnsafeBytes {
      var reader = ProtobufReader($0)
      try body(&reader)
    }
  }
}
