extension TrainExample {
  /// Parses an encoded example; packed and unpacked lists are both accepted.
  ///
  /// - Throws: `FormatError` with the offset in the message.
  public init(encoded: [UInt8]) throws(FormatError) {
    let result = encoded.withUnsafeBytes { bytes in
      Result { () throws(FormatError) in try TrainExample(encoded: bytes) }
    }
    self = try result.get()
  }

  package init(encoded: UnsafeRawBufferPointer) throws(FormatError) {
    let lists = try EncodedExample(encoded).lists
    self.init(
      features: Dictionary(lists.map { ($0.name, $0.list) }) { $1 }.mapValues { Feature($0) })
  }
}

extension TrainExample.Feature {
  fileprivate init(_ list: EncodedExample.List) {
    switch list {
    case .bytes(let values): self = .bytes(values.map { Array($0) })
    case .floats(let values): self = .floats(values)
    case .integers(let values): self = .integers(values)
    case .packedFloats(let bytes):
      var values: [Float] = []
      values.append(packed: bytes)
      self = .floats(values)
    }
  }
}
