/// The steps or conformations of a file that are left out since something is wrong with each: those before and
/// after it are good all the same.
public struct LeftOut: Sendable {
  public private(set) var count = 0
  /// What is wrong with the first.
  public private(set) var first: AtomisticsError?

  public init() {}

  mutating func add(_ error: AtomisticsError) {
    count += 1
    first = first ?? error
  }

  /// How many of so many are left out, and what is wrong with the first; nil where none is.
  public func remark(of total: Int, _ what: String) -> String? {
    first.map { "\(count) of \(total) \(what) are left out; of the first, \($0)" }
  }
}
