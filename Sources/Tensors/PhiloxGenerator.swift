/// The counter-based generator Philox4x32-10 of Salmon et al. (SC'11), which TensorFlow uses too.
///
/// Equal keys and streams give equal numbers on every machine; `state` is all that a restart needs.
public struct PhiloxGenerator: RandomNumberGenerator, Sendable {
  /// All that determines the numbers still to come.
  public struct State: Codable, Equatable, Sendable {
    public var key: UInt64
    public var stream: UInt64
    /// How many 32-bit words were drawn.
    public var position: UInt64

    package init(key: UInt64, stream: UInt64, position: UInt64) {
      (self.key, self.stream, self.position) = (key, stream, position)
    }
  }

  public private(set) var state: State
  private var block: SIMD4<UInt32> = .zero

  /// - Parameters:
  ///   - seed: the key.
  ///   - stream: sequences of one seed with different streams are independent.
  public init(seed: UInt64, stream: UInt64 = 0) {
    self.init(state: State(key: seed, stream: stream, position: 0))
  }

  public init(state: State) {
    self.state = state
    block = Self.block(key: state.key, stream: state.stream, index: state.position / 4)
  }

  public mutating func nextWord() -> UInt32 {
    let lane = Int(state.position % 4)
    if lane == 0 {
      block = Self.block(key: state.key, stream: state.stream, index: state.position / 4)
    }
    state.position += 1
    return block[lane]
  }

  public mutating func next() -> UInt64 {
    let low = UInt64(nextWord())
    return UInt64(nextWord()) << 32 | low
  }

  /// Uniform in `0..<1`, with 53 random bits.
  public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// The ten rounds for one 128-bit counter: `index` in the low half, `stream` in the high one.
  static func block(key: UInt64, stream: UInt64, index: UInt64) -> SIMD4<UInt32> {
    var counter = SIMD4<UInt32>(
      UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: index >> 32),
      UInt32(truncatingIfNeeded: stream), UInt32(truncatingIfNeeded: stream >> 32))
    var key0 = UInt32(truncatingIfNeeded: key)
    var key1 = UInt32(truncatingIfNeeded: key >> 32)
    for _ in 0..<10 {
      let first = (0xD251_1F53 as UInt32).multipliedFullWidth(by: counter.x)
      let second = (0xCD9E_8D57 as UInt32).multipliedFullWidth(by: counter.z)
      counter = SIMD4(
        second.high ^ counter.y ^ key0, second.low, first.high ^ counter.w ^ key1, first.low)
      key0 &+= 0x9E37_79B9
      key1 &+= 0xBB67_AE85
    }
    return counter
  }
}
