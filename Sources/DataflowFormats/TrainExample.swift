import ProtobufWire

/// TensorFlow's `tf.train.Example`: lists of numbers or bytes by their names.
public struct TrainExample: Sendable, Equatable {
  /// One list.
  public enum Feature: Sendable, Equatable {
    case bytes([[UInt8]])
    case floats([Float])
    case integers([Int64])
  }

  /// The lists by name.
  public var features: [String: Feature]

  /// An example with the given lists.
  public init(features: [String: Feature] = [:]) { self.features = features }

  /// The example as bytes, features in the order of their names, lists packed.
  public func encoded() -> [UInt8] {
    let entries = features.sorted { $0.key < $1.key }.map { Entry($0.key, $0.value) }
    let size = entries.reduce(0) { $0 + ProtobufWriter.size(field: $1.size) }
    var writer = ProtobufWriter(capacity: ProtobufWriter.size(field: size))
    writer.field(1, length: size)
    for entry in entries { entry.write(to: &writer) }
    return writer.bytes
  }

  /// One feature with the sizes of the messages around it, so that long lists are copied once.
  private struct Entry {
    let name: String
    let feature: Feature
    /// Of the packed numbers or of all byte lists, of the list, of the feature, of the entry.
    let packedSize, listSize, featureSize, size: Int

    init(_ name: String, _ feature: Feature) {
      self.name = name
      self.feature = feature
      packedSize = feature.packedSize
      // Protocol buffers leave out an empty packed list.
      if case .bytes = feature {
        listSize = packedSize
      } else {
        listSize = packedSize == 0 ? 0 : ProtobufWriter.size(field: packedSize)
      }
      featureSize = ProtobufWriter.size(field: listSize)
      size =
        ProtobufWriter.size(field: name.utf8.count) + ProtobufWriter.size(field: featureSize)
    }

    func write(to writer: inout ProtobufWriter) {
      writer.field(1, length: size)
      writer.field(1, string: name)
      writer.field(2, length: featureSize)
      writer.field(feature.number, length: listSize)
      switch feature {
      case .bytes(let values): for value in values { writer.field(1, bytes: value) }
      case .floats(let values): if !values.isEmpty { writer.field(1, floats: values) }
      case .integers(let values):
        guard !values.isEmpty else { return }
        writer.field(1, length: packedSize)
        for value in values { writer.varint(UInt64(bitPattern: value)) }
      }
    }
  }
}

extension TrainExample.Feature {
  /// The number of the list's field in `tf.train.Feature`.
  fileprivate var number: Int {
    switch self {
    case .bytes: 1
    case .floats: 2
    case .integers: 3
    }
  }

  fileprivate var packedSize: Int {
    switch self {
    case .bytes(let values): values.reduce(0) { $0 + ProtobufWriter.size(field: $1.count) }
    case .floats(let values): 4 * values.count
    case .integers(let values):
      values.reduce(0) { $0 + ProtobufWriter.size(varint: UInt64(bitPattern: $1)) }
    }
  }
}
