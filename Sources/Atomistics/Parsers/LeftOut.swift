/// The steps or conformations of a file that are left out since something is wrong with each: those before and
/// after it are good all the same.
public struct LeftOut: Sendable {
  public private(set) var count = 0
  /// What is wrong with the first.
  public private(set) var first: AtomisticsError?
  private var name: String?

  public init() {}

  /// - Parameter name: what it is called, where the error does not say so.
  mutating func add(_ error: AtomisticsError, _ name: String? = nil) {
    if first == nil { (first, self.name) = (error, name) }
    count += 1
  }

  /// How many of so many are left out, and what is wrong with the first; nil where none is.
  public func remark(of total: Int, _ what: String) -> String? {
    first.map {
      let place = name.map { "\($0): " } ?? ""
      return "\(count) of \(total) \(what) are left out; of the first, \(place)\($0)"
    }
  }
}
