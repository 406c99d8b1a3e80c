/// What the builders of a text and of those that it includes share.
final class BuildState {
  /// How deep calls may lie in each other, so that the stack holds them.
  static let callLimit = 100

  /// Expressions that take the place of the parameters' own.
  let parameters: [String: String]
  /// Gives the texts of files.
  let read: (String) throws -> String
  /// Values that take the place of placeholders, by their names.
  var placeholders: [String: Value] = [:]
  var declaredParameters: [String] = []
  var includedFiles: Set<String> = []
  /// Name scopes that calls of functions have taken, by graph.
  var takenScopes: [ObjectIdentifier: Set<String>] = [:]
  /// Functions that became graphs, so that the same one is made once.
  var graphFunctions: [GraphFunctionKey: GraphFunction] = [:]
  /// The graphs of functions in which `capture` was called.
  var captureSites: Set<ObjectIdentifier> = []
  /// Functions that say with `capture` what they use, so that their calls list it too.
  var explicitCaptures: Set<ObjectIdentifier> = []
  var callDepth = 0
  /// The names that sizes have which are not known.
  private var unknownSizes: Set<String> = []

  init(parameters: [String: String], read: @escaping (String) throws -> String) {
    self.parameters = parameters
    self.read = read
  }

  /// A name for a size that is not known: each is one of its own.
  func unknownSize(_ name: String) -> String {
    let names = (1...).lazy.map { $0 == 1 ? name : "\(name)_\($0)" }
    return names.first { self.unknownSizes.insert($0).inserted }!
  }

  /// - Throws: `GraphError` for a parameter that no text declared.
  func checkParameters(_ file: String) throws {
    for name in parameters.keys.sorted() where !declaredParameters.contains(name) {
      let list = declaredParameters.isEmpty ? "none" : declaredParameters.joined(separator: ", ")
      throw GraphError(
        "\(file) has no parameter \(name)\(nearestNames(to: name, among: declaredParameters).hint);"
          + " parameters: \(list)")
    }
  }
}
