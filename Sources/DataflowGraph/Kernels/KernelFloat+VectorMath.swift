import Tensors

extension Float: KernelFloat {
  package static func vectorExp(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int
  ) { VectorMath.exp(x, y, count) }

  package static func vectorLog(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int
  ) { VectorMath.log(x, y, count) }

  package static func vectorTanh(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int
  ) { VectorMath.tanh(x, y, count) }
}

extension Double: KernelFloat {
  package static func vectorExp(
    _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ count: Int
  ) { VectorMath.exp(x, y, count) }

  package static func vectorLog(
    _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ count: Int
  ) { VectorMath.log(x, y, count) }

  package static func vectorTanh(
    _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ count: Int
  ) { VectorMath.tanh(x, y, count) }
}
