/// Two sizes that an operation takes for equal, or for different, which only a run can find to be so.
///
/// Shapes hold names of sizes. Where an operation's `outputs(for:)` finds that two of them could be equal, and that is
/// not known yet, it has said what its kernel relies on: the graph keeps that with the node, and runs check it.
package struct SizeEquality: Sendable {
  let left: Dimension
  let right: Dimension
  /// What is wrong where the two are equal; nil where they are to be so.
  var objection: String?

  /// What the shapes that are being found rely on.
  private final class Collection: @unchecked Sendable {
    // Of one call on one thread.
    var found: [SizeEquality] = []
  }

  @TaskLocal private static var collection: Collection?

  /// Notes that the sizes are taken for equal.
  static func note(_ left: Dimension, _ right: Dimension) {
    collection?.found.append(SizeEquality(left: left, right: right))
  }

  /// Notes that a size is taken for another one than a number.
  ///
  /// - Parameter objection: what the error says of it else, behind `the size n is 1`.
  static func note(_ size: Dimension, isNot number: Int, _ objection: String) {
    guard size.known == nil else { return }
    collection?.found.append(
      SizeEquality(left: size, right: Dimension(number), objection: objection))
  }

  /// The result, and all that was noted on the way to it.
  static func collecting<R>(_ body: () throws -> R) rethrows -> (R, [SizeEquality]) {
    let collection = Collection()
    let result = try $collection.withValue(collection) { try body() }
    return (result, collection.found)
  }

  /// - Throws: `GraphError` where a run with these sizes is none that the operation reckons with. A name that is none of
  ///   them is of a function's inside, whose runs check it.
  package func check(with sizes: [String: Int]) throws {
    guard left.symbols.union(right.symbols).allSatisfy({ sizes[$0] != nil }) else { return }
    let (own, other) = (try left.value(with: sizes), try right.value(with: sizes))
    if let objection {
      if own == other { throw GraphError("the size \(left) is \(own) \(objection)") }
      return
    }
    if own == other { return }
    if let known = right.known { throw GraphError("the size \(left) is \(own), expected \(known)") }
    if let known = left.known {
      throw GraphError("the size \(right) is \(other), expected \(known)")
    }
    throw GraphError("the sizes \(left) and \(right) are \(own) and \(other), expected the same")
  }
}
