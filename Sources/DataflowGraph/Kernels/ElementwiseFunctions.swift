import Tensors

// The loops that everything elementwise is made of. They are written with explicit vectors, since
// the compiler's own vectoriser gives up where the result overwrites an operand.

/// Elements that one instruction works on.
typealias Lanes<T: KernelNumber> = SIMD8<T>

extension UnsafePointer where Pointee: KernelNumber {
  @inline(__always)
  fileprivate func lanes(at index: Int) -> Lanes<Pointee> {
    UnsafeRawPointer(self + index).loadUnaligned(as: Lanes<Pointee>.self)
  }

  /// The last elements, filled up with ones.
  @inline(__always)
  fileprivate func lanes(at index: Int, count: Int) -> Lanes<Pointee> {
    var result = Lanes<Pointee>(repeating: 1)
    for lane in 0..<count { result[lane] = self[index + lane] }
    return result
  }
}

extension UnsafeMutablePointer where Pointee: KernelNumber {
  @inline(__always)
  fileprivate func store(_ lanes: Lanes<Pointee>, at index: Int) {
    UnsafeMutableRawPointer(self + index).storeBytes(of: lanes, as: Lanes<Pointee>.self)
  }

  @inline(__always)
  fileprivate func store(_ lanes: Lanes<Pointee>, at index: Int, count: Int) {
    for lane in 0..<count { self[index + lane] = lanes[lane] }
  }
}

@inline(__always)
func map<T: KernelNumber>(
  _ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ count: Int,
  _ function: (Lanes<T>) -> Lanes<T>
) {
  var index = 0
  while index &+ 8 <= count {
    y.store(function(x.lanes(at: index)), at: index)
    index &+= 8
  }
  let rest = count - index
  if rest > 0 { y.store(function(x.lanes(at: index, count: rest)), at: index, count: rest) }
}

@inline(__always)
func map<T: KernelNumber>(
  _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ count: Int,
  _ function: (Lanes<T>, Lanes<T>) -> Lanes<T>
) {
  var index = 0
  while index &+ 8 <= count {
    y.store(function(a.lanes(at: index), b.lanes(at: index)), at: index)
    index &+= 8
  }
  let rest = count - index
  guard rest > 0 else { return }
  let result = function(a.lanes(at: index, count: rest), b.lanes(at: index, count: rest))
  y.store(result, at: index, count: rest)
}

/// Calls the function for one number after the other.
@inline(__always)
func mapEach<T: KernelNumber>(
  _ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ count: Int, _ function: (T) -> T
) {
  for index in 0..<count { y[index] = function(x[index]) }
}

/// Calls the function for one pair of numbers after the other.
@inline(__always)
func mapEach<T: KernelNumber>(
  _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ count: Int,
  _ function: (T, T) -> T
) {
  for index in 0..<count { y[index] = function(a[index], b[index]) }
}

extension UnaryFunction {
  func apply<T: KernelNumber>(_ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ count: Int) {
    let zero = Lanes<T>(repeating: 0)
    let one = Lanes<T>(repeating: 1)
    switch self {
    // NaN is its own sign, and so is zero.
    case .sign:
      map(x, y, count) { v in
        v.replacing(with: one, where: v .> zero).replacing(with: T.minusOne, where: v .< zero)
      }
    // NaN stays NaN.
    case .relu: map(x, y, count) { $0.replacing(with: zero, where: $0 .< zero) }
    default: T.apply(self, x, y, count)
    }
  }
}

extension BinaryFunction {
  func apply<T: KernelNumber>(
    _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ count: Int
  ) {
    switch self {
    // A NaN in either operand is the result.
    case .maximum: map(a, b, y, count) { $1.replacing(with: $0, where: ($0 .> $1) .| ($0 .!= $0)) }
    case .minimum: map(a, b, y, count) { $1.replacing(with: $0, where: ($0 .< $1) .| ($0 .!= $0)) }
    case .greater: compare(a, b, y, count) { $0 .> $1 }
    case .greaterOrEqual: compare(a, b, y, count) { $0 .>= $1 }
    case .less: compare(a, b, y, count) { $0 .< $1 }
    case .lessOrEqual: compare(a, b, y, count) { $0 .<= $1 }
    case .equal: compare(a, b, y, count) { $0 .== $1 }
    case .notEqual: compare(a, b, y, count) { $0 .!= $1 }
    default: T.apply(self, a, b, y, count)
    }
  }

  @inline(__always)
  private func compare<T: KernelNumber>(
    _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ count: Int,
    _ test: (Lanes<T>, Lanes<T>) -> SIMDMask<Lanes<T>.MaskStorage>
  ) {
    map(a, b, y, count) { Lanes<T>(repeating: 0).replacing(with: 1, where: test($0, $1)) }
  }
}
