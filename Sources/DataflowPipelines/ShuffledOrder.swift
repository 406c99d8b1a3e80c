import Tensors

/// The order in which a training meets its examples: every epoch a permutation of its own.
///
/// Any position can be asked for, so that a resumed training goes on with the example that would have
/// come next.
public struct ShuffledOrder: Sendable {
  public let count: Int
  public let seed: UInt64
  /// Within how many examples of a stretch of the data the order is drawn at a time.
  public let window: Int
  private let chunk: Int
  private var epoch = -1
  /// The order of the chunks that are read one after the other.
  private var chunks: [Int] = []
  private var stretch = -1
  private var permutation: [Int] = []

  /// A window is filled from chunks of neighbouring examples, this many, in an order drawn for the epoch.
  private static let chunksInWindow = 16

  /// - Parameter window: reading stays within about so many examples at a time, for data that are read
  ///   faster in their own order; all examples if nil.
  /// - Precondition: there is at least one example.
  public init(count: Int, seed: UInt64, window: Int? = nil) {
    precondition(count > 0, "nothing to shuffle")
    self.count = count
    self.seed = seed
    self.window = min(max(1, window ?? count), count)
    chunk = self.window == count ? count : max(1, self.window / Self.chunksInWindow)
  }

  /// The example at a position counted over all epochs.
  public mutating func index(at position: Int) -> Int {
    let (epoch, place) = position.quotientAndRemainder(dividingBy: count)
    if epoch != self.epoch { begin(epoch) }
    let (stretch, inner) = place.quotientAndRemainder(dividingBy: window)
    if stretch != self.stretch { fill(stretch) }
    return permutation[inner]
  }

  private mutating func begin(_ epoch: Int) {
    self.epoch = epoch
    stretch = -1
    guard chunk < count else { return }
    // The short chunk at the end of the data comes last, so that places can be computed.
    chunks = Self.permutation(of: count / chunk, generator(stretch: -1))
  }

  private mutating func fill(_ stretch: Int) {
    self.stretch = stretch
    let places = stretch * window..<min((stretch + 1) * window, count)
    let inChunks = chunks.count * chunk
    let indices = places.map { place in
      place < inChunks ? chunks[place / chunk] * chunk + place % chunk : place
    }
    permutation = Self.permutation(of: places.count, generator(stretch: stretch))
      .map { indices[$0] }
  }

  /// A stream of its own for the epoch, and for each stretch where there are several; -1 for the chunks.
  private func generator(stretch: Int) -> PhiloxGenerator {
    let epoch = UInt64(epoch)
    return PhiloxGenerator(
      seed: seed, stream: window == count ? epoch : epoch << 32 | UInt64(stretch + 1))
  }

  /// Fisher and Yates's shuffle.
  private static func permutation(of count: Int, _ generator: PhiloxGenerator) -> [Int] {
    var generator = generator
    var result = Array(0..<count)
    for last in stride(from: count - 1, to: 0, by: -1) {
      result.swapAt(last, Int(generator.next() % UInt64(last + 1)))
    }
    return result
  }
}
