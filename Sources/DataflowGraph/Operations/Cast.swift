import Tensors

/// The elements as another type. TensorFlow's `Cast`.
///
/// Whole numbers lose their upper bits where they do not fit; floating-point numbers lose their
/// fraction, and become the lowest whole number where they do not fit. Everything but 0 is true.
/// Numbers in half precision can be taken, not made.
public struct Cast: Operation {
  public static let name = "Cast"

  let target: ElementType

  public init(to target: ElementType) { self.target = target }
  public init(attributes: Attributes) throws { target = try attributes.type("DstT") }

  public var attributes: Attributes { ["DstT": .type(target)] }

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(types: ["SrcT": .input(0)], allowed: ["Truncate": [.bool(false)]])
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    try expectSameType(inputs, among: .all + [.float16])
    // Nothing is made in half precision: gradients would end there.
    guard [ElementType].all.contains(target) else {
      throw GraphError("attribute DstT = \(target); allowed: \(ElementType.list(.all))")
    }
    return [TensorSpec(target, inputs[0].shape)]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    try makeCastKernel(from: inputs[0].elementType, to: target)
  }

  public func deviceProgram(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> DeviceProgram? {
    .cast(from: inputs[0].elementType, to: target)
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    let source = node.inputs[0].elementType
    // What is stored in half precision is given.
    return [source == .float16 ? nil : cast(outputGradients[0]!, to: source)]
  }

  public static var samples: [OperationSample] {
    func sample(_ from: Tensor, _ to: Tensor) -> OperationSample {
      OperationSample(Cast(to: to.elementType), [from], differentiable: []) { _ in [to] }
    }
    // With some below the normal numbers.
    let halves: [Float16] = [0, -0.0, 0.1, -0x1p-24, 0x1.ff8p-15, 0x1p-14, 65504, -.infinity]
    return [
      OperationSample(Cast(to: .float64), [.random([3, 400])]) { $0 },
      sample(Tensor([true, false, true]), Tensor([1.0, 0, 1])),
      sample(Tensor([-7, 1 << 40] as [Int64]), Tensor([-7.0, 0x1p40])),
      sample(Tensor([1.9, -1.9, 1e30, .nan]), Tensor([1, -1, .min, .min] as [Int32])),
      sample(Tensor([1.9, -1.9, 1e30, .nan]), Tensor([1, -1, .min, .min] as [Int64])),
      sample(Tensor([0.5, -0.0, .nan]), Tensor([true, false, true])),
      sample(Tensor([0, 2, -1] as [Int32]), Tensor([false, true, true])),
      sample(Tensor([257, -1] as [Int64]), Tensor([1, 255] as [UInt8])),
      sample(Tensor([(1 << 32) + 5, -1] as [Int64]), Tensor([5, -1] as [Int32])),
      sample(Tensor([7, 255] as [UInt8]), Tensor([7, 255] as [Int64])),
      sample(Tensor([true, false]), Tensor([1, 0] as [Int32])),
      sample(Tensor(halves + [.nan]), Tensor(halves.map { Double($0) } + [.nan])),
      sample(Tensor(halves), Tensor(halves.map { Float($0) })),
      sample(
        Tensor([1.9, -1.9, .infinity, .nan] as [Float16]),
        Tensor([1, -1, .min, .min] as [Int32])),
      sample(Tensor([0x1p-24, -0.0, .nan] as [Float16]), Tensor([true, false, true])),
    ]
  }
}

/// The elements of `x` as `type`; `x` itself where it is of that type.
public func cast(_ x: Value, to type: ElementType) -> Value {
  x.elementType == type ? x : x.graph.apply(Cast(to: type), x)
}
