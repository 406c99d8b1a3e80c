/// Something in a graph's text that cannot be, with its place.
public struct GraphTextError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What is wrong, what was found and what is allowed.
  public let message: String
  /// The file's name, or what the text was called.
  public let file: String
  /// Counted from 1.
  public let line: Int
  /// In characters, counted from 1.
  public let column: Int
  /// The line itself, cut where it is long.
  public let excerpt: String
  /// How many characters of the excerpt are before the place.
  public let caret: Int

  /// `layers.graph:3:5: message`, the line, and a caret below the place.
  public var description: String {
    let indent = String(repeating: " ", count: caret)
    return "\(file):\(line):\(column): \(message)\n  \(excerpt)\n  \(indent)^"
  }
}
