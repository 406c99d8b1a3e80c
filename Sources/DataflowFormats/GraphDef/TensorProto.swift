import Tensors

/// A tensor in TensorFlow's form: its bytes, or a list of its elements whose last one repeats.
public struct TensorProto: Sendable, Equatable {
  public var type = DataType.invalid
  public var shape = TensorShapeProto()
  /// The elements in row-major order, little endian; empty where a list below has them.
  public var content: [UInt8] = []
  public var floats: [Float] = []
  public var doubles: [Double] = []
  /// Elements of `int32`, `int16`, `int8`, `uint8` and their like.
  public var ints: [Int32] = []
  public var strings: [[UInt8]] = []
  /// Real and imaginary parts in turn.
  public var complexFloats: [Float] = []
  public var int64s: [Int64] = []
  public var bools: [Bool] = []
  public var complexDoubles: [Double] = []
  /// The bits of `half` and `bfloat16` numbers.
  public var halves: [Int32] = []
  public var uint32s: [UInt32] = []
  public var uint64s: [UInt64] = []

  public init() {}
}

extension TensorProto: ProtobufMessage {
  package static let messageName = "TensorProto"
  package static let fields: [ProtobufField<Self>] = [
    .one(1, "dtype", \.type),
    .one(2, "tensor_shape", \.shape),
    .ignored(3, "version_number"),
    .one(4, "tensor_content", \.content),
    .many(13, "half_val", \.halves),
    .many(5, "float_val", \.floats),
    .many(6, "double_val", \.doubles),
    .many(7, "int_val", \.ints),
    .many(8, "string_val", \.strings),
    .many(9, "scomplex_val", \.complexFloats),
    .many(10, "int64_val", \.int64s),
    .many(11, "bool_val", \.bools),
    .many(12, "dcomplex_val", \.complexDoubles),
    .ignored(14, "resource_handle_val"),
    .ignored(15, "variant_val"),
    .many(16, "uint32_val", \.uint32s),
    .many(17, "uint64_val", \.uint64s),
    .ignored(18, "float8_val"),
  ]
}
