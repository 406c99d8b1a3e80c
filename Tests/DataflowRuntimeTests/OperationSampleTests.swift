import Dataflow
import TestSupport
import Testing

/// What every operation of the registry must satisfy, on each of its samples.
@Suite struct OperationSampleTests {
  /// The operations whose behaviour other tests show: state, and what a session provides.
  static let withoutSamples: Set<String> = [
    "ApplyAdagrad", "ApplyAdam", "ApplyGradientDescent", "ApplyMomentum", "ApplyRMSProp", "Assert",
    "Assign", "AssignAdd", "AssignSub", "BindSizes", "Const", "ControlTrigger", "FIFOQueueV2",
    "HistogramSummary", "If", "Merge", "MergeSummary", "NoOp",
    "PaddingFIFOQueueV2", "Placeholder", "Print", "QueueCloseV2", "QueueDequeueManyV2",
    "QueueDequeueUpToV2", "QueueDequeueV2", "QueueEnqueueManyV2", "QueueEnqueueV2", "QueueSizeV2",
    "RandomShuffleQueueV2", "RandomStandardNormal", "RandomUniform", "RandomUniformInt", "Recv",
    "ScalarSummary", "ScatterAdd", "ScatterSub", "ScatterUpdate", "Send", "SlicedCall",
    "StackPopV2", "StackPushV2", "StackV2", "StatelessRandomNormal", "StatelessRandomUniform",
    "StatelessTruncatedNormal", "Switch", "TruncatedNormal", "VariableV2", "While",
  ]

  @Test func everyOperationHasSamples() {
    for operation in OperationRegistry.builtIn {
      #expect(operation.samples.isEmpty == Self.withoutSamples.contains(operation.name))
    }
    let names = OperationRegistry.builtIn.map { $0.name }
    #expect(Set(names).count == names.count)
    #expect(names == names.sorted())
  }

  @Test(.timeLimit(.minutes(20)), arguments: OperationCheck.allCases)
  func holds(check: OperationCheck) throws {
    for operation in OperationRegistry.builtIn
    where !Self.exceptions(check).contains(operation.name) {
      let findings = try check.findings(of: operation)
      #expect(findings.isEmpty, "\(findings.joined(separator: "\n"))")
    }
  }

  /// Operations with any number of inputs, or with types that have nothing to do with each other, for
  /// which other tests show what they refuse.
  private static func exceptions(_ check: OperationCheck) -> Set<String> {
    check == .wrongInputs ? ["AddN", "ConcatV2", "Pack", "ScatterNd", "ShapeN"] : []
  }
}
