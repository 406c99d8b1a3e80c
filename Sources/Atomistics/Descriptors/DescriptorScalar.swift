/// The floating-point types that descriptors are handed out in; inside all is `Double`.
public protocol DescriptorScalar: BinaryFloatingPoint, SIMDScalar, Codable, Sendable,
  BitwiseCopyable
{
  /// The nearest number of this type.
  init(_ value: Double)
}

extension Float: DescriptorScalar {}
extension Double: DescriptorScalar {}
