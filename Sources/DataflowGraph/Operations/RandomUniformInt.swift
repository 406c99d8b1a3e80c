import Tensors

/// Whole numbers spread evenly from the first input to before the second. TensorFlow's
/// `RandomUniformInt` with the shape as an attribute; from run to run of a session the numbers go on.
public struct RandomUniformInt: Operation {
  public static let name = "RandomUniformInt"
  public static var samples: [OperationSample] { [] }

  private let shape: SymbolicShape
  private let seeds: (Int, Int)

  /// - Parameter seeds: where both are 0, every session draws other numbers.
  public init(shape: SymbolicShape, seeds: (Int, Int) = (0, 0)) {
    self.shape = shape
    self.seeds = seeds
  }

  public init(attributes: Attributes) throws {
    self.init(
      shape: try attributes.shape("shape"),
      seeds: (try attributes.int("seed", default: 0), try attributes.int("seed2", default: 0)))
  }

  public var attributes: Attributes {
    ["shape": .shape(shape), "seed": .int(seeds.0), "seed2": .int(seeds.1)]
  }

  public var isStateful: Bool { true }

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(
      operands: [.init("shape", at: 0, .sizes, type: "T")], types: ["Tout": .input(0)])
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 2)
    try expectSameType(inputs, among: .indices)
    try expect(inputs[0], rank: 0, "the lowest number")
    try expect(inputs[1], rank: 0, "the number above the highest")
    return [TensorSpec(inputs[0].elementType, shape)]
  }

  public func makeKernel(at site: KernelSite) throws -> any Kernel {
    let stream = try site.randomStream(seeds)
    func make<T: KernelInteger>(_: T.Type) -> any Kernel {
      CheckedKernel(
        RandomKernel<T>(stream) { place, inputs in
          let (low, high) = (inputs[0].elements(T.self)[0], inputs[1].elements(T.self)[0])
          let width = UInt64(truncatingIfNeeded: Int64(high) &- Int64(low))
          // The upper half of the product of random bits and the width is below the width.
          let offset = place.bits().0.multipliedFullWidth(by: width).high
          return T(truncatingIfNeeded: Int64(low) &+ Int64(bitPattern: offset))
        }
      ) { context in
        let (low, high) = (
          context.inputs[0].elements(T.self)[0], context.inputs[1].elements(T.self)[0]
        )
        guard low < high else { throw GraphError("there is no number in \(low)..<\(high)") }
      }
    }
    return site.inputs[0].elementType == .int32 ? make(Int32.self) : make(Int64.self)
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] { [nil, nil] }
}
