import Dataflow
import Foundation

/// A text in the graph language together with those that it includes, to be kept with what it defines.
public struct GraphSource: Sendable, Equatable, Codable {
  /// What errors call the text.
  public let file: String
  public let text: String
  /// The included texts by the names that the text calls them by.
  public let includes: [String: String]

  /// Reads a file and what it includes, which lies in its folder.
  ///
  /// - Throws: `NetworkError` that names a file that cannot be read, `GraphTextError` with line and
  ///   column.
  public init(_ file: URL) throws {
    func read(_ file: URL) throws -> String {
      guard let data = FileManager.default.contents(atPath: file.path),
        let text = String(validating: data, as: UTF8.self)
      else { throw NetworkError(file: file.path, "cannot be read as a text") }
      return text
    }
    let text = try read(file)
    var includes: [String: String] = [:]
    // What is included may depend on the text, so it is done once on a graph that nobody sees.
    _ = try Graph(text: text, file: file.lastPathComponent) { name in
      let included = try read(file.deletingLastPathComponent().appendingPathComponent(name))
      includes[name] = included
      return included
    }
    self.file = file.lastPathComponent
    self.text = text
    self.includes = includes
  }

  /// Adds what the text says to a graph and returns one of its values.
  ///
  /// - Parameters:
  ///   - placeholders: what takes the place of the text's placeholders.
  ///   - parameters: beside `real`, the type of all numbers, which is that of the placeholders.
  /// - Throws: `GraphTextError`, or `NetworkError` where there is no such value.
  func add(
    to graph: Graph, prefix: String, placeholders: [String: Value], result: String,
    parameters: [String: String] = [:]
  ) throws -> Value {
    var parameters = parameters
    if let type = placeholders.values.first?.elementType {
      parameters["real"] = type == .float64 ? "double" : "float"
    }
    let includes = includes
    try graph.add(
      text: text, file: file, prefix: prefix, placeholders: placeholders, parameters: parameters
    ) { name in
      guard let text = includes[name] else { throw GraphError("there is no file \(name)") }
      return text
    }
    for node in graph.nodes where node.operation is Placeholder {
      guard node.name.hasPrefix("\(prefix)/") else { continue }
      let allowed = placeholders.keys.sorted().joined(separator: ", ")
      throw NetworkError(
        file: file,
        "the placeholder \(node.name.dropFirst(prefix.count + 1)): it may have \(allowed)")
    }
    guard let node = graph.node(named: "\(prefix)/\(result)"), !node.outputSpecs.isEmpty else {
      throw NetworkError(file: file, "the text does not say what \(result) is")
    }
    return node.output
  }
}
