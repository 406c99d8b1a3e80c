import ProtobufWire
import Tensors

/// An operation whose output is a TensorFlow `Summary` message, as bytes, that `EventWriter` puts into
/// an event file. Messages one after the other are one message.
public protocol SummaryOperation: Operation {
  /// Writes the fields of the message.
  func summarize(_ inputs: [Tensor], into message: inout SummaryMessage) throws
}

extension SummaryOperation {
  // TensorFlow's have texts as inputs, which tensors do not hold here.
  public static var tensorFlowForm: TensorFlowForm { .none }
  public static var samples: [OperationSample] { [] }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) -> any Kernel {
    SummaryKernel(self, inputs.map(\.elementType))
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    node.inputs.map { _ in nil }
  }

  /// The bytes of a message.
  static var messageSpec: TensorSpec { TensorSpec(.uint8, [.late(0)]) }
}

/// A TensorFlow `Summary` that is being written.
public struct SummaryMessage {
  private var writer = ProtobufWriter()

  var bytes: [UInt8] { writer.bytes }

  mutating func add(tag: String, scalar: Double) {
    writer.field(1) {
      $0.field(1, string: tag)
      $0.field(2, float: Float(scalar))
    }
  }

  mutating func add(tag: String, _ histogram: Histogram) {
    writer.field(1) {
      $0.field(1, string: tag)
      $0.field(5) { histogram.write(to: &$0) }
    }
  }

  mutating func add(message: [UInt8]) { for byte in message { writer.raw(byte) } }
}

private final class SummaryKernel: LateSizeKernel {
  private let operation: any SummaryOperation
  private let types: [ElementType]
  private var bytes: [UInt8] = []

  init(_ operation: any SummaryOperation, _ types: [ElementType]) {
    self.operation = operation
    self.types = types
  }

  func measure(_ context: borrowing KernelContext) throws -> [Int] {
    var inputs: [Tensor] = []
    for (number, type) in types.enumerated() {
      inputs.append(context.inputs[number].tensor(of: type))
    }
    var message = SummaryMessage()
    try operation.summarize(inputs, into: &message)
    bytes = message.bytes
    return [bytes.count]
  }

  func prepare(_ sizes: KernelSizes) -> Int { 0 }

  func run(_ context: borrowing KernelContext) {
    bytes.withUnsafeBytes { context.outputs[0].fill(from: $0) }
  }
}

extension Tensor {
  /// The elements, numbers of any type.
  package var elementsAsDouble: [Double] {
    switch elementType {
    case .float32: scalars(as: Float.self).map { Double($0) }
    case .float64: scalars(as: Double.self)
    case .float16: scalars(as: Float16.self).map { Double($0) }
    case .int32: scalars(as: Int32.self).map { Double($0) }
    case .int64: scalars(as: Int64.self).map { Double($0) }
    case .uint8: scalars(as: UInt8.self).map { Double($0) }
    case .bool, .resource: preconditionFailure("\(elementType) elements are no numbers")
    }
  }
}
