import Tensors

/// A shape in TensorFlow's form: sizes that may be unknown, or not even their number.
public struct TensorShapeProto: Sendable, Equatable {
  /// One dimension.
  public struct Dimension: Sendable, Equatable {
    /// The size, -1 where it is unknown.
    public var size: Int64 = 0
    public var name = ""

    public init() {}
    public init(size: Int64) { self.size = size }
  }

  public var dimensions: [Dimension] = []
  public var isRankUnknown = false

  public init() {}

  /// A shape of the given sizes; -1 is an unknown one.
  public init(sizes: [Int]) { dimensions = sizes.map { Dimension(size: Int64($0)) } }

  /// The sizes, nil for those that are unknown; nil where their number is unknown.
  public var sizes: [Int?]? {
    isRankUnknown ? nil : dimensions.map { $0.size < 0 ? nil : Int($0.size) }
  }
}

extension TensorShapeProto: ProtobufMessage {
  package static let messageName = "TensorShapeProto"
  package static let fields: [ProtobufField<Self>] = [
    .many(2, "dim", \.dimensions),
    .one(3, "unknown_rank", \.isRankUnknown),
  ]
}

extension TensorShapeProto.Dimension: ProtobufMessage {
  package static let messageName = "TensorShapeProto.Dim"
  package static let fields: [ProtobufField<Self>] = [
    .one(1, "size", \.size),
    .one(2, "name", \.name),
  ]
}
