import Atomistics

extension Periodicity {
  /// One flag for each vector, as files have them.
  package var flags: [Bool] { (0..<3).map { self[$0] } }

  /// Nil where there are not three.
  package init?(flags: [Bool]) {
    guard flags.count == 3 else { return nil }
    self.init(repeating: false)
    for k in 0..<3 { self[k] = flags[k] }
  }

  /// As descriptor files spell it.
  package var inWords: String { flags.map { $0 ? "True" : "False" }.joined(separator: ", ") }
}
