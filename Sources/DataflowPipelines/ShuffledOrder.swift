import Tensors

/// The order in which a training meets its examples: every epoch a permutation of its own.
///
/// Any position can be asked for, so that a resumed training goes on with the example that would have
/// come next.
public struct ShuffledOrder: Sendable {
  public let count: Int
  public let seed: UInt64
  private var epoch = -1
  private var permutation: [Int] = []

  /// - Precondition: there is at least one example.
  public init(count: Int, seed: UInt64) {
    precondition(count > 0, "nothing to shuffle")
    self.count = count
    self.seed = seed
  }

  /// The example at a position counted over all epochs.
  public mutating func index(at position: Int) -> Int {
    let (epoch, place) = position.quotientAndRemainder(dividingBy: count)
    if epoch != self.epoch {
      self.epoch = epoch
      permutation = Self.permutation(of: count, seed: seed, epoch: epoch)
    }
    return permutation[place]
  }

  /// Fisher and Yates's shuffle with a stream of its own for each epoch.
  static func permutation(of count: Int, seed: UInt64, epoch: Int) -> [Int] {
    var generator = PhiloxGenerator(seed: seed, stream: UInt64(epoch))
    var result = Array(0..<count)
    for last in stride(from: count - 1, to: 0, by: -1) {
      result.swapAt(last, Int(generator.next() % UInt64(last + 1)))
    }
    return result
  }
}
