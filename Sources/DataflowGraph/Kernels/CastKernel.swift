import Tensors

/// A type that elements are converted from and to, by way of a wider one without loss.
private protocol CastElement: TensorElement {
  static var isFloatingPoint: Bool { get }
  var wide: Double { get }
  var whole: Int64 { get }
  init(wide: Double)
  init(whole: Int64)
}

extension CastElement where Self: BinaryFloatingPoint {
  static var isFloatingPoint: Bool { true }
  var wide: Double { Double(self) }
  /// The lowest number for what fits nowhere, as processors have it.
  var whole: Int64 { Int64(exactly: rounded(.towardZero)) ?? .min }
  init(wide: Double) { self = Self(wide) }
  init(whole: Int64) { self = Self(whole) }
}

extension CastElement where Self: FixedWidthInteger {
  static var isFloatingPoint: Bool { false }
  var wide: Double { Double(self) }
  var whole: Int64 { Int64(self) }
  init(wide: Double) { self = Self(exactly: wide.rounded(.towardZero)) ?? .min }
  init(whole: Int64) { self = Self(truncatingIfNeeded: whole) }
}

extension Float: CastElement {}
extension Double: CastElement {}
extension Float16: CastElement {}
extension Int32: CastElement {}
extension Int64: CastElement {}
extension UInt8: CastElement {
  /// By way of whole numbers, of which the lowest bits stay.
  init(wide: Double) { self = UInt8(truncatingIfNeeded: wide.whole) }
}
extension Bool: CastElement {
  static var isFloatingPoint: Bool { false }
  var wide: Double { self ? 1 : 0 }
  var whole: Int64 { self ? 1 : 0 }
  init(wide: Double) { self = wide != 0 }
  init(whole: Int64) { self = whole != 0 }
}

extension ElementType {
  private var castElement: (any CastElement.Type)? {
    switch self {
    case .float32: Float.self
    case .float64: Double.self
    case .float16: Float16.self
    case .int32: Int32.self
    case .int64: Int64.self
    case .uint8: UInt8.self
    case .bool: Bool.self
    case .resource: nil
    }
  }

  fileprivate func makeCastKernel(to target: ElementType) -> (any Kernel)? {
    func make<S: CastElement, T: CastElement>(_: S.Type, _: T.Type) -> any Kernel {
      CastKernel<S, T>()
    }
    guard let source = castElement, let result = target.castElement else { return nil }
    return make(source, result)
  }

  /// The names of types, for messages.
  static func list(_ types: [ElementType]) -> String {
    types.map(\.rawValue).joined(separator: ", ")
  }
}

/// The kernel that converts elements.
func makeCastKernel(from source: ElementType, to target: ElementType) throws -> any Kernel {
  guard let kernel = source.makeCastKernel(to: target) else {
    throw GraphError("there is no conversion from \(source) to \(target)")
  }
  return kernel
}

private final class CastKernel<S: CastElement, T: CastElement>: Kernel {
  private var sharding = Sharding(count: 0, nanoseconds: 0)

  func prepare(_ sizes: KernelSizes) -> Int {
    sharding = Sharding(count: sizes.inputs[0].elementCount, nanoseconds: 0.5)
    return 0
  }

  @specialized(where S == Float, T == Double)
  @specialized(where S == Double, T == Float)
  @specialized(where S == Bool, T == Float)
  @specialized(where S == Bool, T == Double)
  @specialized(where S == Int32, T == Float)
  @specialized(where S == Int32, T == Double)
  @specialized(where S == Int32, T == Int64)
  @specialized(where S == Int64, T == Int32)
  func run(_ context: borrowing KernelContext) {
    let source = context.inputs[0].elements(S.self)
    let target = context.outputs[0].elements(T.self)
    context.forEachShard(sharding) { _, range in
      for index in range { target[index] = convert(source[index]) }
    }
  }

  @inline(__always)
  private func convert(_ x: S) -> T {
    // Whole numbers of 64 bits do not fit a Double: each way rounds once at most.
    S.isFloatingPoint ? T(wide: x.wide) : T(whole: x.whole)
  }
}
