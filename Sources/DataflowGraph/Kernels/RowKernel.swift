import Tensors

/// A kernel that works on one row, along the last dimension, after the other.
///
/// `body` gets a row's number and length, where scratch memory for one row is, and the step.
final class RowKernel<T: KernelFloat>: Kernel {
  typealias Body = (
    _ row: Int, _ length: Int, _ scratch: UnsafeMutablePointer<T>, UnsafePointer<TensorView>,
    UnsafePointer<TensorView>
  ) -> Void

  private let nanoseconds: Double
  private let body: Body
  private var length = 0
  private var sharding = Sharding(count: 0, nanoseconds: 0)

  /// - Parameter nanoseconds: the cost of one element.
  init(nanoseconds: Double, _ body: @escaping Body) {
    self.nanoseconds = nanoseconds
    self.body = body
  }

  func prepare(_ sizes: KernelSizes) -> Int {
    length = sizes.inputs[0].dimensions.last ?? 1
    let rows = sizes.inputs[0].dimensions.dropLast().reduce(1, *)
    sharding = Sharding(count: rows, nanoseconds: nanoseconds * Double(length))
    return sharding.shards * length * MemoryLayout<T>.stride
  }

  func run(_ context: borrowing KernelContext) {
    let (inputs, outputs) = (context.inputs, context.outputs)
    let scratch = context.workspace.assumingMemoryBound(to: T.self)
    context.forEachShard(sharding) { shard, range in
      for row in range { body(row, length, scratch + shard * length, inputs, outputs) }
    }
  }
}

/// The parts of `softmax` that its relatives share.
enum SoftmaxRow {
  /// y = x - max(x).
  @inline(__always)
  static func shift<T: KernelFloat>(
    _ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ count: Int
  ) {
    var highest = -T.infinity
    for index in 0..<count { highest = max(highest, x[index]) }
    for index in 0..<count { y[index] = x[index] - highest }
  }

  /// scratch = exp(y), and the sum of it.
  @inline(__always)
  static func exponentials<T: KernelFloat>(
    _ y: UnsafePointer<T>, _ scratch: UnsafeMutablePointer<T>, _ count: Int
  ) -> T {
    T.vectorExp(y, scratch, count)
    return vectorSum(scratch, count)
  }
}
