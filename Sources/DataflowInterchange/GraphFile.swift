import DataflowFormats
import DataflowGraph
import Foundation

/// Files that hold a graph: in the graph language (`.graph`), or TensorFlow's GraphDef as bytes (`.pb`)
/// or text (`.pbtxt`).
public enum GraphFile {
  /// How the names of files of each kind end.
  public static let extensions = ["graph", "pb", "pbtxt"]

  /// Reads a graph; files that a text includes lie in its folder.
  ///
  /// - Parameters:
  ///   - parameters: of a text in the graph language, expressions that take the place of its parameters' own.
  ///   - options: how TensorFlow's graphs are imported.
  /// - Throws: `GraphTextError` with line and column, `FormatError` that names the file, `GraphError` where the file's
  ///   name says no kind or there are parameters that it cannot have.
  public static func read(
    _ file: URL, parameters: [String: String] = [:], options: ImportOptions = ImportOptions()
  ) throws -> Graph {
    try read(file, parameters: parameters) { _ in options }
  }

  /// Reads a graph as `read(_:parameters:options:)` does, one of TensorFlow's with options that may depend on it.
  package static func read(
    _ file: URL, parameters: [String: String], options: (GraphDef) throws -> ImportOptions
  ) throws -> Graph {
    guard try kind(of: file) == "graph" else {
      if let name = parameters.keys.sorted().first {
        throw GraphError("\(file.relativePath) is no .graph file and has no parameter \(name)")
      }
      do {
        let def = try GraphDef.read(file)
        return try Graph(importing: def, options: try options(def))
      } catch let error as GraphError {
        throw FormatError(file: file.relativePath, "\(error)")
      }
    }
    let folder = file.deletingLastPathComponent()
    return try Graph(
      text: try text(of: file), file: file.relativePath, parameters: parameters
    ) { try text(of: folder.appendingPathComponent($0)) }
  }

  /// Writes a graph in the form that the file's name says.
  ///
  /// - Throws: `GraphError` for a node that TensorFlow has no operation for; `FormatError`.
  public static func write(_ graph: Graph, to file: URL) throws {
    if try kind(of: file) == "graph" {
      try AtomicFile.write(Array((graph.text + "\n").utf8), to: file)
    } else {
      try GraphDef(exporting: graph).write(to: file)
    }
  }

  private static func kind(of file: URL) throws -> String {
    let kind = file.pathExtension.lowercased()
    guard extensions.contains(kind) else {
      let allowed = extensions.map { ".\($0)" }.joined(separator: ", ")
      throw GraphError("\(file.relativePath): the name of a graph's file ends in \(allowed)")
    }
    return kind
  }

  private static func text(of file: URL) throws -> String {
    guard let data = FileManager.default.contents(atPath: file.path) else {
      throw FormatError(file: file.relativePath, "cannot be read")
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw FormatError(file: file.relativePath, "is no text in UTF-8")
    }
    return text
  }
}
