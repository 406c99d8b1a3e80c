import Foundation

/// TensorFlow's form of a graph: its nodes, and the functions that they call.
///
///     let graph = try GraphDef.read(URL(fileURLWithPath: "graph.pbtxt"))
///     graph.nodes.map(\.name)
public struct GraphDef: Sendable, Equatable {
  public var nodes: [NodeDef] = []
  public var library = FunctionDefLibrary()
  public var versions = VersionDef()

  public init() {}

  /// A graph of the given nodes.
  public init(nodes: [NodeDef], versions: VersionDef = VersionDef()) {
    self.nodes = nodes
    self.versions = versions
  }
}

/// Which programs can read a graph.
public struct VersionDef: Sendable, Equatable {
  /// The version of the program that wrote the graph.
  public var producer: Int32 = 0
  /// The lowest version of a program that may read it.
  public var minConsumer: Int32 = 0
  /// Versions of programs that must not read it.
  public var badConsumers: [Int32] = []

  public init() {}

  /// The version of a program that writes graphs.
  public init(producer: Int32) { self.producer = producer }
}

extension GraphDef {
  /// Parses the binary form (`.pb`).
  ///
  /// - Throws: `FormatError` with the offset and the field.
  public init(binary: [UInt8]) throws(FormatError) { try self.init(encoded: binary) }

  /// Parses the text form (`.pbtxt`).
  ///
  /// - Throws: `FormatError` with line, column, what was found and what is expected.
  public init(text: String) throws(FormatError) { try self.init(text: Array(text.utf8)) }

  /// The binary form; equal graphs have equal bytes.
  public var binary: [UInt8] { encode() }

  /// The text form, which TensorFlow reads too.
  public var text: String { printed() }

  /// Whether a file's name says that it holds the text form.
  private static func isText(_ file: URL) -> Bool {
    ["pbtxt", "prototxt", "txt"].contains(file.pathExtension.lowercased())
  }

  /// Reads a file: the text form where it is named `.pbtxt`, else the binary one.
  ///
  /// - Throws: `FormatError` that names the file, the place in it and what is wrong.
  public static func read(_ file: URL) throws(FormatError) -> GraphDef {
    guard let data = FileManager.default.contents(atPath: file.path) else {
      throw FormatError(file: file.path, "cannot be read")
    }
    do {
      let bytes = [UInt8](data)
      return isText(file) ? try GraphDef(text: bytes) : try GraphDef(encoded: bytes)
    } catch {
      throw FormatError(file: file.path, offset: error.offset, error.message)
    }
  }

  /// Writes a file: the text form where it is named `.pbtxt`, else the binary one.
  ///
  /// - Throws: `FormatError` that names the file.
  public func write(to file: URL) throws {
    try AtomicFile.write(Self.isText(file) ? Array(text.utf8) : binary, to: file)
  }
}

extension GraphDef: ProtobufMessage {
  package static let messageName = "GraphDef"
  package static let fields: [ProtobufField<Self>] = [
    .many(1, "node", \.nodes),
    .one(4, "versions", \.versions),
    .ignored(3, "version"),
    .one(2, "library", \.library),
    .ignored(5, "debug_info"),
  ]
}

extension VersionDef: ProtobufMessage {
  package static let messageName = "VersionDef"
  package static let fields: [ProtobufField<Self>] = [
    .one(1, "producer", \.producer),
    .one(2, "min_consumer", \.minConsumer),
    .many(3, "bad_consumers", \.badConsumers),
  ]
}
