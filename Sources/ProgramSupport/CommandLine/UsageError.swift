/// A program was asked for something it does not do: exit status 2.
public struct UsageError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What was found, and what is allowed.
  public var message: String

  /// An error with that message.
  public init(_ message: String) { self.message = message }

  public var description: String { message }
}

/// The work failed although it was rightly asked for: exit status 1.
public struct WorkError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What was found, and what is allowed.
  public var message: String

  /// An error with that message.
  public init(_ message: String) { self.message = message }

  public var description: String { message }
}

extension String {
  /// Of some names the one that this one was probably meant to be, nil where none is near.
  public func nearest(among names: some Sequence<String>) -> String? {
    let scored = names.map { (name: $0, distance: editDistance(to: $0)) }
    guard let best = scored.min(by: { $0.distance < $1.distance }) else { return nil }
    return best.distance <= max(2, count / 3) ? best.name : nil
  }

  /// How many characters must be inserted, removed or replaced, whatever their case.
  func editDistance(to other: String) -> Int {
    let (from, to) = (Array(lowercased()), Array(other.lowercased()))
    var row = Array(0...to.count)
    for (i, a) in from.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, b) in to.enumerated() {
        let replaced = diagonal + (a == b ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = Swift.min(replaced, row[j] + 1, row[j + 1] + 1)
      }
    }
    return row[to.count]
  }
}
