import DataflowGraph
import Tensors

/// All that a node's outputs follow from: nodes of one signature compute the same, to the last bit.
struct NodeSignature: Hashable {
  private let operation: String
  private let attributes: [String: ExactAttribute]
  private let inputs: [Value]
  private let device: DeviceName

  init(_ operation: any Operation, _ inputs: [Value], _ device: DeviceName) {
    self.operation = type(of: operation).name
    attributes = operation.attributes.values.mapValues(ExactAttribute.init)
    self.inputs = inputs
    self.device = device
  }
}

/// An attribute that equals another where their bits do: 0 is not -0, and NaN is itself.
private struct ExactAttribute: Hashable {
  let value: AttributeValue

  init(_ value: AttributeValue) { self.value = value }

  static func == (left: ExactAttribute, right: ExactAttribute) -> Bool {
    switch (left.value, right.value) {
    case (.float(let one), .float(let other)): one.bitPattern == other.bitPattern
    case (.floats(let some), .floats(let others)):
      some.elementsEqual(others) { $0.bitPattern == $1.bitPattern }
    case (.tensor(let one), .tensor(let other)):
      one.elementType == other.elementType && one.shape == other.shape
        && one.withBytes { bytes in
          other.withBytes { bytes.baseAddress == $0.baseAddress || bytes.elementsEqual($0) }
        }
    default: left.value == right.value
    }
  }

  func hash(into hasher: inout Hasher) {
    switch value {
    case .int(let value): hasher.combine(value)
    case .ints(let values): hasher.combine(values)
    case .float(let value): hasher.combine(value.bitPattern)
    case .floats(let values): for value in values { hasher.combine(value.bitPattern) }
    case .bool(let value): hasher.combine(value)
    case .string(let value): hasher.combine(value)
    case .strings(let values): hasher.combine(values)
    case .type(let type): hasher.combine(type)
    case .types(let types): hasher.combine(types)
    case .shape(let shape): hasher.combine(shape)
    case .shapes(let shapes): hasher.combine(shapes)
    case .tensor(let tensor): Self.hash(tensor, &hasher)
    case .function(let function): hasher.combine(ObjectIdentifier(function))
    }
  }

  /// Of large tensors some bytes do: few have so much in common and are not equal.
  private static func hash(_ tensor: Tensor, _ hasher: inout Hasher) {
    let (most, part) = (4096, 1024)
    tensor.withBytes { bytes in
      hasher.combine(bytes.count)
      if bytes.count <= most {
        hasher.combine(bytes: bytes)
      } else {
        hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: bytes.prefix(part)))
        hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: bytes.suffix(part)))
      }
    }
  }
}
