import Synchronization
import Tensors

/// The numbers that an operation draws, which go on from run to run of a session.
final class RandomStream: Sendable {
  let key: UInt64
  private let position = Atomic<UInt64>(0)

  /// - Parameter seeds: TensorFlow's two; where both are 0, every session draws other numbers.
  init(seeds: (Int, Int)) {
    var system = SystemRandomNumberGenerator()
    key = seeds == (0, 0) ? system.next() : Self.key(seeds.0, seeds.1)
  }

  static func key(_ first: Int, _ second: Int) -> UInt64 {
    UInt64(bitPattern: Int64(first)) &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(bitPattern: Int64(second))
  }

  /// The first of the next `count` places of the stream.
  func draw(_ count: Int) -> UInt64 {
    position.wrappingAdd(UInt64(count), ordering: .relaxed).oldValue
  }
}

/// A random number from a place of a stream: whatever else is drawn, and on which thread, it is the same.
struct RandomPlace {
  let key: UInt64
  let index: UInt64

  /// The random bits of one attempt.
  func bits(attempt: UInt64 = 0) -> (UInt64, UInt64) {
    var generator = PhiloxGenerator(
      state: .init(key: key, stream: attempt, position: index &* 4))
    return (generator.next(), generator.next())
  }

  /// Uniform in `0..<1`, with as many random bits as the type has.
  func uniform<T: KernelFloat>() -> T {
    let digits = UInt64(T.significandBitCount + 1)
    return T(bits().0 >> (64 - digits)) / T(UInt64(1) << digits)
  }

  /// Of the normal distribution, by the method of Box and Muller.
  func normal(attempt: UInt64 = 0) -> Double {
    let (first, second) = bits(attempt: attempt)
    // In 0 excluded to 1, so that the logarithm is finite.
    let radius = Double((first >> 11) + 1) * 0x1p-53
    let angle = Double(second >> 11) * 0x1p-53 * 2 * Double.pi
    return (-2 * Platform.log(radius)).squareRoot() * Platform.cos(angle)
  }

  /// Of the normal distribution without what is more than 2 from its middle.
  func truncatedNormal() -> Double {
    var attempt: UInt64 = 0
    while true {
      let value = normal(attempt: attempt)
      if value.magnitude <= 2 { return value }
      attempt += 1
    }
  }
}

/// What random operations have in common: a shape, a type, seeds.
struct RandomAttributes: Sendable {
  let shape: SymbolicShape
  let elementType: ElementType
  let seeds: (Int, Int)

  init(shape: SymbolicShape, elementType: ElementType, seeds: (Int, Int) = (0, 0)) {
    (self.shape, self.elementType, self.seeds) = (shape, elementType, seeds)
  }

  init(_ attributes: Attributes) throws {
    self.init(
      shape: try attributes.shape("shape"),
      elementType: try attributes.type("dtype", default: .float32),
      seeds: (try attributes.int("seed", default: 0), try attributes.int("seed2", default: 0)))
  }

  var attributes: Attributes {
    [
      "shape": .shape(shape), "dtype": .type(elementType), "seed": .int(seeds.0),
      "seed2": .int(seeds.1),
    ]
  }

  func output() throws -> [TensorSpec] {
    guard elementType.isFloatingPoint else {
      throw GraphError("attribute dtype = \(elementType); allowed: float, double")
    }
    return [TensorSpec(elementType, shape)]
  }

  static let tensorFlowForm = TensorFlowForm(
    operands: [.init("shape", at: 0, .sizes, type: "T")], types: [:])
}

extension KernelSite {
  /// The stream that the node draws from in this session.
  func randomStream(_ seeds: (Int, Int)) throws -> RandomStream {
    let handle = resources.handle(named: "random/" + name) { RandomStream(seeds: seeds) }
    return try resources.resource(handle)
  }
}

/// Fills a tensor with one random number for each element.
final class RandomKernel<T: KernelNumber>: Kernel {
  private let start: (borrowing KernelContext, _ count: Int) throws -> (UInt64, UInt64)
  private let value: (RandomPlace, UnsafePointer<TensorView>) -> T
  private var sharding = Sharding(count: 0, nanoseconds: 0)

  /// - Parameters:
  ///   - start: the key and the first place of a run.
  ///   - value: the number at a place.
  init(
    start: @escaping (borrowing KernelContext, Int) throws -> (UInt64, UInt64),
    value: @escaping (RandomPlace, UnsafePointer<TensorView>) -> T
  ) {
    self.start = start
    self.value = value
  }

  /// Goes on in a session's stream.
  convenience init(
    _ stream: RandomStream, value: @escaping (RandomPlace, UnsafePointer<TensorView>) -> T
  ) {
    self.init(start: { _, count in (stream.key, stream.draw(count)) }, value: value)
  }

  func prepare(_ sizes: KernelSizes) -> Int {
    sharding = Sharding(count: sizes.outputs[0].elementCount, nanoseconds: 40)
    return 0
  }

  func run(_ context: borrowing KernelContext) throws {
    let (key, first) = try start(context, sharding.count)
    let (inputs, output) = (context.inputs, context.outputs[0].elements(T.self))
    context.forEachShard(sharding) { _, range in
      for index in range {
        output[index] = value(RandomPlace(key: key, index: first &+ UInt64(index)), inputs)
      }
    }
  }
}
